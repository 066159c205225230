"""One suite over every Switchboard: in one process, and over the table of a database that two processes share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.hub.switchboard import MESSAGE_WEIGHT, QUEUE_DEPTH, LocalSwitchboard, Sent, Subscription, Switchboard
from node.hub.switchboard_table import TableSwitchboard
from tests.simulator import federation as sim
from tests.simulator.memory_store import MemoryHubStore

Pair = tuple[Switchboard, Switchboard]


@asynccontextmanager
async def local() -> AsyncIterator[Pair]:
    board = LocalSwitchboard()
    yield board, board


@asynccontextmanager
async def over_a_table() -> AsyncIterator[Pair]:
    store = MemoryHubStore()
    boards = [TableSwitchboard(store, lambda: float(sim.NOW), name) for name in ("one", "two")]
    for board in boards:
        await board.start()
    try:
        yield boards[0], boards[1]
    finally:
        for board in boards:
            await board.stop()


BOARDS = pytest.mark.parametrize("boards", [local, over_a_table], ids=["local", "table"])


async def until(condition: Callable[[], object]) -> None:
    """Waits on a condition that the other side of the table brings about."""
    async with asyncio.timeout(10):
        while not await condition():  # type: ignore[misc]  # noqa: ASYNC110 (the other side's doing)
            await asyncio.sleep(0.005)


@BOARDS
def test_a_message_reaches_the_one_who_listens_on_the_other_side(boards: Callable[[], object]) -> None:
    async def scenario() -> None:
        async with boards() as (here, there):  # type: ignore[attr-defined]
            heard = await there.subscribe("member/JP")
            await until(lambda: here.listening("member/JP"))
            assert await here.publish("member/JP", b"question", "FR") is Sent.TAKEN
            async with asyncio.timeout(10):
                assert await heard.get() == b"question"

    asyncio.run(scenario())


@BOARDS
def test_nobody_listening_is_told_at_once(boards: Callable[[], object]) -> None:
    async def scenario() -> None:
        async with boards() as (here, _):  # type: ignore[attr-defined]
            assert await here.publish("member/JP", b"question", "FR") is Sent.NOBODY
            assert not await here.listening("member/JP")

    asyncio.run(scenario())


@BOARDS
def test_who_unsubscribed_is_no_longer_listening(boards: Callable[[], object]) -> None:
    async def scenario() -> None:
        async with boards() as (here, there):  # type: ignore[attr-defined]
            heard = await there.subscribe("member/JP")
            await until(lambda: here.listening("member/JP"))
            await there.unsubscribe("member/JP", heard)

            async def gone() -> bool:
                return not await here.listening("member/JP")

            await until(gone)
            assert await heard.get() is None

    asyncio.run(scenario())


@BOARDS
def test_a_newer_stream_of_the_same_member_ends_the_older(boards: Callable[[], object]) -> None:
    async def scenario() -> None:
        async with boards() as (here, there):  # type: ignore[attr-defined]
            ghost = await here.subscribe("member/JP")
            live = await there.subscribe("member/JP")
            async with asyncio.timeout(10):
                assert await ghost.get() is None
            await until(lambda: here.listening("member/JP"))
            assert await here.publish("member/JP", b"question", "FR") is Sent.TAKEN
            async with asyncio.timeout(10):
                assert await live.get() == b"question"

    asyncio.run(scenario())


@BOARDS
def test_messages_keep_their_order(boards: Callable[[], object]) -> None:
    async def scenario() -> None:
        async with boards() as (here, there):  # type: ignore[attr-defined]
            heard = await there.subscribe("member/JP")
            await until(lambda: here.listening("member/JP"))
            sent = [str(number).encode() for number in range(50)]
            for message in sent:
                assert await here.publish("member/JP", message, "FR") is Sent.TAKEN
            async with asyncio.timeout(10):
                assert [await heard.get() for _ in sent] == sent

    asyncio.run(scenario())


@BOARDS
def test_who_floods_a_queue_loses_its_own_messages_and_the_stream_goes_on(boards: Callable[[], object]) -> None:
    async def scenario() -> None:
        async with boards() as (here, _):  # type: ignore[attr-defined]
            slow = await here.subscribe("member/JP")
            sent = [await here.publish("member/JP", b"flood", "XX") for _ in range(QUEUE_DEPTH + 5)]
            assert sent == [Sent.TAKEN] * QUEUE_DEPTH + [Sent.FULL] * 5
            assert await here.publish("member/JP", b"honest", "FR") is Sent.TAKEN
            assert slow.dropped == 6
            async with asyncio.timeout(10):
                assert [await slow.get() for _ in range(2)] == [b"flood", b"honest"], "each sender in its turn"
                assert await here.publish("member/JP", b"and on", "FR") is Sent.TAKEN

    asyncio.run(scenario())


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 3 * MESSAGE_WEIGHT)), max_size=60),
    st.integers(1, 12),
)
def test_a_full_queue_takes_only_from_those_who_have_more_than_their_share(
    offered: list[tuple[str, int]], depth: int
) -> None:
    async def scenario() -> None:
        subscription, room = Subscription(depth), depth * MESSAGE_WEIGHT
        mine: dict[str, list[bytes]] = {}
        for number, (sender, size) in enumerate(offered):
            message = number.to_bytes(4, "big") + bytes(max(size - 4, 0))
            if subscription.offer(message, sender) is Sent.TAKEN:
                mine.setdefault(sender, []).append(message)
        subscription.close()
        got = [message async for message in subscription]
        assert sum(max(len(each), MESSAGE_WEIGHT) for each in got) <= room
        for messages in mine.values():
            left = [each for each in got if each in messages]
            assert left == sorted(left), "in order"
            weight = sum(max(len(each), MESSAGE_WEIGHT) for each in messages)
            if weight * len({name for name, _ in offered}) <= room:
                assert left == messages, "whoever keeps to its share loses nothing"
        assert subscription.offer(b"late", "A") is Sent.NOBODY

    asyncio.run(scenario())


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=30), st.integers(1, 60))
def test_what_waits_is_taken_together_in_its_order_and_never_far_past_the_bytes_asked_for(
    messages: list[bytes], most: int
) -> None:
    async def scenario() -> None:
        subscription = Subscription()
        for message in messages:
            assert subscription.offer(message) is Sent.TAKEN
        subscription.close()
        groups = []
        while group := await subscription.take(most):
            groups.append(group)
        assert [message for group in groups for message in group] == messages
        for number, group in enumerate(groups):
            assert sum(map(len, group[:-1])) < most
            assert number == len(groups) - 1 or sum(map(len, group)) >= most
        assert await subscription.take(most) == [], "the end stays the end"

    asyncio.run(scenario())
