"""Previews in the database: where their ciphertexts lie, with their keys, and how many each officer saw.

Rules this module upholds:

- Keys are in the vault, so that a deleted one is overwritten in the database, and no row with a key ever moves.
- A key that is gone is enough: without it the ciphertext in the segment file is noise (`preview_files`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select, update

from node.domain.previews import KEY_SIZE, KeptPreview, PreviewUsage, Segment, Views
from node.errors import Damaged
from node.store import codec, vault
from node.store.statements import Repository, chunks, insert_rows
from node.store.tables.previews import preview_views, previews

if TYPE_CHECKING:
    from sqlalchemy import Row

_COLUMNS: Final = ("holding_id", "still", "segment", "start", "size", "covered_size", "vault_id")
_OF_HOLDING: Final = delete(previews).where(previews.c.holding_id == bindparam("this")).returning(previews.c.vault_id)


class PreviewRows(Repository):
    """`PreviewReader`."""

    def previews(self, holdings: Sequence[int]) -> Mapping[int, tuple[KeptPreview, ...]]:
        found: dict[int, tuple[KeptPreview, ...]] = {}
        for some in chunks(holdings):
            wanted = select(previews).where(previews.c.holding_id.in_(some))
            for kept in self._kept(wanted.order_by(previews.c.holding_id, previews.c.still)):
                found[kept.holding] = (*found.get(kept.holding, ()), kept)
        return found

    def with_previews(self, holdings: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for some in chunks(holdings):
            found.update(
                self._connection.scalars(
                    select(previews.c.holding_id).where(previews.c.holding_id.in_(some)).distinct()
                )
            )
        return found

    def preview_page(self, after: int, limit: int) -> list[KeptPreview]:
        return self._kept(select(previews).where(previews.c.id > after).order_by(previews.c.id).limit(limit))

    def preview_places(self, segment: int) -> list[Segment]:
        of = previews.c
        rows = self._connection.execute(
            select(of.start, of.size).where(of.segment == segment).order_by(of.start, of.size)
        )
        return [Segment(number=segment, start=start, size=size) for start, size in rows]

    def preview_sizes(self) -> Mapping[int, int]:
        of = previews.c
        rows = self._connection.execute(select(of.segment, func.sum(of.size)).group_by(of.segment))
        return {segment: int(size) for segment, size in rows}

    def preview_usage(self) -> PreviewUsage:
        of = previews.c
        counted = select(func.count(of.holding_id.distinct()), func.count(), func.coalesce(func.sum(of.size), 0))
        holdings, stills, size = self._connection.execute(counted.select_from(previews)).one()
        return PreviewUsage(holdings=holdings, stills=stills, size=int(size))

    def views(self, officer: str) -> Views | None:
        row = self._connection.execute(select(preview_views).where(preview_views.c.officer == officer)).one_or_none()
        if row is None:
            return None
        _, day, count, first_at, last_at, since = row
        return Views(day=day, count=count, first_at=first_at, last_at=last_at, since=since)

    def _kept(self, wanted: Any) -> list[KeptPreview]:  # noqa: ANN401 (a SELECT of `previews`)
        rows = self._connection.execute(wanted).all()
        sealed = vault.get(self._connection, [row.vault_id for row in rows])
        return [_kept(row, codec.open_bytes(keys)) for row, keys in zip(rows, sealed, strict=True)]


class PreviewWrites(PreviewRows):
    """`PreviewWriter`."""

    def put_previews(self, stills: Sequence[KeptPreview]) -> None:
        ids = vault.put(self._connection, [codec.seal_bytes(each.keys) for each in stills])
        rows = [
            (each.holding, each.still, each.place.number, each.place.start, each.place.size, each.covered_size, row)
            for each, row in zip(stills, ids, strict=True)
        ]
        insert_rows(self._connection, previews, _COLUMNS, rows)

    def move_previews(self, stills: Sequence[KeptPreview]) -> None:
        if not stills:
            return
        moved = update(previews).where(previews.c.id == bindparam("this"))
        moved = moved.values(segment=bindparam("to_segment"), start=bindparam("to_start"))
        self._connection.execute(
            moved,
            [{"this": each.id, "to_segment": each.place.number, "to_start": each.place.start} for each in stills],
        )

    def forget_previews(self, segment: int | None = None) -> int:
        gone = delete(previews) if segment is None else delete(previews).where(previews.c.segment == segment)
        ids = list(self._connection.scalars(gone.returning(previews.c.vault_id)))
        vault.forget(self._connection, ids)
        return len(ids)

    def put_views(self, officer: str, views: Views) -> None:
        self._connection.execute(delete(preview_views).where(preview_views.c.officer == officer))
        columns = ("officer", "day", "count", "first_at", "last_at", "since")
        row = (officer, views.day, views.count, views.first_at, views.last_at, views.since)
        insert_rows(self._connection, preview_views, columns, [row])


def forget_previews_of(connection: Connection, holding_id: int) -> None:
    """Deletes the stills of a holding, and overwrites their keys."""
    vault.forget(connection, list(connection.scalars(_OF_HOLDING, {"this": holding_id})))


def _kept(row: Row[Any], keys: bytes) -> KeptPreview:
    if len(keys) != 2 * KEY_SIZE:
        raise Damaged("the keys of a preview are damaged", remedy="run fsck, then restore the newest backup")
    return KeptPreview(
        id=row.id,
        holding=row.holding_id,
        still=row.still,
        place=Segment(number=row.segment, start=row.start, size=row.size),
        covered_size=row.covered_size,
        keys=keys,
    )
