"""What one asker may take of the relay: units, questions at once, and places in queues."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from node.domain.limits import Limits
from node.domain.queries import MatchRule, Outcome, QueryPayload
from node.domain.roster import Policy
from node.domain.services import Reply
from node.domain.stores import HubStoreWriter
from node.domain.usage import Resource
from node.errors import DiskFull, Overloaded, Refused
from node.hub.asking import OUTSTANDING, Asking, Outstanding
from node.hub.relay import PAYLOAD_A_UNIT, PAYLOAD_BASE
from node.hub.switchboard import QUEUE_DEPTH
from node.usecases.admitting import cost_of
from node.usecases.intake import subject_of
from node.usecases.probes import LEAST_UNITS, Booked, units
from node.usecases.quotas import Refusals
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import prints, roster_of, until
from tests.simulator.memory_store import MemoryHubStore
from tests.unit.hub.relays import BR, FR, JP, outcomes, question, relay, reply

UNKNOWN_FIELD = b"\xfa\x7f"
"""The tag of field 2,047, of length-delimited bytes: no version has it."""


def varint(number: int) -> bytes:
    """A length as protobuf writes it."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


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
