"""Asks the hub for bodies of entries that came from a file: some of them may be for us (`usecases.from_files`).

Rules this module upholds:

- Only for a log that is caught up: before that, an entry that is on its way may purge the body.
- What the hub sends is checked against the entry's commitments and handling, as always.
- Each entry is asked for once, and the work is bounded in each round. A fault with one log does not stop the others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from node.errors import NotFound, PeerFault, Refused, VigilError
from node.sync.repair import ASK_AT_ONCE
from node.usecases.from_files import advance, answered, closed, read_ranges
from node.usecases.late_bodies import fill_late

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.envelope import Disclosure
    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Codec
    from node.domain.services import Carrier, Head
    from node.domain.stores import LogStore
    from node.usecases.log_catalogue import LogCatalogue

REQUESTS: Final = 20
"""Most requests of one round for one log."""
_log = structlog.get_logger(__name__)


class ClosedBodies:
    """Call `round()` when it is due, on the event loop."""

    def __init__(
        self, *, store: LogStore, catalogue: LogCatalogue, codec: Codec, carrier: Carrier, member: MemberId
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._codec = codec
        self._carrier = carrier
        self._member = member

    async def round(self) -> int:
        """Asks for the next bodies; returns how many came and were right. Raises as the carrier does."""
        if not await asyncio.to_thread(self._ranges):
            return 0
        heads = await self._carrier.heads([])
        filled, faults = 0, list[VigilError]()
        for origin in await asyncio.to_thread(self._caught_up, heads):
            try:
                for _ in range(REQUESTS):
                    came, is_over = await self._ask(origin)
                    filled += came
                    if is_over:
                        break
            except (PeerFault, NotFound, Refused) as fault:
                _log.error("bodies cannot be asked for", origin=str(origin), kind=fault.kind, reason=str(fault))
                faults.append(fault)
        if faults:
            raise faults[0]
        return filled

    def _ranges(self) -> Mapping[Origin, tuple[int, int]]:
        with self._store.read() as tx:
            return read_ranges(tx)

    def _caught_up(self, heads: Sequence[Head]) -> list[Origin]:
        cosigned = {head.origin: head.cosigned_size for head in heads}
        with self._store.read() as tx:
            sizes = {log.origin: log.size for log in tx.logs() if not log.frozen}
            return [each for each in read_ranges(tx) if each in cosigned and sizes.get(each, 0) >= cosigned[each]]

    async def _ask(self, origin: Origin) -> tuple[int, bool]:
        """(Bodies that were stored, whether the range is done)."""
        asked, following, stop = await asyncio.to_thread(self._next, origin)
        given = await self._carrier.bodies(origin, asked) if asked else {}
        at = answered(asked, given.keys() & set(asked), following)
        return await asyncio.to_thread(self._fill, origin, given, asked, at), at >= stop

    def _next(self, origin: Origin) -> tuple[list[int], int, int]:
        with self._store.read() as tx:
            log, (start, stop) = tx.log(origin), read_ranges(tx).get(origin, (0, 0))
            size = log.size if log is not None else 0
            asked, following = closed(tx, origin, start, min(stop, size), ASK_AT_ONCE)
        # A note may cover entries that never came.
        return asked, stop if following >= size else following, stop

    def _fill(self, origin: Origin, given: Mapping[int, Disclosure], asked: Sequence[int], at: int) -> int:
        late = {index: given[index] for index in asked if index in given}
        with self._catalogue.change() as change:
            filled = fill_late(change, origin, late, reader=self._member, codec=self._codec)
            advance(change.writer, origin, at)
        return filled
