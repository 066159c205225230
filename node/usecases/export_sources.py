"""The sources of an export: a list, holdings, records. Each row comes with the reason why it stays here.

Rules this module upholds:

- Sources are read in pages, each in a transaction of its own: memory does not grow with the export, and writers wait
  for no export.
- A list that is changed or removed meanwhile refuses the export: a short file would look complete.
- A holding that is on the allow-list, or whose record its owner retracted, stays here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from node.domain.calendar import SECONDS_A_DAY
from node.domain.holdings import withdrawn
from node.domain.queries import Level
from node.domain.statements import Contribution
from node.errors import Misuse, Refused
from node.usecases.export_rules import ALLOWED, RETRACTED, level_reason, list_reason, record_reason, row_reason
from node.usecases.exported_rows import Scheme, of_holding, of_record, scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.holdings import Holding
    from node.domain.ids import Origin, RecordId
    from node.domain.lists import ReferenceList
    from node.domain.ports import Store
    from node.domain.references import Reference
    from node.usecases.catalogue import Catalogue, RecordView

PAGE: Final = 500
"""Holdings or records read at a time; a holding of a video has thousands of frames."""
ROWS: Final = 5_000
"""Rows of a list read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an officer exports: the rows of a `list` (of a `case` of it, if given), or holdings (of a `case`, if given),
    or the records of a `series`. With `case` and `series`: the holdings of the case whose record is of the series.

    `level`: the lowest level that leaves. `since`: Unix seconds, 0 for any; for records the day counts.
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

    def judged(self, scheme: Scheme) -> Iterator[tuple[Reference, str]]:
        """Rows, each with the reason why it stays here, "" if it leaves. `scheme`: that of their codes."""
        ...

    def schemes(self) -> set[Scheme]:
        """Of their categories."""
        ...


class ListSource:
    """The rows of a list, or of a case of it."""

    def __init__(self, store: Store, of: ReferenceList, selection: Selection, today: int) -> None:
        self._store = store
        self._of = of
        self._case = selection.case
        self._reason = list_reason(of, selection.level, today)

    def judged(self, _scheme: Scheme) -> Iterator[tuple[Reference, str]]:
        """See `Source`. A list has its own scheme. Raises `Refused` if the list changes meanwhile."""
        after = 0
        while True:
            with self._store.read() as tx:
                now = tx.list_named(self._of.name)
                page = tx.rows_of_list(self._of.number, after, ROWS, case=self._case)
            if now != self._of:
                raise Refused("this list was changed or removed meanwhile", remedy="run the same command again")
            for row in page:
                yield row.reference, self._reason or row_reason(row.reference)
            if not page:
                return
            after = page[-1].id

    def schemes(self) -> set[Scheme]:
        """See `Source`."""
        return {(self._of.head.scheme, self._of.head.scheme_version)}


class _Selected:
    """What a selection takes of this node. `today`: days since 1970."""

    def __init__(self, store: Store, catalogue: Catalogue, selection: Selection, today: int) -> None:
        self._store = store
        self._catalogue = catalogue
        self._wanted = selection
        self._today = today


class HoldingSource(_Selected):
    """Holdings, with what their records state."""

    def judged(self, scheme: Scheme) -> Iterator[tuple[Reference, str]]:
        """See `Source`."""
        for holding, view, reason in self._each(bare=False):
            said = view.body if view is not None and isinstance(view.body, Contribution) else None
            yield of_holding(holding, said, scheme), reason

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
            recent = [holding for holding in page if holding.added_at >= wanted.since]
            views = self._views([each.record for each in recent if each.record is not None])
            for holding in recent:
                view = None if holding.record is None else views.get(holding.record)
                if wanted.series and not _is_of(view, wanted.series):
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

    def judged(self, scheme: Scheme) -> Iterator[tuple[Reference, str]]:
        """See `Source`."""
        for view, said in self._each():
            yield of_record(view.record, said, scheme), record_reason(view, self._today)

    def schemes(self) -> set[Scheme]:
        """See `Source`."""
        return {scheme_of(said) for view, said in self._each() if not record_reason(view, self._today)}

    def _each(self) -> Iterator[tuple[RecordView, Contribution]]:
        with self._store.read() as tx:
            sizes = {log.origin: log.size for log in tx.logs() if log.origin.stream == "log"}
        for origin in sorted(sizes):
            for after in range(0, sizes[origin], PAGE):
                for view in self._catalogue.records(origin, after=after, limit=min(PAGE, sizes[origin] - after)):
                    recent = (view.issued_day + 1) * SECONDS_A_DAY > self._wanted.since
                    said = view.body
                    if not recent or view.replaced or not isinstance(said, Contribution):
                        continue
                    if self._wanted.series in ("", said.series):
                        yield view, said


def _is_of(view: RecordView | None, series: str) -> bool:
    return view is not None and isinstance(view.body, Contribution) and view.body.series == series
