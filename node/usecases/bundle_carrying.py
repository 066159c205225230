"""Bundles that come to this node by hand: one is read in, and what this node has already is told to its writer.

Rules this module upholds:

- New records are matched against the holdings as soon as the bundle has been read.
- However a reading ends, what was verified before is stored, and the audit log says how it ended (`bundle_taking`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.usecases.bundle_taking import BundleTaking, Taken, TakingDeps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from node.domain.ids import FederationId, MemberId, Origin
    from node.domain.stores import LogStore


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRead:
    """The result of a reading. `roster_version`: of the roster now in force."""

    taken: Taken
    roster_version: int

    @property
    def records(self) -> int:
        """How many records came."""
        return sum(each.records for each in self.taken.logs)

    @property
    def late(self) -> int:
        """How many bodies came for entries that were here without."""
        return sum(each.late for each in self.taken.logs)

    @property
    def complete(self) -> bool:
        """Whether this node has all that the bundle has for it."""
        return all(each.standing.is_complete for each in self.taken.logs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Had:
    """What this node has: the size of each log."""

    federation: FederationId
    member: MemberId
    logs: Mapping[Origin, int]


class BundleCarrying:
    """`match`: has the records that came matched against the holdings; blocking."""

    def __init__(
        self,
        *,
        taking: TakingDeps,
        match: Callable[[], None],
        store: LogStore,
        federation: FederationId,
        member: MemberId,
    ) -> None:
        self._taking = taking
        self._match = match
        self._store = store
        self._federation = federation
        self._member = member

    async def read(self, manifest: bytes, pieces: AsyncIterator[bytes]) -> BundleRead:
        """Reads a bundle, whose bytes are `pieces`. Raises `PeerFault`, `Refused`, and what the pieces raise."""
        taking = BundleTaking(self._taking, manifest)
        try:
            async for piece in pieces:
                await asyncio.to_thread(taking.feed, piece)
            taken = await asyncio.to_thread(taking.end)
        except BaseException as error:
            await asyncio.shield(asyncio.to_thread(taking.stop, error))
            raise
        if taken.entries or any(each.late for each in taken.logs):
            await asyncio.to_thread(self._match)
        return BundleRead(taken=taken, roster_version=self._taking.roster().version)

    def have(self) -> Had:
        """What this node has. Blocking."""
        with self._store.read() as tx:
            logs = {log.origin: log.size for log in tx.logs() if log.origin.stream == "log"}
        return Had(federation=self._federation, member=self._member, logs=logs)
