"""One file on its way into one list.

Rules this module upholds:

- Rows come in batches, each one transaction. A crash between two of them leaves a new list unsearched, and a known one
  with some of its new rows: the same import continues, and rows that are stored count as unchanged.
- Rows that an unfinished import of another file left in a new list do not stay in it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final

from node.domain.lists import ListState, ReferenceList, RowsTaken
from node.domain.references import Family, ListCase, ListHead, Reference, Withdrawal, is_later_moment
from node.errors import Misuse
from node.usecases.list_standing import identity_of
from node.usecases.placeholders import without

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from node.domain.lists import ListedRow
    from node.domain.references import At
    from node.usecases.list_comparing import Matching
    from node.usecases.lists import Lists

BATCH: Final = 5_000
"""Rows of one transaction; between two of them other writers get their turn."""
MAX_GONE: Final = 100_000
"""Withdrawals of one file that are remembered with their moment, for older rows that come after them."""
Row = Reference | Withdrawal | ListCase | Family
"""The parts of a file that are imported, in order."""


def require_same_scheme(known: ListHead, new: ListHead) -> None:
    """Raises `Misuse` if one list cannot contain the codes of both."""
    if (known.scheme, known.scheme_version) != (new.scheme, new.scheme_version):
        raise Misuse(
            "the categories of this file are of another scheme or version than those of the list",
            remedy="import the file as a separate list: --list NAME",
        )


class Taking:
    """One file on its way into one list. Rows come in batches; `finish` or `abandon` ends it.

    `counts`: the results for the rows so far; its lists of ids are not kept.
    """

    def __init__(self, lists: Lists, of: ReferenceList, known: ReferenceList | None, file: bytes, officer: str) -> None:
        self._lists = lists
        self._of = of
        self._known = known
        self._file = file
        self._officer = officer
        self._case: ListCase | None = None
        self._gone: dict[bytes, str] = {}
        self._comparing = lists.comparing.begin() if lists.comparing is not None else None
        self.added = 0
        self.counts = RowsTaken()

    def take(self, rows: Iterable[Row]) -> None:
        """Stores rows, in order."""
        left = iter(rows)
        while some := list(islice(left, BATCH)):
            families = [row for row in some if isinstance(row, Family)]
            others = [row for row in some if not isinstance(row, Family)] if families else some
            for sort, batch in groupby(others, key=type):
                self._take(sort, list(batch))
            # They stand behind their rows, and between other rows, whose batches they must not cut. A list that is new
            # has no earlier version of anything.
            if families and self._known is not None:
                self._add(self._lists.end_families(self._of, families))

    def _take(self, sort: type, rows: list[Any]) -> None:
        """Stores rows of one sort."""
        if sort is Reference:
            self._put(rows)
        elif sort is Withdrawal:
            self._withdraw(rows)
        else:
            for case in rows:
                # A case that comes again, at the same place, has its name and its words only now.
                before = self._case.number if self._case is not None and self._case.at == case.at else ""
                self._lists.put_case(self._of, case, before)
                self._case = case

    def _put(self, rows: list[Reference]) -> None:
        standing = [row for row in rows if not self._is_overruled(row)] if self._gone else rows
        self.counts.stale += len(rows) - len(standing)
        taken = self._lists.take(self._of, standing, self._case.number if self._case is not None else "")
        self._add(taken)
        if self._comparing is not None:
            self._comparing.take(self._of, standing, taken)

    def _is_overruled(self, row: Reference) -> bool:
        """Whether this file withdrew the row, at a later moment than that of the row."""
        return is_later_moment(self._gone.get(identity_of(row), ""), row.changed)

    def _withdraw(self, withdrawals: list[Withdrawal]) -> None:
        self._add(self._lists.withdraw(self._of, withdrawals))
        dated = (each for each in withdrawals if each.changed)
        self._gone |= {identity_of(each.named): each.changed for each in islice(dated, MAX_GONE - len(self._gone))}

    @property
    def contradicting(self) -> tuple[int, At | None]:
        """(Rows that contradict an earlier one, the place of the first of them), as far as rows were compared."""
        return (0, None) if self._comparing is None else (self._comparing.contradicting, self._comparing.first)

    def matching(self) -> Matching | None:
        """Our holdings that match rows of the file, after `finish`; None if this node does not compare them."""
        return None if self._comparing is None else self._comparing.matching(self._of)

    def _add(self, taken: RowsTaken) -> None:
        self.added += len(taken.added) - taken.changed
        for name in ("changed", "unchanged", "withdrawn", "repeated", "conflicting", "unknown", "stale"):
            setattr(self.counts, name, getattr(self.counts, name) + getattr(taken, name))

    def drop_photodna(self, values: Collection[bytes]) -> None:
        """Takes these PhotoDNA values out of the rows that have them. They are placeholders (`usecases.placeholders`),
        and the rows came in before that was noticed.
        """
        after = 0
        while values and (page := self._lists.rows(self._of.name, after, BATCH, words=True)):
            after = page[-1].id
            bad = [row for row in page if row.reference.photodna in values]
            for case, rows in groupby(bad, key=lambda row: row.case):
                self._without_photodna(case, list(rows))

    def _without_photodna(self, case: str, rows: list[ListedRow]) -> None:
        # A crash between the two transactions loses these rows from a list that is not searched yet, or whose import
        # has not ended: the same import brings them again.
        self._lists.withdraw(self._of, [Withdrawal(row.reference.at, "", row.reference) for row in rows])
        left = [without(row.reference) for row in rows]
        again = self._lists.take(self._of, [row for row in left if row.fingerprints], case)
        self.counts.repeated += again.repeated
        self.counts.conflicting += again.conflicting
        self.added -= len(rows) - len(again.added)

    def finish(
        self, head: ListHead, *, incomplete: bool = False, replaces: bool = False, file: bytes = b""
    ) -> ReferenceList:
        """The list after the import. `incomplete`: the file ended early; `replaces`: rows that the file does not name
        are deleted; `file`: its SHA-256, if `Lists.begin` was not told.

        Raises `Misuse` if the file's categories have another scheme than those of the list.
        """
        known = self._known
        if known is not None and known.head.format:
            require_same_scheme(known.head, head)
        # What stands in a list that was never whole comes from an import that did not end.
        left_over = known is not None and known.state is ListState.TAKING
        if (replaces or left_over) and not incomplete:
            deleted = self._lists.delete_rows(self._of, before=self._of.generation)
            self.counts.withdrawn += deleted if replaces else 0
        ended = replace(
            self._of,
            head=head,
            state=ListState.INCOMPLETE if incomplete else ListState.WHOLE,
            digest=file or self._file,
            imported_at=self._lists.now(),
            imported_by=self._officer,
        )
        self._lists.finish(ended, self.counts, self.added)
        return self._lists.named(ended.name)

    def abandon(self) -> None:
        """Deletes a list that was never whole, because its file is unusable. Other lists keep their present state."""
        if self._known is None or self._known.state is ListState.TAKING:
            self._lists.remove(self._of.name)
