"""The items of a long command: the person can stop it between two batches.

Rules this module upholds:

- An item {"stop": true} stops the command. Any other item changes nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from node.usecases.in_threads import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line


@asynccontextmanager
async def stopping(items: AsyncIterator[Line]) -> AsyncIterator[Stop]:
    """Listens to the items of a command while the block runs."""
    stop = Stop()
    listening = asyncio.create_task(_listen(items, stop))
    try:
        yield stop
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(items: AsyncIterator[Line], stop: Stop) -> None:
    """Reads the items until they end."""
    async for item in items:
        stop.asked |= item.get("stop") is True
