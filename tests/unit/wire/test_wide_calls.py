"""Calls that name many logs take turns."""

import asyncio

from node.domain.ids import MemberId
from node.wire.wide_calls import MANY, REST_SHARE, WideCalls
from tests.integration.wire_pki import on_a_loop

FR, JP = MemberId("FR"), MemberId("JP")
READ = 0.02
"""Seconds for which a reading blocks the loop."""


async def read(wide: WideCalls, member: MemberId, names: int, ends: list[float]) -> None:
    loop = asyncio.get_running_loop()
    async with wide.turn(member, names):
        until = loop.time() + READ
        while loop.time() < until:
            pass
    ends.append(loop.time())


@on_a_loop
async def test_one_member_takes_a_third_of_the_loop_however_many_calls_it_has() -> None:
    wide, ends, began = WideCalls(), list[float](), asyncio.get_running_loop().time()
    await asyncio.gather(*(read(wide, FR, MANY, ends) for _ in range(5)))
    assert ends[-1] - began >= 5 * READ * (1 + REST_SHARE)


@on_a_loop
async def test_nobody_waits_for_another_member_and_a_call_with_few_names_for_nobody() -> None:
    wide, many, others = WideCalls(), list[float](), list[float]()
    long = [read(wide, FR, MANY, many) for _ in range(5)]
    await asyncio.gather(*long, read(wide, JP, MANY, others), read(wide, FR, MANY - 1, others))
    assert max(others) < max(many)
    assert sorted(many)[0] < sorted(many)[-1]


@on_a_loop
async def test_a_call_that_is_malformed_or_hangs_up_leaves_the_turn_to_the_next() -> None:
    wide = WideCalls()
    for error in (ValueError, asyncio.CancelledError):
        try:
            async with wide.turn(FR, MANY):
                raise error
        except error:
            pass
    async with asyncio.timeout(5), wide.turn(FR, MANY):
        pass
