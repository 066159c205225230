"""Lists from other sources: importing, changing, removing.

Rules this module upholds:

- A new list is in no answer until its whole file is imported. A later file of a known list changes it in batches.
- Everything may be repeated: after a crash the same import continues, and rows that are stored count as unchanged.
- A removed list is in no answer from the first transaction on. Its rows are deleted in batches; after a crash the next
  start continues with it.
- A list keeps one scheme of categories: a code means nothing under another scheme.
- One import at a time: a list is not changed or removed while a file is imported into it.
- A record that was made of a row is remembered when the row goes, in the same transaction: it awaits a decision of a
  person (`list_withdrawal`).
- Each act is in the audit log with its counts and the digest of the file, without any row.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.envelope import Kind
from node.domain.lists import MAX_LIST_NAME, ListState, ReferenceList, RowsTaken
from node.domain.queries import Level
from node.domain.references import ListHead
from node.domain.texts import checked_text
from node.errors import Misuse, NotFound, Refused
from node.usecases.acts import perform
from node.usecases.audit import AuditEntry
from node.usecases.list_families import outlived
from node.usecases.list_notes import awaiting, of_removed, unlist
from node.usecases.list_taking import Taking, require_same_scheme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from node.domain.lists import ListedRow
    from node.domain.ports import Clock
    from node.domain.references import Family, ListCase, Reference, Withdrawal
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog
    from node.usecases.catalogue import Catalogue
    from node.usecases.list_comparing import ListComparing

DELETED_AT_ONCE: Final = 2_000
"""Rows that one transaction deletes."""
MAX_PROVIDER: Final = 100
"""Characters."""
_SECONDS_A_DAY: Final = 86_400


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
    """Blocking: never on the event loop. `comparing`: compares files with this node; None where nobody asks for it."""

    def __init__(
        self,
        *,
        store: NodeStore,
        catalogue: Catalogue,
        audit: AuditLog,
        clock: Clock = time.time,
        comparing: ListComparing | None = None,
    ) -> None:
        self.comparing = comparing
        self._store = store
        self._catalogue = catalogue
        self._audit = audit
        self._clock = clock
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Holds a list for one import, change or removal. Raises `Refused` while another one is in progress."""
        with self._lock:
            if name in self._busy:
                raise Refused("this list is in use by another import or change", remedy="try again when it has ended")
            self._busy.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(name)

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

    def rows(self, name: str, after: int, limit: int, *, words: bool = False) -> list[ListedRow]:
        """Rows of a list, in the order of their ids. `words`: with what the file said. Raises `NotFound`."""
        number = self.named(name).number
        with self._store.read() as tx:
            return tx.rows_of_list(number, after, limit, words=words)

    def cases(self, name: str) -> Mapping[str, str]:
        """Number of a case -> what the file said of it. Raises `NotFound`."""
        number = self.named(name).number
        with self._store.read() as tx:
            return tx.list_cases(number)

    def begin(self, name: str, terms: ListTerms, file: bytes, officer: str, head: ListHead | None = None) -> Taking:
        """Begins to import a file into the list `name`, which is created if it does not exist. `file`: its SHA-256, b""
        if it is known only at the end (`Taking.finish`); `head`: what the file says of itself, if that is known.

        Raises `Misuse` for an invalid name, invalid terms or another scheme than the list has; `Refused` while the list
        is being removed.
        """
        checked_text(name, MAX_LIST_NAME, "the name of a list", Misuse)
        self._require_future(terms)
        now = int(self._clock())
        self._audit.append(
            AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body={"what": "list import begins", "list": name, "at": now})
        )
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
                if head is not None and known.head.format:
                    require_same_scheme(known.head, head)
                begun = terms.of(replace(known, generation=known.generation + 1))
                tx.set_list(begun)
        # A crash from here on leaves a new list unsearched, and a known one with some of its new rows: the same import
        # continues.
        return Taking(self, begun, known, file, officer)

    def change(self, name: str, terms: ListTerms) -> ReferenceList:
        """Changes what a person stated about a list. Raises `NotFound`, `Misuse`."""
        self._require_future(terms)

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

    def _require_future(self, terms: ListTerms) -> None:
        if terms.retain_until_day and terms.retain_until_day < int(self._clock()) // _SECONDS_A_DAY:
            raise Misuse("the day until which the list is kept is over", remedy="give a later day, or remove the list")

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
        removed = 0
        for each in [*going, *due]:
            with suppress(Refused), self.alone(each.name):  # one that is in use is removed by the next sweep
                removed += 1
                if each in due:
                    self.remove(each.name)
                else:
                    self._delete(each)
        return removed

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
                unlist(change.writer, of, gone)
                change.list_rows(of.source, RowsTaken(removed=gone))
            if not gone:
                return deleted
            deleted += len(gone)

    def take(self, of: ReferenceList, rows: Sequence[Reference], case: str) -> RowsTaken:
        """Stores rows of a list, in one transaction."""
        with self._catalogue.change() as change:
            taken = change.writer.put_rows(of.number, of.generation, rows, case)
            unlist(change.writer, of, taken.removed)
            change.list_rows(of.source, taken)
        return taken

    def withdraw(self, of: ReferenceList, withdrawals: Sequence[Withdrawal]) -> RowsTaken:
        """Withdraws rows of a list, in one transaction."""
        with self._catalogue.change() as change:
            taken = change.writer.withdraw_rows(of.number, withdrawals)
            unlist(change.writer, of, taken.removed)
            change.list_rows(of.source, taken)
        return taken

    def end_families(self, of: ReferenceList, families: Sequence[Family]) -> RowsTaken:
        """Withdraws the rows that only earlier versions of these statements have."""
        with self._store.read() as tx:
            gone = outlived(tx, of.number, families)
        return self.withdraw(of, gone) if gone else RowsTaken()

    def put_case(self, of: ReferenceList, case: ListCase, before: str = "") -> None:
        """Stores a case of a list. `before`: the number that the same case had until now, "" for a new case."""
        with self._store.write() as tx:
            if before and before != case.number:
                tx.rename_list_case(of.number, before, case.number)
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

    def awaiting(self, name: str) -> int:
        """How many records of rows that left this list await a decision, also after the list was removed."""
        return awaiting(self._store, name)

    def removed(self) -> Mapping[str, int]:
        """Name of a list that is not here any more -> how many records of its rows await a decision."""
        return of_removed(self._store)

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock())
