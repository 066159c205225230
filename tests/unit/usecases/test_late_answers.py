"""Answers after the table closed: they reach the asker, change no state, and count from those alone who were asked."""

import asyncio
from dataclasses import replace

import pytest

from node.domain.ids import member_id
from node.domain.queries import Level, Outcome, RelayEvent
from node.usecases.intake import subject_of
from tests.simulator import federation as sim
from tests.simulator.asking import Federation, federation, prints, until
from tests.unit.usecases.inquiries import about, ask, hold, run


def waiting(made: Federation) -> int:
    with made.hub_store.read() as tx:
        return len(tx.mailbox(member_id("FR"), 10))


def test_a_late_answer_reaches_the_asker_and_changes_no_state() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            made.parties["JP"].hold = asyncio.Event()
            opened, told = await ask(made, about(subject_of(prints(1)), budget=0.2))
            assert told["JP"].outcome is Outcome.TIMEOUT
            made.parties["JP"].hold.set()
            await until(lambda: made.parties["FR"].late)
            with made.parties["FR"].store.read() as tx:
                rows = tx.outcomes(opened.id)
            assert [(state, late) for _, state, _, late in rows] == [("timeout", False), ("hit", True)]

    run(scenario())


def test_a_late_answer_waits_in_the_mailbox_for_an_asker_that_is_away() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", attending=("JP",)) as made:
            made.parties["JP"].hold = asyncio.Event()
            await ask(made, about(subject_of(prints(1)), budget=0.2))
            made.parties["JP"].hold.set()
            await until(lambda: waiting(made))
            await made.attend("FR")
            await until(lambda: made.parties["FR"].late)
            assert made.parties["FR"].late[0].late  # type: ignore[attr-defined]

    run(scenario())


@pytest.mark.parametrize("name", ["ZZ", "BR", "FR"], ids=["a stranger", "a member not asked", "the asker"])
def test_a_late_answer_of_somebody_who_was_not_asked_leaves_no_line(name: str) -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR") as made:
            opened, _ = await ask(made, about(subject_of(prints(1)), recipients=(member_id("JP"),)))
            answer = replace(opened.answers[member_id("JP")], answerer=member_id(name))
            inquirer = made.parties["FR"].inquirer
            event = RelayEvent(member=member_id(name), answer=answer, query_id=opened.id)
            assert inquirer.late(event) is None
            with made.parties["FR"].store.read() as tx:
                assert [late for _, _, _, late in tx.outcomes(opened.id) if late] == []

    run(scenario())


def test_a_late_answer_to_a_query_that_was_forgotten_is_dropped() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            opened, _ = await ask(made, about(subject_of(prints(1))))
            store = made.parties["FR"].store
            event = RelayEvent(member=member_id("JP"), answer=opened.answers[member_id("JP")], query_id=opened.id)
            with store.write() as tx:
                tx.forget_queries(sim.NOW + 1)
            assert made.parties["FR"].inquirer.late(event) is None
            with store.read() as tx:
                assert tx.outcomes(opened.id) == []

    run(scenario())
