"""The sources of an export: a list, holdings, records. Each row comes with the reason why it stays here.

Rules this module upholds:

- Sources are read in pages, each in a transaction of its own: memory does not grow with the export, and writers wait
  for no export.
- A list that is changed or removed meanwhile refuses the export: a short file would look complete.
- A holding that is on the allow-list, or whose record its owner retracted, stays here.
- Whoever got an earlier export is told what holds no more: a withdrawal names a record by its id, and a holding by its
  hashes, from which a format makes the same identity as before. Only what may have left before is withdrawn: a record
  that was open to all, a holding whose record was retracted, or that was allowed since.
- A record that is gone has no series any more. So every export of a series withdraws the gone records of all series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Kind, decode
from node.domain.holdings import withdrawn
from node.domain.queries import Level
from node.domain.references import At, Reference, Withdrawal
from node.domain.statements import Contribution
from node.errors import Misuse, Refused
from node.usecases.export_rules import ALLOWED, RETRACTED, level_reason, list_reason, record_reason, row_reason
from node.usecases.exported_rows import Scheme, of_holding, of_record, scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from node.domain.holdings import Holding
    from node.domain.ids import Origin, RecordId
    from node.domain.lists import ReferenceList
    from node.domain.stores import NodeStore
    from node.domain.verification import Verification
    from node.usecases.catalogue import Catalogue, RecordView
    from node.usecases.verification import Verifier

PAGE: Final = 500
"""Holdings or records read at a time; a holding of a video has thousands of frames."""
ROWS: Final = 5_000
"""Rows of a list read at a time."""
_RECORDS: Final = (Kind.CONTRIBUTION, Kind.CORRECTION)
_ENDING: Final = (Kind.CORRECTION, Kind.RETRACTION)
Judged = tuple[Reference | Withdrawal, str]
"""A row with the reason why it stays here, "" if it leaves. A withdrawal always leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an officer exports: the rows of a `list` (of a `case` of it, if given), or holdings (of a `case`, if given),
    or the records of a `series`. With `case` and `series`: the holdings of the case whose record is of the series.

    `level`: the lowest level that leaves. `since`: Unix seconds, 0 for any; for records the day counts. It does not
    count for withdrawals of holdings: no time of them is kept.
    """

    case: str = ""
    series: str = ""
    list: str = ""
    level: Level = Level.SHARED
    since: int = 0

    def __post_init__(self) -> None:
        if self.list and (self.series or self.since):
            raise Misuse(
                "a list, or a case of it, is exported as a whole", remedy="give --list without --series and --since"
            )


class Source(Protocol):
    """What is exported."""

    def judged(self, scheme: Scheme) -> Iterator[Judged]:
        """Rows and withdrawals. `scheme`: that of the codes of the rows."""
        ...

    def schemes(self) -> set[Scheme]:
        """Of their categories."""
        ...


class ListSource:
    """The rows of a list, or of a case of it."""

    def __init__(self, store: NodeStore, of: ReferenceList, selection: Selection, today: int) -> None:
        self._store = store
        self._of = of
        self._case = selection.case
        self._reason = list_reason(of, selection.level, today)

    def judged(self, _scheme: Scheme) -> Iterator[Judged]:
        """See `Source`. A list has its own scheme. Raises `Refused` if the list changes meanwhile."""
        after = 0
        while True:
            with self._store.read() as tx:
                now = tx.list_named(self._of.name)
                page = tx.rows_of_list(self._of.number, after, ROWS, case=self._case)
            if now != self._of:
                raise Refused("this list was changed or removed meanwhile", remedy="run the same command again")
            for row in page:
                reason = self._reason or row_reason(row.reference)
                yield row.reference, reason
                if reason and not self._reason and row.reference.id:
                    yield Withdrawal(At(), id=row.reference.id), ""
            if not page:
                return
            after = page[-1].id

    def schemes(self) -> set[Scheme]:
        """See `Source`."""
        return {(self._of.head.scheme, self._of.head.scheme_version)}


class _Selected:
    """What a selection takes of this node. `today`: days since 1970. `verifier` None: opinions are not counted."""

    def __init__(
        self, store: NodeStore, catalogue: Catalogue, selection: Selection, today: int, verifier: Verifier | None = None
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._wanted = selection
        self._today = today
        self._verifier = verifier
        self._known: Mapping[tuple[Origin, int], Verification] = {}

    def _count(self, views: Sequence[RecordView]) -> None:
        """Counts what other members say of these records, as far as their baseline depends on it: once for a page."""
        verifier, self._known = self._verifier, {}
        if verifier is None:
            return
        bodies = [(view, view.body) for view in views]
        needing = [view for view, said in bodies if isinstance(said, Contribution) and verifier.needs(said.category)]
        if needing:
            with self._store.read() as tx:
                self._known = verifier.at(tx, {(view.record.origin, view.index) for view in needing})

    def _said_of(self, view: RecordView | None) -> Verification | None:
        """What was counted for a record of the present page."""
        return None if view is None else self._known.get((view.record.origin, view.index))


class HoldingSource(_Selected):
    """Holdings, with what their records state."""

    def judged(self, scheme: Scheme) -> Iterator[Judged]:
        """See `Source`."""
        for holding, view, reason in self._each(bare=False):
            said = view.body if view is not None and isinstance(view.body, Contribution) else None
            row = of_holding(holding, said, scheme, self._said_of(view))
            yield row, reason
            if reason == RETRACTED or (reason == ALLOWED and holding.level >= self._wanted.level):
                yield Withdrawal(At(), reference=row), ""

    def schemes(self) -> set[Scheme]:
        """See `Source`."""
        views = (view for _, view, reason in self._each(bare=True) if not reason)
        return {scheme_of(view.body) for view in views if view is not None and isinstance(view.body, Contribution)}

    def _each(self, *, bare: bool) -> Iterator[tuple[Holding, RecordView | None, str]]:
        after, wanted = 0, self._wanted
        while True:
            with self._store.read() as tx:
                page = tx.holdings(case=wanted.case, after=after, limit=PAGE, bare=bare)
                allowed = tx.allowed([holding.sha256 for holding in page])
                retracted = {each.id for each in page if tx.setting(withdrawn(each.id))}
            recent = [each for each in page if each.added_at >= wanted.since or each.id in retracted]
            views = self._views([each.record for each in recent if each.record is not None])
            self._count(list(views.values()))
            for holding in recent:
                view = None if holding.record is None else views.get(holding.record)
                if wanted.series and not _is_of(view, wanted.series) and holding.id not in retracted:
                    continue
                reason = ALLOWED if holding.sha256 in allowed else RETRACTED if holding.id in retracted else ""
                reason = reason or level_reason(holding.level, wanted.level)
                if holding.record is not None:
                    reason = reason or record_reason(view, self._today)
                yield holding, view, reason
            if not page:
                return
            after = page[-1].id

    def _views(self, records: Sequence[RecordId]) -> dict[RecordId, RecordView]:
        """These records, those that are in their logs. One look at each log: to find a record scans its leaves."""
        by_log: dict[Origin, list[bytes]] = {}
        for record in records:
            by_log.setdefault(record.origin, []).append(record.leaf)
        found: dict[RecordId, RecordView] = {}
        for origin, leaves in by_log.items():
            with self._store.read() as tx:
                places = tx.find(origin, leaves)
            for index in places.values():
                (view,) = self._catalogue.records(origin, after=index, limit=1)
                found[view.record] = view
        return found


class RecordSource(_Selected):
    """The records of a series, or all, of every member."""

    def judged(self, scheme: Scheme) -> Iterator[Judged]:
        """See `Source`."""
        for view in self._each():
            said = view.body
            if isinstance(said, Contribution) and self._is_wanted(view, said):
                yield of_record(view.record, said, scheme, self._said_of(view)), record_reason(view, self._today)
            if self._is_gone(view):
                yield Withdrawal(At(), id=str(view.record)), ""

    def schemes(self) -> set[Scheme]:
        """See `Source`."""
        return {
            scheme_of(view.body)
            for view in self._each()
            if isinstance(view.body, Contribution) and self._is_wanted(view, view.body)
            if not record_reason(view, self._today)
        }

    def _each(self) -> Iterator[RecordView]:
        with self._store.read() as tx:
            sizes = {log.origin: log.size for log in tx.logs() if log.origin.stream == "log"}
        for origin in sorted(sizes):
            for after in range(0, sizes[origin], PAGE):
                page = self._catalogue.records(origin, after=after, limit=min(PAGE, sizes[origin] - after))
                self._count(page)
                yield from page

    def _is_wanted(self, view: RecordView, said: Contribution) -> bool:
        is_of = self._wanted.series in ("", said.series)
        return is_of and not view.replaced and self._is_recent(view.issued_day)

    def _is_gone(self, view: RecordView) -> bool:
        """Whether an earlier export may have had a record that does not stand any more."""
        if not view.open or view.kind not in _RECORDS:
            return False
        if 0 < view.expiry_day < self._today and self._is_recent(view.expiry_day):
            return True
        return view.replaced and (not self._wanted.since or self._is_recent(self._day_of_its_end(view.record)))

    def _is_recent(self, day: int) -> bool:
        return (day + 1) * SECONDS_A_DAY > self._wanted.since

    def _day_of_its_end(self, record: RecordId) -> int:
        """When its owner last corrected or retracted this version, in days since 1970."""
        days = [0]
        with self._store.read() as tx:
            for origin, index, kind in tx.targeting(record):
                if kind in _ENDING and origin.member == record.origin.member:
                    envelope = decode(tx.run(origin, index, index + 1, 0).entries[0])
                    days.append(0 if envelope is None else envelope.issued_day)
        return max(days)


def _is_of(view: RecordView | None, series: str) -> bool:
    return view is not None and isinstance(view.body, Contribution) and view.body.series == series
