"""Lists from other sources: importing, changing, removing.

Rules this module upholds:

- A new list is in no answer until its whole file is imported. A later file of a known list changes it in batches.
- Everything may be repeated: after a crash the same import continues, and rows that are stored count as unchanged.
- A removed list is in no answer from the first transaction on. Its rows are deleted in batches; after a crash the next
  start continues with it.
- A list keeps one scheme of categories: a code means nothing under another scheme.
- Each act is in the audit log with its counts and the digest of the file, without any row.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.lists import MAX_LIST_NAME, ListState, ReferenceList, RowsTaken
from node.domain.queries import Level
from node.domain.references import ListCase, ListHead, Reference, Withdrawal
from node.domain.texts import checked_text
from node.errors import Misuse, NotFound, Refused
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.domain.ports import Clock, Store
    from node.usecases.audit import AuditLog
    from node.usecases.catalogue import Catalogue

BATCH: Final = 5_000
"""Rows of one transaction; between two of them other writers get their turn."""
DELETED_AT_ONCE: Final = 2_000
"""Rows that one transaction deletes."""
MAX_PROVIDER: Final = 100
"""Characters."""
_SECONDS_A_DAY: Final = 86_400

Row = Reference | Withdrawal | ListCase
"""The parts of a file that are imported, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTerms:
    """What a person states about a list. None leaves a known list unchanged.

    `retain_until_day`: days since 1970, 0 for no end.
    """

    provider: str | None = None
    level: Level | None = None
    code: str | None = None
    retain_until_day: int | None = None

    def of(self, known: ReferenceList) -> ReferenceList:
        """The list under these terms. Raises `Misuse`."""
        if self.level is Level.SHARED:
            raise Misuse("a list itself is never shared", remedy="contribute its rows: vigil contribute --list NAME")
        if self.provider:
            checked_text(self.provider, MAX_PROVIDER, "the provider of a list", Misuse)
        return replace(
            known,
            provider=known.provider if self.provider is None else self.provider,
            level=known.level if self.level is None else self.level,
            code=known.code if self.code is None else self.code,
            retain_until_day=known.retain_until_day if self.retain_until_day is None else self.retain_until_day,
        )


class Lists:
    """Blocking: never on the event loop."""

    def __init__(self, *, store: Store, catalogue: Catalogue, audit: AuditLog, clock: Clock = time.time) -> None:
        self._store = store
        self._catalogue = catalogue
        self._audit = audit
        self._clock = clock

    def lists(self) -> list[ReferenceList]:
        """All lists, sorted by name."""
        with self._store.read() as tx:
            return tx.lists()

    def named(self, name: str) -> ReferenceList:
        """The list with this name. Raises `NotFound`."""
        with self._store.read() as tx:
            found = tx.list_named(name)
        if found is None:
            raise NotFound("this node has no list with this name", remedy="vigil lists shows the lists of this node")
        return found

    def begin(self, name: str, terms: ListTerms, file: bytes, officer: str) -> Taking:
        """Begins to import a file into the list `name`, which is created if it does not exist. `file`: its SHA-256.

        Raises `Misuse` for an invalid name or invalid terms, `Refused` while the list is being removed.
        """
        checked_text(name, MAX_LIST_NAME, "the name of a list", Misuse)
        now = int(self._clock())
        with self._store.write() as tx:
            known = tx.list_named(name)
            if known is None:
                fresh = ReferenceList(number=0, name=name, head=ListHead(format=""), imported_at=now)
                made = terms.of(replace(fresh, imported_by=officer, digest=file, generation=1))
                number = tx.put_list(made)
                begun = replace(made, number=number)
            else:
                if known.state is ListState.GOING:
                    raise Refused("this list is being removed", remedy="wait until it is gone, or use another name")
                begun = terms.of(replace(known, generation=known.generation + 1))
                tx.set_list(begun)
        # A crash from here on leaves a new list unsearched, and a known one with some of its new rows: the same import
        # continues.
        return Taking(self, begun, known, file, officer)

    def change(self, name: str, terms: ListTerms) -> ReferenceList:
        """Changes what a person stated about a list. Raises `NotFound`, `Misuse`."""

        def put() -> ReferenceList:
            with self._store.write() as tx:
                known = tx.list_named(name)
                if known is None:
                    raise NotFound(
                        "this node has no list with this name", remedy="vigil lists shows the lists of this node"
                    )
                changed = terms.of(known)
                tx.set_list(changed)
            return changed

        level = None if terms.level is None else terms.level.name.lower()
        return perform(self._audit, "list change", put, list=name, level=level)

    def remove(self, name: str) -> int:
        """Removes a list with all its rows; returns how many rows were deleted. Raises `NotFound`."""
        known = self.named(name)

        def work() -> int:
            with self._store.write() as tx:
                tx.set_list(replace(known, state=ListState.GOING))
            # In no answer from here on. After a crash the next start does the rest (`finish_removals`).
            return self._delete(known)

        return perform(self._audit, "list remove", work, list=name, rows=known.rows)

    def finish_removals(self) -> int:
        """Continues removals that a crash interrupted, and removes lists whose retention has ended; returns how many
        lists.
        """
        today = int(self._clock()) // _SECONDS_A_DAY
        going = [each for each in self.lists() if each.state is ListState.GOING]
        due = [each for each in self.lists() if each not in going and 0 < each.retain_until_day < today]
        for each in going:
            self._delete(each)
        for each in due:
            self.remove(each.name)
        return len(going) + len(due)

    def _delete(self, of: ReferenceList) -> int:
        deleted = self.delete_rows(of)
        with self._store.write() as tx:
            tx.delete_list(of.number)
        self._catalogue.settle()
        return deleted

    def delete_rows(self, of: ReferenceList, *, before: int = 0) -> int:
        """Deletes the rows of a list, or those last seen before generation `before`; returns how many."""
        deleted = 0
        while True:
            with self._catalogue.change() as change:
                gone = change.writer.delete_rows(of.number, DELETED_AT_ONCE, before=before)
                change.list_rows(of.source, RowsTaken(removed=gone))
            if not gone:
                return deleted
            deleted += len(gone)

    def take(self, of: ReferenceList, rows: Sequence[Reference], case: str) -> RowsTaken:
        """Stores rows of a list, in one transaction."""
        with self._catalogue.change() as change:
            taken = change.writer.put_rows(of.number, of.generation, rows, case)
            change.list_rows(of.source, taken)
        return taken

    def withdraw(self, of: ReferenceList, withdrawals: Sequence[Withdrawal]) -> RowsTaken:
        """Withdraws rows of a list, in one transaction."""
        with self._catalogue.change() as change:
            taken = change.writer.withdraw_rows(of.number, withdrawals)
            change.list_rows(of.source, taken)
        return taken

    def put_case(self, of: ReferenceList, case: ListCase) -> None:
        """Keeps a case of a list."""
        with self._store.write() as tx:
            tx.put_list_case(of.number, case)

    def finish(self, of: ReferenceList, counts: RowsTaken, added: int) -> None:
        """Ends the import of a file: the list is complete, and the audit log has the counts."""

        def put() -> None:
            with self._store.write() as tx:
                tx.set_list(of)
            self._catalogue.settle()

        perform(
            self._audit,
            "list import",
            put,
            list=of.name,
            format=of.head.format,
            sha256_of_file=of.digest.hex(),
            complete=of.state is ListState.WHOLE,
            added=added,
            changed=counts.changed,
            withdrawn=counts.withdrawn,
        )

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock())


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
        self._case = ""
        self.added = 0
        self.counts = RowsTaken()

    def take(self, rows: Iterable[Row]) -> None:
        """Stores rows, in order."""
        some: list[Reference] = []
        gone: list[Withdrawal] = []
        for row in rows:
            if not isinstance(row, Reference) or len(some) == BATCH:
                self._put(some)
            if not isinstance(row, Withdrawal):
                self._withdraw(gone)
            if isinstance(row, Reference):
                some.append(row)
            elif isinstance(row, Withdrawal):
                gone.append(row)
            else:
                self._lists.put_case(self._of, row)
                self._case = row.number
        self._put(some)
        self._withdraw(gone)

    def _put(self, rows: list[Reference]) -> None:
        if rows:
            self._add(self._lists.take(self._of, rows, self._case))
            rows.clear()

    def _withdraw(self, withdrawals: list[Withdrawal]) -> None:
        if withdrawals:
            self._add(self._lists.withdraw(self._of, withdrawals))
            withdrawals.clear()

    def _add(self, taken: RowsTaken) -> None:
        self.added += len(taken.added) - taken.changed
        for name in ("changed", "unchanged", "withdrawn", "repeated", "conflicting", "unknown"):
            setattr(self.counts, name, getattr(self.counts, name) + getattr(taken, name))

    def finish(self, head: ListHead, *, incomplete: bool = False, replaces: bool = False) -> ReferenceList:
        """The list after the import. `incomplete`: the file ended early; `replaces`: rows that the file does not name
        are deleted.

        Raises `Misuse` if the file's categories have another scheme than those of the list.
        """
        known = self._known
        if known is not None and known.head.format:
            self.require_same_scheme(known.head, head)
        if replaces and not incomplete:
            self.counts.withdrawn += self._lists.delete_rows(self._of, before=self._of.generation)
        ended = replace(
            self._of,
            head=head,
            state=ListState.INCOMPLETE if incomplete else ListState.WHOLE,
            digest=self._file,
            imported_at=self._lists.now(),
            imported_by=self._officer,
        )
        self._lists.finish(ended, self.counts, self.added)
        return self._lists.named(ended.name)

    @staticmethod
    def require_same_scheme(known: ListHead, new: ListHead) -> None:
        """Raises `Misuse` if one list cannot contain the codes of both."""
        if (known.scheme, known.scheme_version) != (new.scheme, new.scheme_version):
            raise Misuse(
                "the categories of this file are of another scheme or version than those of the list",
                remedy="import the file as a separate list: --list NAME",
            )

    def abandon(self) -> None:
        """Deletes a new list whose file turned out to be unusable. A known list keeps its present state."""
        if self._known is None:
            self._lists.remove(self._of.name)
