"""The logs and usage of a store in memory, as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.log_ports import LogState, PendingEntry, StoredRun
from node.domain.usage import Usage
from node.errors import NotFound
from tests.simulator.memory_chains import MemoryChains
from tests.simulator.memory_common import MemoryCommon
from tests.simulator.memory_desk import MemoryDesk
from tests.simulator.memory_officers import MemoryOfficers
from tests.simulator.memory_state import Row, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class MemoryLogReader(MemoryChains, MemoryCommon, MemoryOfficers, MemoryDesk):
    """`LogStoreReader` over one committed state."""

    def __init__(self, state: State) -> None:
        self._state = state
        MemoryChains.__init__(self, state)
        MemoryCommon.__init__(self, state.common)
        MemoryOfficers.__init__(self, state.officers)
        MemoryDesk.__init__(self, state.desk)

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
