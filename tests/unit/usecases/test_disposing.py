"""Levels and deletions by a person: chosen, agreed to, recorded, and carried out to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from node.domain.queries import Level
from node.domain.statements import Reason
from node.errors import Misuse, NotFound, Refused, Unavailable
from node.usecases.consent import Consent
from node.usecases.disposal import Disposed, Plan
from node.usecases.disposing import Deleted, Disposing
from tests.unit.usecases.audited import Audited
from tests.unit.usecases.disposal_desk import Desk

NOTHING = Consent()
YES = Consent(yes=True)


class Room:
    def __init__(self) -> None:
        self.desk = Desk()
        self.audited = Audited(self.desk.store)
        self.disposing = Disposing(disposal=self.desk.disposal(), store=self.desk.store, audit=self.audited.audit)

    def delete(self, consent: Consent, ids: Sequence[int] = (), case: str = "A") -> list[Any]:
        async def run() -> list[Any]:
            return [each async for each in self.disposing.delete(ids, case, Reason.MISTAKE, consent)]

        return asyncio.run(run())


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.audited.close()


def test_without_a_yes_only_the_plan_is_told_and_nothing_is_recorded(room: Room) -> None:
    held = room.desk.held()
    (plan,) = room.delete(NOTHING)
    assert isinstance(plan, Plan)
    assert (plan.deleted, plan.left, plan.shared) == (3, 2, 2)
    assert (room.desk.held(), room.audited.written()) == (held, [])


def test_a_yes_to_another_plan_deletes_nothing(room: Room) -> None:
    (plan,) = room.delete(NOTHING)
    room.delete(YES, ids=[3], case="")
    held = room.desk.held()
    with pytest.raises(Misuse, match="has changed"):
        room.delete(Consent(plan=plan.digest))
    assert room.desk.held() == held


def test_a_yes_to_the_plan_deletes_it_and_counts_it_between_its_two_audit_entries(room: Room) -> None:
    (plan,) = room.delete(NOTHING)
    *steps, end = room.delete(Consent(plan=plan.digest))
    assert all(isinstance(each, Disposed) for each in steps)
    assert end == Deleted(deleted=3, left_case=2, retracted=2, originals=2)
    assert room.desk.held() == {4: ("B",), 5: ("B",)}
    begun, ended = room.audited.written()
    assert (begun["what"], begun["case"], begun["reason"]) == ("delete", "A", "mistake")
    assert (sorted(begun["holdings"]), ended["outcome"]) == ([1, 2, 3, 4, 5], "done")


def test_a_deletion_completes_though_nobody_listens_any_more(room: Room) -> None:
    async def leave() -> None:
        steps = room.disposing.delete((), "A", Reason.MISTAKE, YES)
        await anext(steps)
        await steps.aclose()

    asyncio.run(leave())
    assert room.desk.held() == {4: ("B",), 5: ("B",)}
    assert room.audited.last()["outcome"] == "done"


@pytest.mark.parametrize(("ids", "case"), [((), ""), ((1,), "A")])
def test_either_holdings_or_a_case_are_named(room: Room, ids: Sequence[int], case: str) -> None:
    with pytest.raises(Misuse, match="either holdings or a case"):
        room.delete(YES, ids=ids, case=case)
    with pytest.raises(Misuse, match="either holdings or a case"):
        room.disposing.set_level(ids, case, Level.NATIONAL)
    assert room.audited.written() == []


def test_the_levels_of_a_case_are_counted_and_a_shared_holding_keeps_its_own(room: Room) -> None:
    done = room.disposing.set_level((), "A", Level.HIT_NO_HIT)
    assert (done.changed, done.unchanged, done.shared) == (2, 0, 3)
    again = room.disposing.set_level((), "A", Level.HIT_NO_HIT)
    assert (again.changed, again.unchanged, again.shared) == (0, 2, 3)
    assert [each["what"] for each in room.audited.written()] == ["set level", "outcome"] * 2


def test_a_refused_change_of_level_leaves_a_trace(room: Room) -> None:
    with pytest.raises(Refused, match="only a retraction"):
        room.disposing.set_level([1], "", Level.HIT_NO_HIT)
    assert [each["outcome"] for each in room.audited.written()] == ["begun", "refused"]
    with pytest.raises(NotFound):
        room.disposing.set_level((), "no such case", Level.HIT_NO_HIT)


def test_what_cannot_be_recorded_is_not_done(room: Room) -> None:
    held = room.desk.held()
    room.audited.close()
    with pytest.raises(Unavailable):
        room.delete(YES)
    with pytest.raises(Unavailable):
        room.disposing.set_level((), "A", Level.HIT_NO_HIT)
    assert room.desk.held() == held
