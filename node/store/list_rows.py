"""The rows of lists: taken in by the thousand, compared with those of earlier files, withdrawn and deleted.

Rules this module upholds:

- Rows that are all new cost one bulk INSERT of their identities and one of their blocks (`node.store.list_blocks`).
  Only where one of them is known, or stands twice in its file, the rows are looked up and compared.
- A row that changed is deleted and comes again under a new id: no id is ever used twice, so an index that was kept can
  follow.
- What a file said of a deleted row is overwritten in the vault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from node.domain.lists import ListedRow, RowsTaken
from node.domain.references import At, Reference, is_later, same_statement
from node.store import list_blocks, list_codec
from node.store.statements import Repository, chunks, insert_rows
from node.store.tables import lists as tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from node.domain.batch import FingerprintColumns
    from node.domain.references import Withdrawal
    from node.store.list_blocks import Block

_IDENTITIES: Final = tuple(each.name for each in tables.list_identities.c)
_FOUND: Final = select(tables.list_identities.c.identity, tables.list_identities.c.row_id).where(
    tables.list_identities.c.list_number == bindparam("number"),
    tables.list_identities.c.identity.in_(bindparam("identities", expanding=True)),
)
_FORGOTTEN: Final = delete(tables.list_identities).where(
    tables.list_identities.c.list_number == bindparam("number"), tables.list_identities.c.identity == bindparam("gone")
)
_COUNT: Final = (
    update(tables.lists)
    .where(tables.lists.c.number == bindparam("of"))
    .values(rows=tables.lists.c.rows + bindparam("more"))
)


class _Held(NamedTuple):
    """A row that is here, with its words. `age`: the file of its list that said it last."""

    row: Reference
    age: int


class ListedRows(Repository):
    """The rows in `ListReader`."""

    def list_rows(self, ids: Sequence[int]) -> Mapping[int, ListedRow]:
        wanted = set(ids)
        found: dict[int, ListedRow] = {}
        for blocks in list_blocks.holding(self._connection, wanted):
            found |= {each.id: each for each in self._listed(blocks, lambda row: row in wanted)}
        return found

    def rows_of_list(
        self, number: int, after: int, limit: int, *, words: bool = False, case: str = ""
    ) -> list[ListedRow]:
        found: list[ListedRow] = []
        for blocks in list_blocks.walk(self._connection, number, after, limit, case=self._known_case(number, case)):
            found += self._listed(blocks, lambda row: row > after, words=words)
            if len(found) >= limit:
                break
        return found[:limit]

    def list_columns(
        self, number: int, after: int, limit: int, case: str = ""
    ) -> tuple[FingerprintColumns, int, int] | None:
        made = list_blocks.Prints()
        for blocks in list_blocks.walk(self._connection, number, after, limit, case=self._known_case(number, case)):
            for block, data in zip(blocks, list_blocks.contents(self._connection, blocks), strict=True):
                slots = [slot for slot in block.live if block.first + slot > after][: limit - made.count]
                made.add(block, data, slots)
            if made.count == limit:
                break
        return (made.joined(), made.last, made.count) if made.count else None

    def rows_named(self, number: int, names: Sequence[str]) -> Mapping[str, Reference]:
        named = list_codec.by_column([Reference(At(), id=name) for name in names])
        by_identity = dict(zip(list_codec.identities_of(named), names, strict=True)) if names else {}
        found = self._by_identity(number, list(by_identity))
        rows = self.list_rows(list(found.values()))
        return {by_identity[identity]: rows[row_id].reference for identity, row_id in found.items()}

    def last_list_row(self) -> int:
        return list_blocks.last_id(self._connection)

    def _listed(
        self, blocks: Sequence[Block], wanted: Callable[[int], bool], *, words: bool = False
    ) -> Iterator[ListedRow]:
        """The rows of blocks whose ids are wanted."""
        cases = self._case_numbers({each.case_id for each in blocks if each.case_id})
        for block, data in zip(blocks, list_blocks.contents(self._connection, blocks), strict=True):
            slots = [slot for slot in block.live if wanted(block.first + slot)]
            case = cases.get(block.case_id, "")
            for slot, row in zip(slots, list_codec.unpack_rows(data, slots, words=words), strict=True):
                yield ListedRow(id=block.first + slot, list=block.list_number, reference=row, case=case)

    def _known_case(self, number: int, case: str) -> int | None:
        """The id of a case of a list, -1 if the list has no such case; None if none is asked for."""
        if not case:
            return None
        here = (tables.list_cases.c.list_number == number, tables.list_cases.c.number == case)
        return self._connection.scalar(select(tables.list_cases.c.id).where(*here)) or -1

    def _by_identity(self, number: int, identities: Sequence[bytes]) -> dict[bytes, int]:
        """Identity -> id of the rows that are here."""
        found: dict[bytes, int] = {}
        for some in chunks(identities):
            rows = self._connection.execute(_FOUND, {"number": number, "identities": some})
            found.update((row.identity, row.row_id) for row in rows)
        return found

    def _case_numbers(self, ids: Iterable[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        cases = tables.list_cases.c
        for some in chunks(ids):
            rows = self._connection.execute(select(cases.id, cases.number).where(cases.id.in_(some)))
            found.update((row.id, row.number) for row in rows)
        return found


class ListedWrites(ListedRows):
    """The rows in `ListWriter`."""

    def put_rows(self, number: int, generation: int, rows: Sequence[Reference], case: str = "") -> RowsTaken:
        """See `ListWriter`."""
        taken = RowsTaken()
        if not rows:
            return taken
        case_id = self._case_id(number, case)
        columns = list_codec.by_column(rows)
        identities = list_codec.identities_of(columns)
        savepoint = self._connection.begin_nested()
        try:
            taken.added = self._name_rows(number, identities)
            savepoint.commit()
        except IntegrityError:
            savepoint.rollback()
            rows, identities = self._compared(number, generation, rows, identities, taken)
            taken.added = self._name_rows(number, identities)
            columns = list_codec.by_column(rows) if rows else {}
        if taken.added:
            list_blocks.add(self._connection, number, generation, columns, case_id)
            taken.columns = list_codec.columns_of(taken.added, columns)
        self._count_listed(number, len(taken.added) - len(taken.removed))
        return taken

    def _name_rows(self, number: int, identities: Sequence[bytes]) -> list[int]:
        """The ids of new rows, under which they are found again. Raises `IntegrityError` if one of them is known."""
        start = self.last_list_row() + 1
        ids = list(range(start, start + len(identities)))
        # In the order of the tree: each of its pages is then written once.
        named = sorted((number, identity, row) for identity, row in zip(identities, ids, strict=True))
        insert_rows(self._connection, tables.list_identities, _IDENTITIES, named)
        return ids

    def _compared(
        self,
        number: int,
        generation: int,
        rows: Sequence[Reference],
        identities: Sequence[bytes],
        taken: RowsTaken,
    ) -> tuple[list[Reference], list[bytes]]:
        """Those of these rows that are to be inserted. The old ones of those that changed are deleted."""
        first: dict[bytes, Reference] = {}
        for identity, row in zip(identities, rows, strict=True):
            if identity in first and not is_later(row, first[identity]):
                self._repeated(first[identity], row, taken)
            else:
                first[identity] = row
        known = self._by_identity(number, list(first))
        held = self._held_rows(known.values())
        seen: set[int] = set()
        gone: dict[bytes, int] = {}
        for identity, row_id in known.items():
            row, old = first[identity], held[row_id]
            if is_later(old.row, row):
                # An earlier statement that comes after a later one: the later one holds.
                taken.unchanged += 1
                seen.add(row_id)
            elif old.age == generation and not is_later(row, old.row):
                self._repeated(old.row, row, taken)
            elif same_statement(old.row, row) and old.row.changed == row.changed and old.row.said == row.said:
                taken.unchanged += 1
                seen.add(row_id)
            else:
                taken.changed += 1
                gone[identity] = row_id
                continue
            del first[identity]
        list_blocks.seen(self._connection, seen, generation)
        taken.removed = self._delete_listed(number, gone)
        return list(first.values()), list(first)

    @staticmethod
    def _repeated(first: Reference, again: Reference, taken: RowsTaken) -> None:
        if same_statement(first, again):
            taken.repeated += 1
        else:
            taken.conflicting += 1

    def withdraw_rows(self, number: int, withdrawals: Sequence[Withdrawal]) -> RowsTaken:
        named: dict[bytes, Withdrawal] = {}
        columns = list_codec.by_column([each.named for each in withdrawals]) if withdrawals else {}
        for identity, each in zip(list_codec.identities_of(columns) if columns else (), withdrawals, strict=True):
            if identity not in named or not is_later(named[identity], each):
                named[identity] = each
        known = self._by_identity(number, list(named))
        dated = {identity: row for identity, row in known.items() if named[identity].changed}
        held = self._held_rows(dated.values())
        stale = {each for each, row in dated.items() if is_later(held[row].row, named[each])}
        gone = {identity: row for identity, row in known.items() if identity not in stale}
        self._count_listed(number, -len(gone))
        return RowsTaken(
            removed=self._delete_listed(number, gone),
            withdrawn=len(gone),
            unknown=len(named) - len(known),
            stale=len(stale),
        )

    def delete_rows(self, number: int, limit: int, *, before: int = 0) -> list[int]:
        gone: dict[bytes, int] = {}
        for blocks in list_blocks.walk(self._connection, number, 0, limit, before=before):
            for block, data in zip(blocks, list_blocks.contents(self._connection, blocks), strict=True):
                old = [slot for slot in block.live if not before or block.ages[slot] < before][: limit - len(gone)]
                if old:
                    rows = list_codec.unpack_rows(data, old)
                    identities = list_codec.identities_of(list_codec.by_column(rows))
                    gone |= zip(identities, (block.first + slot for slot in old), strict=True)
            if len(gone) == limit:
                break
        self._count_listed(number, -len(gone))
        return self._delete_listed(number, gone)

    def _held_rows(self, ids: Collection[int]) -> dict[int, _Held]:
        wanted = set(ids)
        found: dict[int, _Held] = {}
        for blocks in list_blocks.holding(self._connection, wanted):
            for block, data in zip(blocks, list_blocks.contents(self._connection, blocks), strict=True):
                slots = [slot for slot in block.live if block.first + slot in wanted]
                for slot, row in zip(slots, list_codec.unpack_rows(data, slots, words=True), strict=True):
                    found[block.first + slot] = _Held(row, block.ages[slot])
        return found

    def _delete_listed(self, number: int, gone: Mapping[bytes, int]) -> list[int]:
        """Deletes rows by identity and id; their ids, ascending."""
        if gone:
            self._connection.execute(_FORGOTTEN, [{"number": number, "gone": each} for each in sorted(gone)])
            list_blocks.erase(self._connection, set(gone.values()))
        return sorted(gone.values())

    def _move_rows_to_case(self, before: int, after: int) -> None:
        blocks = tables.list_blocks
        self._connection.execute(update(blocks).where(blocks.c.case_id == before).values(case_id=after))

    def _case_id(self, number: int, case: str) -> int:
        if not case:
            return 0
        cases = tables.list_cases
        here = (cases.c.list_number == number, cases.c.number == case)
        known: int | None = self._connection.scalar(select(cases.c.id).where(*here))
        if known is None:
            values = {"list_number": number, "number": case, "vault_id": 0}
            known = self._connection.scalars(insert(cases).values(**values).returning(cases.c.id)).one()
        return known

    def _count_listed(self, number: int, more: int) -> None:
        if more:
            self._connection.execute(_COUNT, {"of": number, "more": more})
