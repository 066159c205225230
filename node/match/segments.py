"""The definition of a static segment of an index, for all kinds: its ports and its parts.

Rules this module upholds:

- A segment consists only of arrays, so that it can be mapped from a file. Removals overwrite in it (`CHANGING`).
- The dtype and shape of arrays from outside are checked before a kernel gets them (`array_of`).
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from node.errors import Damaged
from node.match.found import Found
from node.match.search_threads import Crew

Array = NDArray[Any]
Allocate = Callable[[str, tuple[int, ...], DTypeLike], Array]
"""Returns an array of zeros by name, shape and dtype: in memory, or in a file."""
Progress = Callable[[int, int], None]
Guard = Callable[[NDArray[np.int64]], AbstractContextManager[None]]
"""Surrounds the overwriting of these slots of a segment (`files.MappedFile.changing`)."""
Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Probes and slots, each (n,)."""
NO_PAIRS: Final[Pairs] = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
STEPS: Final = 10_000
"""Steps of each part in the progress of several parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The content of a future segment: `hashes` (n, words), `sources`, `rows`, `qualities` (n,). Sources, rows and
    qualities are copies, and state what is live; a hash may be overwritten meanwhile. `rests`: the second halves, if
    the hashes are stored in two halves.
    """

    hashes: Array
    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    qualities: NDArray[np.int8]
    rests: Array | None = None


class Segment(Protocol):
    """A static table. `arrays`: everything it consists of. Removals overwrite those in `files.CHANGING`."""

    @property
    def sources(self) -> NDArray[np.int32]: ...

    @property
    def rows(self) -> NDArray[np.int64]: ...

    def near(self, words: Array, radius: int, crew: Crew | None = None) -> Pairs:
        """Returns (probe, slot) of what seems to be within the radius. It may change during the search. `crew`: threads
        that share it.
        """
        ...

    def confirm(self, probe: NDArray[np.int32], slot: NDArray[np.int32], words: Array, radius: int) -> Found:
        """Returns the pairs that are valid now."""
        ...

    def arrays(self) -> Mapping[str, Array]: ...


class Tail(Protocol):
    """The growing table for newer fingerprints. Safe to call from any thread; `SearchIndex` states what is
    found when.
    """

    def __len__(self) -> int:
        """Live fingerprints."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes reserved, with empty slots."""
        ...

    def add(
        self, source: int, rows: NDArray[np.int64], values: NDArray[np.uint8], qualities: NDArray[np.int16]
    ) -> None:
        """Adds `values` uint8 (n, size) of rows `rows` (n,) with `qualities` (n,), -1..100. `source` is >= 0."""
        ...

    def remove(self, source: int, rows: NDArray[np.int64]) -> int:
        """Overwrites everything of these rows (ascending, without repeats). Returns how much there was."""
        ...

    def search(self, words: Array, radius: int, crew: Crew | None = None, of: int | None = None) -> Found:
        """Returns everything within `radius` bits of any of `words` (p, words per hash): contiguous and writable.
        `crew`: threads that share a batch; `of`: the requested source, others may be left out.
        """
        ...

    @property
    def compared(self) -> int:
        """Pairs of a probe and a hash that its searches have compared, or 0 if it does not compare all hashes."""
        ...

    def clear(self) -> None:
        """Overwrites and drops everything."""
        ...

    def contents(self) -> tuple[Array, NDArray[np.int32], NDArray[np.int64], NDArray[np.int8]]:
        """Copies everything that is live: hashes (n, words), sources, rows and qualities, each (n,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The properties of a kind's table. `word`, `width`: dtype and number of the words of a hash. `row_cost`:
    nanoseconds per hash that a search spends on comparing it in the tail, and that a segment saves; 0 if a tail does
    not compare all hashes.
    """

    word: DTypeLike
    width: int
    row_cost: float
    tail: Callable[[], Tail]
    build: Callable[[Sequence[Part], Allocate, Progress], Segment]
    opened: Callable[[Mapping[str, Array]], Segment]


def array_of(arrays: Mapping[str, Array], name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> Array:
    """Returns the array with this name after a check of its dtype and shape (-1: any length). Raises `Damaged`."""
    found = arrays.get(name)
    fits = (
        found is not None
        and found.dtype == np.dtype(dtype)
        and found.ndim == len(shape)
        and all(want in {-1, have} for want, have in zip(shape, found.shape, strict=True))
    )
    if found is None or not fits:
        raise Damaged(f"the array {name} of the index has the wrong type or shape")
    return found


def in_memory(_name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """`Allocate` without a file: memory of the process, in whole pages, and in huge pages if the system has them. So no
    hash crosses two cache lines, and a look-up seldom misses the processor's list of pages.
    """
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if not size:
        return np.empty(shape, dtype=kind)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype=kind).reshape(shape)


def in_turn(progress: Progress, done: int, count: int) -> Progress:
    """Returns the progress of the part after `done` of `count` parts, as progress of the whole."""

    def tell(part: int, whole: int) -> None:
        progress(done * STEPS + part * STEPS // whole, count * STEPS)

    return tell


def unguarded(_slots: NDArray[np.int64]) -> AbstractContextManager[None]:
    """`Guard` of a segment that is in memory only."""
    return nullcontext()
