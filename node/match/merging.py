"""A table of 256-bit hashes that is searched by its chunks and still takes in and gives up hashes at once.

Rules this module upholds:

- What is new waits in a flat table and is found there by the very next search. `merge` makes one segment of both while
  searches, adding and removing go on; `node.match.tending` decides when.
- A search sees one state of the table: where a merge ends while it runs, it runs again.
- A merge holds the lock for microseconds, and a search for as long as confirming a few thousand hits takes.
- If building a segment fails or is stopped, everything stays where it was and is found as before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.match.crew import Crew
from node.match.flat import DEAD, Columns, FlatTable, Found, joined, words_of
from node.match.mih import CONFIRMED_AT_ONCE, Segment
from node.match.mih_build import Allocate, anonymous, build_from
from node.match.mih_layout import BITS

SIZE: Final = BITS // 8
"""Bytes a hash."""
COPIED_AT_ONCE: Final = 1 << 20
"""Hashes of a segment that are copied together when it is built anew."""

Gone = list[tuple[int, NDArray[np.int64]]]
"""Rows that were removed, by source."""


class MergingTable:
    """A growing table of 256-bit hashes: one segment, and a flat table for what is newer (`node.match.index.Table`).

    `radius`: within which it is mostly searched, in bits. `crew`: who shares in searching a batch. `compared`: pairs of
    a probe and a waiting hash that were compared since the last merge.
    """

    def __init__(self, radius: int, crew: Crew | None = None) -> None:
        self._radius = radius
        self._crew = crew
        self._lock = threading.Lock()
        self._merging = threading.Lock()
        self._segment: Segment | None = None
        self._tails = [FlatTable(SIZE)]
        self._dead = 0  # slots of the segment that were erased since it was built
        self._during_merge: Gone | None = None
        self.compared = 0  # pairs of a probe and a waiting hash since the last merge

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
    def table_bytes(self) -> int:
        """Bytes of the segment's tables, the hashes and what is said of them aside."""
        with self._lock:
            return self._segment.table_bytes if self._segment else 0

    @property
    def settled(self) -> int:
        """Hashes of the segment, removed ones included."""
        with self._lock:
            return len(self._segment.hashes) if self._segment else 0

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
        while True:
            segment = self._segment
            slots = None if segment is None else segment.slots_of(source, rows)
            with self._lock:
                if self._segment is not segment:  # a merge has ended meanwhile
                    continue
                erased = 0 if segment is None or slots is None else segment.erase(slots)
                self._dead += erased
                if self._during_merge is not None:
                    self._during_merge.append((source, rows))
                return erased + sum(tail.remove(source, rows) for tail in self._tails)

    def search(self, probes: NDArray[np.uint8], radius: int) -> Found:
        """All live hashes within `radius` bits of any of `probes`, uint8 (p, 32)."""
        words = words_of(probes)
        while True:
            with self._lock:
                segment, tails = self._segment, tuple(self._tails)
            parts = []
            for tail in tails:
                waiting = len(tail)
                if waiting:
                    self.compared += len(words) * waiting
                    parts.append(tail.search_words(words, radius, self._crew))
            if segment is None or not len(words):
                return joined(parts)
            probe, slot = segment.near(words, radius, self._crew)
            for start in range(0, max(1, len(probe)), CONFIRMED_AT_ONCE):
                here = slice(start, start + CONFIRMED_AT_ONCE)
                with self._lock:
                    # After a merge, what is removed is erased from the new segment only: search that one.
                    if self._segment is not segment:
                        break
                    parts.append(segment.confirm(probe[here], slot[here], words, radius))
            else:
                return joined(parts)

    def merge(
        self, progress: Callable[[int, int], None] = lambda _done, _all: None, allocate: Allocate = anonymous
    ) -> None:
        """Makes one segment, in arrays of `allocate`, of everything that was added before; the rest goes on meanwhile.

        What `progress` or `allocate` raises ends it, and leaves everything as it was.
        """
        with self._merging:
            removed: Gone = []
            with self._lock:
                segment, frozen = self._segment, tuple(self._tails)
                self._tails.append(FlatTable(SIZE))
                self._during_merge = removed
            try:
                size = sum(map(len, frozen))
                if segment is not None:
                    size += int(np.count_nonzero(segment.sources != DEAD))
                made = build_from(
                    _pieces(segment, frozen), size, radius=self._radius, progress=progress, allocate=allocate
                )
                self._install(made, removed, len(frozen))
            finally:
                self._during_merge = None

    def _install(self, made: Segment, removed: Gone, frozen: int) -> None:
        """Puts `made` in the place of the segment and the first `frozen` tails."""
        dead, done = int(np.count_nonzero(made.sources == DEAD)), 0
        while True:
            with self._lock:
                if done == len(removed):
                    self._segment = made if len(made.hashes) else None
                    self._dead = dead
                    self._tails = self._tails[frozen:]
                    self.compared = 0
                    return
                pending, done = removed[done:], len(removed)
            # What was removed meanwhile may have been copied before it was, or half of it.
            for source, rows in pending:
                dead += made.erase(made.slots_of(source, rows))

    def clear(self) -> None:
        """Overwrites and forgets everything."""
        with self._merging, self._lock:
            if self._segment is not None:
                self._segment.hashes.fill(0)
                self._segment.rests.fill(0)
                self._segment.sources.fill(DEAD)
            for tail in self._tails:
                tail.clear()
            self._segment, self._tails, self._dead, self.compared = None, [FlatTable(SIZE)], 0, 0


def _pieces(segment: Segment | None, tails: Sequence[FlatTable]) -> Iterator[Columns]:
    """All that is live, copied a stretch at a time, so that little is in memory twice."""
    if segment is not None:
        for start in range(0, len(segment.hashes), COPIED_AT_ONCE):
            here = slice(start, start + COPIED_AT_ONCE)
            live = np.flatnonzero(segment.sources[here] != DEAD) + start
            hashes = np.concatenate([segment.hashes[live], segment.rests[live]], axis=1)
            yield hashes, segment.sources[live], segment.rows[live], segment.qualities[live]
    for tail in tails:
        yield from tail.pieces()
