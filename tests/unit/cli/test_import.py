"""vigil import and vigil lists: what is sent, what is said, and what is refused before a node hears of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Line, Node, Vigil

A, B = "ab" * 16, "cd" * 16
ABOUT: Line = {
    "list": "L", "format": "md5sum", "version": None, "region": None, "kind": None, "scheme": "us-vics",
    "scheme_version": "2.0", "child_abuse": True, "provider": "US", "level": "national", "code": "1",
    "retain_until": None, "state": "whole", "searched": True, "rows": 2, "files": 1, "sha256_of_file": "00",
    "imported_at": 0, "imported_by": "Dupont", "awaiting_retraction": 0,
}  # fmt: skip
STORED = ABOUT | dict.fromkeys(
    ("added", "changed", "unchanged", "withdrawn", "repeated", "conflicting", "withdrawn_unknown", "stale"), 0
)
STORED |= {"contradicting": {"rows": 0, "first": None}, "own_holdings": None, "same_cases": {"own": 0, "lists": 0}}
NONE: Line = {"matching": 0, "by": {}, "hidden": 0, "pdq_rows_not_compared": 0, "near_holdings_not_compared": 0}
ROW: Line = {
    "row": 7, "case": "C-1", "at": {"record": 1, "line": 2}, "id": None, "hashes": {"md5": A}, "code_raw": "1",
    "category": {"scheme": "us-vics", "version": "2.0", "code": "1", "label": "illegal"},
    "flags": {"distributed": "yes", "baseline": "unknown"}, "series": "S", "said": None,
}  # fmt: skip


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    file = tmp_path / "telltale.txt"
    file.write_text(f"{A}  secret a.jpg\n{B}  secret b.jpg\n{B}  secret c.jpg\nxx  secret d.jpg\n")
    return file


def answer(node: Node, known: bool, **stored: Any) -> None:
    def imported(_: Line, items: Iterable[Line]) -> list[Line]:
        last = list(items)[-1]
        return [{"abandoned": True}] if "abandon" in last else [STORED | stored]

    node.answers["list-list"] = [ABOUT] if known else []
    node.answers["list-import"] = node.answers["list-replace"] = imported


def test_a_new_list_is_sent_in_one_pass_and_ends_with_what_the_file_is(vigil: Vigil, node: Node, listed: Path) -> None:
    answer(node, known=False, added=2, repeated=1)
    ran = vigil("import", listed, "--list", "L", "--provider", "US", "--level", "hit-no-hit", "--code", "2")
    assert ran.code == 0
    call = node.call("list-import")
    assert call.arguments == {"list": "L", "new": True, "provider": "US", "level": "hit-no-hit", "code": "2"}
    *batches, end = call.items
    assert [len(item["rows"]) for item in batches] == [3]
    assert end["end"]["head"]["format"] == "md5sum"
    assert (len(end["end"]["file"]), end["end"]["incomplete"], end["end"]["placeholders"]) == (64, False, [])
    assert "list L: 2 added" in ran.out
    assert "rejected: not a hash, 1 row, the first at line 4" in ran.out
    assert "some rows say again" in ran.out
    for secret in ("telltale", "secret", A):
        assert secret not in ran.out + ran.err


def test_the_summary_counts_holdings_that_match_and_says_which_command_shows_them(
    vigil: Vigil, node: Node, listed: Path
) -> None:
    own = {"matching": 12, "by": {"sha256": 11, "md5": 1}, "hidden": 2, "pdq_rows_not_compared": 5}
    answer(
        node,
        known=False,
        list="US set",
        own_holdings=NONE | own,
        awaiting_retraction=3,
        stale=4,
        same_cases={"own": 1, "lists": 2},
    )
    said = " ".join(vigil("import", listed, "--list", "US set").out.split())
    for words in (
        "12 holdings of this node match rows of this file (1 by MD5, 11 by SHA-256): vigil lists hits 'US set'",
        "the allow-list hides 2 more holdings: vigil lists hits 'US set' --show-all",
        "not all rows with a PDQ were compared with near pictures",
        "3 shared records are of rows that this list changed or withdrew",
        "vigil contribute --list 'US set'",
        "4 older than what the list says of the same row later: not taken",
        "1 case has the reference of a case of this node; they are separate cases: vigil case list",
        "2 cases have references of cases of another list",
    ):
        assert words in said
    answer(node, known=False, own_holdings=NONE)
    ran = vigil("import", listed, "--list", "L")
    assert "no holding of this node matches a row of this file" in ran.out
    assert "not all rows" not in ran.out
    (line,) = vigil("import", listed, "--list", "L", "--json").lines
    assert (line["own_holdings"], line["awaiting_retraction"], line["stale"]) == (NONE, 0, 0)


def test_rows_that_contradict_each_other_are_told_by_an_import_as_by_a_dry_run(
    vigil: Vigil, node: Node, tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    one, other = "12" * 20, "34" * 20
    table.write_text(f"md5,sha1\n{A},{one}\n{B},{one}\n{B},{other}\n")
    (dry,) = vigil("import", "--dry-run", table, "--json").lines
    answer(node, known=False, contradicting={"rows": 2, "first": {"record": 2, "line": 3, "offset": 84}})
    (line,) = vigil("import", table, "--list", "L", "--json").lines
    assert line["warnings"] == dry["warnings"] == ["conflicting-hash"]
    (notice,), (same,) = line["notices"], dry["notices"]
    assert (notice["text"], notice["rows"], notice["first"]["line"]) == (same["text"], 2, 3)
    assert (same["rows"], same["first"]["line"]) == (2, 3)
    said = vigil("import", table, "--list", "L").out
    assert "some rows share one hash with an earlier row" in said
    assert "2 rows, the first at record 2, line 3" in said


def test_a_known_list_is_read_first_and_sent_with_its_head(vigil: Vigil, node: Node, listed: Path) -> None:
    answer(node, known=True, unchanged=2)
    (line,) = vigil("import", listed, "--list", "L", "--json").lines
    arguments = node.call("list-import").arguments
    assert (arguments["new"], arguments["head"]["format"], len(arguments["file"])) == (False, "md5sum", 64)
    assert (line["file"], line["records"], line["unchanged"], line["rejected_total"]) == ("accepted", 2, 2, 1)
    assert line["warnings"] == []
    vigil("import", listed, "--list", "L", "--replace")
    assert node.call("list-replace").arguments["list"] == "L"


@pytest.mark.parametrize("known", [False, True])
def test_a_file_that_is_not_well_formed_is_rejected(vigil: Vigil, node: Node, tmp_path: Path, known: bool) -> None:
    file = tmp_path / "telltale.xml"
    file.write_text(
        '<?xml version="1.0"?><!DOCTYPE x><queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"/>'
    )
    answer(node, known=known)
    ran = vigil("import", file, "--list", "L", "--json", "--as", "ncmec")
    (line,) = ran.lines
    assert (ran.code, line["file"], line["error"]["reason"]) == (1, "rejected", "document type")
    imports = [call for call in node.calls if call.command == "list-import"]
    assert [call.items for call in imports] == ([] if known else [[{"abandon": True}]])
    assert "telltale" not in ran.out + ran.err


def test_one_file_that_is_refused_stops_no_other(vigil: Vigil, node: Node, listed: Path, tmp_path: Path) -> None:
    answer(node, known=False)
    other = tmp_path / "unknown.bin"
    other.write_bytes(b"\x00\x01\x02 nothing that anybody reads")
    ran = vigil("import", other, listed, "--list", "L", "--json")
    assert ran.code == 2
    assert [(line["number"], line["file"]) for line in ran.lines] == [(1, "refused"), (2, "accepted")]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "needs the name of a list"),
        (("--list", "L", "--rows"), "JSON lines of a dry run"),
        (("--dry-run", "--as", "none"), "no such format"),
        (("--dry-run", "--scheme-version", "2"), "needs the scheme"),
        (("--dry-run", "--map", "md5=nothing"), "no COLUMN = ROLE"),
        (("--dry-run", "--map", "1=md5", "--map", "1=sha1"), "mapped twice"),
        (("--dry-run", "--map", "no-such-file"), "cannot be read"),
        (("--dry-run", "--map", "/no/such=file"), "no COLUMN = ROLE"),
        (("--dry-run", "--map", "x" * 5_000 + "=nothing"), "no COLUMN = ROLE"),
        (("--list", "L", "--replace", "."), "takes one file"),
        (("--dry-run", "--algorithm", "crc"), "give one of"),
    ],
)
def test_what_is_no_import_is_a_usage_error(vigil: Vigil, node: Node, listed: Path, words: Any, why: str) -> None:
    ran = vigil("import", listed, *words)
    assert ran.code == 2
    assert why in ran.err
    assert not [call for call in node.calls if call.command != "list-list"]
    assert "telltale" not in ran.out + ran.err


@pytest.mark.parametrize("name", ["saved.map", "unit=7.map", "md5=sha1"])
def test_a_dry_run_needs_no_node_and_says_what_a_folder_is(vigil: Vigil, node: Node, tmp_path: Path, name: str) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"Image No;HashValue;Cat\n1;{A};1\n2;{B};2\n")
    mapping = tmp_path / "a=b" / name
    mapping.parent.mkdir()
    mapping.write_text("# ours\nHashValue = md5\nCat = category\n")
    options = ("--map", str(mapping), "--scheme", "us-vics", "--scheme-version", "2.0", "--as", "csv")
    ran = vigil("import", "--dry-run", table, *options)
    assert ran.code == 0
    assert "category us-vics:2.0:1 (illegal, says Autopsy, IPED; no mapping): 1 row" in ran.out
    assert node.calls == []
    ran = vigil("import", "--dry-run", tmp_path)
    assert (ran.code, "not a regular file" in ran.err) == (2, True)


def test_lists_are_shown_and_their_next_page_is_named(vigil: Vigil, node: Node) -> None:
    node.answers["list-list"] = [ABOUT]
    ran = vigil("lists", "list")
    assert "L\n  md5sum; 2 rows; searched; level national" in ran.out
    node.answers["list-show"] = [ABOUT, {"case_of_list": "C-1", "said": None}, ROW]
    ran = vigil("lists", "show", "L", "--limit", "1")
    assert "row 7: record 1, line 2" in ran.out
    assert "category us-vics:2.0:1 (illegal); distributed yes; series S; case C-1" in ran.out
    assert "--after 7" in ran.err
    assert node.call("list-show").arguments == {"list": "L", "limit": 1, "after": 0, "words": False}
    node.answers["list-list"] = [ABOUT | {"awaiting_retraction": 2}, {"removed_list": "G", "awaiting_retraction": 1}]
    said = " ".join(vigil("lists", "list").out.split())
    assert "2 shared records are of rows that this list changed or withdrew" in said
    assert "G (removed) 1 shared record is of a row" in said
    assert "vigil contribute --list G" in said
    node.answers["list-list"] = []
    assert "no lists here" in vigil("lists", "list").err


def test_a_list_is_changed_and_removed_only_with_yes(vigil: Vigil, node: Node) -> None:
    node.answers["list-change"] = [ABOUT]
    assert vigil("lists", "change", "L").code == 2
    assert vigil("lists", "change", "L", "--code", "3").code == 0
    assert node.call("list-change").arguments == {"list": "L", "code": "3"}
    node.answers["list-show"] = [ABOUT]
    node.answers["list-remove"] = [{"list": "L", "removed": 2, "awaiting_retraction": 0}]
    ran = vigil("lists", "remove", "L")
    assert (ran.code, "would remove 2 rows" in ran.err) == (2, True)
    assert not [call for call in node.calls if call.command == "list-remove"]
    assert vigil("lists", "remove", "L", "--yes").out == "2 rows removed.\n"
