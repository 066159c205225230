"""The commands of consultations: what they read from their arguments, and the lines that they give."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.control.commands import Commands, work_of
from node.control.consultation_commands import ConsultationCommands
from node.control.runner import Line
from node.domain.caller import Caller
from node.domain.rights import Work
from node.errors import Malformed, Misuse
from node.usecases.followed_consulting import FollowedConsulting
from node.usecases.publication import NO_DAEMON, Publications, Publishing
from tests.unit.control.desk import items, lines_of
from tests.unit.usecases.consult_desk import SUBJECT, TEXT, ConsultDesk, Table

TO_JP: Line = {"handling": {"audience": ["JP"]}}


def commands_of(desk: ConsultDesk) -> Commands:
    publishing = Publishing(Publications(desk.node.store), lambda: None)
    saying = FollowedConsulting(consulting=desk.consulting, members=desk.members, publishing=publishing)
    return Commands.of(ConsultationCommands(saying=saying, listing=desk.listing, reading=desk.reading))


class Faces:
    """The commands of FR and JP."""

    def __init__(self) -> None:
        self.table = Table()
        self.commands = {"FR": commands_of(self.table.fr), "JP": commands_of(self.table.jp)}

    def run(self, name: str, command: str, arguments: Line) -> list[Line]:
        steps = self.commands[name].run(f"consult-{command}", arguments, items(), Caller(name="Sato"))
        return lines_of(steps)

    def opened(self, **more: object) -> str:
        (line,) = self.run("FR", "open", {"subject": SUBJECT, "text": TEXT, **TO_JP, **more})
        self.table.meet()
        return str(line["thread"])


@pytest.fixture
def faces() -> Iterator[Faces]:
    made = Faces()
    yield made
    made.table.close()


def test_each_command_is_one_of_an_investigation(faces: Faces) -> None:
    assert {work_of(name) for name in faces.commands["FR"].names()} == {Work.INVESTIGATION}


def test_an_act_says_what_it_made_and_how_far_it_has_come(faces: Faces) -> None:
    (line,) = faces.run("FR", "open", {"subject": SUBJECT, "text": TEXT, **TO_JP})
    assert line == {
        "thread": line["thread"],
        "records": [line["thread"]],
        "members": ["FR", "JP"],
        "queued": 1,
        "signed": 0,
        "published": 0,
        "why": NO_DAEMON,
    }


def test_a_thread_is_listed_and_shown_as_lines(faces: Faces) -> None:
    thread = faces.opened(language="en")
    (answered,) = faces.run("JP", "reply", {"thread": thread, "text": "We do."})
    faces.table.meet()
    listed, end = faces.run("FR", "list", {})
    assert (listed["thread"], listed["subject"], listed["opener"], listed["members"]) == (
        thread,
        SUBJECT,
        "FR",
        ["FR", "JP"],
    )
    assert (listed["messages"], listed["unread"], listed["closed"], listed["muted"]) == (2, 1, False, False)
    assert (listed["last"]["member"], listed["last"]["record"]) == ("JP", answered["records"][0])
    assert end == {"listed": 1, "next": None}
    *messages, last = faces.run("FR", "show", {"thread": thread})
    assert [(each["number"], each["member"], each["step"], each["text"]) for each in messages] == [
        (1, "FR", "open", TEXT),
        (2, "JP", "reply", "We do."),
    ]
    assert [each["unread"] for each in messages] == [False, True]
    assert [each["publication"] for each in messages] == ["published", None]
    assert (messages[0]["language"], messages[1]["after"]) == ("en", [thread])
    assert messages[0]["handling"]["audience"] == ["JP"]
    assert (last["subject"], last["messages"], last["unread"], last["next"]) == (SUBJECT, 2, 1, None)
    assert (last["absent"], last["left_out"], last["uncounted"], last["query"]) == ({}, {}, 0, None)
    assert faces.run("FR", "list", {"unread": True}) == [{"listed": 0, "next": None}]


def test_pages_of_a_thread_and_of_the_list_go_on(faces: Faces) -> None:
    first, second = faces.opened(), faces.opened()
    *_, end = faces.run("JP", "list", {"limit": 1})
    assert end == {"listed": 1, "next": first}
    assert [each["thread"] for each in faces.run("JP", "list", {"limit": 1, "after": first})[:-1]] == [second]
    assert faces.run("JP", "list", {"limit": 0})[-1]["listed"] == 1
    faces.run("FR", "reply", {"thread": first, "text": "more"})
    assert [each["text"] for each in faces.run("FR", "show", {"thread": first, "after": -5, "limit": 0})[:-1]] == [TEXT]
    *messages, last = faces.run("FR", "show", {"thread": first, "after": 0, "limit": 1, "peek": True})
    assert ([each["text"] for each in messages], last["next"]) == ([TEXT], 1)


def test_every_other_command_reaches_its_use_case(faces: Faces) -> None:
    thread = faces.opened()
    (reply,) = faces.run("FR", "reply", {"thread": thread, "text": "wrong", "about": [thread]})
    assert faces.run("FR", "retract", {"message": reply["records"][0], "reason": "mistake"})[0]["records"] == []
    assert faces.run("FR", "add", {"thread": thread, "members": ["DE"]})[0]["members"] == ["DE", "FR", "JP"]
    assert faces.run("FR", "remove", {"thread": thread, "members": ["DE"]})[0]["members"] == ["FR", "JP"]
    assert faces.run("FR", "share", {"thread": thread})[0]["records"] == []
    assert len(faces.run("FR", "close", {"thread": thread, "text": "done"})[0]["records"]) == 1
    assert faces.run("FR", "list", {"closed": True})[0]["closed"]
    assert faces.run("FR", "reopen", {"thread": thread})[0]["records"] == []
    assert faces.run("JP", "mark-read", {"thread": thread}) == [{"thread": thread, "read": 1}]
    assert faces.run("JP", "leave", {"thread": thread}) == [{"thread": thread, "muted": True}]
    assert faces.run("JP", "leave", {"thread": thread, "rejoin": True}) == [{"thread": thread, "muted": False}]
    faces.table.jp.open_case("C-1")
    assert faces.run("JP", "case", {"thread": thread, "case": "C-1"}) == [{"thread": thread, "case": "C-1"}]
    assert faces.run("JP", "list", {})[0]["cases"] == ["C-1"]


@pytest.mark.parametrize(
    ("command", "arguments", "error"),
    [
        ("open", {"subject": SUBJECT, **TO_JP}, Misuse),
        ("open", {"subject": SUBJECT, "text": TEXT, "handling": {"audience": ["not a member"]}}, Malformed),
        ("open", {"subject": SUBJECT, "text": TEXT, "query": "12", **TO_JP}, Malformed),
        ("retract", {"message": "0a" * 8, "reason": "a whim"}, Misuse),
        ("show", {"thread": "0a" * 8, "after": "1"}, Misuse),
    ],
)
def test_an_argument_that_is_missing_or_wrong_is_named(
    faces: Faces, command: str, arguments: Line, error: type[Exception]
) -> None:
    with pytest.raises(error):
        faces.run("FR", command, arguments)
