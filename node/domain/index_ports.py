"""What keeps a search index over a restart: the ports of its files, and of the store that it has to agree with.

Rules this module upholds:

- The store is the truth, and says which line of its life it lives (`StoreLine`): an index of another line is not used.
- New rows stand past what a kept index has (`IndexMark`), and are found by that. What changes below it (a purge, a body
  that came late) is noted in the transaction that changes it, and kept until an index on the disk has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.search_ports import SearchIndex


STORE_IDENTITY_SIZE = 16
"""Bytes that name one line of a store's life; a backup that is restored begins another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMark:
    """What of a store is in an index that was kept: of each source all rows below `sources[source]` that the store held
    when change number `changes` was its last.
    """

    store: bytes
    changes: int
    sources: Mapping[int, int]


class IndexFiles(Protocol):
    """The files that keep a `SearchIndex` over a restart. Derived data: whatever is wrong with them, the store makes
    them again. One thread at a time, but for `scrub`, which may run beside anything.

    Raises `DiskFull` and `StoreError` for the disk; the index in memory goes on as it was.
    """

    @property
    def waiting(self) -> bool:
        """Whether so much is new or removed that the files should be rebuilt."""
        ...

    def open(self) -> tuple[IndexMark, int] | None:
        """Fills the index, which is empty, from the files: what is in it, and the number of the last change whose
        removals were overwritten in it. None where there are none that can be used, and why is logged.
        """
        ...

    def freeze(self, mark: IndexMark) -> None:
        """From here on what is added belongs to the next generation; `mark`: what is in the index now."""
        ...

    def build(self, progress: Callable[[int, int], None]) -> None:
        """Makes the next generation of all that was there at `freeze`, while searches, adding and removing go on."""
        ...

    def publish(self, erased: int) -> bool:
        """Puts what was built in the place of what was there, in memory and on the disk: a crash leaves one of both.
        What was removed since `freeze` is overwritten in it; `erased` is the number of the last change. False where
        it is in memory only, because the disk refused.
        """
        ...

    def abandon(self) -> None:
        """Forgets what was frozen or built and not published; the index is as it was."""
        ...

    def sync(self, erased: int) -> None:
        """Makes durable what `SearchIndex.remove` has overwritten, up to change number `erased`."""
        ...

    def scrub(self, size: int) -> bool:
        """Checks the next `size` bytes against their checksums; whether that ended a round. Raises `Damaged`."""
        ...

    def uncount(self, source: int, rows: Sequence[int]) -> None:
        """Counts these rows no more, whose fingerprints were overwritten before."""
        ...

    def discard(self) -> None:
        """Removes the files, and lets go of what is mapped."""
        ...

    def rebuilt(self) -> SearchIndex:
        """An empty index beside this one, to be filled from the store while this one is searched."""
        ...

    def adopt(self, index: SearchIndex) -> None:
        """Removes the files, and puts an index that `rebuilt` gave in the place of this one."""
        ...

    @property
    def trouble(self) -> str:
        """Why the index is in memory only; "" where all is well."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLine:
    """One line of a store's life. `identity`: random, `STORE_IDENTITY_SIZE` bytes. `changes`: the number of the last
    change behind an index; `forgotten`: of the last one that is kept no more, because a kept index has it.
    """

    identity: bytes
    changes: int
    forgotten: int


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row below what an index may have that a purge took, or (`filled`) whose body came late."""

    number: int
    source: int
    row: int
    filled: bool


class IndexingReader(Protocol):
    """Reads what a kept index has to catch up with."""

    def line(self) -> StoreLine: ...

    def changes(self) -> list[RowChange]:
        """All that are kept, in order."""
        ...

    def last_holding(self) -> int:
        """The highest id that a holding ever had, also where that holding was deleted; 0 where there was none."""
        ...


class IndexingWriter(IndexingReader, Protocol):
    """Writes what a kept index has to catch up with."""

    def note_changes(self, rows: Sequence[tuple[int, int, bool]]) -> int:
        """Notes (source, row, filled) in the transaction that changes them; the number of the last change."""
        ...

    def forget_changes(self, through: int) -> None:
        """Changes up to this number are in an index that is on the disk."""
        ...
