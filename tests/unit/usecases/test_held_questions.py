"""A question that is held: what its asker sees, what an officer sees, and how the answer gets home."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from unittest.mock import create_autospec

import pytest

from node.control.held_commands import HeldCommands
from node.domain.held_questions import Decision
from node.domain.ids import member_id
from node.domain.limits import Limits
from node.domain.queries import Level, MemberOutcome, Outcome, RelayEvent
from node.domain.roster import Policy
from node.domain.services import Reply
from node.errors import Expired, Misuse, NotFound
from node.hub.relay import QueryRelay
from node.hub.switchboard import LocalSwitchboard
from node.usecases.finding import HELD
from node.usecases.held_watches import HeldWatches
from node.usecases.history import told_outcomes
from node.usecases.intake import subject_of
from node.usecases.openquery import OpenQuery
from node.usecases.probes import Booked
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import Federation, Party, federation, flip, prints, until
from tests.unit.control.queries import collect, feed
from tests.unit.usecases.clocks import Clock
from tests.unit.usecases.inquiries import about, ask, hold, run

FR, JP = member_id("FR"), member_id("JP")
CODEC = ProtoCodec()
ONE = Policy(limits=Limits(near_hour=1))


def copy(number: int, bits: int) -> Any:
    """A picture that is `bits` away from another, and has no digest in common with it."""
    made = prints(number)
    near = flip(made.pdq, bits)
    other = prints(1_000 + number + bits)
    orientations = (near, *made.pdq_orientations[1:])
    return replace(made, pdq=near, pdq_orientations=orientations, md5=other.md5, sha1=other.sha1, sha256=other.sha256)


async def held_one(made: Federation) -> OpenQuery:
    """FR has used its budget near a holding of JP, and JP holds the next question."""
    hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
    _, told = await ask(made, about(subject_of(copy(1, 3))))
    assert told["JP"].outcome is Outcome.HIT
    opened, told = await ask(made, about(subject_of(copy(1, 5))))
    assert (told["JP"].outcome, told["JP"].reason) == (Outcome.HELD, HELD)
    return opened


def states(made: Federation, opened: OpenQuery) -> list[tuple[Outcome, bool]]:
    told: list[MemberOutcome] = told_outcomes(made.parties["FR"].store, CODEC, opened.id)
    return [(each.outcome, each.late) for each in told]


async def arrived(made: Federation) -> None:
    await until(lambda: made.parties["FR"].late)


async def released(made: Federation, number: int = 1) -> None:
    await asyncio.to_thread(made.parties["JP"].held.release, number)


HELD_THEN_HIT = [(Outcome.HELD, False), (Outcome.HIT, True)]


def test_a_released_answer_comes_late_and_is_taken_after_the_held_one() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=ONE) as made:
            opened = await held_one(made)
            assert not opened.complete()
            await released(made)
            await arrived(made)
            assert states(made, opened) == HELD_THEN_HIT
            (late,) = made.parties["FR"].late
            assert isinstance(late, MemberOutcome)
            assert late.answer is not None
            (hit,) = late.answer.hits
            assert (hit.level, hit.distance, hit.record) == (Level.HIT_NO_HIT, None, None)

    run(scenario())


def test_a_refusal_is_told_with_the_officers_reason() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=ONE) as made:
            opened = await held_one(made)
            held = made.parties["JP"].held
            with pytest.raises(Misuse, match="reason"):
                await asyncio.to_thread(held.refuse, 1, " ")
            await asyncio.to_thread(held.refuse, 1, "call us first")
            await arrived(made)
            assert states(made, opened) == [(Outcome.HELD, False), (Outcome.REFUSED, True)]
            assert made.parties["FR"].late[0].reason == "call us first"  # type: ignore[attr-defined]

    run(scenario())


def test_the_same_question_brought_again_gets_the_same_bytes_before_and_after_the_decision() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=ONE) as made:
            opened = await held_one(made)
            answerer = made.parties["JP"].answerer
            first = opened.answers[JP]
            before = await asyncio.to_thread(answerer.prepare, opened.signed)
            await released(made)
            after = await asyncio.to_thread(answerer.prepare, opened.signed)
            assert (before.answer, after.answer) == (first, first)
            assert (before.held, after.held) == (True, True)

    run(scenario())


def test_a_decision_finds_its_asker_after_both_were_away_and_the_hub_was_restarted() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=ONE) as made:
            opened = await held_one(made)
            await made.leave("FR")
            await made.leave("JP")
            made.parties["JP"].bring = None
            await released(made)
            made.relay = QueryRelay(
                roster=made.parties["FR"].planner.roster,
                codec=CODEC,
                store=made.hub_store,
                switchboard=LocalSwitchboard(),
                booked=Booked(made.hub_store),
                clock=lambda: float(sim.NOW),
            )
            await made.attend("JP")
            await until(lambda: _mail(made))
            await made.attend("FR")
            await arrived(made)
            assert states(made, opened) == HELD_THEN_HIT

    run(scenario())


def _mail(made: Federation) -> int:
    with made.hub_store.read() as tx:
        return tx.mailbox_size(FR)


def test_a_decision_that_comes_while_the_question_is_still_asked_counts_once_its_table_is_closed() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", "BR", policy=ONE) as made:
            hold(made.parties["JP"], 1, Level.HIT_NO_HIT)
            await ask(made, about(subject_of(copy(1, 3))))
            made.parties["BR"].hold = asyncio.Event()
            running = asyncio.create_task(ask(made, about(subject_of(copy(1, 5)), budget=20.0)))
            await until(lambda: _waiting(made.parties["JP"]))
            await released(made)
            await arrived(made)
            made.parties["BR"].hold.set()
            opened, told = await running
            assert told["JP"].outcome is Outcome.HELD
            assert states(made, opened) == [(Outcome.HELD, False), (Outcome.NO_HIT, False), (Outcome.HIT, True)]

    run(scenario())


def _waiting(who: Party) -> int:
    with who.store.read() as tx:
        return tx.count_held(sim.NOW)


def test_a_second_answer_is_taken_after_a_held_one_alone_and_once() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=ONE) as made:
            opened = await held_one(made)
            jp, fr = made.parties["JP"], made.parties["FR"]
            await made.leave("FR")
            await released(made)
            (reply,) = jp.held.replies()
            event = RelayEvent(member=JP, answer=reply.answer, query_id=opened.id)
            held = RelayEvent(member=JP, answer=opened.answers[JP], query_id=opened.id)
            assert fr.inquirer.late(held) is None, "held again says nothing new"
            first = fr.inquirer.late(event)
            assert first is not None
            assert fr.inquirer.late(event) is None
            answered, _ = await ask(made, about(subject_of(prints(7))))
            again = RelayEvent(member=JP, answer=answered.answers[JP], query_id=answered.id)
            assert fr.inquirer.late(again) is None

    run(scenario())


def test_nobody_brings_a_second_answer_that_the_hub_was_not_promised() -> None:
    """A member that answers at once and says later that an officer has decided reaches nobody."""

    async def scenario() -> None:
        async with federation("FR", "JP") as made:
            opened, _ = await ask(made, about(subject_of(prints(1))))
            jp = made.parties["JP"]
            await made.leave("FR")
            forged = Reply(asker=FR, query_id=opened.id, answer=opened.answers[JP], decided=True)
            assert jp.bring is not None
            jp.bring(forged)
            # What came after it on the same stream has arrived: so it was read, and dropped.
            _, told = await ask(made, about(subject_of(prints(2))))
            assert told["JP"].outcome is Outcome.NO_HIT
            assert _mail(made) == 0

    run(scenario())


def test_an_officer_sees_who_asks_and_about_what_and_what_was_asked_is_forgotten_with_the_decision() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=ONE) as made:
            await held_one(made)
            ours = HeldCommands(held=made.parties["JP"].held, watches=create_autospec(HeldWatches, instance=True))
            ours.watches.listed.return_value = []  # type: ignore[attr-defined]
            (listed,) = await collect(ours.held_list({}, feed()))
            assert (listed["held"], listed["asker"], listed["decision"]) == (1, "FR", "waiting")
            assert "around one thing" in listed["why"]
            shown, *hits = await collect(ours.held_show({"number": 1}, feed()))
            assert (shown["case"], shown["legal_basis"], shown["subjects"]) == ("FR-7", "art. 706-47", 1)
            assert [(hit["holding"], hit["cases"]) for hit in hits] == [(1, ["HOME-1"])]
            (decided,) = await collect(ours.held_release({"number": 1}, feed()))
            assert decided["decision"] == "released"
            assert await collect(ours.held_list({}, feed())) == []
            (kept,) = await collect(ours.held_list({"all": True}, feed()))
            assert kept == decided
            shown, *hits = await collect(ours.held_show({"number": 1}, feed()))
            assert (shown["case"], shown["subjects"], hits) == (None, None, [])

    run(scenario())


def test_a_question_is_decided_once_and_not_after_its_end() -> None:
    async def scenario() -> None:
        clock = Clock()
        async with federation("FR", "JP", policy=ONE, clock=clock) as made:
            await held_one(made)
            held = made.parties["JP"].held
            with pytest.raises(NotFound):
                await asyncio.to_thread(held.release, 99)
            clock.now += 7 * 86_400
            with pytest.raises(Expired):
                await asyncio.to_thread(held.release, 1)
            clock.now = float(sim.NOW)
            await released(made)
            with pytest.raises(Misuse, match="decided before"):
                await asyncio.to_thread(held.refuse, 1, "no")
            with made.parties["JP"].store.read() as tx:
                (kept,) = tx.held_questions(9)
            assert kept.decision is Decision.RELEASED
            clock.now += 7 * 86_400
            assert held.replies() == []

    run(scenario())


def test_what_an_officer_looked_at_and_decided_is_in_the_audit_log() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=ONE) as made:
            await held_one(made)
            jp = made.parties["JP"]
            await asyncio.to_thread(jp.held.show, 1)
            await released(made)
            with jp.store.read() as tx:
                (log,) = [each for each in tx.logs() if each.origin.stream == "audit"]
                bodies = b"\n".join(tx.run(log.origin, 0, log.size, 1 << 20).bodies)
            for what in (b"held show", b"held released", b'"held":"FR has reached the limit of 1 questions an hour'):
                assert what in bodies, what

    run(scenario())


def test_a_held_answer_is_as_long_as_a_hit_and_a_no_hit() -> None:
    async def scenario() -> None:
        async with federation("FR", "JP", policy=ONE) as made:
            opened = await held_one(made)
            hit, _ = await ask(made, about(subject_of(copy(1, 3))))
            none, _ = await ask(made, about(subject_of(prints(9))))
            assert {len(each.answers[JP].answer) for each in (opened, hit, none)} == {512}

    run(scenario())
