"""Restitution: submits own logs of former epochs to a hub that has less of them than it had cosigned.

Rules this module upholds:

- It sends only if something is missing. A hub that has everything is only asked for its heads.
- A hub that accepts nothing is left alone until the next round.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from node.errors import PeerFault

if TYPE_CHECKING:
    from node.domain.ids import Origin
    from node.domain.services import Carrier
    from node.usecases.formerlogs import FormerLogs

_log = structlog.get_logger(__name__)


class Restitution:
    """Runs on the event loop; reading the logs goes to threads."""

    def __init__(self, *, former: FormerLogs, carrier: Carrier) -> None:
        self._former = former
        self._carrier = carrier

    async def round(self) -> None:
        """Submits what the hub lacks. Raises what stops it."""
        sizes = await asyncio.to_thread(self._former.sizes)
        if not sizes:
            return
        heads = {head.origin: head.size for head in await self._carrier.heads(list(sizes))}
        for origin, size in sizes.items():
            if heads.get(origin, 0) < size:
                await self._hand_in(origin, heads.get(origin, 0))

    async def _hand_in(self, origin: Origin, at: int) -> None:
        start = at
        while (package := await asyncio.to_thread(self._former.run_from, origin, at)) is not None:
            head = await self._carrier.submit(package)
            if head.size <= at:
                raise PeerFault("the hub accepted entries of a former log but does not have them")
            at = head.size
        _log.warning("a former log of ours was submitted again", entries=at - start)
