"""The audit log as a person reads it: the same command for a node and for a hub.

Rules this module upholds:

- Who looks into the audit log is in it before anything is shown.
- Of a body only what is named here is shown: query id, case, legal basis and the like. Fingerprints are counted.
- A body that was purged is a line all the same: that there was an entry stays.
- An act's line says how the act ended, though that is an entry of its own.
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
    from node.domain.ports import Clock, Store
    from node.usecases.audit import AuditLog

SHOWN: Final = 50
"""Entries shown where nobody says how many: the newest."""
_PREFIX: Final = "audit_"
_SHOWN: Final = frozenset({
    "what", "at", "case", "purpose", "legal_basis", "officer", "officer_role", "query", "asker", "asked", "outcome",
    "hits", "member", "mine", "limit", "reason", "record", "records", "holdings", "verdict", "bundle_sha256", "entries",
    "values", "sha256_of_values", "level", "digests", "of", "error", "why",
    "found", "known",
})  # fmt: skip
_COUNTED: Final = frozenset({"hashes", "sha256"})
"""Lists of fingerprints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCommands:
    """`origin`: of the audit log."""

    origin: Origin
    store: Store
    audit: AuditLog
    clock: Clock

    async def read_audit(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"after", "limit"} -> one line for each entry, oldest first; of the newest `limit` where no "after" is given.

        The "outcome" of an administrative act is done, refused, failed, running, or unknown where the process ended
        before it was written down; refused and failed ones have "error" and mostly "why".
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
        """As many entries from `start` on as are read at once, at least one."""
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
