"""STIX bundles: files, patterns, versions and markings, and what is hard in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from node.domain.references import EndsEarly, Family, Fault, Ignored, ListHead, Reference, Withdrawal
from node.interop.formats import format_of
from node.interop.reading import Choices, Unwelcome
from node.interop.stix_patterns import Alternative, NotEquality, alternatives
from tests.interop.expected import differences, expectations, items, outcome
from tests.interop.in_parts import assert_bears_every_cut, assert_same_in_any_chunks
from tests.interop.test_misp import md5

FILES = ("stix/bundle.json", "public/pymisp-stix2.json")
RED = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"


def name_of(kind: str, number: int) -> str:
    return f"{kind}--5f0e1d2c-0000-4000-8000-{number:012}"


def file(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "file",
        "spec_version": "2.1",
        "id": name_of("file", number),
        "hashes": {"MD5": md5(number)},
    } | fields


def indicator(number: int, pattern: Any = None, **fields: Any) -> dict[str, Any]:
    inner = {"type": "indicator", "spec_version": "2.1", "id": name_of("indicator", number), "pattern_type": "stix"}
    return inner | {"pattern": f"[file:hashes.MD5 = '{md5(number)}']" if pattern is None else pattern} | fields


def bundle(*objects: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "bundle", "id": name_of("bundle", 1), "objects": list(objects)} | fields


def given(document: Any, *, now: float = 0) -> list[Any]:
    found = items(json.dumps(document).encode(), Choices(now=now), name="stix")
    return [item for item in found if not isinstance(item, ListHead | Family)]


def rows(document: Any) -> list[Reference]:
    return [item for item in given(document) if isinstance(item, Reference)]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_vectors_is_read_as_expected(name: str, vectors: Path) -> None:
    path = vectors / "interop" / name
    assert format_of(path.read_bytes()).name == "stix21"
    assert differences(expectations(vectors)[name], outcome(path)) == []


@pytest.mark.parametrize("name", FILES)
def test_chunks_and_cuts_change_nothing(name: str, vectors: Path) -> None:
    data = (vectors / "interop" / name).read_bytes()
    assert_same_in_any_chunks("stix21", data)
    assert_bears_every_cut("stix21", data)


@pytest.mark.parametrize(
    "document",
    [
        bundle(file(1)),
        dict(sorted(bundle(file(1)).items())),
        {"objects": [file(1)], "id": name_of("bundle", 1)},
        {"objects": [file(1)]},
        dict(reversed(bundle(dict(sorted(file(1).items()))).items())),
    ],
)
def test_a_bundle_is_told_in_any_order_of_its_fields(document: Any) -> None:
    assert format_of(json.dumps(document).encode()).name == "stix21"
    assert [row.md5.hex() for row in rows(document)] == [md5(1)]


@pytest.mark.parametrize("document", [7, [], {}, {"type": "report"}, {"type": "bundle", "objects": 7}], ids=repr)
def test_what_is_no_bundle_is_refused(document: Any) -> None:
    with pytest.raises(Unwelcome, match="not a STIX bundle"):
        given(document)


# --- patterns ---------------------------------------------------------------------------------------------------------

A = (("MD5", "a"),)
B = (("SHA-1", "b"),)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("[file:hashes.MD5 = 'a']", [A]),
        ("[file:hashes.'MD5'='a']", [A]),
        ("[file:hashes.\"MD5\" == 'a']", [A]),
        ("  [ ( file:hashes.MD5 = 'a' ) ]  ", [A]),
        ("([file:hashes.MD5 = 'a'])", [A]),
        ("[file:hashes.MD5 = 'a' AND file:hashes.'SHA-1' = 'b']", [A + B]),
        ("[file:hashes.MD5 = 'a' OR file:hashes.'SHA-1' = 'b']", [A, B]),
        ("[file:hashes.MD5 = 'a'] OR [file:hashes.'SHA-1' = 'b']", [A, B]),
        ("[file:hashes.MD5 = 'a' AND (file:hashes.'SHA-1' = 'b' OR file:name = 'n')]", [A + B, A]),
        ("[file:hashes.MD5 = 'a' OR file:hashes.MD5 = 'x' AND file:name = 'n']", [A, (("MD5", "x"),)]),
        ("[file:hashes.MD5 IN ('a', 'b')]", [A, (("MD5", "b"),)]),
        (r"[file:hashes.MD5 = 'a' AND file:name = 'it\'s ] a \\ name']", [A]),
        ("[file:hashes.MD5 = 'a' AND file:size = 77]", [A]),
    ],
)
def test_a_pattern_of_equality_gives_its_files(pattern: str, found: list[Any]) -> None:
    assert [each.hashes for each in alternatives(pattern)] == found


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "[]",
        "[file:hashes.MD5 = 'a'",
        "file:hashes.MD5 = 'a'",
        "[file:hashes.MD5 = 'a'] x",
        "[file:hashes.MD5 = 'a']]",
        "[file:hashes.MD5 != 'a']",
        "[NOT file:hashes.MD5 = 'a']",
        "[file:hashes.MD5 NOT = 'a']",
        "[file:hashes.MD5 NOT IN ('a')]",
        "[file:hashes.MD5 LIKE 'a%']",
        "[file:hashes.MD5 MATCHES 'a']",
        "[file:hashes.MD5 > 'a']",
        "[file:hashes.MD5 = a]",
        "[file:hashes.MD5 = h'aa']",
        "[file:hashes.MD5 = 'a'] AND [file:hashes.MD5 = 'b']",
        "[file:hashes.MD5 = 'a'] FOLLOWEDBY [file:hashes.MD5 = 'b']",
        "[file:hashes.MD5 = 'a'] REPEATS 5 TIMES",
        "[file:hashes.MD5 = 'a'] WITHIN 5 SECONDS",
        "[file:hashes.MD5 = 'a' AND domain-name:value = 'b']",
        "[file:hashes.MD5 = 'a' AND file:parent_directory_ref.path = 'b']",
        "[EXISTS file:hashes.MD5]",
        "[(file:hashes.MD5 = 'a' OR file:hashes.MD5 = 'b') AND (file:name = 'a' OR file:name = 'b')]",
        "[" + "(" * 30 + "file:hashes.MD5 = 'a'" + ")" * 30 + "]",
        "(" * 5_000,
        "[file:hashes.MD5 IN ()]",
        "[file:hashes.MD5 = 'a' file:hashes.MD5 = 'b']",
    ],
)
def test_any_other_pattern_is_refused_as_a_whole(pattern: str) -> None:
    with pytest.raises(NotEquality):
        alternatives(pattern)
    [item] = given(bundle(indicator(1, pattern)))
    assert isinstance(item, Fault | Ignored)
    if isinstance(item, Fault):
        assert item.reason == "pattern is not only equality"
    else:
        assert "file:hashes" not in pattern


def test_a_pattern_of_other_things_is_counted_by_its_type() -> None:
    found = given(bundle(indicator(1, "[ipv4-addr:value != 'file:x']"), indicator(2, "[url:value = 'a']")))
    assert found == [Ignored("ipv4-addr"), Ignored("url")]
    assert alternatives("[url:value = 'a']") == [Alternative(other="url")]


def test_each_alternative_is_a_row_with_an_identity_of_its_own() -> None:
    pattern = " OR ".join(f"[file:hashes.MD5 = '{md5(number)}']" for number in range(3))
    found = rows(bundle(indicator(1, pattern)))
    name = name_of("indicator", 1)
    assert [row.id for row in found] == [name, f"{name}#2", f"{name}#3"]
    assert [pattern in row.said.replace("\\'", "'") for row in found] == [True, False, False]


def families(document: Any) -> list[tuple[str, int]]:
    found = items(json.dumps(document).encode(), name="stix21")
    return [(item.id, item.rows) for item in found if isinstance(item, Family)]


@pytest.mark.parametrize(
    ("pattern", "more", "ids"),
    [
        (f"[file:hashes.MD5 = '{md5(1)}'] OR [file:hashes.MD5 = '{md5(2)}']", {}, ["", "#2"]),
        # What is no row leaves no gap.
        (f"[file:hashes.MD5 = 'bad'] OR [url:value = 'x'] OR [file:hashes.MD5 = '{md5(2)}']", {}, [""]),
        ("[url:value = 'x']", {}, []),
        ("a rule", {"pattern_type": "yara"}, []),
        (f"[file:hashes.MD5 = '{md5(1)}']", {"valid_until": "1970-01-01T00:00:10Z"}, []),
    ],
)
def test_the_rows_of_an_indicator_are_numbered_without_a_gap_and_end(
    pattern: str, more: dict[str, Any], ids: list[str]
) -> None:
    name = name_of("indicator", 1)
    document = bundle(indicator(1, pattern, **more))
    found = [item.id for item in items(json.dumps(document).encode(), name="stix21") if isinstance(item, Reference)]
    assert found == [name + number for number in ids]
    assert families(document) == [(name, len(ids))]


def test_an_indicator_that_is_not_understood_ends_nothing() -> None:
    assert families(bundle(indicator(1, "nothing"))) == []


def test_a_revoked_indicator_takes_back_each_alternative() -> None:
    pattern = f"[file:hashes.MD5 = '{md5(1)}' OR file:hashes.MD5 = '{md5(2)}']"
    document = bundle(indicator(1, pattern, revoked=True), indicator(2, "nothing", revoked="true"))
    found = given(document)
    assert all(isinstance(item, Withdrawal) for item in found)
    assert families(document) == [(name_of("indicator", 1), 2), (name_of("indicator", 2), 1)]
    name = name_of("indicator", 1)
    assert [item.id for item in found] == [name, f"{name}#2", name_of("indicator", 2)]


@pytest.mark.parametrize(
    ("until", "now", "is_taken"),
    [
        ("1970-01-01T00:00:10Z", 9, True),
        ("1970-01-01T00:00:10Z", 10, False),
        ("1970-01-01T02:00:10.000+02:00", 10, False),
        ("some day", 10, True),
        (7, 10, True),
        (None, 10, True),
    ],
)
def test_an_indicator_whose_time_is_over_is_not_taken(until: Any, now: int, is_taken: bool) -> None:
    found = given(bundle(indicator(1, valid_until=until)), now=now)
    assert (Ignored("expired") in found) != is_taken
    assert any(isinstance(item, Reference) for item in found) == is_taken


def test_a_date_that_is_not_understood_is_told() -> None:
    codes = [item.code for item in given(bundle(indicator(1, valid_until="some day"))) if hasattr(item, "code")]
    assert "bad-date" in codes


# --- objects ----------------------------------------------------------------------------------------------------------


def test_of_two_versions_the_later_counts_wherever_it_stands() -> None:
    older, newer = "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z"
    document = bundle(indicator(1, modified=newer, revoked=True), indicator(1, modified=older))
    first, second = given(document)
    assert isinstance(first, Withdrawal)
    assert second == Ignored("earlier version")


def test_a_marking_is_the_handling_of_what_it_marks() -> None:
    own = {
        "type": "marking-definition",
        "id": name_of("marking-definition", 7),
        "name": "TLP:AMBER+STRICT",
        "extensions": {"extension-definition--x": {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}},
    }
    statement = {
        "type": "marking-definition",
        "id": name_of("marking-definition", 8),
        "definition_type": "statement",
        "definition": {"statement": "secret"},
    }
    marked = [own["id"], statement["id"]]
    found = rows(
        bundle(file(1, object_marking_refs=[*marked, RED]), file(2, object_marking_refs=marked), own, statement)
    )
    assert [row.handling for row in found] == ["tlp:red", "tlp:amber+strict"]


def test_opinions_that_disagree_are_disputes() -> None:
    opinion = {"type": "opinion", "id": name_of("opinion", 1), "opinion": "disagree", "object_refs": [file(1)["id"], 7]}
    other = opinion | {"id": name_of("opinion", 2), "opinion": "agree"}
    [row] = rows(bundle(file(1), opinion, other))
    assert row.disputes == 1


def test_files_in_observed_data_are_read() -> None:
    inner = {"0": {"type": "file", "hashes": {"MD5": md5(1)}}, "1": {"type": "url", "value": "x"}, "2": 7}
    observed = {"type": "observed-data", "id": name_of("observed-data", 1), "objects": inner}
    row, *others = given(bundle(observed, spec_version="2.0"))
    assert (row.id, row.md5.hex()) == (f"{observed['id']}#1", md5(1))
    assert others == [Ignored("url"), Ignored("object")]


def test_the_content_of_an_artifact_is_not_kept() -> None:
    artifact = {"type": "artifact", "id": name_of("artifact", 1), "payload_bin": "QUJD", "hashes": {"MD5": md5(1)}}
    [row] = rows(bundle(artifact))
    assert "QUJD" not in row.said


def test_a_file_of_other_hashes_alone_is_counted_and_told() -> None:
    notice, item = given(bundle(file(1, hashes={"SHA-512": "ab"})))
    assert (notice.code, item) == ("not-searched", Ignored("file without a searched hash"))


def test_the_hash_of_empty_input_refuses_its_file() -> None:
    hashes = {"MD5": "d41d8cd98f00b204e9800998ecf8427e", "SHA-512": "ab"}
    [item] = given(bundle(file(1, hashes=hashes)))
    assert item.reason == "hash of empty input"


@pytest.mark.parametrize("each", [None, 7, "text", [], {"type": 7}, {"type": "file", "hashes": 7}, {}], ids=repr)
def test_what_is_no_object_of_use_stops_only_itself(each: Any) -> None:
    found = given(bundle(each, file(1)))
    assert [type(item) for item in found] in ([Fault, Reference], [Ignored, Reference])


def test_a_bundle_that_is_cut_keeps_nothing() -> None:
    data = json.dumps(bundle(file(1), file(2))).encode()
    head, end = items(data[:-4], name="stix")
    assert isinstance(head, ListHead)
    assert isinstance(end, EndsEarly)
    assert end.at.offset == len(data) - 4


def test_a_row_and_a_withdrawal_say_when_they_were_changed() -> None:
    moment = "2024-01-01T00:00:00.5Z"
    row, gone = given(bundle(indicator(1, modified=moment), indicator(2, modified=moment, revoked=True)))
    assert (row.changed, gone.changed) == (moment, moment)
