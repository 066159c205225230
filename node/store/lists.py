"""Lists as they are kept: what each is, and its cases. Their rows are in `node.store.list_rows`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, bindparam, delete, insert, select, update

from node.domain.lists import LIST_SOURCES, ListState, ReferenceList
from node.domain.queries import Level
from node.domain.references import ListHead
from node.errors import Misuse
from node.store import list_blocks, vault
from node.store.list_rows import ListedRows, ListedWrites
from node.store.statements import chunks
from node.store.tables.lists import list_cases, lists
from node.store.watched_rows import WatchedRowWrites

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.lists import RowsTaken
    from node.domain.references import ListCase, Reference

_LEVEL: Final = select(lists.c.level).where(lists.c.number == bindparam("of"))
_NAMED: Final = select(lists).where(lists.c.name == bindparam("name"))


class ListRows(ListedRows):
    """`ListReader` inside one transaction."""

    def lists(self) -> list[ReferenceList]:
        return [_list(row) for row in self._connection.execute(select(lists).order_by(lists.c.name))]

    def list_named(self, name: str) -> ReferenceList | None:
        row = self._connection.execute(_NAMED, {"name": name}).one_or_none()
        return None if row is None else _list(row)

    def list_cases(self, number: int) -> Mapping[str, str]:
        rows = self._connection.execute(select(list_cases).where(list_cases.c.list_number == number)).all()
        with_words = [row for row in rows if row.vault_id]
        words = vault.get(self._connection, [row.vault_id for row in with_words])
        said = {row.number: each.decode() for row, each in zip(with_words, words, strict=True)}
        return {row.number: said.get(row.number, "") for row in rows}

    def case_sizes(self, numbers: Collection[int]) -> Mapping[tuple[int, str], int]:
        sizes = list_blocks.case_sizes(self._connection)
        found: dict[tuple[int, str], int] = {}
        for some in chunks(numbers):
            for row in self._connection.execute(select(list_cases).where(list_cases.c.list_number.in_(some))):
                found[row.list_number, row.number] = sizes.get(row.id, 0)
        return found

    def imported_cases(self, after: str, limit: int) -> list[tuple[str, int]]:
        numbers = select(list_cases.c.number).where(list_cases.c.number > after).distinct()
        numbers = numbers.order_by(list_cases.c.number).limit(limit)
        named = select(list_cases.c.number, list_cases.c.list_number).where(list_cases.c.number.in_(numbers))
        rows = self._connection.execute(named.order_by(list_cases.c.number, list_cases.c.list_number))
        return [(row.number, row.list_number) for row in rows]

    def lists_with_case(self, references: Sequence[str]) -> Mapping[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for some in chunks(references):
            named = select(list_cases.c.number, list_cases.c.list_number).where(list_cases.c.number.in_(some))
            for row in self._connection.execute(named.order_by(list_cases.c.list_number)):
                found[row.number].append(row.list_number)
        return found


class ListWrites(ListRows, ListedWrites, WatchedRowWrites):
    """`ListWriter` inside one transaction."""

    def put_list(self, new: ReferenceList) -> int:
        """See `ListWriter`."""
        if self.list_named(new.name) is not None:
            raise Misuse("a list with this name is here already", remedy="choose another name, or update that list")
        number: int = self._connection.scalars(
            insert(lists).values(**_values(new), rows=0).returning(lists.c.number)
        ).one()
        return number

    def set_list(self, changed: ReferenceList) -> None:
        here = lists.c.number == changed.number
        before = self._connection.scalar(select(lists.c.level).where(here))
        self._connection.execute(update(lists).where(here).values(**_values(changed)))
        if before is not None and changed.level > before:
            self._note_watched_list(changed.source, 0)

    def put_rows(self, number: int, generation: int, rows: Sequence[Reference], case: str = "") -> RowsTaken:
        taken = super().put_rows(number, generation, rows, case)
        if taken.added and self._connection.scalar(_LEVEL, {"of": number}) != int(Level.NATIONAL):
            self._note_watched_list(LIST_SOURCES + number, taken.added[0] - 1)
        return taken

    def put_list_case(self, number: int, case: ListCase) -> None:
        here = (list_cases.c.list_number == number, list_cases.c.number == case.number)
        known = self._connection.execute(select(list_cases).where(*here)).one_or_none()
        words = vault.put(self._connection, [case.said.encode()])[0] if case.said else 0
        if known is None:
            values = {"list_number": number, "number": case.number, "vault_id": words}
            self._connection.execute(insert(list_cases).values(**values))
            return
        self._connection.execute(update(list_cases).where(*here).values(vault_id=words))
        vault.forget(self._connection, [known.vault_id] if known.vault_id else [])

    def rename_list_case(self, number: int, before: str, after: str) -> None:
        of_list = list_cases.c.list_number == number
        ids = {
            row.number: row.id
            for row in self._connection.execute(
                select(list_cases.c.id, list_cases.c.number).where(of_list, list_cases.c.number.in_((before, after)))
            )
        }
        if before not in ids:
            return
        old = list_cases.c.id == ids[before]
        if after not in ids:
            self._connection.execute(update(list_cases).where(old).values(number=after))
            return
        words = list(self._connection.scalars(select(list_cases.c.vault_id).where(old, list_cases.c.vault_id != 0)))
        self._move_rows_to_case(ids[before], ids[after])
        self._connection.execute(delete(list_cases).where(old))
        vault.forget(self._connection, words)

    def delete_list(self, number: int) -> None:
        cases = select(list_cases.c.vault_id).where(list_cases.c.list_number == number, list_cases.c.vault_id != 0)
        vault.forget(self._connection, list(self._connection.scalars(cases)))
        self._connection.execute(delete(list_cases).where(list_cases.c.list_number == number))
        self._connection.execute(delete(lists).where(lists.c.number == number))


def _values(of: ReferenceList) -> dict[str, Any]:
    head = of.head
    return {
        "name": of.name,
        "format": head.format,
        "version": head.version,
        "region": head.region,
        "kind": head.kind,
        "scheme": head.scheme,
        "scheme_version": head.scheme_version,
        "is_abuse": int(head.is_abuse),
        "provider": of.provider,
        "level": int(of.level),
        "code": of.code,
        "retain_until_day": of.retain_until_day,
        "imported_at": of.imported_at,
        "imported_by": of.imported_by,
        "state": int(of.state),
        "generation": of.generation,
        "digest": of.digest,
    }


def _list(row: Row[Any]) -> ReferenceList:
    return ReferenceList(
        number=row.number,
        name=row.name,
        head=ListHead(
            format=row.format,
            version=row.version,
            region=row.region,
            kind=row.kind,
            scheme=row.scheme,
            scheme_version=row.scheme_version,
            is_abuse=bool(row.is_abuse),
        ),
        provider=row.provider,
        level=Level(row.level),
        code=row.code,
        retain_until_day=row.retain_until_day,
        imported_at=row.imported_at,
        imported_by=row.imported_by,
        state=ListState(row.state),
        generation=row.generation,
        digest=row.digest,
        rows=row.rows,
    )
