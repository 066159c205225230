"""MISP: events and search responses, and what is hard in them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from node.domain.references import EndsEarly, Fault, Ignored, ListHead, Notice, Reference, Withdrawal
from node.interop import misp, misp_rows
from node.interop.formats import format_of
from node.interop.reading import Broken, Choices, Unwelcome
from tests.interop.expected import differences, expectations, items, outcome
from tests.interop.in_parts import assert_bears_every_cut, assert_same_in_any_chunks

REFUSED = "public/pymisp-sharing_groups.json"
FILES = (
    "misp/event-full.json",
    "misp/search-response.json",
    "public/pymisp-attribute_del.json",
    "public/pymisp-event_obj_attr_tag.json",
    "public/pymisp-malware_exist.json",
    REFUSED,
)
GROUP = "5f0e1d2c-0000-4000-8000-0000000009{}"


def uuid(number: int) -> str:
    return f"5f0e1d2c-0000-4000-8000-{number:012}"


def md5(number: int) -> str:
    return random.Random(number).randbytes(16).hex()


def attribute(number: int, **fields: Any) -> dict[str, Any]:
    return {"uuid": uuid(number), "type": "md5", "value": md5(number), "to_ids": True, "distribution": "5"} | fields


def thing(number: int, *attributes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"uuid": uuid(number), "name": "file", "distribution": "5", "Attribute": list(attributes)} | fields


def event(*attributes: dict[str, Any], objects: tuple[dict[str, Any], ...] = (), **fields: Any) -> dict[str, Any]:
    inner = {"uuid": uuid(1), "info": "made up", "distribution": "2", "published": True}
    return {"Event": inner | fields | {"Attribute": list(attributes), "Object": list(objects)}}


def given(document: Any) -> list[Any]:
    return [item for item in items(json.dumps(document).encode(), name="misp") if not isinstance(item, ListHead)]


def rows(document: Any) -> list[Reference]:
    return [item for item in given(document) if isinstance(item, Reference)]


def group(*members: str, name: str = GROUP.format(50)) -> dict[str, Any]:
    return {
        "uuid": name,
        "name": "secret",
        "SharingGroupOrg": [{"Organisation": {"uuid": member, "name": "secret"}} for member in members],
    }


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_vectors_is_read_as_expected(name: str, vectors: Path) -> None:
    path = vectors / "interop" / name
    assert format_of(path.read_bytes()).name == "misp"
    assert differences(expectations(vectors)[name], outcome(path)) == []


@pytest.mark.parametrize("name", FILES)
def test_chunks_and_cuts_change_nothing(name: str, vectors: Path) -> None:
    data = (vectors / "interop" / name).read_bytes()
    assert_same_in_any_chunks("misp", data)
    if name != REFUSED:
        assert_bears_every_cut("misp", data)


# --- who may have it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outer", "inner", "words"),
    [
        ("2", "5", "connected communities (2)"),
        ("0", "3", "organisation only (0)"),
        ("3", "1", "this community only (1)"),
        ("1", "2", "this community only (1)"),
        (3, 3, "all communities (3)"),
        ("2", None, "connected communities (2)"),
        (None, "5", ""),
        (None, "3", "all communities (3)"),
        ("2", "7", "organisation only (0)"),
        ("2", True, "organisation only (0)"),
        ("2", [], "organisation only (0)"),
    ],
)
def test_the_narrower_level_counts(outer: Any, inner: Any, words: str) -> None:
    [row] = rows(event(attribute(10, distribution=inner), distribution=outer))
    assert row.audience == words


def test_a_level_that_is_not_understood_is_told() -> None:
    [notice, row] = given(event(attribute(10, distribution="7")))
    assert notice.code == "bad-distribution"
    assert row.warnings == ("bad-distribution",)


def test_a_sharing_group_is_its_organisations_and_not_its_name() -> None:
    one, other = GROUP.format(10), GROUP.format(11)
    [row] = rows(event(attribute(10, distribution="4", SharingGroup=group(one, other))))
    assert row.audience == f"sharing group (4) {GROUP.format(50)}: {one} {other}"


def test_a_group_that_the_file_does_not_have_is_nobody() -> None:
    [row] = rows(event(attribute(10, distribution="4", sharing_group_id="7")))
    assert row.audience == "sharing group (4) not in the file: nobody"


def test_of_two_groups_those_are_left_that_both_have() -> None:
    one, both, other = (GROUP.format(number) for number in (10, 11, 12))
    inner = attribute(10, distribution="4", SharingGroup=group(both, other, name=GROUP.format(51)))
    [row] = rows(event(inner, distribution="4", SharingGroup=group(one, both)))
    assert row.audience == f"sharing group (4) {GROUP.format(50)} and {GROUP.format(51)}: {both}"


def test_an_object_has_the_narrowest_audience_of_its_hashes() -> None:
    inner = (attribute(31), attribute(32, type="sha1", value="a" * 40, distribution="0"))
    [row] = rows(event(objects=(thing(30, *inner),)))
    assert row.audience == "organisation only (0)"


@pytest.mark.parametrize(
    ("outer", "inner", "handling"),
    [
        (["tlp:amber"], ["tlp:red"], "tlp:red"),
        (["TLP:RED"], ["tlp:green"], "tlp:red"),
        (["tlp:amber+strict"], ["tlp:amber"], "tlp:amber+strict"),
        (["PAP:GREEN"], [], "pap:green"),
        (["tlp:mauve"], ["tlp:clear"], "tlp:clear tlp:mauve"),
        ([], [], ""),
    ],
)
def test_the_strictest_handling_counts(outer: list[str], inner: list[str], handling: str) -> None:
    tags = {"Tag": [{"name": name} for name in inner]}
    [row] = rows(event(attribute(10, **tags), Tag=[{"name": name} for name in [*outer, "made-up"]]))
    assert (row.handling, row.tags) == (handling, "made-up")


# --- what is taken back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deleted", [True, 1, "1", "true", "True"], ids=repr)
def test_what_is_deleted_is_withdrawn(deleted: Any) -> None:
    [item] = given(event(attribute(10, deleted=deleted, to_ids=False)))
    assert isinstance(item, Withdrawal)
    assert item.id == uuid(10)
    assert item.reference is not None
    assert item.reference.md5.hex() == md5(10)


@pytest.mark.parametrize("deleted", [False, 0, "0", "false", None, ""], ids=repr)
def test_what_is_not_deleted_is_a_row(deleted: Any) -> None:
    assert len(rows(event(attribute(10, deleted=deleted)))) == 1


@pytest.mark.parametrize("deleted", [2, "maybe", [], {}, 0.5], ids=repr)
def test_a_mark_that_is_not_understood_makes_no_row(deleted: Any) -> None:
    [item] = given(event(attribute(10, deleted=deleted)))
    assert item.reason == "whether it is deleted is not understood"
    [item] = given(event(objects=(thing(30, attribute(31), deleted=deleted),)))
    assert isinstance(item, Fault)


def test_an_object_that_keeps_no_hash_is_withdrawn() -> None:
    [item] = given(event(objects=(thing(30, attribute(31, deleted=True)),)))
    assert isinstance(item, Withdrawal)
    assert item.id == uuid(30)


def test_a_hash_that_an_object_loses_is_withdrawn_and_the_object_stays() -> None:
    lost = attribute(32, type="sha256", value="b" * 64, deleted="1")
    gone, row = given(event(objects=(thing(30, attribute(31), lost),)))
    assert (gone.id, row.id, row.sha256) == (uuid(32), uuid(30), b"")


def test_two_hashes_of_one_kind_in_an_object_contradict_each_other() -> None:
    inner = (attribute(31), attribute(32), attribute(33, type="sha1", value="a" * 40))
    [row] = rows(event(objects=(thing(30, *inner),)))
    assert (row.md5, row.sha1.hex(), row.warnings) == (b"", "a" * 40, ("conflicting-hash",))
    [item] = given(event(objects=(thing(30, *inner[:2]),)))
    assert item.reason == "no usable hash"


def test_the_hash_of_empty_input_refuses_the_whole_object() -> None:
    inner = (attribute(31), attribute(32, type="sha1", value="da39a3ee5e6b4b0d3255bfef95601890afd80709"))
    [item] = given(event(objects=(thing(30, *inner),)))
    assert item.reason == "hash of empty input"


# --- what is no row ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["ja3-fingerprint-md5", "hassh-md5", "x509-fingerprint-sha1", "filename", "MD5", "url", "other"]
)
def test_a_type_that_is_no_hash_of_a_file_is_counted(name: str) -> None:
    assert given(event(attribute(10, type=name))) == [Ignored(name)]


@pytest.mark.parametrize("name", ["sha512", "filename|sha3-256", "tlsh"])
def test_a_hash_of_another_kind_is_told(name: str) -> None:
    notice, item = given(event(attribute(10, type=name)))
    assert (notice.code, item) == ("not-searched", Ignored(name))


@pytest.mark.parametrize("name", ["pe-section", "hashlookup"])
def test_the_hash_of_a_part_or_of_a_harmless_file_is_no_row(name: str) -> None:
    assert given(event(objects=(thing(30, attribute(31), name=name),))) == [Ignored("md5")]


def test_the_name_of_a_type_that_is_a_text_is_not_repeated() -> None:
    assert given(event(attribute(10, type="my secret; no type"))) == [Ignored("attribute without a type")]


def test_an_attachment_is_neither_opened_nor_kept() -> None:
    sample = attribute(31, type="malware-sample", value=f"secret|name.jpg|{md5(31)}", data="QUJDREVG")
    proposal = attribute(32, ShadowAttribute=[attribute(33, data="R0hJSktM")])
    found = given(event(objects=(thing(30, sample, proposal | {"value": md5(31)}),)))
    [row] = [item for item in found if isinstance(item, Reference)]
    assert row.md5.hex() == md5(31)
    assert "QUJDREVG" not in row.said
    assert "R0hJSktM" not in row.said
    assert "secret|name.jpg" in row.said
    assert Ignored("attachment") in found
    assert Ignored("ShadowAttribute") in found


def test_what_is_no_object_stops_only_itself() -> None:
    found = given({"response": [event(attribute(10)), 7, event(attribute(11), "x", None)]})  # type: ignore[arg-type]
    assert [type(item) for item in found] == [Reference, Fault, Reference, Fault, Fault]


@pytest.mark.parametrize("document", [7, "text", {}, {"errors": "x", "name": "y"}, [1, 2], {"response": "x"}], ids=repr)
def test_what_is_no_event_is_refused(document: Any) -> None:
    if document == {}:
        assert given(document) == []
        return
    with pytest.raises(Unwelcome, match="not a MISP event"):
        given(document)


# --- forms of a document ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        event(attribute(10)),
        event(attribute(10))["Event"],
        {"response": [event(attribute(10))]},
        {"response": event(attribute(10))},
        [event(attribute(10))],
        {"response": {"Attribute": [attribute(10, Event={"uuid": uuid(1), "distribution": "2"})]}},
        {"Attribute": attribute(10, Event={"uuid": uuid(1), "distribution": "2"})},
        {"response": {"0": event(attribute(10))}},
    ],
)
def test_each_form_of_a_document_gives_the_same_row(document: Any) -> None:
    [row] = rows(document)
    assert (row.id, row.md5.hex()) == (uuid(10), md5(10))
    assert row.audience == "connected communities (2)"
    assert format_of(json.dumps(document).encode()).name == "misp"


def test_a_list_as_php_writes_it_is_a_list() -> None:
    document = event()
    document["Event"]["Attribute"] = {"0": attribute(10), "2": attribute(11)}
    assert len(rows(document)) == 2


def test_an_object_alone_is_read() -> None:
    document = {"response": [{"Object": thing(30, attribute(31))}]}
    [row] = rows(document)
    assert (row.id, row.audience) == (uuid(30), "")


def test_what_the_file_says_stands_with_the_row() -> None:
    [row] = rows(event(attribute(10, comment="\ud800 half", **{"x-mine": [1, 2.5]}), Orgc={"name": "Made up"}))
    said = json.loads(row.said)
    assert said["Attribute"]["x-mine"] == [1, 2.5]
    assert said["Event"]["info"] == "made up"
    assert said["Event"]["Orgc"] == {"name": "Made up"}
    assert row.said.isascii()


def test_a_long_event_stands_with_its_first_row_alone() -> None:
    found = rows(event(*(attribute(number) for number in range(10, 20)), info="x" * 5_000))
    assert ["x" * 5_000 in row.said for row in found] == [True] + [False] * 9


def test_long_tags_of_an_event_are_left_out_and_its_handling_binds() -> None:
    tags = [{"name": "tlp:red"}, *({"name": f"{number}" * 200} for number in range(100, 140))]
    notice, row = given(event(attribute(10), Tag=tags))
    assert notice.code == "text-too-long"
    assert (row.tags, row.handling) == ("", "tlp:red")


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (b'{"Event": {"info": NaN}}', "not JSON", 19),
        (b'{"Event": {"info": "NaN", "x": -Infinity}}', "not JSON", 31),
        (b'{"Event": {}} {}', "data after the document", 14),
        (b'{"Event": {"info" "x"}}', "not JSON", 18),
        (b'\xef\xbb\xbf{"Event": {"info" "x"}}', "not JSON", 21),
        (b'{"Event": "\xff"}', "text that is not UTF-8", 11),
        (b'{"Event": ' + b"1" * 5_000 + b"}", "a number has too many digits", 10),
        (b'{"Event": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deep", 109),
    ],
)
def test_a_frame_that_is_not_json_is_refused_with_its_place(data: bytes, reason: str, offset: int) -> None:
    with pytest.raises(Broken) as caught:
        items(data, name="misp")
    assert (caught.value.reason, caught.value.at.offset) == (reason, offset)


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_each_coding_of_json_is_read(coding: str) -> None:
    data = json.dumps(event(attribute(10), info="é\U0001f600"), ensure_ascii=False).encode(coding)
    [row] = [item for item in items(data, name="misp") if isinstance(item, Reference)]
    assert row.md5.hex() == md5(10)
    assert isinstance(items(data[:-5], name="misp")[-1], EndsEarly)


def test_a_part_that_is_nested_deep_stops_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser goes a little deeper than the writer: what it took may be too deep to be written."""

    def compact(value: Any) -> str:
        if md5(10) in str(value):
            raise RecursionError
        return json.dumps(value)

    monkeypatch.setattr(misp_rows, "compact", compact)
    found = given(event(attribute(10), attribute(11)))
    assert [type(item) for item in found] == [Fault, Reference]


def test_a_file_that_is_too_large_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Unwelcome, match="larger than 64 MiB"):
        list(misp.read((b" " * (1 << 20) for _ in range(65)), Choices()))


def test_a_notice_is_given_once() -> None:
    found = given([event(attribute(10), published=False), event(attribute(11), published=False)])
    assert [item.code for item in found if isinstance(item, Notice)] == ["not-published"]


def test_a_row_and_a_withdrawal_say_when_they_were_changed() -> None:
    row, gone = given(event(attribute(10, timestamp="1700000000"), attribute(11, timestamp=1_700_000_001, deleted=1)))
    assert (row.changed, gone.changed) == ("1700000000", "1700000001")
