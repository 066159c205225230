"""Work of a member that takes the event loop's time is done in turns."""

import asyncio

import pytest

from node.domain.ids import MemberId
from node.wire.turns import REST_SHARE, Turns
from tests.integration.wire_pki import on_a_loop

FR, JP = MemberId("FR"), MemberId("JP")
READ = 0.02
"""Seconds for which a reading blocks the loop."""


async def read(turns: Turns, member: MemberId, ends: list[float], *, much: bool) -> None:
    loop = asyncio.get_running_loop()
    async with turns.turn(member, much=much):
        until = loop.time() + READ
        while loop.time() < until:
            pass
    ends.append(loop.time())


@on_a_loop
async def test_one_member_takes_a_third_of_the_loop_however_many_calls_it_has() -> None:
    turns, ends, began = Turns(), list[float](), asyncio.get_running_loop().time()
    await asyncio.gather(*(read(turns, FR, ends, much=True) for _ in range(5)))
    assert ends[-1] - began >= 5 * READ * (1 + REST_SHARE)


@on_a_loop
async def test_nobody_waits_for_another_member_and_what_is_small_for_nobody() -> None:
    turns, many, others = Turns(), list[float](), list[float]()
    long = [read(turns, FR, many, much=True) for _ in range(5)]
    await asyncio.gather(*long, read(turns, JP, others, much=True), read(turns, FR, others, much=False))
    assert max(others) < max(many)


@on_a_loop
async def test_a_call_that_is_malformed_or_hangs_up_leaves_the_turn_to_the_next() -> None:
    turns = Turns()

    async def malformed() -> None:
        async with turns.turn(FR, much=True):
            int("no number")

    async def hangs_up() -> None:
        async with turns.turn(FR, much=True):
            await asyncio.Event().wait()

    with pytest.raises(ValueError, match="no number"):
        await malformed()
    gone = asyncio.ensure_future(hangs_up())
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(5), turns.turn(FR, much=True):
        assert gone.done()
