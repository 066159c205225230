"""The audit log as a person reads it. The command is the same for a node and for a hub.

Rules this module upholds:

- The audit log records who reads it before it shows anything.
- Of an entry's body, only the fields named here are shown: query id, case, legal basis and the like. Fingerprints are
  counted.
- An entry whose body was purged still has a line, so its existence stays visible.
- The line of an act says how the act ended, although the outcome is a separate entry.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.control.arguments import Arguments
from node.domain.batch import READ_BYTES, BodyState
from node.domain.envelope import Kind
from node.usecases.acts import ActOutcome, outcomes
from node.usecases.audit import AuditEntry, unpack_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.ids import Origin
    from node.domain.ports import Clock
    from node.domain.stores import LogStore
    from node.usecases.audit import AuditLog

SHOWN: Final = 50
"""Default number of entries shown: the newest."""
_PREFIX: Final = "audit_"
_SHOWN: Final = frozenset({
    "what", "at", "case", "purpose", "legal_basis", "officer", "officer_role", "query", "asker", "asked", "outcome",
    "hits", "member", "mine", "limit", "reason", "record", "records", "holdings", "verdict", "bundle_sha256", "entries",
    "values", "sha256_of_values", "level", "digests", "of", "error", "why",
    "found", "known", "list", "format", "sha256_of_file", "rows", "left_out", "to", "role", "by",
    "named", "named_role",
})  # fmt: skip
_COUNTED: Final = frozenset({"hashes", "sha256"})
"""Lists of fingerprints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCommands:
    """`origin`: the origin of the audit log."""

    origin: Origin
    store: LogStore
    audit: AuditLog
    clock: Clock

    async def read_audit(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"after", "limit"} -> one line per entry, oldest first; without "after", the newest `limit` entries.

        The "outcome" of an administrative act is done, refused, failed, running, or unknown if the process ended before
        it recorded the outcome. Refused and failed acts have "error" and usually "why".
        """
        given = Arguments(arguments)
        limit = given.whole("limit", SHOWN)
        look = {"what": "audit", "limit": limit, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=look))
        at, end = await asyncio.to_thread(self._range, arguments.get("after"), limit)
        while at < end:
            lines = await asyncio.to_thread(self._lines, at, end)
            for line in lines:
                yield line
            at += len(lines)

    def _range(self, after: int | None, limit: int) -> tuple[int, int]:
        with self.store.read() as tx:
            log = tx.log(self.origin)
        size = log.size if log else 0
        start = max(0, size - limit) if after is None else min(after, size)
        return start, min(size, start + limit)

    def _lines(self, start: int, stop: int) -> list[Line]:
        """As many entries from `start` on as one read returns, at least one."""
        with self.store.read() as tx:
            run = tx.run(self.origin, start, stop, READ_BYTES)
            bodies = [
                unpack_body(body)[0] if state == BodyState.HELD else {}
                for body, state in zip(run.bodies, run.states, strict=True)
            ]
            begun = {
                start + offset: run.entries[offset]
                for offset, body in enumerate(bodies)
                if body.get("outcome") == ActOutcome.BEGUN
            }
            ended = outcomes(tx, self.audit, begun)
        lines: list[Line] = []
        for offset, entry in enumerate(run.entries):
            state, body = BodyState(run.states[offset]), bodies[offset]
            kind = Kind(entry[1]).name.lower().removeprefix(_PREFIX).replace("_", "-")
            line: Line = {"index": start + offset, "kind": kind, "state": state.name.lower()}
            line |= {name: value for name, value in body.items() if name in _SHOWN}
            lines.append(line | ended.get(start + offset, {}))
            if count := sum(len(body[name]) for name in _COUNTED & body.keys()):
                lines[-1]["fingerprints"] = count
        return lines
