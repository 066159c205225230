"""What a node may bring the relay, and the mailboxes in which late answers wait."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from node.domain.ids import MemberId
from node.domain.queries import Outcome
from node.domain.services import Reply
from node.errors import Malformed
from node.hub.relay import LETTER_BYTES_OF_ONE, LETTERS_OF_ONE, MAIL_AT_ONCE, MAILBOX_DEPTH, QueryRelay
from node.hub.switchboard import QUEUE_DEPTH
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import until
from tests.simulator.memory_store import MemoryHubStore
from tests.unit.hub.relays import BR, FR, JP, outcomes, question, relay, reply


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
