"""Turns for what takes the event loop's time: to parse a large message, to read many names. Everybody's calls wait
meanwhile.

Rules this module upholds:

- Such work of one member is done one piece after the other, and after each the member waits for `REST_SHARE` times as
  long as it took. So one member takes at most a third of the loop with it.
- What is small waits for nobody.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from node.domain.ids import MemberId

LARGE_BYTES: Final = 64 * 1024
"""Of a message, from which on it waits for its turn to be parsed: up to 2 ms."""
MANY_NAMES: Final = 500
"""Of logs in a call, from which on it waits for its turn to be read: 2 ms."""
REST_SHARE: Final = 2.0


class Turns:
    """The turns of all members. On one event loop."""

    def __init__(self) -> None:
        self._turns: dict[MemberId, asyncio.Lock] = {}

    @asynccontextmanager
    async def turn(self, member: MemberId, *, much: bool) -> AsyncGenerator[None, None]:
        """Holds the member's turn while the block works, if it is `much` work. The block must not wait for anything."""
        if not much:
            yield
            return
        clock = asyncio.get_running_loop().time
        async with self._turns.setdefault(member, asyncio.Lock()):
            began = clock()
            try:
                yield
            finally:
                await asyncio.sleep(REST_SHARE * (clock() - began))
