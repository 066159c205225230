"""A table of 256-bit hashes that is searched by its chunks and still takes in and gives up hashes at once.

Rules this module upholds:

- What is new waits in a flat table and is found there by the very next search. `merge` makes one segment of both while
  searches, adding and removing go on; whoever owns the table decides when (`waiting`, `stale`).
- A search sees one state of the table: where a merge ends while it runs, it runs again.
- If building a segment fails, everything stays where it was and is found as before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.match.flat import DEAD, FlatTable, Found, joined
from node.match.mih import BITS, Segment, build

SIZE: Final = BITS // 8
"""Bytes a hash."""


class MergingTable:
    """A growing table of 256-bit hashes: one segment, and a flat table for what is newer (`node.match.index.Table`).

    `radius`: within which it is mostly searched, in bits.
    """

    def __init__(self, radius: int) -> None:
        self._radius = radius
        self._lock = threading.Lock()
        self._merging = threading.Lock()
        self._segment: Segment | None = None
        self._tails = [FlatTable(SIZE)]
        self._dead = 0  # slots of the segment that were erased since it was built
        self._during_merge: list[tuple[int, NDArray[np.int64]]] | None = None

    def __len__(self) -> int:
        """Live hashes."""
        with self._lock:
            segment = 0 if self._segment is None else len(self._segment.hashes) - self._dead
            return segment + sum(map(len, self._tails))

    @property
    def nbytes(self) -> int:
        """Bytes reserved, empty slots included."""
        with self._lock:
            return (self._segment.nbytes if self._segment else 0) + sum(tail.nbytes for tail in self._tails)

    @property
    def waiting(self) -> int:
        """Hashes that are not in the segment yet: each costs a search as much as a scan does."""
        with self._lock:
            return sum(map(len, self._tails))

    @property
    def stale(self) -> bool:
        """Whether places of removed hashes are still in the segment's tables: merge soon."""
        return self._dead > 0

    def add(
        self, source: int, rows: NDArray[np.int64], values: NDArray[np.uint8], qualities: NDArray[np.int16]
    ) -> None:
        """Adds `values` uint8 (n, 32) of rows `rows` (n,) with `qualities` (n,), -1..100. `source` is >= 0."""
        with self._lock:
            self._tails[-1].add(source, rows, values, qualities)

    def remove(self, source: int, rows: NDArray[np.int64]) -> int:
        """Overwrites every hash of these rows, given ascending and without repeats; how many hashes there were."""
        if not len(rows):
            return 0
        with self._lock:
            erased = self._segment.erase(source, rows) if self._segment else 0
            self._dead += erased
            if self._during_merge is not None:
                self._during_merge.append((source, rows))
            return erased + sum(tail.remove(source, rows) for tail in self._tails)

    def search(self, probes: NDArray[np.uint8], radius: int) -> Found:
        """All live hashes within `radius` bits of any of `probes`, uint8 (p, 32)."""
        words = np.array(probes, order="C").view(np.uint64)
        while True:
            with self._lock:
                segment, tails = self._segment, tuple(self._tails)
            parts = [tail.search(probes, radius) for tail in tails]
            if segment is None or not len(words):
                return joined(parts)
            probe, slot = segment.near(words, radius)
            with self._lock:
                # After a merge, what is removed is erased from the new segment only: search that one.
                if self._segment is segment:
                    return joined([*parts, segment.confirm(probe, slot, words, radius)])

    def merge(self, progress: Callable[[int, int], None] = lambda _done, _all: None) -> None:
        """Makes one segment of everything that was added before; searches, adding and removing go on meanwhile."""
        with self._merging:
            with self._lock:
                segment, frozen = self._segment, tuple(self._tails)
                self._tails.append(FlatTable(SIZE))
                removed: list[tuple[int, NDArray[np.int64]]] = []
                self._during_merge = removed
                labels = None if segment is None else segment.labels()
            try:
                parts = [tail.contents() for tail in frozen]
                if segment is not None and labels is not None:
                    parts.append((segment.hashes[labels.slots], labels.sources, labels.rows, labels.qualities))
                made = build(parts, radius=self._radius, progress=progress)
                with self._lock:
                    # What was removed meanwhile may have been copied before it was, or half of it.
                    self._dead = sum(made.erase(source, gone) for source, gone in removed)
                    self._segment = made if len(made.hashes) else None
                    self._tails = self._tails[len(frozen) :]
            finally:
                self._during_merge = None

    def clear(self) -> None:
        """Overwrites and forgets everything."""
        with self._merging, self._lock:
            if self._segment is not None:
                self._segment.hashes.fill(0)
                self._segment.sources.fill(DEAD)
            for tail in self._tails:
                tail.clear()
            self._segment, self._tails, self._dead = None, [FlatTable(SIZE)], 0
