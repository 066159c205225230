"""Commands for bundles: read one into this node, and say what this node has.

Rules this module upholds:

- The command line opens the file and sends its bytes. Everything in them is verified here.
- Nothing is decided here: `usecases.bundle_taking` decides.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.control.arguments import Arguments
from node.errors import Misuse
from node.usecases.bundle_taking import BundleTaking, Taken, TakingDeps

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.ids import FederationId, MemberId
    from node.domain.stores import NodeStore
    from node.usecases.bundle_log import LogResult


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCommands:
    """`match`: has the records that came matched against the holdings; blocking."""

    taking: TakingDeps
    match: Callable[[], None]
    store: NodeStore
    federation: FederationId
    member: MemberId

    async def read_bundle(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"manifest": base64} and items {"data": base64} -> a line for each log, {"log", "member", "before", "size",
        "records", "missing", "closed", "late", "standing", "why"}, then {"written_by", "written_at", "for", "rows",
        "left_out", "sha256", "entries", "records", "late", "newer_roster", "roster_version", "complete"}. Raises
        `PeerFault`, `Refused`.
        """
        taking = BundleTaking(self.taking, _bytes(Arguments(arguments).text("manifest")))
        try:
            async for item in items:
                await asyncio.to_thread(taking.feed, _bytes(Arguments(item).text("data")))
            taken = await asyncio.to_thread(taking.end)
        except BaseException as error:
            await asyncio.shield(asyncio.to_thread(taking.stop, error))
            raise
        if taken.entries or any(each.late for each in taken.logs):
            await asyncio.to_thread(self.match)
        for each in taken.logs:
            yield _log_line(each)
        yield self._summary(taken)

    def _summary(self, taken: Taken) -> Line:
        manifest = taken.manifest
        return {
            "written_by": manifest.member,
            "written_at": manifest.at,
            "for": manifest.profile or None,
            "rows": manifest.rows,
            "left_out": dict(manifest.left_out),
            "sha256": manifest.sha256.hex(),
            "entries": taken.entries,
            "records": sum(each.records for each in taken.logs),
            "late": sum(each.late for each in taken.logs),
            "newer_roster": taken.newer,
            "roster_version": self.taking.roster().version,
            "complete": all(each.standing.is_complete for each in taken.logs),
        }

    async def bundle_have(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """What this node has: one line {"federation", "member", "logs": {origin: size}}."""
        yield {"federation": self.federation, "member": self.member, "logs": await asyncio.to_thread(self._sizes)}

    def _sizes(self) -> dict[str, int]:
        with self.store.read() as tx:
            return {str(log.origin): log.size for log in tx.logs() if log.origin.stream == "log"}


def _log_line(of: LogResult) -> dict[str, Any]:
    return {
        "log": str(of.origin),
        "member": of.origin.member,
        "before": of.before,
        "size": of.after,
        "records": of.records,
        "missing": of.missing,
        "closed": of.closed,
        "late": of.late,
        "standing": of.standing,
        "why": of.why or None,
    }


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Misuse("an item on the local socket is not in base64") from None
