"""A change: one transaction over bodies, and the work that follows once it is durable.

Rules this module upholds:

- Whoever writes or purges bodies uses one of these, which `Catalogue.change` hands out. It remembers what the index and
  the stored hits must follow, and what is still to be deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.lists import LIST_SOURCES
from node.domain.mentions import FIRST_STATED
from node.domain.search_ports import HOLDINGS_SOURCE
from node.usecases.applying_runs import NOWHERE, Applied, Places, apply
from node.usecases.filing import Filing, mentions_in, mentions_of, read_later
from node.usecases.hit_reviews import settle_deleted
from node.usecases.notice_check import REQUESTS
from node.usecases.purging import Purge, leaf_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.batch import FingerprintColumns, VerifiedBatch
    from node.domain.envelope import Disclosure
    from node.domain.ids import Origin
    from node.domain.lists import RowsTaken
    from node.domain.mentions import Mention
    from node.domain.ports import Codec
    from node.domain.stores import LogStoreWriter, NodeStoreWriter
    from node.usecases.arrival_alerts import ArrivalAlerts
    from node.usecases.replica import Verified


@dataclass(slots=True, kw_only=True)
class LogChange:
    """One transaction over bodies in logs. `writer` is open until the block ends. `confirmed`, `unasked`: decisions on
    notices (`filing`).
    """

    writer: LogStoreWriter
    codec: Codec
    applied: list[Applied] = field(default_factory=list)
    removed: list[Mapping[int, Sequence[int]]] = field(default_factory=list)
    filled: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    purged: int = 0
    purges: list[Purge] = field(default_factory=list)
    confirmed: list[tuple[Origin, int]] = field(default_factory=list)
    unasked: list[tuple[Origin, int]] = field(default_factory=list)

    def apply(self, verified: Verified, places: Places = NOWHERE, mentions: Sequence[Mention] | None = None) -> Applied:
        """Stores a verified run with its effects (`applying_runs.apply`). `mentions`: of its bodies, if they were read
        before.
        """
        done = apply(self.writer, verified, places)
        self.applied.append(done)
        self.purged += done.purged
        found = mentions_in(self.codec, verified.batch) if mentions is None else mentions
        self._file(found, places, verified.batch, intact=not any(done.removed.values()))
        batch = verified.batch
        self._opined(batch.origin, [batch.start + at for at, kind, _, _ in batch.targets if kind == Kind.OPINION])
        return done

    def fill(self, origin: Origin, kinds: Mapping[int, int], late: Mapping[int, Disclosure]) -> None:
        """Stores the bodies of missing entries, by index; the caller has checked them. `kinds`: of these entries."""
        self.writer.fill(origin, late)
        number = self.writer.open_log(origin).number
        self.filled += [(number, index, kinds[index], shown.body) for index, shown in late.items()]
        found = [
            mention
            for index, shown in late.items()
            if kinds[index] >= FIRST_STATED
            for mention in mentions_of(
                self.codec,
                RecordId(origin, leaf_at(self.writer, origin, index)),
                index,
                kinds[index],
                shown.body,
            )
        ]
        self._file(found, NOWHERE)
        self._opined(origin, [index for index in late if kinds[index] == Kind.OPINION])

    def read_later(self, kinds: frozenset[int]) -> bool:
        """Files the mentions of some entries that an earlier version stored without reading them. False if there are
        none left.
        """
        found = read_later(self.writer, self.codec, kinds)
        for mentions in (found or {}).values():
            self._file(mentions, NOWHERE)
        return found is not None

    def _file(
        self, mentions: Sequence[Mention], places: Places, batch: VerifiedBatch | None = None, *, intact: bool = False
    ) -> None:
        """`batch`: the run with these mentions, which may hold requests that decisions wait for. `intact`: as in
        `Filing.file`.
        """
        is_awaited = batch is not None and not REQUESTS.isdisjoint(batch.kinds)
        if not mentions and not is_awaited:
            return
        filing = Filing(purge=self.purge(), places=places, codec=self.codec)
        filing.file(mentions, intact=intact)
        self._filed(mentions)
        if batch is not None and is_awaited:
            waited = len(filing.confirmed)
            filing.meet(batch)
            self.confirmed += filing.confirmed[waited:]
        self.unasked += filing.unasked

    def _filed(self, mentions: Sequence[Mention]) -> None:
        """Called with the mentions of bodies that were just stored, with the records as these name them."""

    def _opined(self, origin: Origin, opinions: Sequence[int]) -> None:
        """Called with the positions of opinions that were just stored in a log."""

    def purge(self) -> Purge:
        """A purge inside this transaction; the rows it removes leave the index with it."""
        purge = Purge(self.writer)
        self.purges.append(purge)
        self.removed.append(purge.removed)
        return purge

    @property
    def owes(self) -> bool:
        """Whether there is more to delete than fits into this transaction."""
        return any(each.owes for each in self.applied) or any(each.owes for each in self.purges)

    @property
    def deleted(self) -> bool:
        """Whether anything was deleted, so that the journal must be scrubbed."""
        return bool(self.purged or any(self.removed))

    def forget_pending(self, leaf: bytes) -> bool:
        """Deletes an own statement that never got a place; False if none waits under this name."""
        forgotten = self.writer.forget_pending(leaf)
        self.purged += forgotten
        return forgotten


@dataclass(slots=True, kw_only=True)
class Change(LogChange):
    """One transaction over the bodies and the holdings of a node; the index follows after it. `alerting`: raises the
    alerts about what is stored, None if nobody is alerted.
    """

    writer: NodeStoreWriter
    alerting: ArrivalAlerts | None = None
    held: list[FingerprintColumns] = field(default_factory=list)
    listed: list[tuple[int, FingerprintColumns]] = field(default_factory=list)

    def _filed(self, mentions: Sequence[Mention]) -> None:
        if self.alerting is not None:
            self.alerting.note(self.writer, mentions)

    def _opined(self, origin: Origin, opinions: Sequence[int]) -> None:
        if self.alerting is not None:
            self.alerting.opined(self.writer, origin, opinions)

    def hold(self, columns: FingerprintColumns) -> None:
        """The fingerprints of new holdings, which the caller has stored."""
        self.held.append(columns)

    def list_rows(self, source: int, taken: RowsTaken) -> None:
        """Rows of a list, which the caller has put or deleted; `source` of the list in the index."""
        if taken.columns is not None and taken.added:
            self.listed.append((source, taken.columns))
        if taken.removed:
            self.removed.append({source: taken.removed})
            self.purged += len(taken.removed)

    def delete_holding(self, holding_id: int) -> None:
        """Deletes a holding; its fingerprints leave the index with this transaction. Raises `NotFound`."""
        self.writer.delete_holding(holding_id)
        self.removed.append({HOLDINGS_SOURCE: [holding_id]})
        self.purged += 1

    def leave_case(self, holding_id: int, case: str) -> None:
        """Removes a holding from a case, with the references to its files there."""
        self.writer.leave_case(holding_id, case)
        self.purged += 1

    def end_deletions(self, ids: Sequence[int]) -> None:
        """These deletions are finished (`HoldingWriter.end_deletions`)."""
        self.writer.end_deletions(ids)
        self.purged += 1

    @property
    def behind(self) -> list[tuple[int, int, bool]]:
        """(source, row, filled) of changes to rows that the index already has: purged, or body stored late."""
        gone = [*self.removed, *(done.removed for done in self.applied)]
        removed = [(source, row, False) for rows in gone for source, each in rows.items() for row in each]
        return removed + [(number, row, True) for number, row, _, _ in self.filled]

    def keep_hits_in_step(self) -> int:
        """The effect of this change on stored hits and their reviews: hits on deleted bodies end, hits of deleted
        holdings are deleted; how many. Bodies that come out of log order wait to be matched.
        """
        ended = 0
        for rows in [*self.removed, *(done.removed for done in self.applied)]:
            for source, some in rows.items():
                if source >= LIST_SOURCES:
                    continue  # hits on lists are not kept
                if source == HOLDINGS_SOURCE:
                    ended += sum(self.writer.forget_hits_of_holding(row) for row in some)
                    ended += sum(self.writer.forget_reviews_of_holding(row) for row in some)
                else:
                    if self.alerting is not None:
                        self.alerting.deleted(self.writer, source, some)
                    settle_deleted(self.writer, self.codec, source, some)
                    ended += self.writer.end_hits(source, some)
        late: dict[int, list[int]] = {}
        for number, row, _, _ in self.filled:
            late.setdefault(number, []).append(row)
        for origin, row in self.confirmed:
            late.setdefault(self.writer.open_log(origin).number, []).append(row)
        for number, filled in late.items():
            self.writer.wait_for_match(number, filled)
        for columns in self.held:
            new = {row for each in columns.columns for row in each.rows.tolist()}
            self.writer.wait_for_match(HOLDINGS_SOURCE, sorted(new))
        return ended
