"""What is written as MISP, STIX and StopNCII is read again as it was, by us and by readers from outside."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.references import At, Family, ListHead, Notice, Reference, Withdrawal
from node.domain.statements import Tri
from node.errors import Misuse
from node.interop.left_out import LeftOut
from node.interop.misp_writing import MispEvent, Organisation, SharingGroup, object_uuid, write_misp
from node.interop.stix_writing import StixBundle, indicator_id, write_stix
from node.interop.stopncii_writing import write_stopncii
from tests.conftest import oracle
from tests.interop.expected import items
from tests.interop.written_rows import references

OWN = Organisation(name="Made up unit", uuid="5f0e1d2c-0000-4000-8000-000000000900")
OTHER = Organisation(name="Another unit", uuid="5f0e1d2c-0000-4000-8000-000000000901")
GROUP = SharingGroup(uuid="5f0e1d2c-0000-4000-8000-000000000950", name="Made up group", members=(OWN, OTHER))
EVENT = MispEvent(
    uuid="5f0e1d2c-0000-4000-8000-000000000001",
    title="Made up list",
    day="2026-01-02",
    timestamp=1_767_312_000,
    organisation=OWN,
    distribution=4,
    group=GROUP,
    scheme="us-vics",
    scheme_version="2.0",
)
BUNDLE = StixBundle(
    uuid=EVENT.uuid,
    created="2026-01-01T00:00:00.000Z",
    modified="2026-01-02T00:00:00.000Z",
    organisation=OWN,
    scheme="us-vics",
    scheme_version="2.0",
)
ROW = Reference(
    At(),
    id="row 1",
    md5=b"\x01" * 16,
    sha1=b"\x02" * 20,
    sha256=b"\x03" * 32,
    pdq=b"\x04" * 32,
    code="1",
    victim_identified=Tri.YES,
    baseline=Tri.NO,
    series='A "made up" series, 100%',
    tags="one, two",
    media_type="image/jpeg",
    size=77,
    handling="tlp:amber+strict",
)
from_outside = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
"""Readers from outside may use what a later Python deprecates."""
COMPARED = ("md5", "sha1", "sha256", "size", "media_type", "series", "tags", "handling", "code")
FLAGS = ("victim_identified", "offender_identified", "distributed", "baseline")


def misp(rows: Iterable[Reference | Withdrawal], left_out: LeftOut | None = None, event: MispEvent = EVENT) -> bytes:
    return b"".join(write_misp(rows, left_out if left_out is not None else LeftOut(), event))


def stix(rows: Iterable[Reference | Withdrawal], left_out: LeftOut | None = None) -> bytes:
    return b"".join(write_stix(rows, left_out if left_out is not None else LeftOut(), BUNDLE))


def compared(row: Reference) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*COMPARED, *FLAGS)}


def read_rows(data: bytes, name: str) -> list[Reference]:
    return [item for item in items(data, name=name) if isinstance(item, Reference)]


def carried(rows: list[Reference]) -> list[Reference]:
    return [row for row in rows if row.md5 or row.sha1 or row.sha256]


# --- MISP -------------------------------------------------------------------------------------------------------------


@given(st.lists(references(), max_size=5))
def test_rows_come_back_from_misp_as_they_were(rows: list[Reference]) -> None:
    left_out = LeftOut()
    data = misp(rows, left_out)
    found = read_rows(data, "misp")
    assert [compared(row) for row in found] == [compared(row) for row in carried(rows)]
    assert [row.id for row in found] == [object_uuid(EVENT.uuid, row) for row in carried(rows)]
    assert {row.audience for row in found} <= {f"sharing group (4) {GROUP.uuid}: {OWN.uuid} {OTHER.uuid}"}
    assert left_out["no MD5, SHA-1 or SHA-256"] == len(rows) - len(carried(rows))
    assert data == misp(rows)
    if any(row.code for row in carried(rows)):
        [head] = [item for item in items(data, name="misp") if isinstance(item, ListHead)]
        assert (head.scheme, head.scheme_version) == ("us-vics", "2.0")


withdrawals = st.one_of(
    references().map(lambda row: Withdrawal(At(), reference=row)),
    references().map(lambda row: Withdrawal(At(), id=row.id, reference=row)),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).map(
        lambda name: Withdrawal(At(), id=name)
    ),
)
"""Of a row with its hashes, and of one of which only the id is known any more."""


def hashes_in(row: Reference | None) -> set[bytes]:
    values = (row.md5, row.sha1, row.sha256, row.pdq, row.photodna) if row else ()
    return {value.hex().encode() for value in values if value}


@given(withdrawals)
def test_a_withdrawal_is_the_same_object_deleted_and_has_no_hash(taken: Withdrawal) -> None:
    data = misp([taken])
    [again] = [item for item in items(data, name="misp") if not isinstance(item, ListHead)]
    assert isinstance(again, Withdrawal)
    assert again.id == object_uuid(EVENT.uuid, taken)
    [thing] = json.loads(data)["Event"]["Object"]
    assert all(each["deleted"] for each in [thing, *thing["Attribute"]])
    assert {each["value"] for each in thing["Attribute"]} == {"deleted"}
    assert not any(value in data for value in hashes_in(taken.reference))


@given(references(), st.booleans())
def test_a_withdrawal_names_every_part_that_was_written(row: Reference, by_id: bool) -> None:
    if not carried([row]):
        return
    taken = Withdrawal(At(), id=row.id) if by_id and row.id else Withdrawal(At(), id=row.id, reference=row)
    (before,), (after,) = (json.loads(misp([each]))["Event"]["Object"] for each in (row, taken))
    assert before["uuid"] == after["uuid"]
    assert {each["uuid"] for each in before["Attribute"]} <= {each["uuid"] for each in after["Attribute"]}


def test_a_withdrawal_that_names_nothing_is_counted() -> None:
    for write in (misp, stix):
        left_out = LeftOut()
        write([Withdrawal(At())], left_out)
        assert left_out == {"a withdrawal that names nothing": 1}


def test_a_later_export_is_newer_in_each_part() -> None:
    later = replace(EVENT, timestamp=EVENT.timestamp + 9)
    before, after = (json.loads(misp([ROW], event=event))["Event"] for event in (EVENT, later))
    parts = [[event, *event["Object"], *event["Object"][0]["Attribute"]] for event in (before, after)]
    for old, new in zip(*parts, strict=True):
        assert old["uuid"] == new["uuid"]
        assert int(new["timestamp"]) == int(old["timestamp"]) + 9


def test_what_misp_has_no_place_for_is_counted() -> None:
    left_out = LeftOut()
    misp([ROW._replace(series="x" * 300, photodna=b"\x05" * 144, audience="all")], left_out)
    assert left_out == {"series": 1, "pdq": 1, "photodna": 1, "audience": 1}


def test_a_code_without_a_scheme_is_not_written() -> None:
    left_out = LeftOut()
    event = MispEvent(**{name: getattr(EVENT, name) for name in EVENT.__slots__} | {"scheme": ""})
    data = misp([ROW], left_out, event)
    assert b"category=" not in data
    assert left_out["code"] == 1


@pytest.mark.parametrize(("distribution", "group"), [(4, None), (3, GROUP)])
def test_a_group_goes_with_its_level(distribution: int, group: SharingGroup | None) -> None:
    fields = {name: getattr(EVENT, name) for name in EVENT.__slots__} | {"distribution": distribution, "group": group}
    with pytest.raises(Misuse, match="sharing group"):
        misp([], event=MispEvent(**fields))


def test_neither_names_nor_words_of_the_row_are_written() -> None:
    row = ROW._replace(said='{"name": "secret.jpg"}', id="secret.jpg")
    for data in (misp([row, Withdrawal(At(), id="secret.jpg", reference=row)]), stix([row])):
        assert b"secret" not in data


@from_outside
def test_pymisp_reads_what_is_written() -> None:
    pymisp = oracle("pymisp")
    event = pymisp.MISPEvent()
    event.load(misp([ROW, Withdrawal(At(), id="row 2")]))
    one, gone = event.objects
    assert (one.name, one.deleted, gone.deleted) == ("file", False, True)
    assert [attribute.value for attribute in one.get_attributes_by_relation("md5")] == [ROW.md5.hex()]
    assert [attribute.value for attribute in one.get_attributes_by_relation("size-in-bytes")] == ["77"]
    assert all(attribute.deleted for attribute in gone.attributes)
    assert event.SharingGroup.uuid == GROUP.uuid
    assert event.distribution == 4
    tags = {tag.name for attribute in one.attributes for tag in attribute.tags}
    assert {"tlp:amber+strict", "one", "two", 'vigil:category="us-vics:2.0:1"'} <= tags
    # What PyMISP writes of it again, we read as the same.
    assert [compared(row) for row in read_rows(event.to_json().encode(), "misp")] == [compared(ROW)]


LEVELS = {
    "organisation only (0)": 0,
    "this community only (1)": 1,
    "connected communities (2)": 2,
    "all communities (3)": 3,
}
ALLOWED = {
    ("", ""): 1, ("", "tlp:clear"): 3, ("", "tlp:green"): 1, ("", "tlp:amber"): 0, ("", "pap:green"): 1,
    ("this community only (1)", ""): 0, ("connected communities (2)", ""): 1, ("all communities (3)", ""): 3,
    ("all communities (3)", "tlp:green"): 1, ("connected communities (2)", "tlp:clear"): 1, ("something new", ""): 0,
}  # fmt: skip
"""(Audience, handling) of a row -> the widest distribution that it may have at another instance."""


@pytest.mark.parametrize("chosen", [0, 1, 2, 3])
@pytest.mark.parametrize(("audience", "handling"), ALLOWED)
def test_no_row_goes_wider_than_its_handling_allows(chosen: int, audience: str, handling: str) -> None:
    event = replace(EVENT, distribution=chosen, group=None)
    row = ROW._replace(audience=audience, handling=handling)
    data = misp([row, Withdrawal(At(), id="gone")], event=event)
    [again] = read_rows(data, "misp")
    assert LEVELS[again.audience] == min(chosen, ALLOWED[audience, handling])
    assert json.loads(data)["Event"]["distribution"] == str(chosen)


# --- STIX -------------------------------------------------------------------------------------------------------------


@given(st.lists(references(), max_size=5))
def test_rows_come_back_from_stix_as_they_were(rows: list[Reference]) -> None:
    left_out = LeftOut()
    # Two rows of one identity would be two versions of one indicator.
    rows = list({indicator_id(BUNDLE.uuid, row): row for row in rows}.values())
    data = stix(rows, left_out)
    found = read_rows(data, "stix21")
    assert [compared(row) for row in found] == [compared(row) for row in carried(rows)]
    assert [row.id for row in found] == [indicator_id(BUNDLE.uuid, row) for row in carried(rows)]
    assert left_out["no MD5, SHA-1 or SHA-256"] == len(rows) - len(carried(rows))
    assert data == stix(rows)


@given(withdrawals)
def test_a_withdrawal_is_the_same_indicator_revoked_and_has_no_hash(taken: Withdrawal) -> None:
    data = stix([taken])
    [again] = [item for item in items(data, name="stix21") if not isinstance(item, ListHead | Family)]
    assert isinstance(again, Withdrawal)
    assert again.id == indicator_id(BUNDLE.uuid, taken)
    if taken.reference is not None:
        assert again.id == indicator_id(BUNDLE.uuid, taken.reference._replace(id=taken.id))
    assert not any(value in data for value in hashes_in(taken.reference))


@from_outside
def test_stix2_reads_what_is_written() -> None:
    stix2 = oracle("stix2")
    other = ROW._replace(id="row 2", sha1=b"", sha256=b"", handling="tlp:red", series="", tags="")
    bundle = stix2.parse(stix([ROW, other, Withdrawal(At(), id="row 3")]), allow_custom=False)
    *indicators, gone = [each for each in bundle.objects if each.type == "indicator"]
    assert len(indicators) == 2
    assert gone.revoked
    assert indicators[0].pattern.count(" AND ") == 2
    assert indicators[1].object_marking_refs == [stix2.TLP_RED.id]
    # What stix2 writes of it again, we read as the same.
    found = read_rows(bundle.serialize(pretty=True).encode(), "stix21")
    assert [compared(row) for row in found] == [compared(ROW), compared(other)]


@from_outside
@settings(max_examples=20)
@given(st.lists(references(), min_size=1, max_size=3))
def test_each_pattern_is_valid_to_the_validator_of_oasis(rows: list[Reference]) -> None:
    validator = oracle("stix2patterns.validator")
    for each in json.loads(stix([*rows, Withdrawal(At(), id="x")]))["objects"]:
        if each["type"] == "indicator":
            assert validator.run_validator(each["pattern"], stix_version="2.1") == []


# --- StopNCII ---------------------------------------------------------------------------------------------------------

ADULTS = ListHead(format="stopncii", is_abuse=False)


@given(st.lists(references(), max_size=5))
def test_rows_come_back_from_stopncii_as_they_were(rows: list[Reference]) -> None:
    rows = [row._replace(media_type=("image", "video")[number % 2]) for number, row in enumerate(rows)]
    left_out = LeftOut()
    data = b"".join(write_stopncii(rows, left_out, ADULTS, timestamp=1))
    written = [row for row in rows if row.pdq or (row.md5 and row.media_type == "video")]
    found = read_rows(data, "stopncii")
    assert [row.pdq or row.md5 for row in found] == [row.pdq or row.md5 for row in written]
    assert left_out["neither a PDQ nor the MD5 of a video"] == len(rows) - len(written)
    assert not any(isinstance(item, Notice) for item in items(data, name="stopncii"))


def test_a_withdrawal_is_a_withdrawn_record() -> None:
    data = b"".join(write_stopncii([Withdrawal(At(), reference=ROW)], LeftOut(), ADULTS, timestamp=1))
    [taken] = [item for item in items(data, name="stopncii") if isinstance(item, Withdrawal)]
    assert taken.reference is not None
    assert taken.reference.pdq == ROW.pdq


def test_a_list_of_child_abuse_is_never_written_as_stopncii() -> None:
    with pytest.raises(Misuse, match="pictures of adults"):
        list(write_stopncii([ROW], LeftOut(), ListHead(format="vics"), timestamp=1))


def test_an_identity_is_of_its_event() -> None:
    assert object_uuid(EVENT.uuid, ROW) != object_uuid(GROUP.uuid, ROW)
    assert UUID(object_uuid(EVENT.uuid, ROW)).version == 5
