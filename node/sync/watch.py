"""The watch on the hub: does it still have what it has cosigned?

Rules this module upholds:

- One question a round, whatever the number of logs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.domain.services import Carrier
    from node.usecases.hub_watch import HubWatch


class Watch:
    """Runs on the event loop; the store is read in threads."""

    def __init__(self, *, watch: HubWatch, carrier: Carrier) -> None:
        self._watch = watch
        self._carrier = carrier

    async def round(self) -> None:
        """Asks the hub for its heads and holds them against what is kept here. Raises what stands in the way."""
        before = await asyncio.to_thread(self._watch.cosigned)
        if before:
            await asyncio.to_thread(self._watch.look, before, await self._carrier.heads([]))
