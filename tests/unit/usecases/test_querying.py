"""The conduct of a question: what is told when, and what a reader who leaves early finds afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from node.domain.queries import Level, Outcome
from node.domain.questions import PartState
from node.domain.roster import Policy
from node.errors import Malformed, NotFound, Refused, Unavailable
from node.usecases.asking import Waits
from node.usecases.history import Changes
from node.usecases.intake import subject_of
from node.usecases.query_plan import Plan
from node.usecases.query_reading import NO_TERMS, PastQuestion, PastSubject, QueryReading, Unreadable
from node.usecases.querying import Allowed, PartBegun, QueryEnded, QueryEvent, Querying
from node.usecases.sources import Muting
from node.usecases.telling import Told
from node.wire.convert import ProtoCodec
from tests.simulator.asking import Federation, federation, prints
from tests.unit.usecases.holding_pictures import hold
from tests.unit.usecases.inquiries import about, run
from tests.unit.usecases.readings import collect

SMALL = Policy(max_query_fingerprints=10)
"""Two pictures a part."""


def querying(made: Federation) -> Querying:
    who = made.parties["FR"]
    return Querying(planner=who.planner, asker=made.asker("FR"), store=who.store, codec=who.planner.codec)


def reading(made: Federation) -> QueryReading:
    who = made.parties["FR"]
    return QueryReading(store=who.store, codec=who.planner.codec, audit=who.audit)


def pictures(*numbers: int) -> Any:
    return about(*(subject_of(prints(number), f"{number}.jpg") for number in numbers))


def ended(events: list[QueryEvent]) -> QueryEnded:
    end = events[-1]
    assert isinstance(end, QueryEnded)
    return end


def test_what_is_left_out_comes_first_then_the_plan_each_part_and_its_answers_and_the_summary() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", attending=("JP",), policy=SMALL) as made:
            hold(made.parties["JP"], 3, Level.HIT_NO_HIT)
            await asyncio.to_thread(made.parties["FR"].planner.allowed.add, [prints(9).sha256])
            events = await collect(querying(made).ask(pictures(1, 9, 2, 3)))
            kinds = [type(event) for event in events if not isinstance(event, Waits)]
            assert kinds == [Allowed, Plan, PartBegun, Told, Told, PartBegun, Told, Told, QueryEnded]
            assert events[0] == Allowed(label="9.jpg")
            begun = [event for event in events if isinstance(event, PartBegun)]
            assert [(each.part.number, each.parts, each.labels) for each in begun] == [
                (1, 2, ("1.jpg", "2.jpg")),
                (2, 2, ("3.jpg",)),
            ]
            hits = [event.labels for event in events if isinstance(event, Told) and event.hits]
            assert hits == [("3.jpg",)]
            tally = ended(events).plan.tally
            assert tally.states() == {"JP": Outcome.HIT, "BR": Outcome.OFFLINE}
            assert ended(events).changes is None

    run(scenario())


def test_nothing_is_sent_where_all_is_harmless_and_all_is_sent_on_request() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            await asyncio.to_thread(made.parties["FR"].planner.allowed.add, [prints(1).sha256])
            with pytest.raises(Refused, match="nothing was sent"):
                await collect(querying(made).ask(pictures(1)))
            events = await collect(querying(made).ask(pictures(1), show_all=True))
            assert ended(events).plan.subjects == 1

    run(scenario())


def test_hits_of_a_muted_member_are_counted_apart_unless_all_is_asked_for() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            who = made.parties["FR"]
            muting = Muting(
                store=who.store,
                audit=who.audit,
                clock=who.planner.clock,
                own=who.id,
                latest=who.planner.roster,
            )
            await asyncio.to_thread(muting.mute, made.parties["JP"].id, "a flood")
            for show_all, hits in ((False, 0), (True, 1)):
                events = await collect(querying(made).ask(pictures(1), show_all=show_all))
                (told,) = [event for event in events if isinstance(event, Told)]
                assert (len(told.hits), told.muted) == (hits, not show_all)
                assert ended(events).tally.aside.total() == 1 - hits

    run(scenario())


def test_a_question_asked_again_says_what_has_changed() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            asking = querying(made)
            first = ended(await collect(asking.ask(pictures(1)))).plan.id
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            again = ended(await collect(asking.ask_again(first)))
            assert again.changes == Changes(
                states={made.parties["JP"].id: (Outcome.NO_HIT, Outcome.HIT)}, new_hits=1, gone_hits=0
            )

    run(scenario())


def test_who_leaves_early_keeps_what_came_and_the_rest_is_asked_later() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=SMALL) as made:
            asking = querying(made)
            events = asking.ask(pictures(1, 2, 3))
            async for event in events:
                if isinstance(event, Told):
                    break
            await events.aclose()
            (kept, *_) = await asyncio.to_thread(reading(made).recent, 5)
            assert isinstance(kept, PastQuestion)
            assert [part.state for part in kept.kept.parts] == [PartState.INTERRUPTED, PartState.NOT_ASKED]
            assert kept.kept.closed_at is None
            rest = ended(await collect(asking.ask_rest(kept.kept.id)))
            assert rest.plan.tally.complete()
            (kept, *_) = await asyncio.to_thread(reading(made).recent, 5)
            assert isinstance(kept, PastQuestion)
            assert {part.state for part in kept.kept.parts} == {PartState.CLOSED}

    run(scenario())


def test_the_holdings_of_a_case_are_asked_about_by_their_level() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["FR"], 1, Level.NATIONAL, "C-1")
            events = await collect(querying(made).ask_case(replace(about(), case="C-1")))
            (plan,) = [event for event in events if isinstance(event, Plan)]
            assert plan.levels == {Level.NATIONAL: plan.fingerprints}
            with pytest.raises(NotFound):
                await collect(querying(made).ask_case(replace(about(), case="none")))

    run(scenario())


def test_a_past_question_is_told_with_its_subjects_and_answers_and_who_looks_is_recorded_first() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            number = ended(await collect(querying(made).ask(pictures(1)))).plan.id
            past = reading(made)
            question, subject, told = await asyncio.to_thread(past.one, number.hex())
            assert isinstance(question, PastQuestion)
            assert isinstance(subject, PastSubject)
            assert isinstance(told, Told)
            assert (question.terms.case, question.error) == ("FR-7", None)
            assert (subject.label, subject.digest) == ("1.jpg", f"sha256:{prints(1).sha256.hex()}")
            with pytest.raises(NotFound):
                await asyncio.to_thread(past.one, bytes(16).hex())
            made.parties["FR"].audit.close()
            with pytest.raises(Unavailable):
                await asyncio.to_thread(past.one, number.hex())
            with pytest.raises(Unavailable):
                await asyncio.to_thread(past.recent, 5)

    run(scenario())


def test_what_cannot_be_read_is_told_in_its_place() -> None:
    class Torn(ProtoCodec):
        def decode_payload(self, payload: bytes) -> Any:
            raise Malformed("it is torn")

    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            number = ended(await collect(querying(made).ask(pictures(1)))).plan.id
            question, *parts = await asyncio.to_thread(replace(reading(made), codec=Torn()).one, number.hex())
            assert isinstance(question, PastQuestion)
            assert question.terms != NO_TERMS, "its terms are stored beside it"
            assert [(type(each), getattr(each, "error", "")) for each in parts] == [(Unreadable, "it is torn")] * 2

    run(scenario())
