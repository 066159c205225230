"""Local watches of the store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.local_watches import MOST_FINDS, LocalWatch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.ids import RecordId


@dataclass(slots=True)
class LocalWatchTables:
    """Watches, what they look for, and what they found, by their numbers."""

    watches: dict[int, LocalWatch] = field(default_factory=dict)
    payloads: dict[int, bytes] = field(default_factory=dict)
    finds: dict[int, set[RecordId]] = field(default_factory=dict)
    last: int = 0


class MemoryLocalWatches:
    """`LocalWatchWriter` over `LocalWatchTables`."""

    def __init__(self, tables: LocalWatchTables) -> None:
        self._local = tables

    def local_watches(self) -> list[LocalWatch]:
        return [self._with_finds(each) for _, each in sorted(self._local.watches.items())]

    def local_watch(self, number: int) -> LocalWatch | None:
        known = self._local.watches.get(number)
        return None if known is None else self._with_finds(known)

    def local_payloads(self, numbers: Collection[int]) -> Mapping[int, bytes]:
        return {number: self._local.payloads[number] for number in numbers if number in self._local.payloads}

    def local_finds(self, number: int) -> set[RecordId]:
        return set(self._local.finds.get(number, ()))

    def add_local_watch(self, watch: LocalWatch, payload: bytes) -> LocalWatch:
        self._local.last += 1
        number = self._local.last
        self._local.watches[number] = replace(watch, id=number, found=0)
        self._local.payloads[number] = payload
        self._local.finds[number] = set()
        return self._local.watches[number]

    def add_local_finds(self, number: int, records: Sequence[RecordId]) -> list[RecordId]:
        if number not in self._local.watches:
            return []
        known = self._local.finds[number]
        fresh = [each for each in dict.fromkeys(records) if each not in known][: max(MOST_FINDS - len(known), 0)]
        self._local.finds[number] = known | set(fresh)
        return fresh

    def delete_local_watch(self, number: int) -> bool:
        self._local.payloads.pop(number, None)
        self._local.finds.pop(number, None)
        return self._local.watches.pop(number, None) is not None

    def _with_finds(self, watch: LocalWatch) -> LocalWatch:
        return replace(watch, found=len(self._local.finds[watch.id]))
