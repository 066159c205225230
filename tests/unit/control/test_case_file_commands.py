"""The commands on case files: what a line says, and how a page is continued."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control.case_commands import CaseCommands
from node.control.case_file_commands import CaseFileCommands
from node.control.case_lines import place_text, read_place
from node.domain.case_events import FIRST_PLACE
from node.errors import Misuse, Refused
from node.usecases.case_reading import CaseReading
from node.usecases.cases import Cases
from node.usecases.hit_list import HitList
from tests.simulator.world import CODEC
from tests.unit.control.desk import Line, items, lines_of
from tests.unit.usecases.case_desk import FR, CaseDesk, officer


class Desk(CaseDesk):
    """A case desk with its commands."""

    def __init__(self) -> None:
        super().__init__()
        self.commands = CaseFileCommands(work=self.work, notes=self.notes, timeline=self.timeline)

    def run(self, name: str, **arguments: Any) -> list[Line]:
        return lines_of(getattr(self.commands, name)({"case": "C", **arguments}, items()))


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close()


def test_a_case_is_a_line_with_nulls_for_what_is_not_there(desk: Desk) -> None:
    with officer("Dupont"):
        (line,) = desk.run("case_open", title="Bridge")
    assert line == {
        "case": "C", "version": 1, "status": "open", "title": "Bridge", "lead": "Dupont", "opened": True,
        "officers": ["Dupont"], "purpose": None, "legal_basis": None, "outcome": None,
        "opened_at": line["opened_at"], "changed_at": line["opened_at"], "damaged": False,
    }  # fmt: skip
    assert desk.run("case_version") == [{"case": "C", "version": 1}]
    assert desk.run("case_terms", legal_basis="b") == [{"case": "C"}]
    with pytest.raises(Misuse, match="--legal-basis"):
        desk.run("case_terms")


def test_a_command_without_a_version_changes_the_present_one_and_with_a_former_one_nothing(desk: Desk) -> None:
    desk.run("case_open", title="Bridge")
    (line,) = desk.run("case_dormant")
    assert (line["version"], line["status"]) == (2, "dormant")
    for name in ("case_reopen", "case_dormant"):
        with pytest.raises(Refused, match="has changed"):
            desk.run(name, version=1)
    with pytest.raises(Refused, match="has changed"):
        desk.run("case_close", version=1, outcome="done")
    (line,) = desk.run("case_close", version=2, outcome="done")
    assert (line["status"], line["outcome"]) == ("closed", "done")
    assert desk.run("case_purge") == [{"case": "C", "version": 3, "notes": 0, "purged": False}]
    assert desk.run("case_purge", version=3) == [{"case": "C", "version": 3, "notes": 0, "purged": True}]


def test_notes_and_timelines_are_paged_with_what_they_said_last(desk: Desk) -> None:
    desk.run("case_open", title="Bridge")
    for number in range(3):
        desk.run("case_note", text=f"note {number}")
    desk.run("case_note", text="edited", edit=1)
    *first, end = desk.run("case_notes", limit=2)
    assert ([each["note"] for each in first], end) == ([3, 2], {"listed": 2, "next": 2})
    *rest, end = desk.run("case_notes", limit=2, before=end["next"])
    assert ([(each["note"], each["version"], each["text"]) for each in rest], end["next"]) == ([(1, 2, "edited")], None)
    *versions, end = desk.run("case_notes", note=1)
    assert ([each["text"] for each in versions], end) == (["note 0", "edited"], {"listed": 2, "next": None})
    seen: list[str] = []
    given: Line = {}
    while True:
        *page, end = desk.run("case_timeline", limit=2, **given)
        seen += [each["event"] for each in page]
        if end["next"] is None:
            break
        given = {"before": end["next"]}
    assert seen == ["note edited", "noted", "noted", "noted", "opened"]


def test_a_note_that_another_officer_edited_meanwhile_is_not_edited(desk: Desk) -> None:
    desk.run("case_open", title="Bridge")
    desk.run("case_note", text="first")
    with officer("Sato"):
        (line,) = desk.run("case_note", text="hers", edit=1, version=1)
    assert line["version"] == 2
    with officer("Dupont"), pytest.raises(Refused, match=r"Sato has edited note 1 .* \(version 1, now 2\)"):
        desk.run("case_note", text="his", edit=1, version=1)
    *versions, _ = desk.run("case_notes", note=1)
    assert [each["text"] for each in versions] == ["first", "hers"]
    (line,) = desk.run("case_note", text="his", edit=1, version=2)
    assert line["version"] == 3


@given(st.tuples(st.integers(0, FIRST_PLACE[0]), st.integers(0, FIRST_PLACE[0])))
def test_a_place_in_a_timeline_is_read_as_it_was_printed(place: tuple[int, int]) -> None:
    text = place_text(place)
    assert text is not None
    assert read_place(text) == place


@pytest.mark.parametrize("text", ["1", "1.", ".1", "1.2.3", "-1.2", "a.b", "1.²", f"{1 << 63}.1", "1,2"])
def test_another_place_is_refused(text: str) -> None:
    with pytest.raises(Misuse):
        read_place(text)


def test_cases_are_listed_with_their_standing_and_mine_needs_a_name(desk: Desk) -> None:
    desk.hold(1, case="B")
    with officer("Dupont"):
        desk.run("case_open", title="Bridge")
    hits = HitList(store=desk.node.store, codec=CODEC, own=FR.id, clock=desk.clock)
    reading = CaseReading(cases=Cases(desk.node.store), hits=hits, list_hits=None, audit=desk.audit)  # type: ignore[arg-type]
    commands = CaseCommands(reading=reading)
    bare, opened, _ = lines_of(commands.cases({}, items()))
    assert (bare["case"], bare["status"], bare["title"], bare["opened"]) == ("B", "open", None, False)
    assert (opened["case"], opened["status"], opened["title"], opened["lead"]) == ("C", "open", "Bridge", "Dupont")
    with officer("Dupont"):
        (mine, _) = lines_of(commands.cases({"mine": True, "status": "open"}, items()))
    assert mine["case"] == "C"
    desk.run("case_close", outcome="victim identified")
    with officer("Dupont"):
        (closed,) = lines_of(commands.cases_closed({"mine": True}, items()))
    assert (closed["case"], closed["outcome"]) == ("C", "victim identified")
    with officer("Sato"):
        assert lines_of(commands.cases_closed({"mine": True}, items())) == []
    with pytest.raises(Misuse, match="no officer"):
        lines_of(commands.cases({"mine": True}, items()))
    with pytest.raises(Misuse, match="no status"):
        lines_of(commands.cases({"status": "lost"}, items()))
