"""Reading logs: states, tiles, runs of entries, and pending work on them. `log_writes` writes them.

Rules this module upholds:

- A log that is not stored here reads as an empty one.
- The cost of reading a run is its own length, however the log was appended and wherever the run begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np
from sqlalchemy import BindParameter, Column, ColumnElement, Row, and_, bindparam, case, func, select, type_coerce
from sqlalchemy.types import NullType

from node.domain.batch import BodyState
from node.domain.ids import HASH_SIZE, Origin, RecordId
from node.domain.log_ports import LogState, PendingEntry, StoredRun
from node.errors import Damaged
from node.store import codec, vault
from node.store.statements import Repository, chunks
from node.store.tables.logs import (
    entries,
    expiries,
    forks,
    logs,
    missing,
    outbox,
    quarantine,
    repairs,
    runs,
    targets,
    tiles,
)
from node.tlog.tiles import TILE_WIDTH

_FETCH: Final = 512
"""Rows fetched at a time while a run may still end early."""
_SCAN_TILES: Final = 256
"""Tiles (8 KiB each) that `find` scans at a time: 2 MiB."""
_PREFIX: Final = np.dtype("<u8")
_FIRST_16: Final = np.uint64(0xFFFF)

_STATE_COLUMNS: Final[tuple[Column[Any], ...]] = (
    logs.c.number,
    logs.c.origin,
    logs.c.size,
    logs.c.root,
    logs.c.checkpoint,
    logs.c.checkpoint_size,
    logs.c.anchor,
    logs.c.anchor_size,
    logs.c.cosigned,
    logs.c.cosigned_size,
    logs.c.frozen,
)
COUNT_COLUMNS: Final = {
    BodyState.HELD: logs.c.held,
    BodyState.NOT_FOR_US: logs.c.not_for_us,
    BodyState.PURGED: logs.c.purged,
    BodyState.MISSING: logs.c.missing,
    BodyState.QUARANTINED: logs.c.quarantined,
}

_log: BindParameter[int] = bindparam("log")
_start: BindParameter[int] = bindparam("start")
_stop: BindParameter[int] = bindparam("stop")
_earlier = runs.alias("earlier")
_first_run = (
    select(func.max(_earlier.c.start)).where(_earlier.c.log_no == _log, _earlier.c.start <= _start).scalar_subquery()
)
_from_slot = case((runs.c.start < _start, runs.c.slot + _start - runs.c.start), else_=runs.c.slot)
_to_slot = case(
    (runs.c.start + runs.c.count > _stop, runs.c.slot + _stop - runs.c.start), else_=runs.c.slot + runs.c.count
)
# NullType: the driver's bytes unchanged, without a conversion per value. Only HELD rows are more than zeros.
_RUN_COLUMNS: Final[tuple[ColumnElement[Any], ...]] = (
    type_coerce(entries.c.state, NullType),
    type_coerce(entries.c.entry, NullType),
    type_coerce(case((entries.c.state == codec.HELD, entries.c.sealed), else_=b""), NullType),
)
_RUN: Final = (
    select(*_RUN_COLUMNS)
    .select_from(runs)
    .join(entries, and_(entries.c.slot >= _from_slot, entries.c.slot < _to_slot))
    .where(runs.c.log_no == _log, runs.c.start >= func.coalesce(_first_run, 0), runs.c.start < _stop)
    .order_by(runs.c.start, entries.c.slot)
)

# Built once: building a statement costs as much as running it.
_LOGS: Final = select(*_STATE_COLUMNS).order_by(logs.c.number)
_ONE_LOG: Final = select(*_STATE_COLUMNS).where(logs.c.origin == bindparam("origin"))
_TILE: Final = select(tiles.c.data).where(
    tiles.c.log_no == bindparam("log"), tiles.c.level == bindparam("level"), tiles.c.idx == bindparam("index")
)


class LogRows(Repository):
    """`LogReader` inside one transaction."""

    def logs(self) -> list[LogState]:
        return [_log_state(row) for row in self._connection.execute(_LOGS)]

    def log(self, origin: Origin) -> LogState | None:
        row = self._connection.execute(_ONE_LOG, {"origin": str(origin)}).one_or_none()
        return None if row is None else _log_state(row)

    def tile(self, number: int, level: int, index: int) -> bytes:
        data: bytes | None = self._connection.scalar(_TILE, {"log": number, "level": level, "index": index})
        return data or b""

    def run(self, origin: Origin, start: int, stop: int, max_bytes: int, *, framing: int = 0) -> StoredRun:
        states: list[bytes] = []
        leaves: list[bytes] = []
        sealed: list[bytes] = []
        number = self._number(origin)
        if number is not None and 0 <= start < stop:
            size = 0
            with self._connection.execute(_RUN, {"log": number, "start": start, "stop": stop}) as result:
                while size <= max_bytes and (rows := result.fetchmany(_FETCH)):
                    more_states, more_leaves, more_sealed = zip(*rows, strict=True)
                    states += more_states
                    leaves += more_leaves
                    sealed += more_sealed
                    size += sum(map(len, more_leaves)) + sum(map(len, more_sealed)) + framing * len(rows)
        self._repaired(number, start, states, sealed)
        keep = _within(leaves, sealed, max_bytes, framing)
        opened = codec.open_columns(sealed[:keep])
        return StoredRun(
            start=start,
            entries=leaves[:keep],
            nonces=opened.nonces,
            bodies=opened.bodies,
            handling_nonces=opened.handling_nonces,
            handlings=opened.handlings,
            states=codec.shown_states(states[:keep]),
        )

    def _repaired(self, number: int | None, start: int, states: list[bytes], sealed: list[bytes]) -> None:
        """Inserts bodies that came later at their positions."""
        if codec.REPAIRED not in states:
            return
        at = {start + place: place for place, state in enumerate(states) if state == codec.REPAIRED}
        for some in chunks(at):
            found = self._connection.execute(
                select(repairs.c.idx, repairs.c.vault_id).where(repairs.c.log_no == number, repairs.c.idx.in_(some))
            ).all()
            bodies = vault.get(self._connection, [row.vault_id for row in found])
            for row, body in zip(found, bodies, strict=True):
                sealed[at[row.idx]] = body

    def find(self, origin: Origin, leaves: Sequence[bytes], start: int = 0) -> dict[bytes, int]:
        number = self._number(origin)
        wanted = {leaf for leaf in leaves if len(leaf) == HASH_SIZE}
        found: dict[bytes, int] = {}
        if number is None or not wanted:
            return found
        # Eight bytes of a hash distinguish nearly all leaves; the remaining candidates are compared whole.
        prefixes = np.unique(np.frombuffer(b"".join(leaf[:8] for leaf in wanted), dtype=_PREFIX))
        level_0 = select(tiles.c.idx, type_coerce(tiles.c.data, NullType)).where(
            tiles.c.log_no == number, tiles.c.level == 0, tiles.c.idx >= start // TILE_WIDTH
        )
        with self._connection.execute(level_0.order_by(tiles.c.idx)) as result:
            while len(found) < len(wanted) and (rows := result.fetchmany(_SCAN_TILES)):
                numbers, parts = zip(*rows, strict=True)
                if any(len(part) != TILE_WIDTH * HASH_SIZE for part in parts[:-1]):
                    raise Damaged("a tile of the log is cut short", remedy="run fsck; tiles are rebuilt from entries")
                base, data = numbers[0] * TILE_WIDTH, b"".join(parts)
                for place in _candidates(data, prefixes):
                    leaf = data[place * HASH_SIZE : (place + 1) * HASH_SIZE]
                    if leaf in wanted and base + place >= start:
                        found.setdefault(leaf, base + place)
        return found

    def targeting(self, record: RecordId) -> list[tuple[Origin, int, int]]:
        rows = self._connection.execute(
            select(logs.c.origin, targets.c.idx, targets.c.kind)
            .join(logs, logs.c.number == targets.c.log_no)
            .where(targets.c.target_leaf == record.leaf, targets.c.target_origin == str(record.origin))
            .order_by(targets.c.log_no, targets.c.idx)
        )
        return [(Origin.parse(row.origin), row.idx, row.kind) for row in rows]

    def expiring(self, day: int, limit: int) -> list[tuple[Origin, int]]:
        rows = self._connection.execute(
            select(logs.c.origin, expiries.c.idx)
            .join(logs, logs.c.number == expiries.c.log_no)
            .where(expiries.c.day < day)
            .order_by(expiries.c.day, expiries.c.log_no, expiries.c.idx)
            .limit(limit)
        )
        return [(Origin.parse(row.origin), row.idx) for row in rows]

    def missing(self, origin: Origin, limit: int, start: int = 0) -> list[int]:
        here = select(missing.c.idx).where(missing.c.log_no == self._number(origin), missing.c.idx >= start)
        return list(self._connection.scalars(here.order_by(missing.c.idx).limit(limit)))

    def body_counts(self, number: int) -> Mapping[int, int]:
        row = self._connection.execute(select(*COUNT_COLUMNS.values()).where(logs.c.number == number)).one_or_none()
        return dict(zip(map(int, COUNT_COLUMNS), row or (0,) * len(COUNT_COLUMNS), strict=True))

    def quarantined(self, origin: Origin, start: int = 0, stop: int | None = None) -> list[tuple[int, str]]:
        here = [quarantine.c.log_no == self._number(origin), quarantine.c.idx >= start]
        if stop is not None:
            here.append(quarantine.c.idx < stop)
        rows = self._connection.execute(
            select(quarantine.c.idx, quarantine.c.reason).where(*here).order_by(quarantine.c.idx)
        )
        return [(row.idx, row.reason) for row in rows]

    def pending(self, origin: Origin, limit: int) -> list[PendingEntry]:
        rows = self._connection.execute(
            select(outbox).where(outbox.c.origin == str(origin)).order_by(outbox.c.id).limit(limit)
        )
        return self._pending(rows.all())

    def count_pending(self, origin: Origin) -> int:
        here = select(func.count()).select_from(outbox).where(outbox.c.origin == str(origin))
        return self._connection.scalar(here) or 0

    def find_pending(self, leaf: bytes) -> PendingEntry | None:
        rows = self._connection.execute(select(outbox).where(outbox.c.leaf == leaf).order_by(outbox.c.id).limit(1))
        return next(iter(self._pending(rows.all())), None)

    def _pending(self, rows: Sequence[Row[Any]]) -> list[PendingEntry]:
        sealed = vault.get(self._connection, [row.vault_id for row in rows])
        return [
            PendingEntry(
                id=row.id,
                origin=Origin.parse(row.origin),
                entry=row.entry,
                leaf=row.leaf,
                disclosure=codec.open_disclosure(body),
            )
            for row, body in zip(rows, sealed, strict=True)
        ]

    def evidence(self, origin: Origin) -> list[bytes]:
        notes = select(forks.c.note).where(forks.c.log_no == self._number(origin)).order_by(forks.c.id)
        return list(self._connection.scalars(notes))


def _log_state(row: Row[Any]) -> LogState:
    return LogState(
        number=row.number,
        origin=Origin.parse(row.origin),
        size=row.size,
        root=row.root,
        checkpoint=row.checkpoint,
        checkpoint_size=row.checkpoint_size,
        anchor=row.anchor,
        anchor_size=row.anchor_size,
        cosigned=row.cosigned,
        cosigned_size=row.cosigned_size,
        frozen=row.frozen,
    )


def _within(leaves: Sequence[bytes], sealed: Sequence[bytes], max_bytes: int, framing: int) -> int:
    """How many entries and disclosures fit into `max_bytes`, at least one if there is one."""
    sizes = (
        framing + len(entry) + max(len(body) - codec.HEAD_SIZE, 0) for entry, body in zip(leaves, sealed, strict=True)
    )
    keep = sum(total <= max_bytes for total in accumulate(sizes))
    return max(keep, min(len(leaves), 1))


def _candidates(data: bytes, prefixes: np.ndarray) -> list[int]:
    """Which of the hashes in `data` begin like one of the wanted ones."""
    begins = np.frombuffer(data, dtype=_PREFIX)[:: HASH_SIZE // _PREFIX.itemsize]
    # A table of their first 16 bits leaves few to compare: a run of links asks for hundreds.
    may_be = np.zeros(1 << 16, dtype=np.bool_)
    may_be[prefixes & _FIRST_16] = True
    near = np.flatnonzero(may_be[begins & _FIRST_16])
    places = np.minimum(np.searchsorted(prefixes, begins[near]), len(prefixes) - 1)
    found: list[int] = near[prefixes[places] == begins[near]].tolist()
    return found
