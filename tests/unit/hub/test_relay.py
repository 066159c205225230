"""The relay by itself: whom it refuses before any work, and what a node may bring it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from node.domain.ids import MemberId, member_id
from node.domain.limits import Limits
from node.domain.queries import MatchRule, Outcome, QueryHeader, QueryPayload, SignedAnswer, SignedQuery
from node.domain.roster import MemberStatus, Policy, Roster
from node.domain.services import Reply
from node.domain.stores import HubStoreWriter
from node.domain.usage import Resource
from node.errors import DiskFull, Expired, Malformed, Overloaded, Refused, Suspended
from node.hub.asking import OUTSTANDING, Asking, Outstanding
from node.hub.messages import pack_delivery, pack_event, unpack_delivery, unpack_event
from node.hub.relay import (
    LETTER_BYTES_OF_ONE,
    LETTERS_OF_ONE,
    MAIL_AT_ONCE,
    MAILBOX_DEPTH,
    PAYLOAD_A_UNIT,
    PAYLOAD_BASE,
    QueryRelay,
)
from node.hub.switchboard import QUEUE_DEPTH, LocalSwitchboard
from node.usecases.admitting import cost_of
from node.usecases.intake import subject_of
from node.usecases.probes import LEAST_UNITS, Booked, units
from node.usecases.quotas import Refusals
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import prints, roster_of, until
from tests.simulator.memory_store import MemoryHubStore
from tests.simulator.pauses import no_pause

UNKNOWN_FIELD = b"\xfa\x7f"
"""The tag of field 2,047, of length-delimited bytes: no version has it."""
FR, JP, BR = member_id("FR"), member_id("JP"), member_id("BR")


def varint(number: int) -> bytes:
    """A length as protobuf writes it."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def relay(roster: Roster | None = None, store: MemoryHubStore | None = None) -> QueryRelay:
    made = roster or roster_of("FR", "JP", "BR")
    kept = store or MemoryHubStore()
    return QueryRelay(
        roster=lambda: made,
        codec=ProtoCodec(),
        store=kept,
        switchboard=LocalSwitchboard(),
        booked=Booked(kept),
        pause=no_pause,
        clock=lambda: float(sim.NOW),
    )


def question(**changes: object) -> SignedQuery:
    header = QueryHeader(
        query_id=bytes(15) + b"q",
        asker=FR,
        recipients=(),
        purpose="victim-identification",
        issued_at=sim.NOW,
        expires_at=sim.NOW + 60,
        cost=5,
    )
    data = ProtoCodec().encode_header(replace(header, **changes))  # type: ignore[arg-type]
    return SignedQuery(header=data, payload=b"opaque to the hub", signature=bytes(64))


async def outcomes(made: QueryRelay, member: MemberId, query: SignedQuery) -> dict[str, Outcome | None]:
    return {event.member: event.outcome async for events in made.ask(member, query, 0.2) for event in events}


@pytest.mark.parametrize(
    ("member", "changes", "kind"),
    [
        (JP, {}, Refused),
        (FR, {"expires_at": sim.NOW - 1}, Expired),
        (FR, {"issued_at": sim.NOW + 10_000, "expires_at": sim.NOW + 20_000}, Refused),
        (FR, {"purpose": "curiosity"}, Refused),
        (FR, {"cost": 0}, Refused),
        (FR, {"cost": 1_000_000}, Refused),
        (FR, {"recipients": (member_id("ZZ"),)}, Refused),
        (member_id("ZZ"), {}, Refused),
    ],
    ids=["another's query", "expired", "of the future", "purpose", "free", "costly", "to a stranger", "by a stranger"],
)
def test_what_may_not_be_asked_is_refused_before_anybody_hears_it(
    member: MemberId, changes: dict[str, object], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        asyncio.run(outcomes(relay(), member, question(**changes)))


def test_a_suspended_member_asks_nothing() -> None:
    with pytest.raises(Suspended):
        asyncio.run(outcomes(relay(roster_of("FR", "JP", FR=MemberStatus.SUSPENDED)), FR, question()))


def test_the_budget_is_charged_before_the_work_and_by_fingerprint() -> None:
    made = relay(roster_of("FR", "JP", policy=Policy(query_cost_per_minute=8)))

    async def scenario() -> None:
        assert await outcomes(made, FR, question()) == {"JP": Outcome.OFFLINE}
        with pytest.raises(Overloaded) as caught:
            await outcomes(made, FR, question(query_id=bytes(16)))
        assert caught.value.retry_after > 0

    asyncio.run(scenario())


def test_a_large_payload_is_not_carried_at_the_price_of_a_small_one() -> None:
    fits = PAYLOAD_BASE + 5 * PAYLOAD_A_UNIT
    for size, kind in ((fits, None), (fits + 1, Refused)):
        query = replace(question(), payload=bytes(size))
        if kind is None:
            assert asyncio.run(outcomes(relay(), FR, query)) == {"BR": Outcome.OFFLINE, "JP": Outcome.OFFLINE}
        else:
            with pytest.raises(kind, match="pays for"):
                asyncio.run(outcomes(relay(), FR, query))


def test_a_picture_is_far_within_what_its_cost_pays_for() -> None:
    subjects = tuple(subject_of(prints(number)) for number in range(200))
    payload = QueryPayload(
        subjects=subjects,
        rule=MatchRule.POLICY,
        officer_role="\u20ac" * 500,
        case_reference="\u20ac" * 500,
        legal_basis="\u20ac" * 500,
    )
    alone = replace(payload, subjects=subjects[:1])
    for each in (payload, alone):
        size = len(ProtoCodec().encode_payload(each))
        assert 2 * size < PAYLOAD_BASE + PAYLOAD_A_UNIT * cost_of(each.subjects)


def test_bytes_that_nobody_understands_are_charged() -> None:
    """A header of 60 kB at cost 1 is charged what its bytes are, and at full budget hardly any is carried."""
    made = relay(roster_of("FR", "JP", policy=Policy(query_cost_per_minute=100)))
    plain = question(cost=1)
    padded = replace(plain, header=plain.header + UNKNOWN_FIELD + varint(60_000) + bytes(60_000))

    async def scenario() -> None:
        assert await outcomes(made, FR, padded) == {"JP": Outcome.OFFLINE}
        with pytest.raises(Overloaded):
            await outcomes(made, FR, padded)
        assert units(padded, 1, Policy()) == 59
        assert units(plain, 50, Policy()) == 50
        assert units(plain, 5, Policy()) == LEAST_UNITS
        assert units(plain, 5, Policy(query_cost_per_minute=60)) == 5, "a small policy is not a question a minute"

    asyncio.run(scenario())


def test_a_recipient_is_named_once_and_each_of_them_is_paid_for() -> None:
    store = MemoryHubStore()
    policy = Policy(limits=Limits(carried_a_minute=2 * LEAST_UNITS))
    made = relay(roster_of("FR", "JP", "BR", policy=policy), store)

    async def scenario() -> None:
        with pytest.raises(Refused, match="twice"):
            await outcomes(made, FR, question(recipients=(JP,) * 1_000))
        assert await outcomes(made, FR, question()) == {"JP": Outcome.OFFLINE, "BR": Outcome.OFFLINE}
        with pytest.raises(Overloaded, match="carried_a_minute"):
            await outcomes(made, FR, question(query_id=bytes(16)))

    asyncio.run(scenario())


def test_what_was_asked_is_not_forgotten_by_a_restart() -> None:
    store = MemoryHubStore()
    policy = Policy(query_cost_per_minute=8, limits=Limits(probes_a_day=12))
    booked = Booked(store)
    booked.charge(FR, 5, policy, sim.NOW, members=2)
    booked.flush(sim.NOW)
    again = Booked(store)
    with pytest.raises(Overloaded, match="per minute"):
        again.charge(FR, 5, policy, sim.NOW, members=2)
    again.charge(FR, 3, policy, sim.NOW, members=2)
    again.flush(sim.NOW)
    booked.charge(FR, 1, policy, sim.NOW + 60, members=1)
    booked.flush(sim.NOW + 60)  # the other process sees it with its next charge
    with pytest.raises(Overloaded, match="probes_a_day"):
        booked.charge(FR, 4, policy, sim.NOW + 120, members=1)
    assert booked.refusals.today(FR, sim.NOW + 120) == {"probes_a_day": 1}


def test_what_could_not_be_written_down_is_due_still() -> None:
    class Full(MemoryHubStore):
        def write(self) -> AbstractContextManager[HubStoreWriter]:
            raise DiskFull("no space is left")

    store = Full()
    booked = Booked(store)
    booked.charge(FR, 5, Policy(), sim.NOW, members=2)
    with pytest.raises(DiskFull):
        booked.flush(sim.NOW)
    whole = MemoryHubStore()
    booked._store = whole
    booked.flush(sim.NOW)
    with whole.read() as tx:
        assert {key[0]: count.used for key, count in tx.usage(FR).items()} == {Resource.PROBES: 5, Resource.CARRIED: 10}


def test_one_asker_holds_no_more_than_its_questions_at_once() -> None:
    refusals = Refusals()
    asking, limits = Asking(refusals), Limits(questions_at_once=2, question_bytes_at_once=100)
    with asking.one_more(FR, 10), asking.one_more(FR, 10):
        with pytest.raises(Overloaded, match="questions_at_once"):
            asking.require_room(FR, 10, limits, sim.NOW)
        asking.require_room(JP, 100, limits, sim.NOW)
        assert asking.at_once(FR) == (2, 20)
    assert asking.at_once(FR) == (0, 0)
    with pytest.raises(Overloaded, match="bytes_at_once"):
        asking.require_room(FR, 101, limits, sim.NOW)
    assert refusals.today(FR, sim.NOW) == {"questions_at_once": 1, "question_bytes_at_once": 1}


def test_whoever_asks_most_loses_its_own_place_among_the_unanswered() -> None:
    waiting = Outstanding()
    waiting.add(JP, b"honest", 7)
    for number in range(2 * OUTSTANDING):
        waiting.add(FR, number.to_bytes(16, "big"), 9)
    assert waiting.take(JP, b"honest") == 7
    assert waiting.take(JP, b"honest") is None
    assert waiting.take(FR, bytes(16)) is None
    assert waiting.take(FR, (2 * OUTSTANDING - 1).to_bytes(16, "big")) == 9


def test_a_flood_of_one_asker_costs_no_other_asker_an_answer_and_nobody_its_stream() -> None:
    """France asks far more than Japan reads; Brazil's question, asked last, is handed out second."""
    made = relay()
    own = ProtoCodec()

    async def scenario() -> None:
        async def silent() -> AsyncIterator[Reply]:
            await asyncio.Event().wait()
            yield reply(JP)

        stream = made.attend(JP, silent())
        first = asyncio.ensure_future(anext(stream))
        await until(lambda: JP in made.attending)
        limits = Policy().limits.questions_at_once
        told: list[Outcome | None] = []
        floods = 0
        while Outcome.NOT_ASKED not in told:
            batch = [
                outcomes(made, FR, question(recipients=(JP,), query_id=(floods + n).to_bytes(16, "big"), cost=1))
                for n in range(limits)
            ]
            floods += limits
            assert floods < 3 * QUEUE_DEPTH
            told += [each[JP] for each in await asyncio.gather(*batch)]
        header = own.decode_header(question(recipients=(JP,)).header)
        honest = replace(question(), header=own.encode_header(replace(header, asker=BR)))
        assert (await outcomes(made, BR, honest))[JP] is Outcome.TIMEOUT
        await first
        assert honest in [(await anext(stream)).query for _ in range(2)], "each asker in its turn"
        assert JP in made.attending
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(scenario())


def test_members_that_do_not_attend_are_offline_at_once() -> None:
    assert asyncio.run(outcomes(relay(), FR, question())) == {"BR": Outcome.OFFLINE, "JP": Outcome.OFFLINE}


def reply(name: MemberId, asker: MemberId = FR) -> Reply:
    return Reply(
        asker=asker,
        query_id=bytes(16),
        answer=SignedAnswer(answerer=name, answer=b"signed elsewhere", signature=bytes(64)),
    )


async def bring(made: QueryRelay, member: MemberId, *replies: Reply) -> None:
    """A stream of `member` that brings these replies and ends."""
    gone = asyncio.Event()

    async def stream() -> AsyncIterator[Reply]:
        for each in replies:
            yield each
        gone.set()

    async for _ in made.attend(member, stream()):
        pass


def test_a_node_that_brings_anothers_answer_loses_its_stream() -> None:
    with pytest.raises(Malformed, match="its own answers"):
        asyncio.run(bring(relay(), JP, reply(BR)))


def test_a_node_answers_what_was_handed_to_it_and_each_of_that_once() -> None:
    """So that nobody fills the queue of an ask, or another's mailbox, with answers that no query is behind."""
    store = MemoryHubStore()
    made = relay(store=store)
    query_id = ProtoCodec().decode_header(question().header).query_id
    mine = replace(reply(JP), query_id=query_id)

    async def scenario() -> None:
        up: asyncio.Queue[Reply] = asyncio.Queue()

        async def replies() -> AsyncIterator[Reply]:
            while True:
                yield await up.get()

        async def unasked() -> AsyncIterator[Reply]:
            await asyncio.Event().wait()
            yield reply(BR)

        other = asyncio.ensure_future(anext(made.attend(BR, unasked())))
        stream = made.attend(JP, replies())
        delivery = asyncio.ensure_future(anext(stream))
        await until(lambda: {JP, BR} <= made.attending)
        for _ in range(2 * QUEUE_DEPTH):
            await up.put(reply(JP))
        asking = made.ask(FR, question(), 0.3)
        first = asyncio.ensure_future(anext(asking))
        assert (await delivery).query == question()
        for each in [reply(JP)] * (2 * QUEUE_DEPTH) + [mine] * (2 * QUEUE_DEPTH):
            await up.put(each)
        # Another's answer still gets through, or runs out of its own time: the ask was not cut off.
        told = [*await first, *[event async for events in asking for event in events]]
        assert {(event.member, event.answer is None, event.outcome) for event in told} == {
            (JP, False, None),
            (BR, True, Outcome.TIMEOUT),
        }
        await until(up.empty)
        other.cancel()
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(scenario())
    with store.read() as tx:
        assert tx.mailbox_size(FR) == 0


async def late(made: QueryRelay, hold: asyncio.Event) -> None:
    """France asks Japan, and hangs up before Japan answers."""

    async def replies() -> AsyncIterator[Reply]:
        await hold.wait()
        yield replace(reply(JP), query_id=ProtoCodec().decode_header(question().header).query_id)

    stream = made.attend(JP, replies())
    delivery = asyncio.ensure_future(anext(stream))
    await until(lambda: JP in made.attending)
    assert (await outcomes(made, FR, question(recipients=(JP,))))[JP] is Outcome.TIMEOUT
    await delivery
    assert made._unpack_delivery.cache_info().currsize == 0, "what was asked is in the hub's memory still"
    hold.set()
    assert [each async for each in stream] == []


@pytest.mark.parametrize(("before", "after"), [(0, 1), (MAILBOX_DEPTH - 1, MAILBOX_DEPTH), (MAILBOX_DEPTH,) * 2])
def test_late_answers_wait_in_a_bounded_mailbox(before: int, after: int) -> None:
    store = MemoryHubStore()
    with store.write() as writer:
        for _ in range(before):
            writer.put_mail(FR, bytes(16), reply(BR).answer, sim.NOW + 60)

    async def scenario() -> None:
        await late(relay(store=store), asyncio.Event())

    asyncio.run(scenario())
    with store.read() as tx:
        assert tx.mailbox_size(FR) == after


@pytest.mark.parametrize(
    ("letters", "size", "after"),
    [(LETTERS_OF_ONE - 1, 10, 1), (LETTERS_OF_ONE, 10, 0), (5, LETTER_BYTES_OF_ONE // 5, 0)],
    ids=["room", "many", "long"],
)
def test_one_member_fills_a_part_of_anothers_mailbox(letters: int, size: int, after: int) -> None:
    """An asker that is away: its mailbox has room for what others answer late."""
    store = MemoryHubStore()
    with store.write() as writer:
        for _ in range(letters):
            writer.put_mail(FR, bytes(16), replace(reply(JP).answer, answer=bytes(size)), sim.NOW + 60)
        writer.put_mail(FR, bytes(16), reply(BR).answer, sim.NOW + 60)

    async def scenario() -> None:
        await late(relay(store=store), asyncio.Event())

    asyncio.run(scenario())
    with store.read() as tx:
        assert tx.mailbox_size(FR) == letters + 1 + after


def test_a_full_mailbox_is_read_a_few_at_a_time_and_emptied() -> None:
    store = MemoryHubStore()
    with store.write() as writer:
        for number in range(3 * MAIL_AT_ONCE + 1):
            writer.put_mail(FR, number.to_bytes(16, "big"), reply(JP).answer, sim.NOW + 60)
    made = relay(store=store)

    async def scenario() -> None:
        async def silent() -> AsyncIterator[Reply]:
            await asyncio.Event().wait()
            yield reply(FR)

        stream = made.attend(FR, silent())
        got = [(await anext(stream)).late for _ in range(3 * MAIL_AT_ONCE + 1)]
        assert [int.from_bytes(each.query_id, "big") for each in got if each] == list(range(3 * MAIL_AT_ONCE + 1))
        made.close()
        assert (await anext(stream)).going_away

    asyncio.run(scenario())
    with store.read() as tx:
        assert tx.mailbox_size(FR) == 0


def test_a_node_that_opened_its_stream_anew_is_attending_when_the_old_one_ends() -> None:
    made = relay()

    async def scenario() -> None:
        async def silent() -> AsyncIterator[Reply]:
            await asyncio.Event().wait()
            yield reply(JP)

        old, new = made.attend(JP, silent()), made.attend(JP, silent())
        first = asyncio.ensure_future(anext(old, None))
        await until(lambda: JP in made.attending)
        second = asyncio.ensure_future(anext(new, None))
        assert await first is None
        assert JP in made.attending
        made.close()
        assert await second is not None
        await new.aclose()  # type: ignore[attr-defined]
        assert JP not in made.attending

    asyncio.run(scenario())


def test_a_farewell_ends_every_attending_stream() -> None:
    made = relay()

    async def scenario() -> None:
        async def silent() -> AsyncIterator[Reply]:
            await asyncio.Event().wait()
            yield reply(JP)

        stream = made.attend(JP, silent())
        waiting = asyncio.ensure_future(anext(stream))
        while JP not in made.attending:  # noqa: ASYNC110 (what attends has no event of its own)
            await asyncio.sleep(0)
        made.close()
        async with asyncio.timeout(10):
            assert (await waiting).going_away
            assert [delivery async for delivery in stream] == []

    asyncio.run(scenario())


def test_what_travels_over_the_switchboard_comes_out_as_it_went_in() -> None:
    from node.domain.queries import RelayEvent
    from node.domain.services import Delivery

    event = RelayEvent(member=JP, query_id=bytes(16), answer=reply(JP).answer)
    assert unpack_event(pack_event(event)) == event
    for delivery in (Delivery(query=question(), remaining=1.5), Delivery(late=event)):
        assert unpack_delivery(pack_delivery(delivery)) == delivery
    with pytest.raises(Malformed):
        unpack_event(pack_event(event)[:-1])


def test_who_is_offline_is_told_in_one_group_and_so_are_answers_that_wait_together() -> None:
    async def scenario() -> None:
        made = relay()
        asking = made.ask(FR, question(), 5.0)
        assert {event.outcome for event in await anext(asking)} == {Outcome.OFFLINE}
        await asking.aclose()  # type: ignore[attr-defined]

        hold = asyncio.Event()

        async def replies(member: MemberId) -> AsyncIterator[Reply]:
            await hold.wait()
            yield replace(reply(member), query_id=ProtoCodec().decode_header(question().header).query_id)
            await asyncio.Event().wait()

        streams = [made.attend(member, replies(member)) for member in (JP, BR)]
        handed = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await until(lambda: {JP, BR} <= made.attending)
        asking = made.ask(FR, question(), 5.0)
        first = asyncio.ensure_future(anext(asking))
        await asyncio.gather(*handed)
        hold.set()
        told = list(await first)
        while len(told) < 2:
            told += await anext(asking)
        assert {event.member for event in told} == {JP, BR}
        assert [events async for events in asking] == []
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(scenario())
