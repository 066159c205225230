"""Watches that this node keeps for other members.

Rules this module upholds:

- What the asker was told goes with the watch: both are deleted together.
- A list of rows has one row at most per list: the lowest id stands for all above it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

from node.domain.ids import MemberId, Origin, RecordId
from node.domain.kept_watches import LIVE, KeptWatch, Told, WatchLoad, WatchStanding
from node.errors import Damaged
from node.store.statements import Repository, chunks
from node.store.tables.watches import kept_watches, watch_told, watched_rows
from node.store.watched_rows import WatchedRowWrites

if TYPE_CHECKING:
    from sqlalchemy import Row

_OF_ROOT: Final = select(kept_watches).where(
    kept_watches.c.root_leaf == bindparam("leaf"), kept_watches.c.root_origin == bindparam("of")
)
_ENDED: Final = sorted({int(each) for each in WatchStanding} - {int(each) for each in LIVE})
_END_ROW: Final = delete(watched_rows).where(
    watched_rows.c.source == bindparam("of"), watched_rows.c.row == bindparam("at")
)


class WatchRows(Repository):
    """`WatchReader` inside one transaction."""

    def kept_watch(self, number: int) -> KeptWatch | None:
        row = self._connection.execute(select(kept_watches).where(kept_watches.c.id == number)).one_or_none()
        return None if row is None else _watch(row)

    def kept_watch_of(self, root: RecordId) -> KeptWatch | None:
        row = self._connection.execute(_OF_ROOT, {"leaf": root.leaf, "of": str(root.origin)}).one_or_none()
        return None if row is None else _watch(row)

    def kept_watches(
        self, standings: Collection[WatchStanding], *, after: int = 0, limit: int = 1_000
    ) -> list[KeptWatch]:
        wanted = select(kept_watches).where(kept_watches.c.standing.in_(sorted(map(int, standings))))
        wanted = wanted.where(kept_watches.c.id > after).order_by(kept_watches.c.id).limit(limit)
        return [_watch(row) for row in self._connection.execute(wanted)]

    def watches_for_officers(self, limit: int, *, decided: bool = False) -> list[KeptWatch]:
        waits = (
            kept_watches.c.standing == int(WatchStanding.WAITING),
            (kept_watches.c.standing == int(WatchStanding.KEPT)) & (kept_watches.c.told == int(Told.WAITING)),
            *([kept_watches.c.decided_at > 0] if decided else []),
        )
        wanted = select(kept_watches).where(or_(*waits)).order_by(kept_watches.c.id.desc()).limit(limit)
        return [_watch(row) for row in self._connection.execute(wanted)]

    def watch_loads(self) -> Mapping[MemberId, WatchLoad]:
        live = kept_watches.c.standing.in_(sorted(map(int, LIVE)))
        counted = select(kept_watches.c.asker, func.count(), func.sum(kept_watches.c.cost)).where(live)
        return {
            MemberId(asker): WatchLoad(watches, fingerprints)
            for asker, watches, fingerprints in self._connection.execute(counted.group_by(kept_watches.c.asker))
        }

    def watched_rows(self, limit: int) -> list[tuple[int, int]]:
        wanted = select(watched_rows).order_by(watched_rows.c.source, watched_rows.c.row).limit(limit)
        return [(row.source, row.row) for row in self._connection.execute(wanted)]

    def told_records(self, number: int, leaves: Collection[bytes]) -> set[bytes]:
        found: set[bytes] = set()
        for some in chunks(leaves):
            wanted = select(watch_told.c.leaf).where(watch_told.c.watch_id == number, watch_told.c.leaf.in_(some))
            found.update(self._connection.scalars(wanted))
        return found


class WatchWrites(WatchRows, WatchedRowWrites):
    """`WatchWriter` inside one transaction."""

    def put_watch(self, watch: KeptWatch) -> KeptWatch:
        self._watched = None  # what comes later in this transaction may have to wait for it
        if watch.id:
            self._connection.execute(update(kept_watches).where(kept_watches.c.id == watch.id).values(**_values(watch)))
            return watch
        number = self._connection.execute(insert(kept_watches).values(**_values(watch))).lastrowid
        stored = self.kept_watch(number)
        if stored is None:
            raise Damaged("a watch that was just stored cannot be read", remedy="run fsck")
        return stored

    def put_told_records(self, number: int, leaves: Collection[bytes]) -> None:
        if leaves:
            told = insert_or_ignore(watch_told).on_conflict_do_nothing()
            self._connection.execute(told, [{"watch_id": number, "leaf": leaf} for leaf in leaves])

    def end_watched_rows(self, rows: Sequence[tuple[int, int]]) -> None:
        if rows:
            self._connection.execute(_END_ROW, [{"of": source, "at": row} for source, row in rows])

    def advance_watched_list(self, source: int, row: int, to: int) -> None:
        self.end_watched_rows([(source, row)])
        self._note_watched_list(source, to)

    def forget_ended_watches(self, before: int) -> int:
        old = (kept_watches.c.standing.in_(_ENDED), kept_watches.c.at < before, kept_watches.c.decided_at < before)
        gone = list(self._connection.scalars(select(kept_watches.c.id).where(*old)))
        for some in chunks(gone):
            self._connection.execute(delete(watch_told).where(watch_told.c.watch_id.in_(some)))
            self._connection.execute(delete(kept_watches).where(kept_watches.c.id.in_(some)))
        return len(gone)


def _values(watch: KeptWatch) -> dict[str, Any]:
    return {
        "root_origin": str(watch.root.origin),
        "root_leaf": watch.root.leaf,
        "asker": watch.asker,
        "head_origin": str(watch.head[0]),
        "head_idx": watch.head[1],
        "standing": int(watch.standing),
        "cost": watch.cost,
        "until_day": watch.until_day,
        "at": watch.at,
        "why": watch.why,
        "told": int(watch.told),
        "algorithm": watch.algorithm,
        "records": watch.records,
        "decided_at": watch.decided_at,
    }


def _watch(row: Row[Any]) -> KeptWatch:
    return KeptWatch(
        id=row.id,
        root=RecordId(Origin.parse(row.root_origin), row.root_leaf),
        head=(Origin.parse(row.head_origin), row.head_idx),
        standing=WatchStanding(row.standing),
        cost=row.cost,
        until_day=row.until_day,
        at=row.at,
        why=row.why,
        told=Told(row.told),
        algorithm=row.algorithm,
        records=row.records,
        decided_at=row.decided_at,
    )
