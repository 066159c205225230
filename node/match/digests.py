"""A growing hash table of exact digests (MD5, SHA-1, SHA-256).

Rules this module upholds:

- A match compares the whole digest. The bucket only says where to search.
- Adding has the same cost for any digest. Members choose the digests in records, so a hash with secret random seeds
  selects the bucket, and equal digests are chained instead of probed. So no member can make either slow.
- Every operation holds the one lock; a large batch of look-ups releases it from time to time. A search that begins
  after `add` has returned finds the digest. A search that begins after `remove` has returned does not.
- Removal overwrites the only copy. Growth overwrites the old copy.
"""

from __future__ import annotations

import secrets
import threading
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.match.flat import DEAD, FIRST_ROOM
from node.match.found import NO_QUALITY, NOTHING, Found, joined, room_for
from node.match.search_threads import Crew

FIRST_CAPACITY: Final = 1_024
"""Slots of an empty table. Every capacity is a power of two, because there are as many buckets."""
PROBES_PER_TURN: Final = 8_192
"""Look-ups between two releases of the lock, and of the GIL: less than a millisecond."""
NOBODY: Final = -1
"""The end of a chain, and the head of an empty bucket."""


class DigestTable:
    """All digests of one kind, with `size` bytes each (a multiple of four). It holds at most 2**31."""

    def __init__(self, size: int) -> None:
        from node.match import kernels  # noqa: PLC0415  (Numba is imported when a table is made, not for --help)

        self._link, self._look_up, self._find_rows = kernels.link, kernels.look_up, kernels.find_rows
        self._width = size // 4
        self._seeds = np.frombuffer(secrets.token_bytes(8 * (self._width + 1)), dtype=np.uint64).copy()
        self._lock = threading.Lock()
        self._out = room_for(FIRST_ROOM)  # of the look-up that has the lock
        self._reset(FIRST_CAPACITY)

    def _reset(self, capacity: int) -> None:
        """Creates empty columns. Pages without a digest need no memory."""
        self._used = 0
        self._dead = 0
        self._values: NDArray[np.uint32] = np.empty((capacity, self._width), dtype=np.uint32)
        self._sources: NDArray[np.int32] = np.empty(capacity, dtype=np.int32)
        self._rows: NDArray[np.int64] = np.empty(capacity, dtype=np.int64)
        self._following: NDArray[np.int32] = np.empty(capacity, dtype=np.int32)
        self._heads: NDArray[np.int32] = np.full(capacity, NOBODY, dtype=np.int32)

    def __len__(self) -> int:
        """Returns the number of live digests. It takes the lock, because a table that is being moved looks empty, and a
        search would skip it.
        """
        with self._lock:
            return self._used - self._dead

    @property
    def nbytes(self) -> int:
        """Bytes reserved, with empty slots."""
        columns = (self._values, self._sources, self._rows, self._following, self._heads)
        return sum(column.nbytes for column in columns)

    @property
    def compared(self) -> int:
        """See `segments.Tail`: digests are looked up."""
        return 0

    def add(
        self,
        source: int,
        rows: NDArray[np.int64],
        values: NDArray[np.uint8],
        qualities: NDArray[np.int16],  # noqa: ARG002  (digests have none; the tables of all kinds are filled alike)
    ) -> None:
        """Adds `values` uint8 (n, size) of rows `rows` (n,). `source` is >= 0."""
        with self._lock:
            start, stop = self._used, self._used + len(rows)
            if stop > len(self._sources):
                self._rebuild(len(rows))
                start, stop = self._used, self._used + len(rows)
            self._values[start:stop] = np.ascontiguousarray(values).view(np.uint32)
            self._rows[start:stop] = rows
            self._sources[start:stop] = source
            self._connect(start, stop)
            self._used = stop

    def _connect(self, start: int, stop: int) -> None:
        self._link(self._values, self._sources, start, stop, self._heads, self._following, self._seeds)

    def _rebuild(self, more: int) -> None:
        """Moves the live digests together, into columns with room for `more`."""
        values, sources, rows = self._values[: self._used], self._sources[: self._used], self._rows[: self._used]
        live = np.flatnonzero(sources != DEAD)
        self._reset(max(FIRST_CAPACITY, 1 << (len(live) + more - 1).bit_length()))
        self._used = len(live)
        np.take(values, live, axis=0, out=self._values[: len(live)])
        np.take(sources, live, out=self._sources[: len(live)])
        np.take(rows, live, out=self._rows[: len(live)])
        values.fill(0)
        self._connect(0, self._used)

    def remove(self, source: int, rows: NDArray[np.int64]) -> int:
        """Overwrites every digest of these rows (ascending, without repeats). Returns how many there were."""
        if not len(rows):
            return 0
        with self._lock:
            slots = self._slots_of(source, rows)
            # They stay in their chains, where nothing equals a dead slot, until the table is rebuilt.
            self._sources[slots] = DEAD
            self._values[slots] = 0
            self._rows[slots] = 0
            self._dead += len(slots)
            if self._dead > max(FIRST_CAPACITY, self._used // 2):
                self._rebuild(0)
        return len(slots)

    def _slots_of(self, source: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns the slots of the digests of these rows. The caller holds the lock."""
        room = len(rows)  # right where each row has one digest of the kind, as nearly all have
        while True:
            slots = np.empty(room, dtype=np.int64)
            found = int(self._find_rows(self._sources, self._rows, self._used, source, rows, slots))
            if found <= room:
                return slots[:found]
            room = found

    def search(
        self,
        words: NDArray[np.uint32],
        radius: int = 0,  # noqa: ARG002  (equal or not: no radius)
        crew: Crew | None = None,  # noqa: ARG002  (a look-up is too little to be dealt out)
        of: int | None = None,  # noqa: ARG002  (nothing is spared by it)
    ) -> Found:
        """Returns all live digests equal to any of `words`, (p, size / 4)."""
        if len(words) <= PROBES_PER_TURN:
            return self._turn(words, 0)
        return joined(
            [
                self._turn(words[start : start + PROBES_PER_TURN], start)
                for start in range(0, len(words), PROBES_PER_TURN)
            ]
        )

    def _turn(self, words: NDArray[np.uint32], start: int) -> Found:
        """Looks up `words`, the probes from number `start` on."""
        with self._lock:
            out = self._out if len(words) <= len(self._out) else room_for(len(words))
            columns = (self._values, self._sources, self._rows, self._heads, self._following, self._seeds)
            while (found := self._look_up(*columns, words, out)) > len(out):
                out = room_for(found)
            if not found:
                return NOTHING
            hits = Found(out[:found].copy() if out is self._out else out[:found])
        if start:
            hits.hits[:, 0] += start
        return hits

    def contents(self) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int8]]:
        """Copies everything that is live: digests uint32 (n, words), sources, rows and qualities (digests
        have none).
        """
        with self._lock:
            live = np.flatnonzero(self._sources[: self._used] != DEAD)
            return (
                self._values[live],
                self._sources[live],
                self._rows[live],
                np.full(len(live), NO_QUALITY, dtype=np.int8),
            )

    def clear(self) -> None:
        """Overwrites and drops everything."""
        with self._lock:
            self._values[: self._used] = 0
            self._reset(FIRST_CAPACITY)
