"""Reading links: the component of records and links around a record or a series, and our own links.

Rules this module upholds:

- The audit log has who looks before anything is read.
- What a page leaves out is counted. A component that is too large to be read whole says so.
- A record that this node may not read, or does not have, is shown by its name alone; its links are shown.
- Our own links that wait for their place are shown as such.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.mentions import Joined, Role
from node.domain.record_links import RecordLink
from node.errors import Malformed, Misuse, NotFound
from node.usecases.access import record_access
from node.usecases.link_contradictions import contradictions
from node.usecases.link_graph import Joining, walk
from node.usecases.link_views import LinkViews
from node.usecases.lookup import resolve
from node.usecases.series_search import find_series
from node.usecases.verification import places_of, roots_at
from node.usecases.waiting_links import with_waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.ids import Origin, RecordId
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec
    from node.domain.record_links import Relation
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog
    from node.usecases.link_contradictions import Contradiction
    from node.usecases.link_graph import Walk
    from node.usecases.link_views import ShownLink, ShownRecord
    from node.usecases.series_search import SeriesFound
    from node.usecases.verification import Verifier
    from node.usecases.waiting_links import WaitingLink

MOST_RECORDS: Final = 50_000
"""Records of one component that are read. A larger component is shown in part, and says so."""
LISTED: Final = 100
"""Links that are shown, if a person gives no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLinks:
    """The component to read: of a `record`, as a person names it, or of the records of a `series`. `relation`: only
    links of this relation; `depth`: how many links far, None for all; `limit`: how many links are shown, and how many
    records of the start that no shown link joins.
    """

    record: str = ""
    series: str = ""
    relation: Relation | None = None
    depth: int | None = None
    limit: int = LISTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """`links`: those shown, nearest first; `records`: those that they join, and the start. `all_links`, `all_records`:
    the numbers in the component; `beyond`: links farther than the depth. `cycles`: of all links of the component within
    the depth. `contradictions`: among what is shown. `is_whole`: the component was read whole.
    """

    links: Sequence[ShownLink]
    records: Sequence[ShownRecord]
    all_links: int
    all_records: int
    beyond: int
    cycles: int
    contradictions: Sequence[Contradiction]
    is_whole: bool


class LinkReading:
    """Blocking: never on the event loop. `own`: our log."""

    def __init__(self, *, store: NodeStore, codec: Codec, verifier: Verifier, audit: AuditLog, own: Origin) -> None:
        self._store = store
        self._codec = codec
        self._verifier = verifier
        self._audit = audit
        self._own = own

    def component(self, wanted: WantedLinks) -> Component:
        """All that hangs together with a record, or with the records of a series. Raises `Misuse`, `NotFound`."""
        if bool(wanted.record) == bool(wanted.series):
            raise Misuse("name one record, or a series", remedy="vigil links RECORD, or vigil links --series NAME")
        with self._store.read() as tx:
            target = resolve(tx, wanted.record, self._own) if wanted.record else None
        record_access(
            self._audit, "links", record=str(target) if target else "", series=wanted.series, limit=wanted.limit
        )
        with self._store.read() as tx:
            named = None if target else self._of_series(tx, wanted.series)
            starts = named.records if named else _starts(tx, target) if target else []
            joined, waiting = with_waiting(tx, self._codec, self._own, starts, MOST_RECORDS)
            only = None if wanted.relation is None else self._of_relation(tx, joined, waiting, wanted.relation)
            walked = walk(joined, starts, depth=wanted.depth, only=only)
            views = LinkViews(tx, self._codec, self._verifier, {each.place: each for each in waiting})
            is_whole = joined.is_whole and (named is None or named.is_whole)
            return _shown(wanted, walked, views, is_whole=is_whole)

    def _of_relation(
        self, tx: LogReader, joined: Joined, waiting: Sequence[WaitingLink], relation: Relation
    ) -> set[tuple[Origin, int]]:
        """The links of one relation: their bodies say it."""
        found = {each.place for each in waiting if each.said.relation is relation}
        by_log: defaultdict[Origin, list[int]] = defaultdict(list)
        for origin, index in joined.entries:
            if index >= 0:
                by_log[origin].append(index)
        for origin, indices in by_log.items():
            for index, (entry, body) in tx.held_at(origin, indices).items():
                said = self._said(entry, body)
                if isinstance(said, RecordLink) and said.relation is relation:
                    found.add((origin, index))
        return found

    def _of_series(self, tx: LogReader, series: str) -> SeriesFound:
        """The records of a series. Raises `NotFound` if there are none."""
        found = find_series(tx, self._codec, series, MOST_RECORDS)
        if not found.records:
            raise NotFound(
                "this node has no record of this series",
                remedy="vigil records shows the series of each record",
            )
        return found

    def _said(self, entry: bytes, body: bytes) -> object:
        try:
            return self._codec.decode_body(entry[1], body)
        except Malformed:
            return None  # damaged since it was verified: fsck names it


def _shown(wanted: WantedLinks, walked: Walk, views: LinkViews, *, is_whole: bool) -> Component:
    """The part of a walk that one page has."""
    edges = walked.edges[: wanted.limit]
    joining = Joining()
    closing = {edge.place for edge in edges if joining.join(edge.records)}
    links = views.links(edges, closing)
    joined = {each for edge in edges for each in edge.records}
    alone = [each for each, far in walked.records.items() if far == 0 and each not in joined][: wanted.limit]
    shown = joined.union(alone)
    records = views.records({each: far for each, far in walked.records.items() if each in shown})
    return Component(
        links=links,
        records=records,
        all_links=len(walked.edges),
        all_records=len(walked.records),
        beyond=walked.beyond,
        cycles=walked.cycles,
        contradictions=contradictions(links, records),
        is_whole=is_whole,
    )


def _starts(tx: LogReader, target: RecordId) -> list[RecordId]:
    """The records of a link; otherwise the first version of a record, or itself if it is not in a log here."""
    place = places_of(tx, [target]).get(target)
    if place is None:
        return [target]
    origin, index = place
    linked = [each.record for each in tx.mentions(origin, index, index + 1) if each.role is Role.LINKED]
    return linked or [roots_at(tx, [place])[place]]
