"""The rows of lists: taken in by the thousand, compared with those of earlier files, withdrawn and deleted.

Rules this module upholds:

- Rows that are all new cost one bulk INSERT. Only where one of them is known, or stands twice in its file, the rows are
  looked up and compared.
- A row that changed is deleted and comes again under a new id: no id is ever used twice, so an index that was kept can
  follow.
- What a file said of a deleted row is overwritten in the vault.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from node.domain.batch import FingerprintColumn, FingerprintColumns, column
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.lists import ListedRow, RowsTaken
from node.domain.references import Reference, is_later, is_later_moment, same_statement
from node.errors import Damaged
from node.store import list_codec, vault
from node.store.kept_kinds import LISTED
from node.store.statements import Repository, chunks, insert_rows
from node.store.tables.lists import list_cases, list_rows, lists

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from node.domain.references import Withdrawal

_COLUMNS: Final = tuple(each.name for each in list_rows.c)
_SEQUENCE: Final = text("SELECT seq FROM sqlite_sequence WHERE name = 'list_rows'")
_FOUND: Final = select(list_rows).where(
    list_rows.c.list_number == bindparam("number"), list_rows.c.identity.in_(bindparam("identities", expanding=True))
)
_SEEN: Final = update(list_rows).where(list_rows.c.id == bindparam("row")).values(generation=bindparam("now"))
_MOVED: Final = (
    update(list_rows)
    .where(list_rows.c.id == bindparam("row"))
    .values(vault_id=bindparam("block"), vault_at=bindparam("at"))
)
_COUNT: Final = update(lists).where(lists.c.number == bindparam("of")).values(rows=lists.c.rows + bindparam("more"))


class ListedRows(Repository):
    """The rows in `ListReader`."""

    def list_rows(self, ids: Sequence[int]) -> Mapping[int, ListedRow]:
        found: dict[int, ListedRow] = {}
        for some in chunks(dict.fromkeys(ids)):
            rows = self._connection.execute(select(list_rows).where(list_rows.c.id.in_(some))).all()
            found |= {each.id: each for each in self._listed(rows)}
        return found

    def rows_of_list(
        self, number: int, after: int, limit: int, *, words: bool = False, case: str = ""
    ) -> list[ListedRow]:
        return self._listed(self._listed_page(number, after, limit, case), words=words)

    def list_columns(
        self, number: int, after: int, limit: int, case: str = ""
    ) -> tuple[FingerprintColumns, int, int] | None:
        rows = self._listed_page(number, after, limit, case)
        if not rows:
            return None
        return columns_of([(row.id, row) for row in rows]), rows[-1].id, len(rows)

    def last_list_row(self) -> int:
        return self._connection.scalar(_SEQUENCE) or 0

    def _listed_page(self, number: int, after: int, limit: int, case: str = "") -> Sequence[Row[Any]]:
        page = select(list_rows).where(_of_list(number), list_rows.c.id > after)
        if case:
            here = (list_cases.c.list_number == number, list_cases.c.number == case)
            page = page.where(list_rows.c.case_id == select(list_cases.c.id).where(*here).scalar_subquery())
        return self._connection.execute(page.order_by(list_rows.c.id).limit(limit)).all()

    def _listed(self, rows: Sequence[Row[Any]], *, words: bool = False) -> list[ListedRow]:
        cases = self._case_numbers({row.case_id for row in rows if row.case_id})
        said = self._words_of(rows) if words else {}
        return [
            ListedRow(
                id=row.id,
                list=row.list_number,
                reference=list_codec.reference_of(row, said.get(row.id, "")),
                case=cases.get(row.case_id, ""),
            )
            for row in rows
        ]

    def _case_numbers(self, ids: Iterable[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for some in chunks(ids):
            rows = self._connection.execute(
                select(list_cases.c.id, list_cases.c.number).where(list_cases.c.id.in_(some))
            )
            found.update((row.id, row.number) for row in rows)
        return found

    def _words_of(self, rows: Sequence[Row[Any]]) -> dict[int, str]:
        """Row id -> what the file said of it."""
        blocks = sorted({row.vault_id for row in rows if row.vault_id})
        opened = dict(zip(blocks, map(_unpacked, vault.get(self._connection, blocks)), strict=True))
        return {row.id: opened[row.vault_id][row.vault_at] for row in rows if row.vault_id}


class ListedWrites(ListedRows):
    """The rows in `ListWriter`."""

    def put_rows(self, number: int, generation: int, rows: Sequence[Reference], case: str = "") -> RowsTaken:
        """See `ListWriter`."""
        taken = RowsTaken()
        if not rows:
            return taken
        case_id = self._case_id(number, case)
        identities = list(map(list_codec.identity_of, rows))
        savepoint = self._connection.begin_nested()
        try:
            taken.added = self._insert_listed(number, generation, rows, identities, case_id)
            savepoint.commit()
        except IntegrityError:
            savepoint.rollback()
            rows, identities = self._compared(number, generation, rows, identities, taken)
            taken.added = self._insert_listed(number, generation, rows, identities, case_id)
        taken.columns = columns_of(list(zip(taken.added, rows, strict=True)))
        self._count_listed(number, len(taken.added) - len(taken.removed))
        return taken

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
        said = self._words_of(known)
        seen: list[int] = []
        gone: list[Row[Any]] = []
        for old in known:
            row, before = first[old.identity], list_codec.reference_of(old)
            if is_later(before, row):
                # An earlier statement that comes after a later one: the later one holds.
                taken.unchanged += 1
                seen.append(old.id)
                del first[old.identity]
            elif old.generation == generation and not is_later(row, before):
                self._repeated(before, row, taken)
                del first[old.identity]
            elif same_statement(before, row) and before.changed == row.changed and said.get(old.id, "") == row.said:
                taken.unchanged += 1
                seen.append(old.id)
                del first[old.identity]
            else:
                taken.changed += 1
                gone.append(old)
        if seen:
            self._connection.execute(_SEEN, [{"row": row, "now": generation} for row in seen])
        self._delete_listed(gone)
        taken.removed = sorted(row.id for row in gone)
        return list(first.values()), list(first)

    @staticmethod
    def _repeated(first: Reference, again: Reference, taken: RowsTaken) -> None:
        if same_statement(first, again):
            taken.repeated += 1
        else:
            taken.conflicting += 1

    def withdraw_rows(self, number: int, withdrawals: Sequence[Withdrawal]) -> RowsTaken:
        taken = RowsTaken()
        named: dict[bytes, Withdrawal] = {}
        for each in withdrawals:
            identity = list_codec.identity_of(each.named)
            if identity not in named or not is_later(named[identity], each):
                named[identity] = each
        known = self._by_identity(number, list(named))
        gone = [row for row in known if not is_later_moment(list_codec.changed_of(row), named[row.identity].changed)]
        self._delete_listed(gone)
        taken.removed = sorted(row.id for row in gone)
        taken.withdrawn = len(gone)
        taken.stale = len(known) - len(gone)
        taken.unknown = len(named) - len(known)
        self._count_listed(number, -len(gone))
        return taken

    def delete_rows(self, number: int, limit: int, *, before: int = 0) -> list[int]:
        page = select(list_rows).where(list_rows.c.list_number == number)
        if before:
            page = page.where(list_rows.c.generation < before)
        gone = self._connection.execute(page.limit(limit)).all()
        self._delete_listed(gone)
        self._count_listed(number, -len(gone))
        return sorted(row.id for row in gone)

    def _by_identity(self, number: int, identities: Sequence[bytes]) -> list[Row[Any]]:
        rows: list[Row[Any]] = []
        for some in chunks(identities):
            rows += self._connection.execute(_FOUND, {"number": number, "identities": some}).all()
        return rows

    def _insert_listed(
        self,
        number: int,
        generation: int,
        rows: Sequence[Reference],
        identities: Sequence[bytes],
        case_id: int,
    ) -> list[int]:
        start = self.last_list_row() + 1
        places = self._keep_words(rows)
        made = [
            (
                start + at,
                number,
                identity,
                generation,
                row.md5,
                row.sha1,
                row.sha256,
                row.pdq,
                row.pdq_quality,
                row.photodna,
                row.code or "",
                list_codec.flags_of(row),
                row.series,
                row.tags,
                row.media_type,
                row.size,
                case_id,
                row.at.record,
                row.at.line,
                row.at.offset,
                list_codec.rest_of(row),
                *place,
            )
            for at, (row, identity, place) in enumerate(zip(rows, identities, places, strict=True))
        ]
        insert_rows(self._connection, list_rows, _COLUMNS, made)
        return list(range(start, start + len(rows)))

    def _keep_words(self, rows: Sequence[Reference]) -> list[tuple[int, int]]:
        """(block, place in it) of each row, whose words are put into the vault; (0, 0) of one without any."""
        blocks = [rows[at : at + list_codec.BLOCK_ROWS] for at in range(0, len(rows), list_codec.BLOCK_ROWS)]
        packed = [list_codec.pack_block([row.said for row in block]) for block in blocks]
        ids = vault.put(self._connection, packed)
        return [(block, at) for block, some in zip(ids, blocks, strict=True) for at in range(len(some))]

    def _delete_listed(self, rows: Sequence[Row[Any]]) -> None:
        """Deletes rows; their words are overwritten, those of their neighbours in a block are kept."""
        for some in chunks([row.id for row in rows]):
            self._connection.execute(delete(list_rows).where(list_rows.c.id.in_(some)))
        touched = sorted({row.vault_id for row in rows if row.vault_id})
        left: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        for some in chunks(touched):
            for row in self._connection.execute(select(list_rows).where(list_rows.c.vault_id.in_(some))):
                left[row.vault_id].append(row)
        for block, kept in left.items():
            said = _unpacked(vault.get(self._connection, [block])[0])
            packed = list_codec.pack_block([said[row.vault_at] for row in kept])
            fresh = vault.put(self._connection, [packed])[0]
            self._connection.execute(_MOVED, [{"row": row.id, "block": fresh, "at": at} for at, row in enumerate(kept)])
        vault.forget(self._connection, touched)

    def _move_rows_to_case(self, before: int, after: int) -> None:
        self._connection.execute(update(list_rows).where(list_rows.c.case_id == before).values(case_id=after))

    def _case_id(self, number: int, case: str) -> int:
        if not case:
            return 0
        here = (list_cases.c.list_number == number, list_cases.c.number == case)
        known: int | None = self._connection.scalar(select(list_cases.c.id).where(*here))
        if known is None:
            values = {"list_number": number, "number": case, "vault_id": 0}
            known = self._connection.scalars(insert(list_cases).values(**values).returning(list_cases.c.id)).one()
        return known

    def _count_listed(self, number: int, more: int) -> None:
        if more:
            self._connection.execute(_COUNT, {"of": number, "more": more})


def _of_list(number: int) -> ColumnElement[bool]:
    """Whether a row is of a list, without the index of the lists: that one has the rows in another order, so that each
    page of a list would sort all of its rows.
    """
    plain: ColumnElement[int] = list_rows.c.list_number + 0
    return plain.in_([number])


def columns_of(rows: Sequence[tuple[int, Reference | Row[Any]]]) -> FingerprintColumns:
    """The fingerprints of rows by their ids."""
    columns: list[FingerprintColumn] = []
    for kind, kept in LISTED.items():
        given = [(row_id, value, row) for row_id, row in rows if (value := getattr(row, kept.value.name))]
        if given:
            ids, values, those = zip(*given, strict=True)
            rated = "" if kept.quality is None else kept.quality.name
            quality = [getattr(row, rated) for row in those] if rated else [UNSTATED_QUALITY] * len(ids)
            columns.append(column(kind.code, ids, values, quality, kind.size))
    return FingerprintColumns(columns=columns)


def _unpacked(block: bytes) -> list[str]:
    try:
        return list_codec.unpack_block(block)
    except (zlib.error, ValueError, IndexError) as error:
        raise Damaged("what a list said of its rows cannot be read", remedy="restore the newest backup") from error
