"""Lists in memory: the part of the memory store that keeps them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.lists import ListedRow, ReferenceList, RowsTaken
from node.domain.queries import Level
from node.domain.references import Reference, is_later, same_statement
from node.errors import Misuse
from node.store.list_codec import by_column, columns_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.batch import FingerprintColumns
    from node.domain.references import ListCase, Withdrawal
    from tests.simulator.memory_watches import WatchTables


@dataclass(frozen=True, slots=True)
class Kept:
    """A row, and the file of its list that said it last."""

    row: ListedRow
    generation: int


@dataclass(slots=True)
class ListTables:
    """`rows` by their ids."""

    lists: dict[int, ReferenceList] = field(default_factory=dict)
    rows: dict[int, Kept] = field(default_factory=dict)
    cases: dict[tuple[int, str], str] = field(default_factory=dict)
    last_list: int = 0
    last_row: int = 0


def _identity(row: Reference) -> object:
    return row.id or (row.md5, row.sha1, row.sha256, row.pdq, row.photodna)


class MemoryLists:
    """`ListWriter` over plain dictionaries."""

    def __init__(self, tables: ListTables, watching: WatchTables) -> None:
        self._lists = tables
        self._beside_watches = watching

    def lists(self) -> list[ReferenceList]:
        return sorted(self._lists.lists.values(), key=lambda each: each.name)

    def list_named(self, name: str) -> ReferenceList | None:
        return next((each for each in self._lists.lists.values() if each.name == name), None)

    def list_rows(self, ids: Sequence[int]) -> Mapping[int, ListedRow]:
        rows = self._lists.rows
        return {each: _silent(rows[each].row) for each in ids if each in rows}

    def rows_of_list(
        self, number: int, after: int, limit: int, *, words: bool = False, case: str = ""
    ) -> list[ListedRow]:
        rows = [kept.row for at, kept in sorted(self._lists.rows.items()) if at > after and kept.row.list == number]
        rows = [row for row in rows if case in ("", row.case)]
        return [row if words else _silent(row) for row in rows[:limit]]

    def rows_named(self, number: int, names: Sequence[str]) -> Mapping[str, Reference]:
        rows = [_silent(kept.row).reference for kept in self._lists.rows.values() if kept.row.list == number]
        return {row.id: row for row in rows if row.id and row.id in names}

    def list_columns(
        self, number: int, after: int, limit: int, case: str = ""
    ) -> tuple[FingerprintColumns, int, int] | None:
        rows = self.rows_of_list(number, after, limit, case=case)
        if not rows:
            return None
        return columns_of([row.id for row in rows], by_column([row.reference for row in rows])), rows[-1].id, len(rows)

    def last_list_row(self) -> int:
        return self._lists.last_row

    def list_cases(self, number: int) -> Mapping[str, str]:
        return {name: said for (of, name), said in self._lists.cases.items() if of == number}

    def case_sizes(self, numbers: Collection[int]) -> Mapping[tuple[int, str], int]:
        sizes = Counter((kept.row.list, kept.row.case) for kept in self._lists.rows.values())
        return {case: sizes[case] for case in self._lists.cases if case[0] in numbers}

    def imported_cases(self, after: str, limit: int) -> list[tuple[str, int]]:
        named = sorted((name, of) for of, name in self._lists.cases if name > after)
        chosen = sorted({name for name, _ in named})[:limit]
        return [(name, of) for name, of in named if name in chosen]

    def lists_with_case(self, references: Sequence[str]) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = {}
        for of, name in sorted(self._lists.cases):
            if name in references:
                found.setdefault(name, []).append(of)
        return found

    def put_list(self, new: ReferenceList) -> int:
        if self.list_named(new.name) is not None:
            raise Misuse("a list with this name is here already")
        self._lists.last_list += 1
        number = self._lists.last_list
        self._lists.lists[number] = replace(new, number=number, rows=0)
        return number

    def set_list(self, changed: ReferenceList) -> None:
        before = self._lists.lists[changed.number]
        self._lists.lists[changed.number] = replace(changed, rows=before.rows)
        if changed.level > before.level:
            self._beside_watches.note_list(changed.source, 0)

    def put_list_case(self, number: int, case: ListCase) -> None:
        self._lists.cases[number, case.number] = case.said

    def rename_list_case(self, number: int, before: str, after: str) -> None:
        if (number, before) not in self._lists.cases:
            return
        said = self._lists.cases.pop((number, before))
        self._lists.cases.setdefault((number, after), said)
        for row_id, kept in self._lists.rows.items():
            if kept.row.list == number and kept.row.case == before:
                self._lists.rows[row_id] = Kept(replace(kept.row, case=after), kept.generation)

    def put_rows(self, number: int, generation: int, rows: Sequence[Reference], case: str = "") -> RowsTaken:
        taken, fresh = RowsTaken(), []
        if case and rows:
            self._lists.cases.setdefault((number, case), "")
        here = {_identity(kept.row.reference): kept for kept in self._lists.rows.values() if kept.row.list == number}
        for row in rows:
            before = here.get(_identity(row))
            if before is not None and is_later(before.row.reference, row):
                taken.unchanged += 1
                self._lists.rows[before.row.id] = Kept(before.row, generation)
                continue
            if before is not None and before.generation == generation and not is_later(row, before.row.reference):
                same = same_statement(before.row.reference, row)
                taken.repeated += same
                taken.conflicting += not same
                continue
            if before is not None and before.row.reference[1:] == row[1:]:
                taken.unchanged += 1
                kept = Kept(before.row, generation)
                self._lists.rows[before.row.id] = kept
            else:
                if before is not None:
                    taken.changed += 1
                    taken.removed.append(before.row.id)
                    del self._lists.rows[before.row.id]
                kept = Kept(ListedRow(id=0, list=number, reference=row, case=case), generation)
                fresh.append(kept)
            here[_identity(row)] = kept
        for kept in fresh:
            self._lists.last_row += 1
            stored = replace(kept.row, id=self._lists.last_row)
            self._lists.rows[stored.id] = Kept(stored, generation)
            taken.added.append(stored.id)
        taken.removed.sort()
        if taken.added:
            added = [self._lists.rows[row_id].row.reference for row_id in taken.added]
            taken.columns = columns_of(taken.added, by_column(added))
        self._count_rows(number)
        listed = self._lists.lists[number]
        if taken.added and listed.level is not Level.NATIONAL:
            self._beside_watches.note_list(listed.source, taken.added[0] - 1)
        return taken

    def withdraw_rows(self, number: int, withdrawals: Sequence[Withdrawal]) -> RowsTaken:
        named: dict[object, Withdrawal] = {}
        for each in withdrawals:
            before = named.get(_identity(each.named))
            if before is None or not is_later(before, each):
                named[_identity(each.named)] = each
        here = {
            _identity(kept.row.reference): row_id
            for row_id, kept in self._lists.rows.items()
            if kept.row.list == number
        }
        known = [(here[each], one) for each, one in named.items() if each in here]
        gone = sorted(at for at, one in known if not is_later(self._lists.rows[at].row.reference, one))
        for row_id in gone:
            del self._lists.rows[row_id]
        self._count_rows(number)
        return RowsTaken(
            removed=gone, withdrawn=len(gone), unknown=len(named) - len(known), stale=len(known) - len(gone)
        )

    def delete_rows(self, number: int, limit: int, *, before: int = 0) -> list[int]:
        gone = [
            row_id
            for row_id, kept in sorted(self._lists.rows.items())
            if kept.row.list == number and (not before or kept.generation < before)
        ][:limit]
        for row_id in gone:
            del self._lists.rows[row_id]
        self._count_rows(number)
        return gone

    def delete_list(self, number: int) -> None:
        for key in [key for key in self._lists.cases if key[0] == number]:
            del self._lists.cases[key]
        del self._lists.lists[number]

    def _count_rows(self, number: int) -> None:
        count = sum(kept.row.list == number for kept in self._lists.rows.values())
        self._lists.lists[number] = replace(self._lists.lists[number], rows=count)


def _silent(row: ListedRow) -> ListedRow:
    return replace(row, reference=row.reference._replace(said=""))
