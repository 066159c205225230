"""VICS: every version, and what is hard in it."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.references import (
    EMPTY_INPUT,
    NO_HASH,
    PLACEHOLDER,
    At,
    EndsEarly,
    Fault,
    Item,
    ListCase,
    ListHead,
    Notice,
    Reference,
)
from node.domain.statements import Tri
from node.interop import vics
from node.interop.formats import format_of
from node.interop.json_records import pairs_of
from node.interop.json_text import BLOCK
from node.interop.reading import Broken, Choices, Unwelcome
from node.interop.vics_fields import CODES, TWICE, careful_row
from node.interop.vics_plain import PLAIN, plain_row
from tests.interop.expected import differences, expectations, items, outcome
from tests.interop.in_parts import assert_bears_every_cut, assert_same_in_any_chunks

ROOT = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/{}/$metadata#{}"
OLD_ROOT = "http://github.com/ICMEC/ProjectVic/DataModels/{}.xml#{}"
DNA = base64.b64encode(bytes(range(1, 145))).decode()

LARGE = 1_000
"""Bytes of a file that is not tried at every cut."""

OF_THE_CALLER = {
    # Only who has all rows can tell these.
    "vics/20-us-duplicates.json": {"does not warn of conflicting-hash"},
    "vics/20-us-photodna.json": {f"hashes of {{'record': {n}, 'line': {n + 1}, 'offset': " for n in range(1, 13)},
    # Byte 293 is in line 5. The second document begins in line 4, at byte 182.
    "vics/two-documents.json": {"the error is at 182, not at 293"},
}


def md5(number: int) -> str:
    return random.Random(number).randbytes(16).hex()


def document(*records: Any, root: str = ROOT.format("US", "Media"), **more: Any) -> bytes:
    return json.dumps({"@odata.context": root, "value": list(records)} | more).encode()


def given_of(*records: Any, **more: Any) -> list[Item]:
    return items(document(*records, **more), name="vics")


def rows(found: list[Item]) -> list[Reference]:
    return [item for item in found if isinstance(item, Reference)]


def codes(found: list[Item]) -> list[str]:
    return [item.code for item in found if isinstance(item, Notice)]


def only(record: dict[str, Any]) -> Reference:
    (row,) = rows(given_of(record))
    return row


def test_every_vector_has_the_outcome_that_is_expected_of_it(vectors: Path) -> None:
    files = {name: each for name, each in expectations(vectors).items() if name.startswith("vics/")}
    assert len(files) > 20
    for name, expected in files.items():
        found = differences(expected, outcome(vectors / "interop" / name))
        allowed = OF_THE_CALLER.get(name, set())
        left = [each for each in found if not any(each.startswith(start) for start in allowed)]
        assert left == [], name
        assert len(found) == len(allowed), name


def test_every_vector_is_the_same_in_any_chunks_and_bears_every_cut(vectors: Path) -> None:
    for name, expected in expectations(vectors).items():
        if not name.startswith("vics/"):
            continue
        data = (vectors / "interop" / name).read_bytes()
        assert format_of(data) is vics.FORMAT
        if len(data) < LARGE:
            assert_same_in_any_chunks("vics", data)
        if len(data) < LARGE and expected["file"] == "accepted":
            assert_bears_every_cut("vics", data)


# --- plain records ----------------------------------------------------------------------------------------------------

odd = st.sampled_from(
    (None, "", " ", 0, 1, -1, 1.0, 1.5, True, False, [], {}, [1], {"a": 1}, "x", "1", "7", 7, "true", "FALSE", "maybe")
)
digits = st.sampled_from(
    (md5(1), md5(1).upper(), " " + md5(1), md5(1)[:-1], "0" * 32, "d41d8cd98f00b204e9800998ecf8427e")
)
sha1s = st.sampled_from(("ab" * 20, "AB" * 20, "0" * 40, "ab" * 16, "da39a3ee5e6b4b0d3255bfef95601890afd80709"))
dnas = st.sampled_from((DNA, DNA[:-4], "A" * 192, DNA[:-1] + "!", bytes(range(1, 145)).hex()))
dates = st.sampled_from(("2024-05-06T07:08:09Z", "2024-05-06T07:08:09.010+02:00Z", "2024", "2024-02-30"))
sizes = st.sampled_from((0, 5, 2**63 - 1, 2**63, "0", "12", "9223372036854775807", "9223372036854775808", "012", "1e3"))
words = st.sampled_from(("a", "a,b", ",".join("abcdefgh" * 5), "é", "\ud800", "x" * 4_001, "\n", '":', {"Name": "n"}))
files = st.lists(st.dictionaries(st.sampled_from(("MD5", "FileName")), words, max_size=2), max_size=2)
fields: dict[str, st.SearchStrategy[Any]] = {
    "SHA1": sha1s | odd,
    "SHA256": odd,
    "PhotoDNA": dnas | odd,
    "Category": odd,
    "MediaSize": sizes | odd,
    "VictimIdentified": odd,
    "OffenderIdentified": odd,
    "IsDistributed": odd,
    "Series": words | odd,
    "Tags": words | odd,
    "MimeType": words | odd,
    "DateUpdated": dates | odd,
    "MediaFiles": files | odd,
    "Comments": words | odd,
    "Foo": odd,
}
PLAIN_CODES: dict[str | int | None, str | None] = {None: None}
for _code in CODES:
    PLAIN_CODES[_code] = PLAIN_CODES[int(_code)] = _code


@given(st.fixed_dictionaries({"MD5": digits | odd}, optional=fields), st.booleans())
def test_a_plain_record_is_read_as_a_careful_one(record: dict[str, Any], spaced: bool) -> None:
    said = json.dumps(record, separators=None if spaced else (",", ":"))
    plain = plain_row(record, said, At(1, 2, 3), PLAIN, PLAIN_CODES)
    if plain is not None:
        assert plain == careful_row(pairs_of(said), said, At(1, 2, 3), CODES)


def test_records_as_tools_write_them_are_plain() -> None:
    for record in (
        {"MD5": md5(1)},
        {"MD5": md5(1).upper(), "SHA1": "AB" * 20, "PhotoDNA": DNA, "Category": 1, "MediaSize": 5, "Series": None},
        {"MD5": md5(1), "SHA1": "", "Category": "2", "MediaSize": "77", "VictimIdentified": "true", "Tags": "a, b"},
        {"MD5": md5(1), "MediaFiles": [{"FileName": "a\\b", "MD5": md5(1)}], "DateUpdated": "2024-05-06T07:08:09.123Z"},
        {"MD5": md5(1), "VictimIdentified": True, "OffenderIdentified": False, "IsDistributed": None, "Category": None},
    ):
        assert plain_row(record, json.dumps(record), At(), PLAIN, PLAIN_CODES) is not None, record


# --- records ----------------------------------------------------------------------------------------------------------


def test_what_is_said_of_a_record_is_its_source_text() -> None:
    records = [f'{{ "MD5" : "{md5(n)}",\n  "Name":"\\u00e9 é {n}", "x": [1.50] }}' for n in range(5)]
    data = ('{"@odata.context":"' + ROOT.format("US", "Media") + '","value":[' + " , ".join(records) + "]}").encode()
    found = rows(items(data, name="vics"))
    assert [row.said for row in found] == records
    for number, row in enumerate(found, 1):
        assert row.at.record == number
        assert data[row.at.offset :].startswith(row.said.encode())


def test_a_field_that_stands_twice_and_differs_is_a_fault() -> None:
    one, other = md5(1), md5(2)
    text = document("@").decode()
    for twice, reason in (
        (f'{{"MD5":"{one}","MD5":"{other}"}}', TWICE),
        (f'{{"MD5":"{one}","Category":1,"Category":2}}', TWICE),
        (f'{{"MD5":"{one}","MD5":"{one}"}}', ""),
        (f'{{"MD5":"{one}","Comments":"a","Comments":"b"}}', ""),
    ):
        found = items(text.replace('"@"', twice).encode(), name="vics")
        assert [item.reason for item in found if isinstance(item, Fault)] == ([reason] if reason else [])
        assert [row.said for row in rows(found)] == ([] if reason else [twice])


def test_hashes_beside_the_usual_ones() -> None:
    row = only(
        {
            "MD5": md5(1),
            "AlternativeHashes": [
                {"HashName": "SHA-256", "HashValue": "cd" * 32},
                {"HashName": "pdq", "HashValue": "ab" * 32, "MD5": md5(1).upper()},
                {"HashName": "Photo DNA", "HashValue": DNA},
                {"HashName": "Some other kind", "HashValue": "x"},
                {"HashName": md5(7), "HashValue": "x"},
                {"HashName": "SHA1", "HashValue": "ab" * 19},
            ],
        }
    )
    assert (row.sha256, row.pdq, row.photodna) == (b"\xcd" * 32, b"\xab" * 32, bytes(range(1, 145)))
    assert row.not_searched == ("Some other kind", "another")
    assert row.warnings == ("bad-sha1",)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"MD5": md5(1), "SHA1": "0" * 40}, PLACEHOLDER),
        ({"SHA256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, EMPTY_INPUT),
        (
            {
                "MD5": md5(1),
                "AlternativeHashes": [{"HashName": "SHA1", "HashValue": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}],
            },
            EMPTY_INPUT,
        ),
        ({"MD5": md5(1)[:-1], "PhotoDNA": "A" * 192}, NO_HASH),
        ({}, NO_HASH),
    ],
)
def test_records_that_cannot_be_used(record: dict[str, Any], reason: str) -> None:
    found = given_of({"MD5": md5(3)}, record, {"MD5": md5(4)})
    assert [item.reason for item in found if isinstance(item, Fault)] == [reason]
    assert [row.at.record for row in rows(found)] == [1, 3]


def test_texts_that_cannot_be_kept_are_left_out_and_told() -> None:
    row = only({"MD5": md5(1), "Series": "\ud800", "Tags": ["a", 3, "b", None], "MimeType": {"Name": "image/png"}})
    assert (row.series, row.tags, row.media_type) == ("", "a,3,b", "image/png")
    assert row.warnings == ("bad-text",)
    row = only({"MD5": md5(1), "Series": ["a"], "Tags": ",".join("x" * 33), "Category": "c" * 65})
    assert (row.series, row.tags, row.code) == ("", "", None)
    assert row.warnings == ("bad-category", "bad-text", "text-too-long")


def test_digits_without_end_are_bad_values() -> None:
    data = (
        document("@")
        .decode()
        .replace('"@"', f'{{"MD5":"{md5(1)}","MediaSize":{"9" * 6_000},"Category":{"1" * 5_000}}}')
    )
    (row,) = rows(items(data.encode(), name="vics"))
    assert (row.size, row.code, row.warnings) == (-1, None, ("bad-size", "bad-category"))
    assert len(json.loads(row.said)["MediaSize"]) == 6_000


def test_unknown_fields_are_named_once_and_hashes_are_not_repeated() -> None:
    odd_names = {"Foo": 1, "x.odata.thing": 2, md5(5): 3, "a name of more than forty characters, which no field has": 4}
    found = given_of({"MD5": md5(1)} | odd_names, {"MD5": md5(2)} | odd_names)
    (told,) = [item for item in found if isinstance(item, Notice)]
    assert told.at == At(record=1, line=1, offset=rows(found)[0].at.offset)
    assert told.text.endswith(": Foo, another")
    assert all(row.warnings == () for row in rows(found))


# --- the model --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "version", "region", "scheme"),
    [
        (ROOT.format("US", "Media"), "2.0", "US", "us-vics"),
        (ROOT.format("UK", "Media"), "2.0", "UK", "uk-caid"),
        (ROOT.format("Default", "Media"), "2.0", "Default", "vics-default"),
        (ROOT.format("CA", "Media"), "2.0", "CA", "vics-ca"),
        (OLD_ROOT.format("1.1", "Media"), "1.1", "", "vics"),
        (OLD_ROOT.format("1.2", "Media"), "1.2", "", "vics"),
    ],
)
def test_models(root: str, version: str, region: str, scheme: str) -> None:
    heads = [item for item in given_of({"MD5": md5(1)}, root=root) if isinstance(item, ListHead)]
    kind = "media"
    expected = ListHead(format="vics", version=version, region=region, kind=kind, scheme=scheme, scheme_version=version)
    assert heads == [expected]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (document({"MD5": md5(1)}, root=ROOT.replace("2.0", "2.1").format("US", "Media")), "data model not known"),
        (document({"MD5": md5(1)}, root=ROOT.format("US", "Persons")), "data model not known"),
        (b'{"@odata.context": 7, "value": []}', "data model not known"),
        (b'{"value": []}', "no data model stated"),
    ],
)
def test_an_unknown_model_needs_a_person_to_state_the_scheme(data: bytes, reason: str) -> None:
    with pytest.raises(Unwelcome) as caught:
        items(data, name="vics")
    assert caught.value.reason == reason
    assert "--scheme" in caught.value.remedy
    stated = items(data, Choices(scheme="made-up", scheme_version="3"), name="vics")
    (head,) = [item for item in stated if isinstance(item, ListHead)]
    assert (head.scheme, head.scheme_version, head.version) == ("made-up", "3", "")


def test_a_model_that_comes_last_holds_for_all() -> None:
    data = json.dumps(
        {"value": [{"MD5": md5(1), "Category": 8}], "@odata.context": ROOT.format("US", "Media")}
    ).encode()
    found = items(data, name="vics")
    assert [type(item) for item in found] == [Reference, Notice, ListHead]
    assert codes(found) == ["unknown-code"]
    uk = data.replace(b"/US/", b"/UK/")
    assert codes(items(uk, name="vics")) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (document().replace(b"[]", b"{}"), vics.NO_LIST),
        (document().replace(b"[]", b"null"), vics.NO_LIST),
        (b'{"@odata.context": "' + ROOT.format("US", "Media").encode() + b'"}', vics.NO_LIST),
        (b"[]", "not JSON"),
        (document(**{"odata.metadata": OLD_ROOT.format("1.3", "Media")}), "two data models"),
    ],
)
def test_documents_that_are_no_vics(data: bytes, reason: str) -> None:
    with pytest.raises(Broken) as caught:
        items(data, name="vics")
    assert caught.value.reason == reason


# --- cases ------------------------------------------------------------------------------------------------------------


def case(number: str, media: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"CaseNumber": number, "Media": media} | more


def test_media_stand_after_their_case_and_all_of_it_is_kept() -> None:
    first = case("A-1", [{"MD5": md5(1)}, {"MD5": md5(2)}], ContactName="Made up", TotalMediaFiles=2)
    second = case("A-2", [], CaseID="9")
    third = {"CaseID": "7", "ContactName": "nobody"}
    found = given_of(first, second, third, root=ROOT.format("UK", "Cases"))
    assert [type(item) for item in found] == [ListHead, ListCase, Reference, Reference, ListCase, ListCase]
    cases = [item for item in found if isinstance(item, ListCase)]
    assert [each.number for each in cases] == ["A-1", "A-2", "7"]
    assert json.loads(cases[0].said) == {"CaseNumber": "A-1", "ContactName": "Made up", "TotalMediaFiles": 2}
    assert codes(found) == []


def test_a_case_larger_than_what_is_held_at_once_comes_again_with_what_stands_after_its_media() -> None:
    media = [{"MD5": md5(n), "Comments": "x" * 500} for n in range(2 * BLOCK // 500)]
    large = {"Media": media, "CaseNumber": "late", "TotalMediaFiles": 3}
    found = given_of(large, {"MD5": md5(1)}, root=ROOT.format("UK", "Cases"))
    cases = [item for item in found if isinstance(item, ListCase)]
    assert [each.number for each in cases] == ["case at byte 113", "late"]
    assert cases[0].at == cases[1].at
    assert json.loads(cases[1].said) == {"CaseNumber": "late", "TotalMediaFiles": 3}
    assert len(rows(found)) == len(media) + 1
    assert [row.at.record for row in rows(found)] == list(range(1, len(media) + 2))
    assert codes(found) == ["bad-total"]


def test_a_record_larger_than_what_is_held_at_once_is_a_record() -> None:
    large = {"MD5": md5(2), "Category": 1, "MediaFiles": [{"FileName": f"{n}"} for n in range(BLOCK // 8)]}
    found = given_of({"MD5": md5(1)}, large, {"MD5": md5(3)})
    assert [row.md5.hex() for row in rows(found)] == [md5(1), md5(2), md5(3)]
    assert json.loads(rows(found)[1].said) == large
    (head,) = [item for item in found if isinstance(item, ListHead)]
    assert head.kind == "media"


def test_the_shape_decides_and_a_difference_is_told() -> None:
    for root, records, kind in (
        (ROOT.format("US", "Media"), [case("1", [{"MD5": md5(1)}])], "cases"),
        (ROOT.format("US", "Cases"), [{"MD5": md5(1)}], "media"),
    ):
        found = given_of(*records, root=root)
        (head,) = [item for item in found if isinstance(item, ListHead)]
        assert head.kind == kind
        assert codes(found) == ["shape-differs-from-root"]
    (empty,) = given_of(root=ROOT.format("US", "Cases"))
    assert isinstance(empty, ListHead)
    assert empty.kind == "cases"


def test_a_file_that_ends_early_has_a_head_and_its_whole_records() -> None:
    data = json.dumps({"value": [{"MD5": md5(n)} for n in range(3)]}).encode()
    found = items(data[:-20], name="vics")
    assert [type(item) for item in found] == [Reference, Reference, ListHead, EndsEarly]
    assert items(b"", name="vics")[-1] == EndsEarly(At(line=1, offset=0))


def test_flags_that_are_not_stated_are_unknown() -> None:
    row = only({"MD5": md5(1), "VictimIdentified": "true", "IsDistributed": "no"})
    assert (row.victim_identified, row.offender_identified, row.distributed) == (Tri.YES, Tri.UNKNOWN, Tri.NO)


@pytest.mark.parametrize(
    ("head", "is_vics"),
    [
        (b"", False),
        (b"[]", False),
        (b"\xff\xfe{", False),
        (b"{" * 70_000, False),
        (b'{"value":[{"id":1}]}', False),
        (b'{"value":[{"MediaID":1}]}', True),
        (b'\n {"odata.metadata" : "http:\\/\\/github.com\\/ICMEC\\/ProjectVic\\/DataModels', True),
        (b'{"a":' + b'"x"' * 10_000 + b',"@odata.context":"https://github.com/VICSDATAMODEL/ProjectVic', True),
    ],
)
def test_what_is_taken_for_vics(head: bytes, is_vics: bool) -> None:
    assert vics.recognise(head) is is_vics


def test_a_case_that_is_cut_gives_its_whole_records() -> None:
    root = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Cases"
    media = [{"MD5": f"{number:02x}" * 16, "Category": 1} for number in (1, 2, 3)]
    data = json.dumps({"@odata.context": root, "value": [{"CaseNumber": "C-1", "Media": media}]}).encode()
    for cut, whole in ((data.rindex(b"{"), 2), (data.rindex(b"}]"), 3), (data.index(b'"Media"'), 0)):
        found = list(vics.FORMAT.read([data[:cut]], Choices()))
        assert isinstance(found[-1], EndsEarly)
        assert sum(isinstance(item, Reference) for item in found) == whole
