"""Threads of messages in the store in memory: counted from its mentions, and what officers did with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.domain.mentions import Mention, Role
from node.domain.threads import ThreadLog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import Origin, RecordId


@dataclass(slots=True)
class ThreadTables:
    """What officers have read, and the threads that were left."""

    read: dict[tuple[RecordId, str, Origin], int] = field(default_factory=dict)
    muted: dict[RecordId, None] = field(default_factory=dict)


class MemoryThreads:
    """`ThreadWriter` over `ThreadTables`, beside a state with `logs` and `mentions`; its cases are in `MemoryCases`."""

    def __init__(self, tables: ThreadTables, state: Any) -> None:
        self._threads = tables
        self._mentioned = state

    def _log_number(self, origin: Origin) -> int:
        log = self._mentioned.logs.get(origin)
        return log.state.number if log else 0

    def _with_roles(self, *roles: Role) -> list[Mention]:
        found = [each for said in self._mentioned.mentions.values() for each in said if each.role in roles]
        return sorted(found, key=lambda each: (self._log_number(each.origin), each.index))

    def openings(self, *, limit: int, after: tuple[Origin, int] | None = None) -> list[Mention]:
        past = (0, -1) if after is None else (self._log_number(after[0]), after[1])
        found = self._with_roles(Role.OPENS)
        return [each for each in found if (self._log_number(each.origin), each.index) > past][:limit]

    def thread_logs(self, thread: RecordId, officer: str) -> list[ThreadLog]:
        places: dict[Origin, list[int]] = {}
        for each in self._with_roles(Role.OPENS, Role.THREAD):
            if each.record == thread:
                places.setdefault(each.origin, []).append(each.index)
        read = self.read_places(thread, officer)
        return [
            ThreadLog(
                origin=origin,
                messages=len(indices),
                last=max(indices),
                unread=sum(index > read.get(origin, -1) for index in indices),
            )
            for origin, indices in places.items()
        ]

    def thread_messages(self, thread: RecordId, origin: Origin, limit: int) -> list[int]:
        found = self._with_roles(Role.OPENS, Role.THREAD)
        return [each.index for each in found if (each.record, each.origin) == (thread, origin)][:limit]

    def closing_logs(self, thread: RecordId) -> set[Origin]:
        return {each.origin for each in self._with_roles(Role.CLOSES) if each.record == thread}

    def read_places(self, thread: RecordId, officer: str) -> Mapping[Origin, int]:
        return {log: at for (root, who, log), at in self._threads.read.items() if (root, who) == (thread, officer)}

    def put_read_places(self, thread: RecordId, officer: str, places: Mapping[Origin, int]) -> None:
        for origin, index in places.items():
            if self._log_number(origin):
                key = (thread, officer, origin)
                self._threads.read[key] = max(index, self._threads.read.get(key, -1))

    def muted_threads(self, threads: Sequence[RecordId]) -> set[RecordId]:
        return {*threads} & self._threads.muted.keys()

    def set_muted(self, thread: RecordId, *, muted: bool) -> None:
        if muted:
            self._threads.muted[thread] = None
        else:
            self._threads.muted.pop(thread, None)
