"""The audit log as a person reads it. It is the same for a node and for a hub.

Rules this module upholds:

- The audit log records who reads it before it shows anything.
- Of an entry's body, only the fields named here are shown: query id, case, legal basis and the like. Fingerprints are
  counted.
- An entry whose body was purged is still shown, so its existence stays visible.
- An act is shown with how it ended, although the outcome is a separate entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from node.domain.batch import READ_BYTES, BodyState
from node.domain.envelope import Kind
from node.usecases.access import record_access
from node.usecases.acts import ActOutcome, outcomes
from node.usecases.audit import unpack_body

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.domain.log_ports import StoredRun
    from node.domain.stores import LogStore
    from node.usecases.audit import AuditLog

SHOWN: Final = 50
"""Default number of entries shown: the newest."""
_FIELDS: Final = frozenset({
    "what", "at", "case", "purpose", "legal_basis", "officer", "officer_role", "query", "asker", "asked", "outcome",
    "hits", "member", "mine", "limit", "reason", "record", "records", "holdings", "verdict", "bundle_sha256", "entries",
    "still", "values", "sha256_of_values", "level", "digests", "of", "error", "why",
    "found", "known", "list", "format", "sha256_of_file", "rows", "left_out", "to", "role", "by",
    "named", "named_role", "version", "fields", "lead", "added", "removed", "note_number", "entity", "into", "of_kind",
    "cases", "hit", "thread", "message", "about", "members", "link", "relation",
})  # fmt: skip
"""The fields of a body that are shown."""
_COUNTED: Final = frozenset({"hashes", "sha256"})
"""Lists of fingerprints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """One entry. `fields`: of its body, and how an act ended; empty if the body was purged. `fingerprints`: how many
    its body holds.
    """

    index: int
    kind: Kind
    state: BodyState
    fields: Mapping[str, Any]
    fingerprints: int


class AuditReading:
    """Blocking: never on the event loop."""

    def __init__(self, *, store: LogStore, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit

    def pages(self, after: int | None = None, limit: int = SHOWN) -> Iterator[list[ShownEntry]]:
        """At most `limit` entries from index `after` on, oldest first; without `after`, the newest `limit` entries. A
        page has as many as one read returns, at least one.

        The "outcome" of an administrative act is done, refused, failed, running, or unknown if the process ended before
        it recorded the outcome. Refused and failed acts have "error" and usually "why". The access is recorded before
        the first page is read.
        """
        record_access(self._audit, "audit", limit=limit)
        at, end = self._range(after, limit)
        while at < end:
            page = self._page(at, end)
            yield page
            at += len(page)

    def _range(self, after: int | None, limit: int) -> tuple[int, int]:
        with self._store.read() as tx:
            log = tx.log(self._audit.origin)
        size = log.size if log else 0
        start = max(0, size - limit) if after is None else min(after, size)
        return start, min(size, start + limit)

    def _page(self, start: int, stop: int) -> list[ShownEntry]:
        with self._store.read() as tx:
            run = tx.run(self._audit.origin, start, stop, READ_BYTES)
            bodies = _bodies(run)
            begun = {
                start + offset: run.entries[offset]
                for offset, body in enumerate(bodies)
                if body.get("outcome") == ActOutcome.BEGUN
            }
            ended = outcomes(tx, self._audit, begun)
        return [
            ShownEntry(
                index=start + offset,
                kind=Kind(entry[1]),
                state=BodyState(run.states[offset]),
                fields={name: value for name, value in body.items() if name in _FIELDS} | ended.get(start + offset, {}),
                fingerprints=sum(len(body[name]) for name in _COUNTED & body.keys()),
            )
            for offset, (entry, body) in enumerate(zip(run.entries, bodies, strict=True))
        ]


def _bodies(run: StoredRun) -> list[dict[str, Any]]:
    """The bodies of a run; an empty one for an entry whose body is not here."""
    return [
        unpack_body(body)[0] if state == BodyState.HELD else {}
        for body, state in zip(run.bodies, run.states, strict=True)
    ]
