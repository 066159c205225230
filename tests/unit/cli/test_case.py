"""vigil case and vigil categorise: what is sent, what is printed, and which exit code it ends with."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Line, Node, Vigil

CASE: Line = {
    "case": "C-1",
    "version": 3,
    "status": "open",
    "title": "Bridge",
    "lead": "Dupont",
    "opened": True,
    "officers": ["Dupont", "Sato"],
    "purpose": "investigation",
    "legal_basis": "art. 1",
    "outcome": None,
    "opened_at": 5,
    "changed_at": 6,
    "damaged": False,
}
NOTE: Line = {"note": 2, "version": 1, "at": 5, "officer": "Sato", "text": "one\ntwo \x1b[31m", "damaged": False}


def event(**said: Any) -> Line:
    line = {"event": "ingested", "at": 60, "until": 60, "officer": "Sato", "count": 2, "about": None, "version": None}
    return line | {"outcome": None, "question": None} | said


def test_opening_sends_what_was_given_and_prints_the_case(vigil: Vigil, node: Node) -> None:
    node.answers["case-open"] = [CASE]
    ran = vigil("case", "open", "C-1", "--title", "Bridge", "--legal-basis", "art. 1", "--add", "Sato")
    assert ran.code == 0
    assert node.call("case-open").arguments == {
        "case": "C-1", "title": "Bridge", "legal_basis": "art. 1", "officers": ["Sato"],
    }  # fmt: skip
    assert ran.out.splitlines() == [
        "C-1: Bridge",
        "  open (version 3)",
        "  lead: Dupont; officers: Dupont, Sato",
        "  default purpose: investigation",
        "  default legal basis: art. 1",
    ]
    assert vigil("case", "open", "C-1").code == 2


CHANGES: dict[str, tuple[tuple[str, ...], Line]] = {
    "change": (("--purpose", ""), {"purpose": ""}),
    "assign": (("--lead", "Sato", "--remove", "Dupont"), {"lead": "Sato", "add": [], "remove": ["Dupont"]}),
    "close": (("--outcome", "no victim", "--note", "a word"), {"outcome": "no victim", "note": "a word"}),
    "dormant": ((), {}),
    "reopen": ((), {}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_names_the_version_that_was_seen(vigil: Vigil, node: Node, name: str) -> None:
    words, sent = CHANGES[name]
    node.answers |= {"case-version": [{"case": "C-1", "version": 2}], f"case-{name}": [CASE]}
    assert vigil("case", name, "C-1", *words).code == 0
    assert node.call(f"case-{name}").arguments == {"case": "C-1", "version": 2, **sent}
    node.calls.clear()
    assert vigil("case", name, "C-1", *words, "--if-version", "1").code == 0
    assert [(call.command, call.arguments["version"]) for call in node.calls] == [(f"case-{name}", 1)]


def test_a_purge_asks_first_and_names_the_version_that_it_showed(vigil: Vigil, node: Node) -> None:
    node.answers["case-purge"] = lambda given, _: [
        {"case": "C-1", "version": 4, "notes": 2, "purged": "version" in given}
    ]
    ran = vigil("case", "purge", "C-1")
    assert ran.code == 2
    assert "would delete the case C-1 with 2 notes" in " ".join(ran.err.split())
    assert [call.arguments for call in node.calls] == [{"case": "C-1"}]
    ran = vigil("case", "purge", "C-1", "--yes")
    assert (ran.code, ran.out) == (0, "Deleted: the case with 2 notes and its timeline.\n")
    assert node.calls[-1].arguments == {"case": "C-1", "version": 4}


def test_a_note_is_read_from_the_command_line_or_from_standard_input(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.answers["case-note"] = [NOTE]
    assert vigil("case", "note", "C-1", "a text").out == "Note 2, version 1, is stored.\n"
    assert node.call("case-note").arguments == {"case": "C-1", "text": "a text"}
    node.calls.clear()
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines\n"))
    vigil("case", "note", "C-1", "--edit", "2")
    assert node.call("case-note").arguments == {"case": "C-1", "text": "two\nlines\n", "edit": 2}
    node.calls.clear()
    monkeypatch.setattr("sys.stdin", io.StringIO("x" * (1 << 20) + "x"))
    assert vigil("case", "note", "C-1").code == 2
    assert node.calls == []


def test_notes_are_printed_line_by_line_and_cannot_pass_for_other_output(vigil: Vigil, node: Node) -> None:
    node.answers["case-notes"] = [NOTE, NOTE | {"note": 1, "version": 4}, {"listed": 2, "next": 1}]
    ran = vigil("case", "notes", "C-1", "--limit", "2")
    assert "  note 2, Sato" in ran.out
    assert "    one\n    two \\x1b[31m\n" in ran.out
    assert "note 1, version 4, Sato" in ran.out
    assert "--before 1" in ran.err
    assert vigil("case", "notes", "C-1", "--note", "2", "--json").lines[0] == NOTE
    assert node.calls[-1].arguments == {"case": "C-1", "note": 2}


def test_a_timeline_says_what_happened_and_how_to_go_on(vigil: Vigil, node: Node) -> None:
    question = {"outcomes": {"hit": 1, "no-hit": 2}, "closed": False}
    node.answers["case-timeline"] = [
        event(),
        event(event="closed", outcome="no victim", version=3, count=0),
        event(event="asked", about="0a" * 16, question=question, count=1),
        event(event="noted", about="2", count=0, officer=None),
        event(event="consulted", about="0c" * 32, count=1),
        event(event="of a later version", count=7),
        {"listed": 6, "next": "60.3"},
    ]
    ran = vigil("case", "timeline", "C-1")
    told = [line.split(": ", 1)[1] for line in ran.out.splitlines()]
    assert told == [
        "ingested: 2 holdings",
        "closed; outcome: no victim",
        f"asked: 1 subject; query {'0a' * 16}; 1 hit, 2 no-hit; not closed",
        "noted: note 2",
        "consulted: 1 message; thread 0c0c0c0c0c0c",
        "of a later version",
    ]
    assert "--before 60.3" in ran.err


def test_cases_are_listed_by_status_and_officer(vigil: Vigil, node: Node) -> None:
    own = {"case": "C-1", "list": None, "provider": None, "holdings": 3, "same_name": False}
    node.answers["cases"] = [
        own | {"status": "dormant", "title": "Bridge", "lead": "Dupont", "opened": True},
        own | {"case": "C-2", "status": "open", "title": None, "lead": None, "opened": False},
        {"listed": 2, "more": False, "after": "C-2"},
    ]
    ran = vigil("case", "list", "--status", "dormant", "--mine")
    assert node.call("cases").arguments == {"limit": 100, "after": "", "status": "dormant", "mine": True}
    assert ran.out.splitlines() == ["C-1: 3 holdings; Bridge; dormant; lead Dupont", "C-2: 3 holdings"]
    assert vigil("case", "list", "--status", "lost").code == 2


def test_a_case_is_shown_with_what_officers_wrote_or_with_how_to_open_it(vigil: Vigil, node: Node) -> None:
    own: Line = {
        "list": None,
        "provider": None,
        "holdings": 0,
        "same_name": False,
        "levels": {},
        "shared": 0,
        "hits": 0,
    }
    own |= {"new_hits": 0, "list_hits": {"holdings": 0, "more": False}, "notes": 1}
    node.answers["case-show"] = [CASE | own, NOTE]
    out = vigil("case", "show", "C-1").out
    assert "C-1: 0 holdings; Bridge; lead Dupont" in out
    assert "  open (version 3)" in out
    assert "1 note; all of them: vigil case notes C-1" in out
    assert "    one\n" in out
    node.answers["case-show"] = [own | {"case": "C 2", "status": "open", "title": None, "lead": None, "opened": False}]
    assert "not opened yet: vigil case open 'C 2' --title TITLE" in vigil("case", "show", "C 2").out


SAYS = {"category": {"scheme": "uk-caid", "version": "1", "code": "B", "baseline": "yes"}, "series": "S", "tags": []}


def test_categorising_sends_only_what_was_given_and_names_records_to_correct(vigil: Vigil, node: Node) -> None:
    node.answers["categorise"] = [
        {"holding": 1, "state": "changed", "version": 1, "says": SAYS, "record": None},
        {"holding": 2, "state": "changed", "version": 2, "says": SAYS, "record": f"vigil/FR/log/1#{'ab' * 32}"},
        {"changed": 2, "unchanged": 0, "shared": 1, "interrupted": False, "remaining": 0},
    ]
    ran = vigil("categorise", "1", "2", "--category", "uk-caid:1:B", "--baseline", "yes", "--tag", "a")
    assert ran.code == 0
    assert node.call("categorise").arguments == {
        "case": "", "holdings": ["1", "2"], "rows": [], "clear": False,
        "statement": {"category": "uk-caid:1:B", "baseline": "yes", "tags": ["a"]},
    }  # fmt: skip
    assert "changed: category uk-caid:1:B, baseline yes; series S" in ran.out
    assert f"vigil correct {'ab' * 6}" in ran.out
    assert ran.out.splitlines()[-1].startswith("2 holdings categorised, 0 unchanged. 1 ")


def test_a_list_of_categories_is_read_and_a_faulty_one_is_not_sent(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    node.answers["categorise"] = [{"changed": 0, "unchanged": 0, "shared": 0, "interrupted": True, "remaining": 4}]
    sheet = tmp_path / "list.csv"
    sheet.write_text(f"sha256,category\n{'ab' * 32},uk-caid:1:B\n")
    ran = vigil("categorise", "--case", "C-1", "--from", sheet)
    assert ran.code == 130
    (row,) = node.call("categorise").arguments["rows"]
    assert (row["line"], row["category"]) == (2, "uk-caid:1:B")
    node.calls.clear()
    sheet.write_text("sha256,category\nxyz,uk-caid:1:B\n")
    ran = vigil("categorise", "--from", sheet)
    assert ran.code == 2
    assert "nothing was categorised" in ran.err
    assert node.calls == []


def test_holdings_are_chosen_by_category(vigil: Vigil, node: Node) -> None:
    node.answers["holdings"] = [{"listed": 0, "more": False, "after": 0}]
    vigil("holdings", "--category", "uk-caid:1:B")
    vigil("holdings", "--uncategorised")
    vigil("holdings")
    assert [call.arguments.get("category") for call in node.calls] == ["uk-caid:1:B", "", None]
    for words in (("--category", "a:1:B", "--uncategorised"), ("4", "--uncategorised"), ("--category", "B")):
        assert vigil("holdings", *words).code == 2
