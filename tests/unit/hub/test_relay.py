"""The relay by itself: which questions it refuses before any work, who attends, and what it hands over."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from node.domain.ids import MemberId, member_id
from node.domain.queries import Outcome, RelayEvent
from node.domain.roster import MemberStatus
from node.domain.services import Delivery, Reply
from node.errors import Expired, Malformed, Refused, Suspended
from node.hub.messages import pack_delivery, pack_event, unpack_delivery, unpack_event
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import roster_of, until
from tests.unit.hub.relays import BR, FR, JP, outcomes, question, relay, reply


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


def test_members_that_do_not_attend_are_offline_at_once() -> None:
    assert asyncio.run(outcomes(relay(), FR, question())) == {"BR": Outcome.OFFLINE, "JP": Outcome.OFFLINE}


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
