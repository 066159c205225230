"""Tables made of one static segment, which may be mapped from a file, and a small growing tail for what is newer.

Rules this module upholds:

- What is new waits in the tail and is found there by the very next search; what was removed is overwritten in both.
- A segment is made anew in steps (`freeze`, `build`, `offer`, `replay`, `install`), so that all kinds of an index can
  change at one moment; searches, adding and removing go on meanwhile, and `abandon` leaves everything as it was.
- What is removed between `freeze` and `install` is erased in the new segment too, before anything may be read from it.
- A search sees one state of the table: where a segment is installed while it runs, it runs again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from node.errors import Damaged
from node.match.flat import DEAD, Found, joined

Array = NDArray[Any]
Allocate = Callable[[str, tuple[int, ...], DTypeLike], Array]
"""Gives an array of zeros by name, shape and dtype: in memory, or in a file."""
Progress = Callable[[int, int], None]
Guard = Callable[[NDArray[np.int64]], AbstractContextManager[None]]
"""Goes around overwriting these slots of a segment (`files.MappedFile.changing`)."""
FIRST_SLOTS: Final = 1_024
"""Slots for which a removal makes room at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a segment is made of: `hashes` (n, words), `sources`, `rows`, `qualities` (n,). Sources, rows and qualities
    are copies, and say what is live; a hash may be overwritten meanwhile.
    """

    hashes: Array
    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    qualities: NDArray[np.int8]


class Segment(Protocol):
    """A static table. `arrays` are all it consists of; those of `files.CHANGING` are overwritten by removals."""

    @property
    def sources(self) -> NDArray[np.int32]: ...

    @property
    def rows(self) -> NDArray[np.int64]: ...

    def near(self, words: Array, radius: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(probe, slot) of what seems to be within the radius; it may change under the search."""
        ...

    def confirm(self, probe: NDArray[np.int32], slot: NDArray[np.int32], words: Array, radius: int) -> Found:
        """The pairs as they stand now."""
        ...

    def arrays(self) -> Mapping[str, Array]: ...


class Tail(Protocol):
    """The growing table for what is newer: `node.match.index.Table`, and a copy of what it has."""

    def __len__(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def add(
        self, source: int, rows: NDArray[np.int64], values: NDArray[np.uint8], qualities: NDArray[np.int16]
    ) -> None: ...

    def remove(self, source: int, rows: NDArray[np.int64]) -> int: ...

    def search(self, probes: NDArray[np.uint8], radius: int) -> Found: ...

    def clear(self) -> None: ...

    def contents(self) -> tuple[Array, NDArray[np.int32], NDArray[np.int64], NDArray[np.int8]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is particular to a kind's table. `word`: the dtype of which hashes are made."""

    word: DTypeLike
    tail: Callable[[], Tail]
    build: Callable[[Sequence[Part], Allocate, Progress], Segment]
    opened: Callable[[Mapping[str, Array]], Segment]


def array_of(arrays: Mapping[str, Array], name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> Array:
    """The array of this name, held against its dtype and shape (-1: any length). Raises `Damaged`."""
    found = arrays.get(name)
    fits = (
        found is not None
        and found.dtype == np.dtype(dtype)
        and found.ndim == len(shape)
        and all(want in {-1, have} for want, have in zip(shape, found.shape, strict=True))
    )
    if found is None or not fits:
        raise Damaged(f"the array {name} of the index is not what it should be")
    return found


def in_memory(_name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """`Allocate` without a file."""
    return np.zeros(shape, dtype=dtype)


def unguarded(_slots: NDArray[np.int64]) -> AbstractContextManager[None]:
    """`Guard` of a segment that is in memory only."""
    return nullcontext()


class _Mapped:
    """A segment with what goes around changing it."""

    def __init__(self, segment: Segment, guard: Guard) -> None:
        from node.match import kernels  # noqa: PLC0415  (Numba is imported when it is needed)

        self._find_rows = kernels.find_rows
        self.segment = segment
        self._guard = guard

    def erase(self, source: int, rows: NDArray[np.int64]) -> int:
        """Overwrites the hashes of these rows, given ascending and without repeats; how many there were."""
        segment = self.segment
        room = max(FIRST_SLOTS, len(rows))
        while True:
            slots = np.empty(room, dtype=np.int64)
            found = int(self._find_rows(segment.sources, segment.rows, len(segment.rows), source, rows, slots))
            if found <= room:
                break
            room = found
        if found:
            with self._guard(slots[:found]):
                self.erase_slots(slots[:found])
        return found

    def erase_slots(self, slots: NDArray[np.int64] | slice) -> None:
        """Overwrites these slots, their sources first: whoever sees a live source sees the whole of its hash."""
        self.segment.sources[slots] = DEAD
        for name, array in self.segment.arrays().items():
            if name in {"hashes", "rows", "qualities"}:
                array[slots] = 0

    def forget(self) -> None:
        """Overwrites what is in memory only. A file is let go of: it may be another process's yet."""
        if self._guard is unguarded:
            self.erase_slots(slice(None))


def _labelled(segment: Segment) -> Part:
    arrays = segment.arrays()
    qualities = arrays.get("qualities")
    return Part(
        hashes=arrays["hashes"],
        sources=segment.sources.copy(),
        rows=segment.rows.copy(),
        qualities=np.empty(0, np.int8) if qualities is None else qualities.copy(),
    )


class SegmentedTable:
    """All fingerprints of one kind (`node.match.index.Table`)."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._lock = threading.Lock()
        self._mapped: _Mapped | None = None
        self._tails = [shape.tail()]
        self._dead: int | None = 0  # slots of the segment that are erased; None where nobody has counted yet
        self._frozen: list[Tail] | None = None
        self._removed: list[tuple[int, NDArray[np.int64]]] = []
        self._offered: _Mapped | None = None
        self._offered_dead = 0

    def __len__(self) -> int:
        """Live fingerprints."""
        with self._lock:
            return self._live() + sum(map(len, self._tails))

    def _live(self) -> int:
        """Live slots of the segment. Called under the lock."""
        if self._mapped is None:
            return 0
        if self._dead is None:
            self._dead = int(np.count_nonzero(self._mapped.segment.sources == DEAD))
        return len(self._mapped.segment.sources) - self._dead

    @property
    def nbytes(self) -> int:
        """Bytes reserved, empty slots included."""
        with self._lock:
            arrays = self._mapped.segment.arrays().values() if self._mapped else ()
            return sum(array.nbytes for array in arrays) + sum(tail.nbytes for tail in self._tails)

    @property
    def settled(self) -> int:
        """Slots of the segment."""
        with self._lock:
            return len(self._mapped.segment.sources) if self._mapped else 0

    @property
    def waiting(self) -> int:
        """Fingerprints that are not in the segment yet."""
        with self._lock:
            return sum(map(len, self._tails))

    def add(
        self, source: int, rows: NDArray[np.int64], values: NDArray[np.uint8], qualities: NDArray[np.int16]
    ) -> None:
        """Adds `values` uint8 (n, size) of rows `rows` (n,) with `qualities` (n,), -1..100. `source` is >= 0."""
        with self._lock:
            self._tails[-1].add(source, rows, values, qualities)

    def remove(self, source: int, rows: NDArray[np.int64]) -> int:
        """Overwrites every fingerprint of these rows, given ascending and without repeats; how many there were."""
        if not len(rows):
            return 0
        with self._lock:
            erased = self._mapped.erase(source, rows) if self._mapped else 0
            if self._dead is not None:
                self._dead += erased
            if self._frozen is not None:
                self._removed.append((source, rows))
            return erased + sum(tail.remove(source, rows) for tail in self._tails)

    def search(self, probes: NDArray[np.uint8], radius: int) -> Found:
        """All live fingerprints within `radius` bits of any of `probes`, uint8 (p, size)."""
        words = np.array(probes, order="C").view(self._shape.word)
        while True:
            with self._lock:
                mapped, tails = self._mapped, tuple(self._tails)
            parts = [tail.search(probes, radius) for tail in tails if len(tail)]
            near = mapped.segment.near(words, radius) if mapped is not None and len(words) else None
            with self._lock:
                # Once another is installed, what is removed is erased from that one only: search that one.
                if self._mapped is mapped and self._tails[0] is tails[0]:
                    if mapped is not None and near is not None:
                        parts.append(mapped.segment.confirm(*near, words, radius))
                    return joined(parts)

    def open(self, arrays: Mapping[str, Array], guard: Guard) -> None:
        """Puts the segment of a file into this table, which is empty. Raises `Damaged` where it is not one."""
        opened = _Mapped(self._shape.opened(arrays), guard)
        with self._lock:
            self._mapped, self._dead = opened, None

    # --- made anew ----------------------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """From here on what is added waits for the segment after the next."""
        with self._lock:
            self._frozen, self._removed, self._offered = list(self._tails), [], None
            self._tails.append(self._shape.tail())

    def build(self, allocate: Allocate, progress: Progress) -> bool:
        """Makes a segment of all that was frozen, in arrays of `allocate`. False where there is nothing to be kept.

        Building again makes it anew.
        """
        self._offered = None
        parts = []
        with self._lock:
            # What is erased from here on may be copied whole or half; `replay` erases it in what is made.
            if self._mapped is not None:
                parts.append(_labelled(self._mapped.segment))
        for tail in self._frozen or ():
            hashes, sources, rows, qualities = tail.contents()
            if len(sources):
                parts.append(Part(hashes=hashes, sources=sources, rows=rows, qualities=qualities))
        if not any((part.sources != DEAD).any() for part in parts):
            return False
        made = self._shape.build(parts, allocate, progress)
        self._offered = _Mapped(made, unguarded)
        return True

    def offer(self, arrays: Mapping[str, Array], guard: Guard) -> None:
        """The segment that was built, as it is in its file."""
        self._offered = _Mapped(self._shape.opened(arrays), guard)

    def replay(self) -> None:
        """Erases in the new segment what was removed since `freeze`. Nothing may be removed from here to `install`."""
        with self._lock:
            removed, self._removed = self._removed, []
        if self._offered is not None:
            self._offered_dead = sum(self._offered.erase(source, rows) for source, rows in removed)

    def install(self) -> None:
        """The new segment takes the place of the old one and of what was frozen."""
        with self._lock:
            frozen = self._frozen or []
            if self._mapped is not None:
                self._mapped.forget()
            self._mapped, self._dead = self._offered, self._offered_dead
            for tail in self._tails[: len(frozen)]:
                tail.clear()
            self._tails = self._tails[len(frozen) :]
            self._frozen, self._offered, self._offered_dead = None, None, 0

    def abandon(self) -> None:
        """Everything stays where it was; the next `freeze` takes it all."""
        with self._lock:
            self._frozen, self._offered, self._removed = None, None, []

    def clear(self) -> None:
        """Overwrites and forgets everything; a segment of a file is only let go of."""
        with self._lock:
            if self._mapped is not None:
                self._mapped.forget()
                self._mapped = None
            for tail in self._tails:
                tail.clear()
            self._tails, self._dead = [self._shape.tail()], 0
