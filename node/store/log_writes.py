"""Writing logs.

Rules this module upholds:

- Compare-and-swap is the first statement of an append, in its `WHERE`: the loser has written nothing.
- A row of `entries` is inserted once, at the right edge, and afterwards only overwritten by the same number of bytes
  (`schema`).
- A crash inside any of these leaves the state before the transaction; after its commit, all of it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, delete, func, insert, select, update

from node.domain.batch import BodyState, VerifiedBatch
from node.domain.envelope import Disclosure, Kind
from node.domain.ids import Origin
from node.domain.limits import REASONS_KEPT
from node.domain.log_ports import LogState
from node.domain.mentions import STATED
from node.errors import Conflict, Fork, Misuse, NotFound
from node.store import codec, vault
from node.store.address_listings import forget_listings
from node.store.logs import COUNT_COLUMNS, LogRows
from node.store.mentions import MentionWrites
from node.store.statements import chunks, insert_rows, zeros_like
from node.store.tables.logs import (
    entries,
    expiries,
    forks,
    links,
    logs,
    missing,
    outbox,
    quarantine,
    repairs,
    runs,
    targets,
    tiles,
)
from node.tlog.merkle import EMPTY_ROOT

_MAY_COME: Final = (BodyState.HELD, BodyState.MISSING)
"""States in which an expiry day still matters."""
_REMARKS: Final = (int(Kind.OPINION), int(Kind.COMMENT))

_EMPTY_ROW: Final = (
    update(entries)
    .where(entries.c.slot == bindparam("row"))
    .values(state=bindparam("now"), sealed=zeros_like(entries.c.sealed))
)

# Built once: building a statement costs as much as running it.
_SOME: Final[BindParameter[int]] = bindparam("some", expanding=True)
_UNCOUNT_REMARKS: Final = (
    update(links)
    .where(links.c.log_no == bindparam("log"), links.c.idx.in_(_SOME), links.c.kind.in_(_REMARKS))
    .values(counts=0)
)
_UNCOUNT: Final = (
    update(links).where(links.c.log_no == bindparam("log"), links.c.idx == bindparam("at")).values(counts=0)
)
_STATES: Final = select(entries.c.slot, entries.c.state).where(entries.c.slot.in_(_SOME))
_RUN_OF: Final = (
    select(runs.c.slot, runs.c.start, runs.c.count)
    .where(runs.c.log_no == bindparam("log"), runs.c.start <= bindparam("at"))
    .order_by(runs.c.start.desc())
    .limit(1)
)
_NO_REPAIR: Final = (
    delete(repairs)
    .where(repairs.c.log_no == bindparam("log"), repairs.c.idx.in_(_SOME))
    .returning(repairs.c.vault_id)
)  # fmt: skip
_MISSING: Final = codec.state_byte(BodyState.MISSING)
_NOTES: Final = (
    (expiries, frozenset({codec.HELD, codec.REPAIRED, _MISSING})),
    (missing, frozenset({_MISSING})),
    # An entry whose body is not for us may have a stored reason.
    (quarantine, frozenset(map(codec.state_byte, BodyState))),
)
"""Tables with a row for some entries, and the stored states of the entries that may have one."""
_NO_NOTE: Final = {
    table.name: delete(table).where(table.c.log_no == bindparam("log"), table.c.idx.in_(_SOME)) for table, _ in _NOTES
}
_COUNT_ASIDE: Final = select(logs.c.quarantined).where(logs.c.number == bindparam("log"))
_LAST_SLOT: Final = select(func.max(entries.c.slot))
_EXTEND_RUN: Final = (
    update(runs)
    .where(runs.c.log_no == bindparam("log"), runs.c.slot + runs.c.count == bindparam("end"))
    .where(runs.c.slot == select(func.max(runs.c.slot)).scalar_subquery())
    .values(count=runs.c.count + bindparam("more"))
)
_OUTGROWN_TILES: Final = delete(tiles).where(
    tiles.c.log_no == bindparam("log"), tiles.c.level == bindparam("at_level"), tiles.c.idx >= bindparam("from_index")
)
_MORE: Final = {column.name: column + bindparam(f"more_{column.name}") for column in COUNT_COLUMNS.values()}
_RECOUNT: Final = update(logs).where(logs.c.number == bindparam("log")).values(**_MORE)
_ADVANCE: Final = (
    update(logs)
    .where(logs.c.origin == bindparam("of"), logs.c.size == bindparam("start"), logs.c.frozen == "")
    .values(
        size=bindparam("end"),
        root=bindparam("new_root"),
        **_MORE,
    )
)


class LogWrites(LogRows, MentionWrites):
    """`LogWriter` inside one transaction."""

    def open_log(self, origin: Origin) -> LogState:
        state = self.log(origin)
        if state is None:
            notes = {"checkpoint": b"", "anchor": b"", "cosigned": b""}
            sizes = {"size": 0, "checkpoint_size": 0, "anchor_size": 0, "cosigned_size": 0}
            row = {"origin": str(origin), "root": EMPTY_ROOT, "frozen": "", **notes, **sizes}
            self._connection.execute(insert(logs).values(**row))
            state = self._require(origin)
        return state

    def append(self, batch: VerifiedBatch) -> None:
        """See `LogWriter`. Also raises `NotFound` for a log never opened, `Fork` for a frozen one, with the evidence,
        and `Misuse` for columns that do not match each other.

        Memory: one more copy of the batch's disclosures, sealed.
        """
        count = len(batch.entries)
        columns: Iterable[Sequence[Any]] = (batch.leaves, batch.kinds, batch.expiry_days, batch.states)
        disclosures = (batch.nonces, batch.bodies, batch.handling_nonces, batch.handlings)
        if any(len(each) != count for each in (*columns, *disclosures)) or batch.size != batch.start + count:
            raise Misuse("a batch whose columns differ in length, or do not lead to its size")
        number = self._advance(batch)
        if count:
            self._insert_entries(number, batch)
        self._insert_tiles(number, batch)
        self._insert_exceptions(number, batch)

    def _advance(self, batch: VerifiedBatch) -> int:
        """Compare-and-swap: the log's new size, root and counts; its number."""
        more = {f"more_{column.name}": batch.states.count(state) for state, column in COUNT_COLUMNS.items()}
        place = {"of": str(batch.origin), "start": batch.start, "end": batch.size, "new_root": batch.root}
        moved = self._connection.execute(_ADVANCE, {**place, **more})
        state = self._require(batch.origin)
        if moved.rowcount:
            return state.number
        if state.frozen:
            raise Fork(
                "this log is frozen since two of its signed checkpoints contradicted each other",
                evidence=tuple(self.evidence(batch.origin)),
                remedy="its owner has to open a new epoch",
            )
        raise Conflict("the log does not stand where this run begins", have=state.size)

    def _insert_entries(self, number: int, batch: VerifiedBatch) -> None:
        count = len(batch.entries)
        slot = 1 + (self._connection.scalar(_LAST_SLOT) or 0)
        extended = self._connection.execute(_EXTEND_RUN, {"log": number, "end": slot, "more": count})
        if not extended.rowcount:
            run = {"slot": slot, "log_no": number, "start": batch.start, "count": count}
            self._connection.execute(insert(runs).values(**run))
        sealed = codec.seal_columns(batch.nonces, batch.bodies, batch.handling_nonces, batch.handlings)
        states: Iterable[bytes] = repeat(codec.HELD)
        if batch.states.count(BodyState.HELD) < count:
            states = [bytes([state]) for state in batch.states]
            sealed = [row if state == BodyState.HELD else b"" for row, state in zip(sealed, batch.states, strict=True)]
        rows = list(zip(range(slot, slot + count), states, batch.entries, sealed, strict=False))
        insert_rows(self._connection, entries, ("slot", "state", "entry", "sealed"), rows)

    def _insert_tiles(self, number: int, batch: VerifiedBatch) -> None:
        # At most one tile per level was there before, shorter: it is replaced by the longer one.
        first: dict[int, int] = {}
        for level, index in batch.tiles:
            first[level] = min(index, first.get(level, index))
        for level, index in first.items():
            self._connection.execute(_OUTGROWN_TILES, {"log": number, "at_level": level, "from_index": index})
        rows = [(number, level, index, data) for (level, index), data in sorted(batch.tiles.items())]
        insert_rows(self._connection, tiles, ("log_no", "level", "idx", "data"), rows)

    def _insert_exceptions(self, number: int, batch: VerifiedBatch) -> None:
        """The rows that only few entries have."""
        start = batch.start
        insert_rows(
            self._connection,
            targets,
            ("target_leaf", "target_origin", "log_no", "idx", "kind"),
            [(leaf, origin, number, start + at, kind) for at, kind, origin, leaf in batch.targets],
        )
        if batch.origin.stream == "log":
            self._list_by_kind(number, [(batch.kinds[at], start + at) for at in batch.of_kinds(STATED)])
        if any(batch.expiry_days):
            dated = [(at, day) for at, day in enumerate(batch.expiry_days) if day and batch.states[at] in _MAY_COME]
            insert_rows(
                self._connection,
                expiries,
                ("log_no", "idx", "day"),
                [(number, start + at, day) for at, day in dated],
            )
        if BodyState.MISSING in batch.states:
            absent = [(number, start + at) for at, state in enumerate(batch.states) if state == BodyState.MISSING]
            insert_rows(self._connection, missing, ("log_no", "idx"), absent)
        self._give_reasons(number, [(number, start + at, reason) for at, reason in batch.quarantine])

    def _give_reasons(self, number: int, aside: list[tuple[int, int, str]]) -> None:
        """Stores the reasons of entries that were set aside, as long as there is room; all of them are counted."""
        if not aside:
            return
        before = (self._connection.scalar(_COUNT_ASIDE, {"log": number}) or 0) - len(aside)
        insert_rows(self._connection, quarantine, ("log_no", "idx", "reason"), aside[: max(REASONS_KEPT - before, 0)])

    def set_checkpoint(self, origin: Origin, note: bytes, size: int) -> None:
        """See `LogWriter`. A note older than the stored one changes nothing."""
        state = self._require(origin)
        if size >= state.checkpoint_size:
            self._update(state, checkpoint=note, checkpoint_size=size)

    def set_anchor(self, origin: Origin, note: bytes, size: int) -> None:
        """See `LogWriter`."""
        state = self._require(origin)
        if bool(note) != bool(size) or 0 < size <= state.size:
            raise Misuse("an anchor is a checkpoint past the stored entries, or none")
        self._update(state, anchor=note, anchor_size=size)

    def set_cosigned(self, origin: Origin, note: bytes, size: int) -> None:
        """See `LogWriter`. A note older than the stored one changes nothing; one past the log is `Misuse`."""
        state = self._require(origin)
        if size > state.size:
            raise Misuse("a cosigned note of a size that is not stored")
        if size >= state.cosigned_size:
            self._update(state, cosigned=note, cosigned_size=size)

    def purge(self, origin: Origin, indices: Sequence[int]) -> int:
        state = self._require(origin)
        had = self._empty(state, indices, BodyState.PURGED)
        for some in chunks(indices):
            self._connection.execute(_UNCOUNT_REMARKS, {"log": state.number, "some": some})
        return had

    def set_aside(self, origin: Origin, index: int, reason: str) -> None:
        state = self._require(origin)
        self._empty(state, [index], BodyState.QUARANTINED)
        self._connection.execute(_UNCOUNT, {"log": state.number, "at": index})
        self._give_reasons(state.number, [(state.number, index, reason)])

    def freeze(self, origin: Origin, reason: str, evidence: Sequence[bytes]) -> None:
        state = self._require(origin)
        self._update(state, frozen=reason)
        insert_rows(self._connection, forks, ("log_no", "note"), [(state.number, note) for note in evidence])

    def acknowledge(self, pending: Sequence[tuple[Origin, bytes, bytes, Disclosure]]) -> list[int]:
        rows = vault.put(self._connection, [codec.seal(disclosure) for *_, disclosure in pending])
        values = [
            {"origin": str(origin), "entry": entry, "leaf": leaf, "vault_id": row}
            for (origin, entry, leaf, _), row in zip(pending, rows, strict=True)
        ]
        if not values:
            return []
        inserted = insert(outbox).returning(outbox.c.id, sort_by_parameter_order=True)
        return list(self._connection.scalars(inserted, values))

    def placed(self, ids: Sequence[int]) -> None:
        gone: list[int] = []
        for some in chunks(ids):
            rows = delete(outbox).where(outbox.c.id.in_(some)).returning(outbox.c.vault_id)
            gone += self._connection.scalars(rows)
        vault.forget(self._connection, gone)

    def forget_pending(self, leaf: bytes) -> bool:
        ids = list(self._connection.scalars(select(outbox.c.id).where(outbox.c.leaf == leaf)))
        self.placed(ids)
        return bool(ids)

    # --- shared -------------------------------------------------------------------------------------------------------

    def _require(self, origin: Origin) -> LogState:
        state = self.log(origin)
        if state is None:
            raise NotFound("no such log is kept here")
        return state

    def _update(self, state: LogState, **values: object) -> None:
        self._connection.execute(update(logs).where(logs.c.number == state.number).values(**values))

    def _count(self, state: LogState, changes: dict[BodyState, int]) -> None:
        more = {f"more_{column.name}": changes.get(each, 0) for each, column in COUNT_COLUMNS.items()}
        self._connection.execute(_RECOUNT, {"log": state.number, **more})

    def _empty(self, state: LogState, indices: Sequence[int], now: BodyState) -> int:
        """Overwrites the disclosures of these entries with zeros and sets the state `now`; returns how many had any."""
        slots = self._slots(state, indices)
        if not slots:
            return 0
        forget_listings(self._connection, state.number, slots)
        rows = [{"row": slot, "now": codec.state_byte(now)} for slot, _ in slots.values()]
        self._connection.execute(_EMPTY_ROW, rows)
        for some in chunks(index for index, (_, before) in slots.items() if before == codec.REPAIRED):
            gone = self._connection.scalars(_NO_REPAIR, {"log": state.number, "some": some})
            vault.forget(self._connection, list(gone))
        for table, had_one in _NOTES:
            for some in chunks(index for index, (_, before) in slots.items() if before in had_one):
                self._connection.execute(_NO_NOTE[table.name], {"log": state.number, "some": some})
        self._forget_mentions(state.number, slots)
        changes = dict.fromkeys(BodyState, 0)
        for before in codec.shown_states([byte for _, byte in slots.values()]):
            changes[BodyState(before)] -= 1
        had = -changes[BodyState.HELD]
        changes[now] += len(slots)
        self._count(state, changes)
        return had

    def _slots(self, state: LogState, indices: Sequence[int]) -> dict[int, tuple[int, bytes]]:
        """The slot and the stored state of each of these entries. Raises `Misuse` for an index outside the log."""
        found: dict[int, tuple[int, bytes]] = {}
        for some in chunks(sorted(set(indices))):
            if some[0] < 0 or some[-1] >= state.size:
                raise Misuse("an index outside the log")
            slots = self._locate(state.number, some)
            rows = self._connection.execute(_STATES, {"some": list(slots)})
            found.update((slots[row.slot], (row.slot, row.state)) for row in rows)
        return found

    def _locate(self, number: int, indices: Sequence[int]) -> dict[int, int]:
        """Index by slot, for ascending indices."""
        slots: dict[int, int] = {}
        slot = start = end = 0
        for index in indices:
            if index >= end:
                slot, start, count = self._connection.execute(_RUN_OF, {"log": number, "at": index}).one()
                end = start + count
            slots[slot + index - start] = index
        return slots
