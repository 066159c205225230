"""The changes of a store in memory to its logs and usage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.batch import BodyState, VerifiedBatch
from node.domain.envelope import UNDERSTOOD, Disclosure, Kind
from node.domain.ids import HASH_SIZE, Origin, RecordId
from node.domain.log_ports import LogState, PendingEntry
from node.domain.mentions import FIRST_STATED, Stated
from node.domain.usage import Charge, add
from node.errors import Conflict, Fork, Misuse, NotFound
from node.tlog.merkle import EMPTY_ROOT
from node.tlog.tiles import TILE_WIDTH
from tests.simulator.memory_chains import REMARKS
from tests.simulator.memory_logs import MemoryLogReader
from tests.simulator.memory_state import Log, Row, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOTHING = Disclosure(nonce=b"", body=b"", handling_nonce=b"", handling=b"")


class MemoryLogWriter(MemoryLogReader):
    """`LogStoreWriter` over a state of its own."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._cloned: set[Origin] = set()

    def _open(self, origin: Origin) -> Log:
        log = self._state.logs.get(origin)
        if log is None:
            raise NotFound("no such log is kept here")
        if origin not in self._cloned:
            log = self._state.logs[origin] = log.clone()
            self._cloned.add(origin)
        return log

    def open_log(self, origin: Origin) -> LogState:
        if origin not in self._state.logs:
            number = 1 + max((log.state.number for log in self._state.logs.values()), default=0)
            self._state.logs[origin] = Log(LogState(number=number, origin=origin, size=0, root=EMPTY_ROOT))
            self._cloned.add(origin)
        return self._state.logs[origin].state

    def append(self, batch: VerifiedBatch) -> None:
        count = len(batch.entries)
        columns = [batch.leaves, batch.kinds, batch.expiry_days, batch.states]
        disclosures = [batch.nonces, batch.bodies, batch.handling_nonces, batch.handlings]
        if any(len(each) != count for each in [*columns, *disclosures]) or batch.size != batch.start + count:
            raise Misuse("a batch whose columns differ in length, or do not lead to its size")
        log = self._open(batch.origin)
        if log.state.frozen:
            raise Fork("this log is frozen", evidence=tuple(log.evidence))
        if log.state.size != batch.start:
            raise Conflict("the log stands elsewhere", have=log.state.size)
        parts = zip(batch.nonces, batch.bodies, batch.handling_nonces, batch.handlings, strict=True)
        for at, (nonce, body, handling_nonce, handling) in enumerate(parts):
            state = BodyState(batch.states[at])
            shown = Disclosure(nonce=nonce, body=body, handling_nonce=handling_nonce, handling=handling)
            kept = shown if state is BodyState.HELD else _NOTHING
            log.rows.append(Row(batch.entries[at], batch.leaves[at], state, kept, batch.expiry_days[at]))
            if batch.kinds[at] >= FIRST_STATED and batch.origin.stream == "log":
                index = batch.start + at
                self._state.stated[batch.origin, index] = Stated(
                    origin=batch.origin, index=index, kind=batch.kinds[at], is_read=batch.kinds[at] in UNDERSTOOD
                )
        log.tiles |= batch.tiles
        log.quarantine |= {batch.start + at: reason for at, reason in batch.quarantine}
        for at, kind, target, leaf in batch.targets:
            record = RecordId(Origin.parse(target), leaf)
            place = (log.state.number, batch.origin, batch.start + at, kind)
            self._state.targets[record] = (*self._state.targets.get(record, ()), place)
        log.state = replace(log.state, size=batch.size, root=batch.root)

    def charge(self, charges: Sequence[Charge], now: float) -> None:
        for each in charges:
            if each.amount:
                add(self._state.usage.setdefault(each.member, {}), each, now)

    def set_checkpoint(self, origin: Origin, note: bytes, size: int) -> None:
        log = self._open(origin)
        if size >= log.state.checkpoint_size:
            log.state = replace(log.state, checkpoint=note, checkpoint_size=size)

    def set_anchor(self, origin: Origin, note: bytes, size: int) -> None:
        log = self._open(origin)
        if bool(note) != bool(size) or 0 < size <= log.state.size:
            raise Misuse("an anchor is a checkpoint past the stored entries, or none")
        log.state = replace(log.state, anchor=note, anchor_size=size)

    def set_cosigned(self, origin: Origin, note: bytes, size: int) -> None:
        log = self._open(origin)
        if size > log.state.size:
            raise Misuse("a cosigned note of a size that is not stored")
        if size >= log.state.cosigned_size:
            log.state = replace(log.state, cosigned=note, cosigned_size=size)

    def purge(self, origin: Origin, indices: Sequence[int]) -> int:
        log = self._open(origin)
        had = 0
        for index in sorted(set(indices)):
            row = self._row(log, index)
            had += row.state is BodyState.HELD
            log.rows[index] = replace(row, state=BodyState.PURGED, disclosure=_NOTHING)
            log.quarantine.pop(index, None)
            self._uncount(origin, index, REMARKS)
            self._forget_mentions(origin, index)
            self._state.addresses.forget(origin, index)
        return had

    def fill(self, origin: Origin, late: Mapping[int, Disclosure]) -> None:
        log = self._open(origin)
        if any(self._row(log, index).state is not BodyState.MISSING for index in late):
            raise Misuse("only a missing body can be filled in")
        for index, disclosure in late.items():
            log.rows[index] = replace(log.rows[index], state=BodyState.HELD, disclosure=disclosure)

    def expect(self, origin: Origin, days: Mapping[int, int]) -> None:
        log = self._open(origin)
        if any(self._row(log, index).state is not BodyState.NOT_FOR_US for index in days):
            raise Misuse("only a body that was not for us can be expected")
        for index, day in days.items():
            log.rows[index] = replace(log.rows[index], state=BodyState.MISSING, expiry_day=day)

    def set_aside(self, origin: Origin, index: int, reason: str) -> None:
        log = self._open(origin)
        log.rows[index] = replace(self._row(log, index), state=BodyState.QUARANTINED, disclosure=_NOTHING)
        log.quarantine[index] = reason
        self._uncount(origin, index, tuple(Kind))
        self._forget_mentions(origin, index)
        self._state.addresses.forget(origin, index)

    def freeze(self, origin: Origin, reason: str, evidence: Sequence[bytes]) -> None:
        log = self._open(origin)
        log.state = replace(log.state, frozen=reason)
        log.evidence += evidence

    def cut_back(self, origin: Origin, size: int, root: bytes) -> None:
        log = self._open(origin)
        if not 0 <= size <= log.state.size:
            raise Misuse("a log is cut back to a size that it has")
        for index in range(size, len(log.rows)):
            self._state.addresses.forget(origin, index)
        del log.rows[size:]
        log.quarantine = {index: reason for index, reason in log.quarantine.items() if index < size}
        for (level, index), data in list(log.tiles.items()):
            kept = data[: max(size // TILE_WIDTH**level - index * TILE_WIDTH, 0) * HASH_SIZE]
            del log.tiles[level, index]
            if kept:
                log.tiles[level, index] = kept
        for name, index in [each for each in self._state.stated if each[0] == origin and each[1] >= size]:
            del self._state.stated[name, index]
            self._forget_mentions(name, index)
        for record, said in list(self._state.targets.items()):
            self._state.targets[record] = tuple(each for each in said if each[1] != origin or each[2] < size)
        state = log.state
        cosigned, cosigned_size = (state.cosigned, state.cosigned_size) if state.cosigned_size <= size else (b"", 0)
        signed, signed_size = state.checkpoint, state.checkpoint_size
        if signed_size > size:
            signed, signed_size = cosigned, cosigned_size
        log.state = replace(
            state, size=size, root=root, checkpoint=signed, checkpoint_size=signed_size, anchor=b"", anchor_size=0,
            cosigned=cosigned, cosigned_size=cosigned_size,
        )  # fmt: skip

    def acknowledge(self, pending: Sequence[tuple[Origin, bytes, bytes, Disclosure]]) -> list[int]:
        first = self._state.last_pending + 1
        for number, (origin, entry, leaf, disclosure) in enumerate(pending, first):
            self._state.outbox[number] = PendingEntry(
                id=number, origin=origin, entry=entry, leaf=leaf, disclosure=disclosure
            )
        self._state.last_pending += len(pending)
        return list(range(first, first + len(pending)))

    def placed(self, ids: Sequence[int]) -> None:
        for number in ids:
            self._state.outbox.pop(number, None)

    def forget_pending(self, leaf: bytes) -> bool:
        gone = [number for number, each in self._state.outbox.items() if each.leaf == leaf]
        self.placed(gone)
        return bool(gone)

    @staticmethod
    def _row(log: Log, index: int) -> Row:
        if not 0 <= index < len(log.rows):
            raise Misuse("an index outside the log")
        return log.rows[index]
