"""Commands for bundles: read one into this node, and say what this node has.

Rules this module upholds:

- The command line opens the file and sends its bytes. Everything in them is verified here.
- Commands hold no decisions: `usecases.bundle_carrying` makes them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.control.arguments import Arguments
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from node.control.runner import Line
    from node.usecases.bundle_carrying import BundleCarrying, BundleRead
    from node.usecases.bundle_log import LogResult


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCommands:
    """`carrying`: of this node."""

    carrying: BundleCarrying

    async def read_bundle(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """{"manifest": base64} and items {"data": base64} -> a line for each log, {"log", "member", "before", "size",
        "records", "missing", "closed", "late", "standing", "why"}, then {"written_by", "written_at", "for", "rows",
        "left_out", "sha256", "entries", "records", "late", "newer_roster", "roster_version", "complete"}. Raises
        `PeerFault`, `Refused`.
        """
        manifest = _bytes(Arguments(arguments).text("manifest"))
        read = await self.carrying.read(manifest, _pieces(items))
        for each in read.taken.logs:
            yield _log_line(each)
        yield _summary_line(read)

    async def bundle_have(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncGenerator[Line, None]:
        """What this node has: one line {"federation", "member", "logs": {origin: size}}."""
        had = await asyncio.to_thread(self.carrying.have)
        logs = {str(origin): size for origin, size in had.logs.items()}
        yield {"federation": had.federation, "member": had.member, "logs": logs}


async def _pieces(items: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    async for item in items:
        yield _bytes(Arguments(item).text("data"))


def _summary_line(read: BundleRead) -> Line:
    taken, manifest = read.taken, read.taken.manifest
    return {
        "written_by": manifest.member,
        "written_at": manifest.at,
        "for": manifest.profile or None,
        "rows": manifest.rows,
        "left_out": dict(manifest.left_out),
        "sha256": manifest.sha256.hex(),
        "entries": taken.entries,
        "records": read.records,
        "late": read.late,
        "newer_roster": taken.newer,
        "roster_version": read.roster_version,
        "complete": read.complete,
    }


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
