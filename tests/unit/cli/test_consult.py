"""`vigil consult`: what is sent to the node, and what a person reads."""

from __future__ import annotations

import io

import pytest

from node.cli.output import Line
from tests.unit.cli.conftest import Node, Vigil

LEAF = "0a" * 32
THREAD = f"test.example/FR/log/1#{LEAF}"
TOLD: Line = {
    "thread": THREAD,
    "records": [THREAD],
    "members": ["FR", "JP"],
    "queued": 0,
    "signed": 0,
    "published": 1,
    "why": None,
}
MESSAGE: Line = {
    "number": 2,
    "record": THREAD,
    "newest": THREAD,
    "member": "JP",
    "step": "reply",
    "at": 1_900_000_000,
    "text": "one\ntwo \x1b[31m",
    "language": None,
    "about": [THREAD],
    "after": [],
    "changed": True,
    "unread": True,
    "publication": "queued",
    "handling": {"retain_until_day": 30_000},
}
END: Line = {
    "thread": THREAD,
    "subject": "a \x1b[31m room",
    "opener": "FR",
    "members": ["FR", "JP"],
    "closed": True,
    "muted": False,
    "cases": ["C-1"],
    "query": "0b" * 16,
    "own_answer": "hit",
    "messages": 9,
    "unread": 1,
    "listed": 1,
    "next": 2,
    "absent": {"not for us": 2, "deleted": 64},
    "left_out": {"DE": 7_000},
    "uncounted": 3,
}
LISTED: Line = {
    "thread": THREAD,
    "subject": "a room",
    "opener": "FR",
    "members": "everyone",
    "messages": 10_000,
    "unread": 3,
    "last": {"member": "JP", "at": 1_900_000_000, "record": THREAD},
    "closed": True,
    "muted": True,
    "cases": ["C-1"],
    "sent": False,
}


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_thread_is_opened_with_those_who_are_named(vigil: Vigil, node: Node) -> None:
    node.answers["consult-open"] = [TOLD]
    words = ["--to", "FR,JP", "--subject", "a room", "--about", LEAF[:8], "--about", THREAD, "--about-query", "0b" * 16]
    ran = vigil(
        "consult", "open", "a text", *words, "--case", "C-1", "--language", "en", "--retain-until", "2052-02-20"
    )
    assert ran.out == "Opened the thread 0a0a0a0a0a0a (FR, JP). Published: the hub has confirmed it.\n"
    assert node.call("consult-open").arguments == {
        "subject": "a room",
        "text": "a text",
        "handling": {"audience": ["FR", "JP"], "retain_until_day": 30_000},
        "about": [LEAF[:8], THREAD],
        "query": "0b" * 16,
        "language": "en",
        "case": "C-1",
    }


@pytest.mark.parametrize("words", [[], ["-"]])
def test_a_text_is_read_from_standard_input(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    node.answers["consult-reply"] = [TOLD | {"queued": 1, "published": 0}]
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines\n"))
    ran = vigil("consult", "reply", LEAF[:12], *words)
    assert "has not left this node yet" in ran.out
    assert node.call("consult-reply").arguments["text"] == "two\nlines\n"


def test_a_thread_is_shown_with_what_is_not_shown(vigil: Vigil, node: Node) -> None:
    node.answers["consult-show"] = [MESSAGE, END]
    ran = vigil("consult", "show", LEAF[:12], "--after", "1", "--limit", "1", "--peek")
    assert node.call("consult-show").arguments == {"thread": LEAF[:12], "after": 1, "limit": 1, "peek": True}
    assert "\x1b" not in ran.out
    said = flat(ran.out)
    for words in (
        "Thread 0a0a0a0a0a0a (closed)",
        "members: FR, JP; opened by FR",
        "case C-1",
        "which this node answered: hit",
        "2 messages of this thread not for this node: their authors can share them",
        "at least 64 messages of this thread deleted",
        "left out, because there are too many: 7,000 of DE",
        "3 messages of members that are not in this thread left out",
        "(unread, changed, not sent yet)",
        "about 0a0a0a0a0a0a deleted everywhere after 2052-02-20",
    ):
        assert words in said
    assert "    one\n    two \\x1b[31m\n" in ran.out
    assert "--after 2" in ran.err
    assert vigil("consult", "show", LEAF[:12], "--json").lines == [MESSAGE, END]


def test_a_thread_without_its_opening_says_so(vigil: Vigil, node: Node) -> None:
    bare: Line = {
        "subject": None,
        "members": None,
        "cases": [],
        "query": None,
        "absent": {},
        "left_out": {},
        "uncounted": 0,
    }
    node.answers["consult-show"] = [END | bare | {"next": None}]
    ran = vigil("consult", "show", LEAF[:12])
    assert "its opening is not here" in ran.out
    assert "members: unknown" in ran.out
    assert "--after" not in ran.err
    assert node.call("consult-show").arguments == {"thread": LEAF[:12], "limit": 50, "peek": False}


def test_the_list_says_what_is_unread_who_spoke_last_and_who_is_in_a_thread(vigil: Vigil, node: Node) -> None:
    node.answers["consult-list"] = [LISTED, {"listed": 1, "next": THREAD}]
    ran = vigil("consult", "list", "--unread", "--closed", "--limit", "1", "--after", LEAF)
    assert node.call("consult-list").arguments == {"unread": True, "closed": True, "limit": 1, "after": LEAF}
    assert ran.out.startswith("0a0a0a0a0a0a  10,000 messages, 3 unread (closed, left, not sent yet)\n  a room\n")
    assert "everyone; last: JP, " in ran.out
    assert flat(ran.err) == "showing 1 thread; the next: --after 0a0a0a0a0a0a"
    node.answers["consult-list"] = [{"listed": 0, "next": None}]
    ran = vigil("consult", "list")
    assert (ran.out, ran.err) == ("", "no threads\n")


@pytest.mark.parametrize(
    ("words", "sent", "said"),
    [
        (["add", LEAF[:12], "DE", "JP"], {"members": ["DE", "JP"]}, "once each author shares it"),
        (["remove", LEAF[:12], "DE"], {"members": ["DE"]}, "What they have read, they have read."),
        (["share", LEAF[:12]], {}, "Shared 1 message in the thread"),
        (["close", LEAF[:12]], {"text": ""}, "Closed the thread"),
        (["close", LEAF[:12], "found"], {"text": "found"}, "Closed the thread"),
        (["reopen", LEAF[:12]], {}, "Opened again: the thread"),
    ],
)
def test_each_change_names_the_thread_and_says_what_it_means(
    vigil: Vigil, node: Node, words: list[str], sent: Line, said: str
) -> None:
    command = f"consult-{words[0]}"
    node.answers[command] = [TOLD]
    assert said in flat(vigil("consult", *words).out)
    assert node.call(command).arguments == {"thread": LEAF[:12], **sent}


def test_what_changed_nothing_abroad_says_so(vigil: Vigil, node: Node) -> None:
    node.answers |= {"consult-share": [TOLD | {"records": []}], "consult-retract": [TOLD | {"records": []}]}
    assert vigil("consult", "share", LEAF[:12]).out.startswith("Nothing to share")
    ran = vigil("consult", "retract", LEAF[:12], "--reason", "mistake")
    assert "had not left this node" in ran.out
    assert node.call("consult-retract").arguments == {"message": LEAF[:12], "reason": "mistake"}


def test_what_is_local_is_told_to_nobody_else(vigil: Vigil, node: Node) -> None:
    node.answers |= {
        "consult-leave": lambda given, _: [{"thread": THREAD, "muted": not given["rejoin"]}],
        "consult-case": [{"thread": THREAD, "case": "C-1"}],
        "consult-mark-read": [{"thread": THREAD, "read": 2}],
    }
    assert vigil("consult", "leave", LEAF[:12]).out == "This node has left the thread 0a0a0a0a0a0a.\n"
    assert vigil("consult", "leave", LEAF[:12], "--rejoin").out == "This node is in the thread 0a0a0a0a0a0a again.\n"
    assert vigil("consult", "case", LEAF[:12], "C-1").out == "The thread 0a0a0a0a0a0a belongs to the case now.\n"
    assert vigil("consult", "mark-read", LEAF[:12]).out == "2 messages marked as read.\n"


@pytest.mark.parametrize(
    "words",
    [
        ["open", "text", "--subject", "s"],
        ["open", "text", "--to", "FR"],
        ["open", "text", "--to", "everyone", "--subject", "s"],
        ["show", "not-hex"],
        ["add", LEAF[:12]],
        ["list", "--after", ""],
    ],
)
def test_a_wrong_command_line_reaches_no_node(vigil: Vigil, node: Node, words: list[str]) -> None:
    assert vigil("consult", *words).code == 2
    assert node.calls == []
