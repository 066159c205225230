"""Our own links as a list in pages.

Rules this module upholds:

- The audit log has who looks before anything is read.
- Links of every epoch of our log are listed, oldest first; those that wait for their place come last.
- A link that was replaced, retracted, or lost a record is not listed: it has no body any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.mentions import Role
from node.usecases.access import record_access
from node.usecases.link_graph import Edge
from node.usecases.link_views import LinkViews
from node.usecases.waiting_links import waiting_links

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog
    from node.usecases.link_views import ShownLink
    from node.usecases.verification import Verifier

_READ: Final = 500
"""Entries that are looked at together."""
_KINDS: Final = (Kind.LINK, Kind.REVISION)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPage:
    """`next`: the value of `after` for the next page, None at the end."""

    links: Sequence[ShownLink]
    next: int | None


class OwnLinks:
    """Blocking: never on the event loop. `own`: our log, of the newest epoch."""

    def __init__(self, *, store: NodeStore, codec: Codec, verifier: Verifier, audit: AuditLog, own: Origin) -> None:
        self._store = store
        self._codec = codec
        self._verifier = verifier
        self._audit = audit
        self._own = own

    def page(self, *, after: int = 0, limit: int) -> OwnPage:
        """At most `limit` links, without the first `after`."""
        record_access(self._audit, "links", mine=True, limit=limit)
        edges: list[Edge] = []
        with self._store.read() as tx:
            waiting = waiting_links(tx, self._codec, self._own)
            more = False
            for number, edge in enumerate(self._edges(tx)):
                more = number >= after + limit
                if more:
                    break
                if number >= after:
                    edges.append(edge)
            views = LinkViews(tx, self._codec, self._verifier, {each.place: each for each in waiting})
            if not more:
                edges += [Edge(place=each.place, records=each.records, depth=0) for each in waiting]
            return OwnPage(links=views.links(edges), next=after + limit if more else None)

    def _edges(self, tx: LogReader) -> Iterator[Edge]:
        """Our links in log order."""
        for origin in sorted(log.origin for log in tx.logs() if log.origin.member == self._own.member):
            after = (origin, -1)
            while page := [each for each in tx.stated(_KINDS, limit=_READ, after=after) if each.origin == origin]:
                for each in page:
                    said = tx.mentions(origin, each.index, each.index + 1)
                    records = tuple(mention.record for mention in said if mention.role is Role.LINKED)
                    if records:
                        yield Edge(place=(origin, each.index), records=records, depth=0)
                after = (origin, page[-1].index)
