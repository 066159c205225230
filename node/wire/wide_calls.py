"""Calls that name many logs: to read the names takes the event loop's time, and everybody's calls wait meanwhile.

Rules this module upholds:

- Such calls of one member are read one after the other, and after each the member waits for `REST_SHARE` times as long
  as the reading took. So one member takes at most a third of the loop with them.
- A call that names few logs waits for nobody.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from node.domain.ids import MemberId

MANY: Final = 500
"""Names in a call, from which on it waits for its turn: 2 ms."""
REST_SHARE: Final = 2.0


class WideCalls:
    """The turns of all members. On one event loop."""

    def __init__(self) -> None:
        self._turns: dict[MemberId, asyncio.Lock] = {}

    @asynccontextmanager
    async def turn(self, member: MemberId, names: int) -> AsyncGenerator[None, None]:
        """Holds the member's turn while the block reads `names` names. The block must not wait for anything."""
        if names < MANY:
            yield
            return
        clock = asyncio.get_running_loop().time
        async with self._turns.setdefault(member, asyncio.Lock()):
            began = clock()
            try:
                yield
            finally:
                await asyncio.sleep(REST_SHARE * (clock() - began))
