"""A growing array of perceptual hashes. A search compares all of them, exactly.

Rules this module upholds:

- Recall is 1.0: every live hash is compared with every probe.
- A search that begins after `add` has returned finds the hash. A search that begins after `remove` has returned does
  not. A search that runs at that moment confirms its hits at the end, under the lock, so it returns no removed hash.
- A search holds the lock for microseconds: once for a very short scan, else before and after the scan. `add` does not
  wait for a long search, and a search does not wait for another.
- Memory never moves: it grows by whole chunks. So there is one copy of a hash, and removal overwrites this copy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.match.found import NOTHING, Found, found_of, joined, room_for
from node.match.search_threads import Crew

CHUNK: Final = 65_536
"""Slots per chunk: 2 MiB of 256-bit hashes, the second-level cache of most processors."""
FIRST_ROOM: Final = 128
"""The initial room for hits of a search. The search repeats with more room if necessary."""
COPIED_AT_ONCE: Final = 4_096
"""Slots that are copied until the lock is released: some 50 microseconds."""
CHUNKS_A_WORKER: Final = 4
"""The chunks of a table are distributed among threads if each gets this many for a batch of probes."""
COMPARED_AT_ONCE: Final = 65_536
"""Pairs of a probe and a hash that are compared until the lock is released: some 30 microseconds."""
DEAD: Final = -1
"""The source of an empty slot."""

Columns = tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int8]]
"""Hashes uint64 (n, words per hash) with their sources, rows and qualities, each (n,)."""


class _Chunk:
    """`CHUNK` slots as columns. `words` uint64 (words per hash, CHUNK): word k of all hashes is contiguous. `held`:
    every source that ever had a hash in it.
    """

    __slots__ = ("columns", "held", "qualities", "rows", "sources", "words")

    def __init__(self, words: int) -> None:
        self.words: NDArray[np.uint64] = np.zeros((words, CHUNK), dtype=np.uint64)
        self.sources: NDArray[np.int32] = np.full(CHUNK, DEAD, dtype=np.int32)
        self.rows: NDArray[np.int64] = np.zeros(CHUNK, dtype=np.int64)
        self.qualities: NDArray[np.int8] = np.zeros(CHUNK, dtype=np.int8)
        self.columns = (self.words, self.sources, self.rows, self.qualities)
        self.held: set[int] = set()

    def erase(self, slots: NDArray[np.intp] | slice) -> None:
        self.sources[slots] = DEAD
        self.words[:, slots] = 0
        self.rows[slots] = 0
        self.qualities[slots] = 0

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self.columns)


class FlatTable:
    """All hashes of one perceptual kind, with `size` bytes each: 8 or 32. Later hashes fill slots that `remove` emptied
    before the table grows.
    """

    def __init__(self, size: int) -> None:
        from node.match import kernels  # noqa: PLC0415  (Numba is imported when a table is made, not for --help)

        self._find_rows = kernels.find_rows
        self._confirm = kernels.confirm_slots
        self._scan_and_confirm = kernels.scan_and_confirm
        self._words = size // 8
        self._scan = kernels.scan64 if self._words == 1 else kernels.scan256
        self._lock = threading.Lock()
        self._chunks: list[_Chunk] = []
        self._size = 0
        self._free: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._compared = 0
        # Of the search that has the lock.
        self._pairs: NDArray[np.int32] = np.empty((2, FIRST_ROOM), dtype=np.int32)
        self._out: NDArray[np.int64] = room_for(FIRST_ROOM)

    def __len__(self) -> int:
        """Live hashes."""
        with self._lock:
            return self._size - len(self._free)

    @property
    def nbytes(self) -> int:
        """Bytes reserved, with empty slots."""
        return sum(chunk.nbytes for chunk in self._chunks) + self._free.nbytes

    @property
    def compared(self) -> int:
        """See `segments.Tail`."""
        return self._compared

    def add(
        self, source: int, rows: NDArray[np.int64], values: NDArray[np.uint8], qualities: NDArray[np.int16]
    ) -> None:
        """Adds `values` uint8 (n, size) of rows `rows` (n,) with `qualities` (n,), -1..100. `source` is >= 0."""
        count = len(rows)
        if not count:
            return
        words = np.ascontiguousarray(values).view(np.uint64).T
        with self._lock:
            slots = self._take(count)
            done = 0
            while done < count:
                # One stretch of slots within one chunk at a time. A scan that runs meanwhile may see half a hash:
                # it confirms under the lock what it believes to have found.
                number = int(slots[done]) // CHUNK
                stop = done + int(np.searchsorted(slots[done:], (number + 1) * CHUNK))
                chunk, inside = self._chunks[number], slots[done:stop] - number * CHUNK
                where = (
                    slice(int(inside[0]), int(inside[-1]) + 1) if inside[-1] - inside[0] == stop - done - 1 else inside
                )
                chunk.words[:, where] = words[:, done:stop]
                chunk.rows[where] = rows[done:stop]
                chunk.qualities[where] = qualities[done:stop]
                chunk.sources[where] = source
                chunk.held.add(source)
                done = stop
            # Last: a search that starts from here on scans all of it.
            self._size = max(self._size, int(slots[-1]) + 1)

    def _take(self, count: int) -> NDArray[np.int64]:
        """Returns ascending slots for `count` hashes: emptied ones first, then new ones at the end. The caller holds
        the lock.
        """
        reused = np.sort(self._free[len(self._free) - min(count, len(self._free)) :])
        self._free = self._free[: len(self._free) - len(reused)]
        fresh = count - len(reused)
        while len(self._chunks) * CHUNK < self._size + fresh:
            self._chunks.append(_Chunk(self._words))
        return np.concatenate([reused, np.arange(self._size, self._size + fresh, dtype=np.int64)])

    def remove(self, source: int, rows: NDArray[np.int64]) -> int:
        """Overwrites every hash of these rows (ascending, without repeats). Returns how many there were."""
        if not len(rows):
            return 0
        emptied = []
        with self._lock:
            room = np.empty(CHUNK, dtype=np.int64)
            for number, chunk in enumerate(self._chunks):
                slots = room[: self._find_rows(chunk.sources, chunk.rows, CHUNK, source, rows, room)].copy()
                if len(slots):
                    chunk.erase(slots)
                    emptied.append(slots + number * CHUNK)
            if emptied:
                self._free = np.concatenate([self._free, *emptied])
        return sum(map(len, emptied))

    def search(self, words: NDArray[np.uint64], radius: int, crew: Crew | None = None, of: int | None = None) -> Found:
        """Returns all live hashes within `radius` bits of any of `words`, (p, size / 8). `crew`: threads that share a
        batch; `of`: the requested source. Chunks that never held it are skipped; the others return all sources.
        """
        with self._lock:
            pairs = [
                (chunk, min(CHUNK, self._size - number * CHUNK))
                for number, chunk in enumerate(self._chunks)
                if of is None or of in chunk.held
            ]
            compared = sum(size for _, size in pairs) * len(words)
            if not compared:
                return NOTHING
            self._compared += compared
            if compared <= COMPARED_AT_ONCE and len(pairs) == 1:
                ((chunk, size),) = pairs
                kept = self._scan_and_confirm(*chunk.columns, size, words, radius, self._pairs, self._out)
                if kept <= len(self._out):
                    return Found(self._out[:kept].copy()) if kept else NOTHING
        workers = min(crew.workers, len(pairs) // CHUNKS_A_WORKER) if crew is not None and len(words) > 1 else 0
        if crew is not None and workers > 1:
            dealt = [pairs[worker::workers] for worker in range(workers)]
            near = [hit for share in crew.map(lambda share: self._near(share, words, radius), dealt) for hit in share]
        else:
            near = self._near(pairs, words, radius)
        if not near:
            return NOTHING
        with self._lock:
            return joined([self._confirmed(chunk, probe, slot, words, radius) for chunk, probe, slot in near])

    def _near(
        self, chunks: Sequence[tuple[_Chunk, int]], words: NDArray[np.uint64], radius: int
    ) -> list[tuple[_Chunk, NDArray[np.int32], NDArray[np.int32]]]:
        """Yields (chunk, probes, slots) that seem to be within the radius. The chunks may change during the scan."""
        near = []
        room = max(FIRST_ROOM, len(words))
        probe, slot = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        for chunk, size in chunks:
            while (found := self._scan(chunk.words, size, words, radius, probe, slot)) > len(probe):
                room = max(room, found + found // 8)  # the chunk may have gained hits meanwhile
                probe, slot = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
            if found:
                near.append((chunk, probe[:found], slot[:found]))
                probe, slot = probe[found:], slot[found:]
        return near

    def _confirmed(
        self, chunk: _Chunk, probe: NDArray[np.int32], slot: NDArray[np.int32], words: NDArray[np.uint64], radius: int
    ) -> Found:
        """Returns the hits of one chunk that are live now, each with its distance. The caller holds the lock."""
        out = room_for(len(probe))
        return found_of(out, self._confirm(*chunk.columns, words, radius, probe, slot, out))

    def pieces(self) -> Iterator[Columns]:
        """Yields copies of everything that is live, some thousands at a time, each consistent in itself."""
        with self._lock:
            chunks = tuple(self._chunks)
        for chunk in chunks:
            for start in range(0, CHUNK, COPIED_AT_ONCE):
                with self._lock:
                    live = np.flatnonzero(chunk.sources[start : start + COPIED_AT_ONCE] != DEAD) + start
                    piece = chunk.words[:, live].T, chunk.sources[live], chunk.rows[live], chunk.qualities[live]
                yield piece

    def contents(self) -> Columns:
        """Copies everything that is live (`pieces`)."""
        pieces = list(self.pieces())
        return (
            np.concatenate([np.empty((0, self._words), np.uint64), *(piece[0] for piece in pieces)]),
            np.concatenate([np.empty(0, np.int32), *(piece[1] for piece in pieces)]),
            np.concatenate([np.empty(0, np.int64), *(piece[2] for piece in pieces)]),
            np.concatenate([np.empty(0, np.int8), *(piece[3] for piece in pieces)]),
        )

    def clear(self) -> None:
        """Overwrites and drops everything."""
        with self._lock:
            for chunk in self._chunks:  # searches under way still hold them
                chunk.erase(slice(None))
            self._chunks, self._size, self._free = [], 0, np.empty(0, dtype=np.int64)
