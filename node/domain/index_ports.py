"""Persistence of a search index: the ports of its files, and of the store that it must agree with.

Rules this module upholds:

- The store is the truth, and names its history (`StoreLine`): an index of another history is not used.
- New rows lie after those of a stored index (`IndexMark`), and are found by their position. A change below (a purge, a
  late body) is noted in the transaction that makes it, and the note stays until an index on disk has the change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.search_ports import SearchIndex


STORE_IDENTITY_SIZE = 16
"""Bytes that name one history of a store; restoring a backup begins another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMark:
    """The part of a store that a stored index has: for each source all rows below `sources[source]` that the store held
    when change number `changes` was its last.
    """

    store: bytes
    changes: int
    sources: Mapping[int, int]


class IndexFiles(Protocol):
    """The files that store a `SearchIndex` across restarts. Derived data: if anything is wrong with them, they are
    built again from the store. One thread at a time, except `scrub`, which may run beside any other call.

    Raises `DiskFull` and `StoreError` for the disk; the index in memory continues unchanged.
    """

    @property
    def waiting(self) -> bool:
        """Whether so much is new or removed that the files should be rebuilt."""
        ...

    def open(self) -> tuple[IndexMark, int] | None:
        """Fills the empty index from the files; returns what it contains, and the number of the last change whose
        removals were overwritten in it. None if there are no usable files; the reason is logged.
        """
        ...

    def freeze(self, mark: IndexMark) -> None:
        """From here on, added rows belong to the next generation; `mark`: the present content of the index."""
        ...

    def build(self, progress: Callable[[int, int], None]) -> None:
        """Writes the next generation with everything present at `freeze`, while searches, adding and removing go on."""
        ...

    def publish(self, erased: int) -> bool:
        """Replaces the old generation by the new one, in memory and on disk: a crash leaves one of the two. Rows
        removed since `freeze` are overwritten in it; `erased` is the number of the last change. False if it is in
        memory only, because the disk refused.
        """
        ...

    def abandon(self) -> None:
        """Drops what was frozen or built and not published; the index is unchanged."""
        ...

    def sync(self, erased: int) -> None:
        """Makes the overwriting by `SearchIndex.remove` durable, up to change number `erased`."""
        ...

    def scrub(self, size: int) -> bool:
        """Checks the next `size` bytes against their checksums; returns whether a round ended. Raises `Damaged`."""
        ...

    def uncount(self, source: int, rows: Sequence[int]) -> None:
        """Stops counting these rows, whose fingerprints were overwritten before."""
        ...

    def discard(self) -> None:
        """Removes the files, and releases the mapped memory."""
        ...

    def rebuilt(self) -> SearchIndex:
        """An empty index beside this one, to be filled from the store while this one is in use."""
        ...

    def adopt(self, index: SearchIndex) -> None:
        """Removes the files, and replaces this index by one from `rebuilt`."""
        ...

    @property
    def trouble(self) -> str:
        """Why the index is in memory only; "" in normal operation."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLine:
    """One history of a store. `identity`: random, `STORE_IDENTITY_SIZE` bytes. `changes`: the number of the last change
    behind an index; `forgotten`: of the last one that is deleted, because a stored index has it.
    """

    identity: bytes
    changes: int
    forgotten: int


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row below the end of a stored index that a purge removed, or (`filled`) whose body came late."""

    number: int
    source: int
    row: int
    filled: bool


class LineReader(Protocol):
    """Reads which history a store has."""

    def line(self) -> StoreLine: ...


class IndexingReader(LineReader, Protocol):
    """Reads the changes that a stored index must catch up with."""

    def changes(self) -> list[RowChange]:
        """All stored changes, in order."""
        ...

    def last_holding(self) -> int:
        """The highest id that a holding ever had, even if that holding was deleted; 0 if there was none."""
        ...


class IndexingWriter(IndexingReader, Protocol):
    """Writes the changes that a stored index must catch up with."""

    def note_changes(self, rows: Sequence[tuple[int, int, bool]]) -> int:
        """Notes (source, row, filled) in the transaction that changes them; returns the number of the last change."""
        ...

    def forget_changes(self, through: int) -> None:
        """Changes up to this number are in an index on disk."""
        ...
