"""`vigil addresses`: what is sent to the node, what a person reads, and the exit codes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Answer, Node, Vigil

Line = dict[str, Any]
SUMMARY = {"given": 1, "new": 1, "refused": 0}
DONE = {"given": 1, "done": 1, "refused": 0}
ADDRESS = {
    "line": None,
    "address": "xn--bcher-kva.example",
    "granularity": "host",
    "sha256": "00" * 32,
    "shown": "b\u00fccher.example",
}
REFUSED = {"line": 3, "error": "the name is of a local network", "remedy": "list the public name"}
LISTED = {
    "force": "in-force",
    "members": ["FR", "JP"],
    "lapsed": ["DE"],
    "disputed_by": ["IT"],
    "last_day": "2031-08-03",
    "records": [],
    "not_counted": 0,
}


def after_reading(lines: list[Line]) -> Answer:
    """The answer of a node that reads all items first."""

    def run(_arguments: Line, items: Iterable[Line]) -> list[Line]:
        return lines if list(items) else []

    return run


def test_addresses_are_added_with_their_evidence(node: Node, vigil: Vigil) -> None:
    node.answers["addresses-add"] = after_reading([ADDRESS | {"new": True, "doubts": []}, SUMMARY])
    ran = vigil(
        "addresses", "add", "b\u00fccher.example", "--evidence-day", "2031-05-03", "--note", "seen", "--holding", "7"
    )
    assert ran.code == 0
    call = node.call("addresses-add")
    assert call.arguments == {"evidence_day": 22_402, "unusual": False, "note": "seen", "holding": 7}
    assert call.items == [{"addresses": [{"text": "b\u00fccher.example"}]}]
    assert "xn--bcher-kva.example (b\u00fccher.example)  host" in ran.out
    assert "1 new, 0 known before." in ran.out


def test_a_refused_address_is_named_by_its_line_and_the_exit_code_is_1(node: Node, vigil: Vigil) -> None:
    node.answers["addresses-add"] = [REFUSED, {"given": 1, "new": 0, "refused": 1}]
    ran = vigil("addresses", "add", "printer.local", "--evidence-day", "2031-05-03", "--note", "seen", "--list")
    assert ran.code == 1
    assert "refused: line 3: the name is of a local network" in ran.out
    assert "to do: list the public name" in ran.out
    assert [call.command for call in node.calls] == ["addresses-add"], "nothing is left to list"


def test_only_what_was_taken_in_is_listed(node: Node, vigil: Vigil, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("# comment\nbad.example\n\nprinter.local\n")
    node.answers["addresses-add"] = [ADDRESS | {"new": False, "doubts": []}, REFUSED, SUMMARY | {"refused": 1}]
    node.answers["addresses-submit"] = after_reading([ADDRESS | {"done": "renewed", "records": ["r"]}, DONE])
    ran = vigil(
        "addresses", "add", "--from", file, "--evidence-day", "2031-05-03", "--note", "seen", "--list",
        "--granularity", "domain", "--audience", "FR,JP",
    )  # fmt: skip
    assert ran.code == 1
    call = node.call("addresses-submit")
    assert call.items == [{"addresses": [{"text": "bad.example", "line": 2}]}]
    assert call.arguments == {"handling": {"audience": ["FR", "JP"]}, "yes": False, "granularity": "domain"}
    assert "host: renewed" in ran.out


def test_addresses_come_from_the_line_or_from_a_file(node: Node, vigil: Vigil, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("bad.example\n")
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n")
    assert vigil("addresses", "check").code == 2
    assert vigil("addresses", "check", "bad.example", "--from", file).code == 2
    assert vigil("addresses", "check", "--from", empty).code == 2
    assert vigil("addresses", "check", "--from", tmp_path / "none.txt").code == 2
    assert node.calls == []


def test_a_check_says_who_lists_what_covers_an_address(node: Node, vigil: Vigil) -> None:
    covered = ADDRESS | {"known": False, "listed": LISTED}
    node.answers["addresses-check"] = [
        {"line": 9, "text": "http://b\u00fccher.example/\x1b[2J", "in_force": True, "covered_by": [covered]},
        {"checked": 2, "covered": 1, "in_force": 1, "unreadable": 0},
    ]
    ran = vigil("addresses", "check", "one.example", "two.example")
    assert ran.code == 0
    words = " ".join(ran.out.split())
    assert "in force until 2031-08-03; listed by FR, JP; no longer by DE; disputed by IT" in words
    assert "2 checked: 1 covered by a listing in force, 0 by others." in words
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("force", "words"),
    [
        ("too-few", "not in force: too few members list it"),
        ("under-review", "not in force: under review"),
        ("unlisted", "not in force: nobody lists it now"),
    ],
)
def test_the_list_says_why_an_address_is_not_in_force(node: Node, vigil: Vigil, force: str, words: str) -> None:
    said = LISTED | {"force": force, "members": [], "lapsed": [], "disputed_by": [], "not_counted": 2}
    evidence = [{"day": "2031-05-03", "holding": 7, "note": None, "by": "an officer", "at": 1}]
    node.answers["addresses-list"] = [
        ADDRESS | {"id": 4, "listed": said, "evidence": evidence, "added_at": 1, "ours": None},
        ADDRESS | {"id": 5, "listed": None, "evidence": [], "added_at": 1, "ours": None},
        {"listed": 2, "total": 9, "next": 5},
    ]
    ran = vigil("addresses", "list", "--limit", "2")
    told = " ".join(ran.out.split())
    assert words in told
    assert "2 listings not counted" in told
    assert "no member lists it" in told
    assert "evidence of 2031-05-03: holding 7, by an officer" in told
    assert "--after 5" in ran.err


def test_submit_withdraw_dispute_and_forget_send_what_was_typed(node: Node, vigil: Vigil) -> None:
    node.answers["addresses-submit"] = [ADDRESS | {"done": "listed", "records": ["r"]}, DONE]
    node.answers["addresses-withdraw"] = [ADDRESS | {"done": "withdrawn", "records": ["r"]}, DONE]
    node.answers["addresses-dispute"] = [{"line": None, "done": "disputed", "records": ["r"]}]
    node.answers["addresses-forget"] = [{"forgotten": 1}]
    assert vigil("addresses", "submit", "a.example", "--yes", "--retain-until", "2031-12-31").code == 0
    assert vigil("addresses", "withdraw", "a.example", "--reason", "mistake").code == 0
    assert vigil("addresses", "dispute", "a.example", "--granularity", "host", "--note", "why").code == 0
    assert vigil("addresses", "forget", "a.example").out == "1 forgotten.\n"
    assert [call.arguments for call in node.calls] == [
        {"handling": {"retain_until_day": 22_644}, "yes": True},
        {"reason": "mistake", "yes": False},
        {"address": "a.example", "note": "why", "granularity": "host"},
        {},
    ]


def test_what_is_due_is_listed_by_its_last_day(node: Node, vigil: Vigil) -> None:
    evidence = [{"day": "2031-03-01", "holding": None, "note": "seen", "by": None, "at": 1}]
    node.answers["addresses-due"] = [
        ADDRESS | {"id": 1, "last_day": "2031-06-01", "evidence": evidence},
        ADDRESS | {"id": 2, "last_day": "2031-08-01", "evidence": []},
        {"due": 2},
    ]
    ran = vigil("addresses", "due", "--days", "30")
    assert node.call("addresses-due").arguments == {"days": 30}
    assert ran.out.startswith("2031-06-01  xn--bcher-kva.example")
    assert ran.out.count("its evidence is gone") == 1
    assert "2 listings to be checked again." in ran.out


def export_of(data: bytes, sha256: str = "") -> list[Line]:
    end = {"form": "rpz", "addresses": 2, "left_out": {"a URL": 1}, "unknown": 3, "not_in_force": 4, "size": len(data)}
    pieces = [{"data": base64.b64encode(each).decode()} for each in (data[:5], data[5:])]
    return [*pieces, end | {"sha256": sha256 or hashlib.sha256(data).hexdigest()}]


def test_an_export_is_one_whole_new_file(node: Node, vigil: Vigil, tmp_path: Path) -> None:
    out = tmp_path / "blocked.zone"
    node.answers["addresses-export"] = export_of(b"a zone of names")
    ran = vigil("addresses", "export", "--format", "rpz", "--out", out)
    assert ran.code == 0
    assert out.read_bytes() == b"a zone of names"
    assert "left out: a URL (1)" in ran.out
    assert "not known here in plain form: 3" in ran.out
    assert "not in force: 4" in ran.out
    assert vigil("addresses", "export", "--format", "rpz", "--out", out).code == 2, "it exists"


def test_half_an_export_leaves_no_file(node: Node, vigil: Vigil, tmp_path: Path) -> None:
    node.answers["addresses-export"] = export_of(b"a zone", "00" * 32)
    assert vigil("addresses", "export", "--format", "csv", "--out", tmp_path / "list.csv").code == 1
    node.answers["addresses-export"] = []
    assert vigil("addresses", "export", "--format", "csv", "--out", tmp_path / "list.csv").code == 1
    assert list(tmp_path.glob("list*")) == []
