"""What is written as VICS is read again as it was, and strict readers take it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.references import At, Fault, ListHead, Notice, Reference
from node.domain.statements import MAX_TAGS, Tri
from node.errors import Misuse
from node.interop.left_out import LeftOut
from node.interop.vics_fields import NOTHING_SAID
from node.interop.vics_writing import NO_MD5, PROFILES, write_vics
from tests.interop.expected import items
from tests.interop.written_rows import references

SCHEMES = {"Default": "vics-default", "US": "us-vics", "UK": "uk-caid"}
COMPARED = (
    *("md5", "sha1", "sha256", "pdq", "photodna", "victim_identified", "offender_identified", "distributed"),
    *("series", "media_type", "size"),
)
SAYING = {"Category", "Series", "Tags", "VictimIdentified", "OffenderIdentified", "IsDistributed"}
ROW = Reference(
    At(),
    md5=b"\x01" * 16,
    sha1=b"\x02" * 20,
    sha256=b"\x03" * 32,
    pdq=b"\x04" * 32,
    photodna=bytes(range(1, 145)),
    code="1",
    victim_identified=Tri.YES,
    offender_identified=Tri.NO,
    series='A "made up" series, façon',
    tags="one, two",
    media_type="image/jpeg",
    size=2**53 + 1,
    said='{"Name":"secret"}',
)


def head_of(profile: str, version: str = "2.0") -> ListHead:
    return ListHead(format="vics", scheme=SCHEMES[profile], scheme_version=version)


def written(
    rows: Iterable[Reference], head: ListHead | None = None, profile: str = "US", left_out: LeftOut | None = None
) -> bytes:
    counts = LeftOut() if left_out is None else left_out
    return b"".join(write_vics(rows, counts, head or head_of(profile), profile=profile))


def records_of(data: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(data)["value"]
    return found


@given(st.lists(references(), max_size=5), st.sampled_from(PROFILES))
def test_what_is_written_is_read_again(rows: list[Reference], profile: str) -> None:
    left_out = LeftOut()
    data = written(rows, profile=profile, left_out=left_out)
    assert data == written(rows, profile=profile)
    found = items(data, name="vics")
    head, *again = [item for item in found if not isinstance(item, Notice)]
    assert isinstance(head, ListHead)
    assert (head.region, head.scheme, head.scheme_version) == (profile, SCHEMES[profile], "2.0")
    kept = [row for row in rows if row.md5]
    assert left_out[NO_MD5] == len(rows) - len(kept)
    assert len(again) == len(kept)
    for row, other in zip(kept, again, strict=True):
        assert isinstance(other, Reference), other.reason if isinstance(other, Fault) else other
        assert {name: getattr(other, name) for name in COMPARED} == {name: getattr(row, name) for name in COMPARED}
        assert_category_is_kept(row, other, head)


def assert_category_is_kept(row: Reference, other: Reference, head: ListHead) -> None:
    if row.code is None or other.code is not None:
        assert (other.code, other.tags) == (row.code, row.tags)
    else:
        code = row.code.replace("%", "%25").replace(",", "%2C")
        assert other.tags == ",".join(filter(None, (row.tags, f"{head.scheme}:2.0:{code}")))


@given(st.lists(references(), max_size=5), st.sampled_from(PROFILES))
def test_strict_readers_take_every_record(rows: list[Reference], profile: str) -> None:
    data = written(rows, profile=profile)
    assert data.isascii()
    document = json.loads(data)
    assert list(document) == ["@odata.context", "value"]
    for number, record in enumerate(document["value"], 1):
        assert record["MediaID"] == number
        assert len(record["MD5"]) == 32
        assert type(record.get("Category", 0)) is int
        assert type(record.get("Tags", "")) is str
        assert SAYING & record.keys()
        assert None not in record.values()
        assert "" not in record.values()
        assert not any(isinstance(value, dict) for value in record.values())
        for other in record.get("AlternativeHashes", ()):
            assert other["MD5"] == record["MD5"]


def test_a_record_has_its_fields_and_nothing_of_what_its_list_said() -> None:
    (record,) = records_of(written([ROW]))
    assert record == {
        "MediaID": 1,
        "Category": 1,
        "MD5": "01" * 16,
        "SHA1": "02" * 20,
        "PhotoDNA": base64.b64encode(ROW.photodna).decode(),
        "AlternativeHashes": [
            {"MD5": "01" * 16, "HashName": "SHA256", "HashValue": "03" * 32},
            {"MD5": "01" * 16, "HashName": "PDQ", "HashValue": "04" * 32},
        ],
        "MediaSize": 2**53 + 1,
        "MimeType": "image/jpeg",
        "VictimIdentified": True,
        "OffenderIdentified": False,
        "Series": 'A "made up" series, façon',
        "Tags": "one, two",
    }


def test_a_category_of_another_scheme_is_a_tag() -> None:
    other = ListHead(format="misp", scheme="ncmec", scheme_version="2")
    (record,) = records_of(written([ROW._replace(code="A1, %")], other))
    assert record["Tags"] == "one, two,ncmec:2:A1%2C %25"
    assert "Category" not in record
    (record,) = records_of(written([ROW], head_of("UK"), "US"))
    assert record["Tags"] == "one, two,uk-caid:2.0:1"
    (record,) = records_of(written([ROW], head_of("US", "1.3"), "US"))
    assert record["Tags"] == "one, two,us-vics:1.3:1"
    for code in ("01", "A", "+1", "1.0", "9" * 30, "-0"):
        (record,) = records_of(written([ROW._replace(code=code)]))
        assert record["Tags"] == f"one, two,us-vics:2.0:{code}"
    (record,) = records_of(written([ROW._replace(code="-1")]))
    assert record["Category"] == -1


def test_what_has_no_room_is_counted() -> None:
    full = ",".join("t" * MAX_TAGS)
    rows = [ROW._replace(md5=b""), ROW._replace(id="7", baseline=Tri.YES), ROW._replace(tags=full, code="A")]
    left_out = LeftOut()
    (_, last) = records_of(written([*rows], left_out=left_out))
    assert last["Tags"] == full
    assert dict(left_out) == {NO_MD5: 1, "id": 1, "baseline": 1, "code": 1}


def test_a_record_of_which_nothing_is_said_is_not_dropped_by_strict_readers() -> None:
    data = written([Reference(At(), md5=b"\x05" * 16)])
    assert records_of(data) == [{"MediaID": 1, "MD5": "05" * 16, "Tags": NOTHING_SAID}]
    (row,) = [item for item in items(data, name="vics") if isinstance(item, Reference)]
    assert row.tags == ""


def test_an_empty_list_and_a_long_one_are_whole_documents() -> None:
    assert json.loads(written([]))["value"] == []
    many = [ROW._replace(md5=number.to_bytes(16, "big")) for number in range(1, 1_001)]
    assert [int(record["MD5"], 16) for record in records_of(written(many))] == list(range(1, 1_001))


def test_what_is_not_written() -> None:
    with pytest.raises(Misuse):
        written([ROW], head_of("US"), "NL")
    with pytest.raises(Misuse):
        written([ROW], ListHead(format="stopncii", is_abuse=False))
