"""Local watches of this node's officers.

Rules this module upholds:

- What a watch looks for is in the vault, and is overwritten there when the watch is deleted.
- What a watch found is deleted with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, select

from node.domain.ids import Origin, RecordId
from node.domain.local_watches import MOST_FINDS, LocalWatch
from node.store import vault
from node.store.statements import Repository, chunks, insert_rows
from node.store.tables.watches import local_finds, local_watches

if TYPE_CHECKING:
    from sqlalchemy import Row

_FOUND: Final = (
    select(func.count()).where(local_finds.c.watch_id == local_watches.c.id).scalar_subquery().label("found")
)
_WATCHES: Final = select(local_watches, _FOUND).order_by(local_watches.c.id)


class LocalWatchRows(Repository):
    """`LocalWatchReader` inside one transaction."""

    def local_watches(self) -> list[LocalWatch]:
        return [_watch(row) for row in self._connection.execute(_WATCHES)]

    def local_watch(self, number: int) -> LocalWatch | None:
        row = self._connection.execute(_WATCHES.where(local_watches.c.id == number)).one_or_none()
        return None if row is None else _watch(row)

    def local_payloads(self, numbers: Collection[int]) -> Mapping[int, bytes]:
        sealed: dict[int, int] = {}
        for some in chunks(sorted(set(numbers))):
            rows = select(local_watches.c.id, local_watches.c.vault_id).where(local_watches.c.id.in_(some))
            sealed.update((row.id, row.vault_id) for row in self._connection.execute(rows))
        return dict(zip(sealed, vault.get(self._connection, list(sealed.values())), strict=True))

    def local_finds(self, number: int) -> set[RecordId]:
        rows = select(local_finds.c.origin, local_finds.c.leaf).where(local_finds.c.watch_id == number)
        return {RecordId(Origin.parse(row.origin), row.leaf) for row in self._connection.execute(rows)}


class LocalWatchWrites(LocalWatchRows):
    """`LocalWatchWriter` inside one transaction."""

    def add_local_watch(self, watch: LocalWatch, payload: bytes) -> LocalWatch:
        (sealed,) = vault.put(self._connection, [payload])
        values = {
            "reference": watch.case,
            "officer": watch.officer,
            "vault_id": sealed,
            "subjects": watch.subjects,
            "fingerprints": watch.fingerprints,
            "until_day": watch.until_day,
            "at": watch.at,
        }
        stored = insert(local_watches).values(values).returning(local_watches.c.id)
        return replace(watch, id=self._connection.execute(stored).scalar_one(), found=0)

    def add_local_finds(self, number: int, records: Sequence[RecordId]) -> list[RecordId]:
        if self.local_watch(number) is None:
            return []
        known = self.local_finds(number)
        fresh = [each for each in dict.fromkeys(records) if each not in known][: max(MOST_FINDS - len(known), 0)]
        rows = [(number, each.leaf, str(each.origin)) for each in fresh]
        insert_rows(self._connection, local_finds, ("watch_id", "leaf", "origin"), rows)
        return fresh

    def delete_local_watch(self, number: int) -> bool:
        mine = select(local_watches.c.vault_id).where(local_watches.c.id == number)
        sealed = list(self._connection.scalars(mine))
        vault.forget(self._connection, sealed)
        self._connection.execute(delete(local_finds).where(local_finds.c.watch_id == number))
        self._connection.execute(delete(local_watches).where(local_watches.c.id == number))
        return bool(sealed)


def _watch(row: Row[Any]) -> LocalWatch:
    return LocalWatch(
        id=row.id,
        case=row.reference,
        officer=row.officer,
        subjects=row.subjects,
        fingerprints=row.fingerprints,
        until_day=row.until_day,
        at=row.at,
        found=row.found,
    )
