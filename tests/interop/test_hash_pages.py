"""Pages of records: StopNCII, ThreatExchange, Tech Against Terrorism, and contents of Hasher-Matcher-Actioner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from node.domain.references import EndsEarly, Fault, Ignored, ListHead, Notice, Reference, Withdrawal
from node.interop.formats import format_of
from node.interop.reading import Broken, Choices, Unwelcome
from tests.interop.expected import differences, expectations, items, outcome
from tests.interop.in_parts import assert_bears_every_cut, assert_same_in_any_chunks
from tests.interop.test_misp import md5

FILES = {
    "stopncii/page-with-every-status.json": "stopncii",
    "public/pytx-stopncii-1.json": "stopncii",
    "public/pytx-stopncii-2.json": "stopncii",
    "threatexchange/threat_updates.json": "threatexchange",
    "threatexchange/tech-against-terrorism.json": "tat",
}
PDQ = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_vectors_is_read_as_expected(name: str, vectors: Path) -> None:
    path = vectors / "interop" / name
    assert format_of(path.read_bytes()).name == FILES[name]
    assert differences(expectations(vectors)[name], outcome(path)) == []


@pytest.mark.parametrize("name", FILES)
def test_chunks_and_cuts_change_nothing(name: str, vectors: Path) -> None:
    data = (vectors / "interop" / name).read_bytes()
    assert_same_in_any_chunks(FILES[name], data)
    assert_bears_every_cut(FILES[name], data)


def given(name: str, document: Any, *, now: float = 0) -> list[Any]:
    found = items(json.dumps(document).encode(), Choices(now=now), name=name)
    return [item for item in found if not isinstance(item, ListHead)]


# --- StopNCII ---------------------------------------------------------------------------------------------------------


def record(**fields: Any) -> dict[str, Any]:
    return {"signalType": "ImagePDQ", "hashValue": PDQ, "hashStatus": "Active"} | fields


def page(*records: Any, **fields: Any) -> dict[str, Any]:
    return {"count": len(records), "hasMoreRecords": False, "hashRecords": list(records)} | fields


@pytest.mark.parametrize("name", ["stopncii", "tat"])
def test_a_list_of_other_content_is_never_of_child_abuse(name: str) -> None:
    document = page() if name == "stopncii" else {"results": []}
    [head] = items(json.dumps(document).encode(), name=name)
    assert isinstance(head, ListHead)
    assert not head.is_abuse


def test_the_last_record_of_a_hash_counts() -> None:
    document = page(record(), record(hashStatus="Withdrawn"), record(hashStatus="Received"))
    assert [type(item) for item in given("stopncii", document)] == [Reference, Withdrawal, Reference]


@pytest.mark.parametrize("status", ["active", "", None, 7, "Withdrawn ", "Blocked"], ids=repr)
def test_a_status_that_is_not_known_makes_no_row(status: Any) -> None:
    [item] = given("stopncii", page(record(hashStatus=status)))
    assert item.reason == "unknown status"


def test_a_tombstone_of_no_hash_is_a_fault() -> None:
    [item] = given("stopncii", page(record(hashStatus="Deleted", hashValue="zz")))
    assert item.reason == "no usable hash"


def test_each_thing_about_the_page_is_told_once() -> None:
    found = given("stopncii", page(record(), record(signalType="VideoTMK"), count=7, hasMoreRecords="true"))
    assert [item.code for item in found if isinstance(item, Notice)] == ["not-searched", "bad-total", "more-pages"]


def test_a_record_stands_in_the_words_of_the_file() -> None:
    text = json.dumps(record(more={"x": [1.50, "é"]}), ensure_ascii=False).replace("1.5", "1.50")
    found = items(f'{{"hashRecords": [\n {text} ]}}'.encode(), name="stopncii")
    [row] = [item for item in found if isinstance(item, Reference)]
    assert (row.said, row.at.line, row.at.offset) == (text, 2, 19)


@pytest.mark.parametrize("document", [7, [], {}, {"hashRecords": 7}, {"records": []}], ids=repr)
def test_what_is_no_page_is_refused(document: Any) -> None:
    with pytest.raises(Unwelcome, match="no list hashRecords"):
        given("stopncii", document)


def test_what_is_no_object_stops_only_itself() -> None:
    found = given("stopncii", page(7, record(), None))
    assert [type(item) for item in found] == [Fault, Reference, Fault]


def test_two_documents_are_refused() -> None:
    with pytest.raises(Broken, match="data after the document"):
        items(json.dumps(page()).encode() * 2, name="stopncii")


# --- ThreatExchange ---------------------------------------------------------------------------------------------------


def update(*statuses: str, **fields: Any) -> dict[str, Any]:
    descriptors = {"data": [{"status": status, "tags": ["a tag"]} for status in statuses]}
    return {
        "id": "1",
        "type": "HASH_PDQ",
        "indicator": PDQ,
        "should_delete": False,
        "descriptors": descriptors,
    } | fields


@pytest.mark.parametrize(
    ("statuses", "disputes"),
    [(["MALICIOUS"], 0), (["NON_MALICIOUS", "SUSPICIOUS", "NON_MALICIOUS"], 2), (["UNKNOWN"], 0)],
)
def test_who_calls_it_harmless_disputes_it(statuses: list[str], disputes: int) -> None:
    [row] = given("threatexchange", {"data": [update(*statuses)]})
    assert (row.disputes, row.tags, row.id) == (disputes, "a tag", "1")


def test_a_status_of_threatexchange_that_is_not_known_makes_no_row() -> None:
    [item] = given("threatexchange", {"data": [update("FUTURE")]})
    assert item.reason == "unknown status"


@pytest.mark.parametrize(
    "fields",
    [
        {"should_delete": True},
        {"should_delete": "true", "type": "FUTURE"},
        {"should_delete": 1, "indicator": None},
        {"descriptors": {"data": []}},
        {"descriptors": None},
    ],
    ids=repr,
)
def test_a_deleted_update_takes_itself_back_also_without_its_hash(fields: Any) -> None:
    [item] = given("threatexchange", {"data": [update("MALICIOUS", **fields)]})
    assert isinstance(item, Withdrawal)
    assert item.id == "1"


@pytest.mark.parametrize(
    "numbers", [[1] * 143, [1] * 145, [256] * 144, [-1] * 144, [1000] * 144], ids=lambda n: f"{n[0]}x{len(n)}"
)
def test_photodna_in_decimal_numbers_is_144_octets(numbers: list[int]) -> None:
    fields = {"type": "HASH_PHOTODNA", "indicator": ",".join(map(str, numbers))}
    [item] = given("threatexchange", {"data": [update("MALICIOUS", **fields)]})
    assert item.reason == "no usable hash"


# --- Tech Against Terrorism -------------------------------------------------------------------------------------------


def test_a_next_page_is_told_and_an_unknown_algorithm_is_counted() -> None:
    results = [{"id": 1, "algorithm": "TMK", "hash_digest": "x"}, {"id": 2, "algorithm": "md5", "hash_digest": md5(2)}]
    found = given("tat", {"results": results, "next": "http://x.invalid"})
    assert found[1] == Ignored("TMK")
    assert (found[2].id, found[2].md5.hex()) == ("2", md5(2))
    assert [item.code for item in found if isinstance(item, Notice)] == ["not-searched", "more-pages"]


# --- Hasher-Matcher-Actioner ------------------------------------------------------------------------------------------


def content(**fields: Any) -> dict[str, Any]:
    return {"id": 12, "disable_until_ts": 1, "signals": {"pdq": PDQ, "video_md5": md5(1), "url": "x"}} | fields


@pytest.mark.parametrize("document", [content(), [content()]], ids=["alone", "in a list"])
def test_a_content_is_one_row_with_all_of_its_signals(document: Any) -> None:
    assert format_of(json.dumps(document).encode()).name == "hma"
    notice, row = given("hma", document)
    assert notice.code == "not-searched"
    assert (row.id, row.pdq.hex(), row.md5.hex(), row.media_type) == ("12", PDQ, md5(1), "video")
    assert row.not_searched == ("url",)


@pytest.mark.parametrize(
    ("until", "is_taken"), [(1, True), (0, False), (50, True), (150, False), (None, True), ("x", False), (True, False)]
)
def test_a_content_that_is_switched_off_is_not_taken(until: Any, is_taken: bool) -> None:
    found = given("hma", content(disable_until_ts=until), now=100)
    assert any(isinstance(item, Reference) for item in found) == is_taken
    assert (Ignored("disabled content") in found) != is_taken


@pytest.mark.parametrize("signals", [None, {}, [], {"pdq": "zz"}, {"pdq": 7}], ids=repr)
def test_a_content_without_a_hash_is_a_fault(signals: Any) -> None:
    [item] = given("hma", content(signals=signals))
    assert item.reason == "no usable hash"


def test_contents_that_are_cut_give_what_was_whole() -> None:
    data = json.dumps([content(), content()]).encode()
    found = items(data[:-5], name="hma")
    assert [type(item) for item in found] == [ListHead, Notice, Reference, EndsEarly]
    assert_same_in_any_chunks("hma", data)
    assert_bears_every_cut("hma", data)


@pytest.mark.parametrize(("moment", "changed"), [(1_700_000_000, "1700000000"), (1.5, "1.5"), (True, ""), ([], "")])
def test_a_row_says_when_it_was_changed(moment: Any, changed: str) -> None:
    [row] = given("stopncii", page(record(lastModtimestamp=moment)))
    assert row.changed == changed
