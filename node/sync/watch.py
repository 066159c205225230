"""The watch on the hub: checks that it still has what it has cosigned.

Rules this module upholds:

- One request per round, for any number of logs.
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
        """Requests the hub's heads and compares them with what is stored here. Raises what stops it."""
        before = await asyncio.to_thread(self._watch.cosigned)
        if before:
            await asyncio.to_thread(self._watch.look, before, await self._carrier.heads([]))
