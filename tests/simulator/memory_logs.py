"""Everything that a store in memory holds (`State`), and its logs and usage."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, TypeVar

from node.domain.batch import BodyState, VerifiedBatch
from node.domain.envelope import UNDERSTOOD, Disclosure, Kind
from node.domain.ids import HASH_SIZE, MemberId, Origin, RecordId
from node.domain.log_ports import Chain, Link, LogState, Owed, PendingEntry, StoredRun
from node.domain.mentions import FIRST_STATED, Mention, Stated
from node.domain.usage import Charge, Usage, add
from node.errors import Conflict, Fork, Misuse, NotFound
from node.tlog.merkle import EMPTY_ROOT
from node.tlog.tiles import TILE_WIDTH
from tests.simulator.memory_addresses import AddressTables
from tests.simulator.memory_answers import AnswerTables
from tests.simulator.memory_cases import CaseTables
from tests.simulator.memory_chains import REMARKS, MemoryChains
from tests.simulator.memory_common import Common, MemoryCommon
from tests.simulator.memory_entities import EntityTables
from tests.simulator.memory_hits import HitTables
from tests.simulator.memory_hub import HubTables
from tests.simulator.memory_lists import ListTables
from tests.simulator.memory_officers import MemoryOfficers, OfficerTables
from tests.simulator.memory_reviews import ReviewTables
from tests.simulator.memory_tables import Place
from tests.simulator.memory_threads import ThreadTables
from tests.simulator.memory_watches import WatchTables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOTHING = Disclosure(nonce=b"", body=b"", handling_nonce=b"", handling=b"")


Tables = TypeVar(
    "Tables",
    "Common",
    "Place",
    "HubTables",
    "HitTables",
    "ReviewTables",
    "AnswerTables",
    "ListTables",
    "OfficerTables",
    "CaseTables",
    "WatchTables",
    "ThreadTables",
    "EntityTables",
    "AddressTables",
)


def clone(tables: Tables) -> Tables:
    """Containers of its own over the same values, which nobody changes."""
    return type(tables)(**{each.name: copy.copy(getattr(tables, each.name)) for each in fields(tables)})


@dataclass(slots=True)
class Row:
    """One entry. Never changed in place: a change puts a new one."""

    entry: bytes
    leaf: bytes
    state: BodyState
    disclosure: Disclosure
    expiry_day: int


@dataclass(slots=True)
class Log:
    """One log: its state, its rows, its tiles, and what was set aside."""

    state: LogState
    rows: list[Row] = field(default_factory=list)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    quarantine: dict[int, str] = field(default_factory=dict)
    evidence: list[bytes] = field(default_factory=list)

    def clone(self) -> Log:
        return Log(self.state, list(self.rows), dict(self.tiles), dict(self.quarantine), list(self.evidence))


@dataclass(slots=True)
class State:
    """Everything a store holds. `clone` shares the values, which nobody changes, and the logs, cloned when written."""

    logs: dict[Origin, Log] = field(default_factory=dict)
    targets: dict[RecordId, tuple[tuple[int, Origin, int, int], ...]] = field(default_factory=dict)
    links: dict[tuple[Origin, int], Link] = field(default_factory=dict)
    chains: dict[RecordId, Chain] = field(default_factory=dict)
    owed: dict[Owed, None] = field(default_factory=dict)
    mentions: dict[tuple[Origin, int], tuple[Mention, ...]] = field(default_factory=dict)
    stated: dict[tuple[Origin, int], Stated] = field(default_factory=dict)
    outbox: dict[int, PendingEntry] = field(default_factory=dict)
    last_pending: int = 0
    common: Common = field(default_factory=Common)
    place: Place = field(default_factory=Place)
    entities: EntityTables = field(default_factory=EntityTables)
    hits: HitTables = field(default_factory=HitTables)
    reviews: ReviewTables = field(default_factory=ReviewTables)
    answers: AnswerTables = field(default_factory=AnswerTables)
    lists: ListTables = field(default_factory=ListTables)
    addresses: AddressTables = field(default_factory=AddressTables)
    officers: OfficerTables = field(default_factory=OfficerTables)
    cases: CaseTables = field(default_factory=CaseTables)
    watches: WatchTables = field(default_factory=WatchTables)
    threads: ThreadTables = field(default_factory=ThreadTables)
    hub: HubTables = field(default_factory=HubTables)
    usage: dict[MemberId, Usage] = field(default_factory=dict)

    def clone(self) -> State:
        return State(
            logs=dict(self.logs),
            targets=dict(self.targets),
            links=dict(self.links),
            chains=dict(self.chains),
            owed=dict(self.owed),
            mentions=dict(self.mentions),
            stated=dict(self.stated),
            outbox=dict(self.outbox),
            last_pending=self.last_pending,
            common=clone(self.common),
            place=clone(self.place),
            entities=clone(self.entities),
            hits=clone(self.hits),
            reviews=clone(self.reviews),
            answers=clone(self.answers),
            lists=clone(self.lists),
            addresses=clone(self.addresses),
            officers=clone(self.officers),
            cases=clone(self.cases),
            watches=clone(self.watches),
            threads=clone(self.threads),
            hub=clone(self.hub),
            usage={member: dict(counts) for member, counts in self.usage.items()},
        )


class MemoryLogReader(MemoryChains, MemoryCommon, MemoryOfficers):
    """`LogStoreReader` over one committed state."""

    def __init__(self, state: State) -> None:
        self._state = state
        MemoryChains.__init__(self, state)
        MemoryCommon.__init__(self, state.common)
        MemoryOfficers.__init__(self, state.officers)

    def _rows(self, origin: Origin) -> list[Row]:
        log = self._state.logs.get(origin)
        return log.rows if log else []

    def logs(self) -> list[LogState]:
        return sorted((log.state for log in self._state.logs.values()), key=lambda state: state.number)

    def log(self, origin: Origin) -> LogState | None:
        log = self._state.logs.get(origin)
        return log.state if log else None

    def tile(self, number: int, level: int, index: int) -> bytes:
        for log in self._state.logs.values():
            if log.state.number == number:
                return log.tiles.get((level, index), b"")
        return b""

    def run(self, origin: Origin, start: int, stop: int, max_bytes: int, *, framing: int = 0) -> StoredRun:
        taken: list[Row] = []
        size = 0
        for row in self._rows(origin)[max(start, 0) : max(stop, 0)]:
            shown = row.disclosure
            size += len(row.entry) + len(shown.nonce) + len(shown.body) + len(shown.handling_nonce)
            size += len(shown.handling) + framing
            if taken and size > max_bytes:
                break
            taken.append(row)
        return StoredRun(
            start=start,
            entries=[row.entry for row in taken],
            nonces=[row.disclosure.nonce for row in taken],
            bodies=[row.disclosure.body for row in taken],
            handling_nonces=[row.disclosure.handling_nonce for row in taken],
            handlings=[row.disclosure.handling for row in taken],
            states=bytes(row.state for row in taken),
        )

    def entry_at(self, origin: Origin, index: int) -> tuple[bytes, int]:
        rows = self._rows(origin)
        if not 0 <= index < len(rows):
            raise NotFound("no such entry is kept here")
        return rows[index].entry, rows[index].state

    def entries_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, int]]:
        rows = dict(enumerate(self._rows(origin)))
        return {index: (rows[index].entry, rows[index].state) for index in indices if index in rows}

    def held_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, bytes]]:
        rows = dict(enumerate(self._rows(origin)))
        found = {index: rows[index] for index in indices if index in rows}
        return {index: (row.entry, row.disclosure.body) for index, row in found.items() if row.state is BodyState.HELD}

    def disclosed_at(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, Disclosure]]:
        rows = dict(enumerate(self._rows(origin)))
        found = {index: rows[index] for index in indices if index in rows}
        return {index: (row.entry, row.disclosure) for index, row in found.items() if row.state is BodyState.HELD}

    def find(self, origin: Origin, leaves: Sequence[bytes], start: int = 0) -> dict[bytes, int]:
        wanted = set(leaves)
        found: dict[bytes, int] = {}
        for index, row in enumerate(self._rows(origin)):
            if index >= start and row.leaf in wanted:
                found.setdefault(row.leaf, index)
        return found

    def targeting(self, record: RecordId) -> list[tuple[Origin, int, int]]:
        return [(origin, index, kind) for _, origin, index, kind in sorted(self._state.targets.get(record, ()))]

    def expiring(self, day: int, limit: int) -> list[tuple[Origin, int]]:
        due = [
            (row.expiry_day, log.state.number, index, origin)
            for origin, log in self._state.logs.items()
            for index, row in enumerate(log.rows)
            if row.state in {BodyState.HELD, BodyState.MISSING} and 0 < row.expiry_day < day
        ]
        return [(origin, index) for _, _, index, origin in sorted(due)[:limit]]

    def missing(self, origin: Origin, limit: int, start: int = 0) -> list[int]:
        rows = enumerate(self._rows(origin))
        return [i for i, row in rows if i >= start and row.state is BodyState.MISSING][:limit]

    def body_counts(self, number: int) -> Mapping[int, int]:
        counts = dict.fromkeys(map(int, BodyState), 0)
        for log in self._state.logs.values():
            if log.state.number == number:
                for row in log.rows:
                    counts[row.state] += 1
        return counts

    def quarantined(self, origin: Origin, start: int = 0, stop: int | None = None) -> list[tuple[int, str]]:
        log = self._state.logs.get(origin)
        found = sorted(log.quarantine.items()) if log else []
        return [(index, why) for index, why in found if start <= index < (index + 1 if stop is None else stop)]

    def pending(self, origin: Origin, limit: int) -> list[PendingEntry]:
        return [each for _, each in sorted(self._state.outbox.items()) if each.origin == origin][:limit]

    def count_pending(self, origin: Origin) -> int:
        return sum(each.origin == origin for each in self._state.outbox.values())

    def find_pending(self, leaf: bytes) -> PendingEntry | None:
        return next((each for _, each in sorted(self._state.outbox.items()) if each.leaf == leaf), None)

    def evidence(self, origin: Origin) -> list[bytes]:
        log = self._state.logs.get(origin)
        return list(log.evidence) if log else []

    def usage(self, member: MemberId) -> Usage:
        return dict(self._state.usage.get(member, {}))

    def usage_of_all(self) -> Mapping[MemberId, Usage]:
        return {member: dict(counts) for member, counts in self._state.usage.items()}


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
