"""A segment of 256-bit hashes that finds neighbours without looking at most of them: multi-index hashing.

Rules this module upholds:

- Exact. The layout of the chunks and their radii is a proof (`chunk_radii`), and a probe whose chunks propose too much
  is answered by a scan of everything: skewed data costs time, never recall.
- A segment never changes but for removals, which overwrite in place. (`node.match.merging` makes it grow.)
- What a removed hash was can still be told from its places in the chunks' tables: build the segment anew, and soon.
- Only the arrays of a segment are needed to search it, so they may as well be mapped from a file; a damaged one can
  hide hits but not invent any (`confirm`), and leads nowhere outside the arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from node.match.flat import DEAD, FIRST_ROOM, Columns, Found

BITS: Final = 256
WORDS: Final = BITS // 64
"""Words of 64 bits a hash."""
FEWEST_CHUNKS: Final = 8
"""Chunks of 32 bits, the widest that `chunk_of` cuts out."""
MOST_CHUNKS: Final = 32
MOST_TABLE_BYTES: Final = 48
"""Bytes a hash that the tables of all chunks may take, the ids (4 bytes a chunk) aside."""
VALUE_COST: Final = 10.0
"""Nanoseconds that looking up one value of a chunk takes."""
PROPOSAL_COST: Final = 25.0
"""Nanoseconds that one proposed hash takes, mostly to fetch it."""
ROW_COST: Final = 1.2
"""Nanoseconds a hash that a scan takes."""
"""The three costs only choose between exact ways; measured at 1 M and 10 M hashes on one machine (bench/match.py)."""


def chunk_radii(chunks: int, radius: int) -> list[int]:
    """To which radius each chunk has to be searched so that nothing within `radius` is missed.

    With a = radius // m: were the first radius - a * m + 1 chunks all past a, and the others all past a - 1, the hashes
    would be (radius - a * m + 1) * (a + 1) + (m - radius + a * m - 1) * a = radius + 1 bits apart.
    """
    a = radius // chunks
    further = radius - a * chunks + 1
    return [a if k < further else a - 1 for k in range(chunks)]


def near_values(width: int, radius: int) -> int:
    """How many values of `width` bits lie within `radius` of one."""
    return sum(math.comb(width, bits) for bits in range(radius + 1))


def chunk_widths(chunks: int) -> list[int]:
    """Widths that add up to 256 bits, the wide ones last: `chunk_radii` are the smaller there."""
    width, wider = divmod(BITS, chunks)
    return [width + (k >= chunks - wider) for k in range(chunks)]


@lru_cache(maxsize=64)
def best_chunks(size: int, radius: int) -> int:
    """How many chunks serve `size` evenly spread hashes best, among those whose tables are not too large."""

    def cost(chunks: int) -> float:
        total = 0.0
        for width, near in zip(chunk_widths(chunks), chunk_radii(chunks, radius), strict=True):
            values = near_values(width, near)
            total += values * VALUE_COST + values * size / 2**width * PROPOSAL_COST
        return total

    def affordable(chunks: int) -> bool:
        return sum(1 << width for width in chunk_widths(chunks)) <= MOST_TABLE_BYTES * size

    allowed = [m for m in range(FEWEST_CHUNKS, MOST_CHUNKS + 1) if affordable(m)]
    return min(allowed or [MOST_CHUNKS], key=cost)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """Where the live hashes of a segment are, and whose. Columns of equal length."""

    slots: NDArray[np.intp]
    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    qualities: NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """`n` hashes and the tables of their `m` chunks (`node.match.mih_kernels` tells how these lie in memory).

    `hashes` uint64 (n, 4), `sources` int32, `rows` int64, `qualities` int8, each (n,): the only parts that change, by
    `erase`. `chunks` int64 (m, 3): start, width, first value of its table. `blocks` uint64 (b, 2), `wide` uint32
    (w, 17), `ids` uint32 (m * n).
    """

    hashes: NDArray[np.uint64]
    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    qualities: NDArray[np.int8]
    chunks: NDArray[np.int64]
    blocks: NDArray[np.uint64]
    wide: NDArray[np.uint32]
    ids: NDArray[np.uint32]
    plans: dict[int, tuple[NDArray[np.int64], int]] = field(default_factory=dict, repr=False)

    @property
    def table_bytes(self) -> int:
        """Bytes of the tables, the hashes and what is said of them aside."""
        return self.blocks.nbytes + self.wide.nbytes + self.ids.nbytes

    @property
    def nbytes(self) -> int:
        """Bytes of it all."""
        columns = (self.hashes, self.sources, self.rows, self.qualities)
        return self.table_bytes + sum(column.nbytes for column in columns)

    def _plan(self, radius: int) -> tuple[NDArray[np.int64], int]:
        """(`chunks` with a column for the radius of each, how many values are looked up), kept for the next search."""
        if radius not in self.plans:
            radii = np.array(chunk_radii(len(self.chunks), radius), dtype=np.int64)
            values = sum(near_values(w, r) for w, r in zip(self.chunks[:, 1].tolist(), radii.tolist(), strict=True))
            self.plans[radius] = np.concatenate([self.chunks, radii[:, np.newaxis]], axis=1), values
        return self.plans[radius]

    def near(self, words: NDArray[np.uint64], radius: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(probes, slots) at most `radius` bits apart, each pair once, in no order. `words` uint64 (p, 4)."""
        from node.match import mih_kernels as kernels  # noqa: PLC0415  (Numba is imported when it is needed)

        chunks, values = self._plan(radius)
        scratch = np.empty((values + 1, 2), dtype=np.int64)
        proposed = np.empty(int(len(self.hashes) * ROW_COST / PROPOSAL_COST), dtype=np.int64)
        crowded = np.empty(len(words), dtype=np.bool_)
        search: Callable[..., int] = kernels.search_chunks
        tables = (self.hashes, self.blocks, self.wide, self.ids, chunks)
        probe, slot = _filled(lambda *out: search(*tables, words, radius, scratch, proposed, *out, crowded))
        left = np.flatnonzero(crowded).astype(np.int32)
        if not len(left):
            return probe, slot
        more, there = _filled(lambda *out: kernels.scan_rows(self.hashes, words[left], radius, *out))
        return np.concatenate([probe, left[more]]), np.concatenate([slot, there])

    def confirm(
        self, probe: NDArray[np.int32], slot: NDArray[np.int32], words: NDArray[np.uint64], radius: int
    ) -> Found:
        """The pairs as they stand now: only live ones, each with its distance."""
        distance = np.bitwise_count(self.hashes[slot] ^ words[probe]).sum(axis=1, dtype=np.uint16)
        keep = (distance <= radius) & (self.sources[slot] != DEAD)
        slot, probe = slot[keep], probe[keep]
        return Found(
            probe=probe,
            source=self.sources[slot],
            row=self.rows[slot],
            distance=distance[keep].astype(np.int16),
            quality=self.qualities[slot],
        )

    def labels(self) -> Labels:
        """Copies of what is said of all that is live, for building it anew."""
        live = np.flatnonzero(self.sources != DEAD)
        return Labels(slots=live, sources=self.sources[live], rows=self.rows[live], qualities=self.qualities[live])

    def erase(self, source: int, rows: NDArray[np.int64]) -> int:
        """Overwrites the hashes of these rows, given ascending and without repeats; how many there were."""
        mine = np.flatnonzero((self.sources == source) & (self.rows >= rows[0]) & (self.rows <= rows[-1]))
        slots = mine[rows[np.searchsorted(rows, self.rows[mine])] == self.rows[mine]]
        self.sources[slots] = DEAD
        self.hashes[slots] = 0
        self.rows[slots] = 0
        self.qualities[slots] = 0
        return len(slots)


def _filled(
    kernel: Callable[..., int],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """What a kernel writes into two arrays, which are made larger until there is room for all it counts."""
    room = FIRST_ROOM
    while True:
        probe, slot = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        found = int(kernel(probe, slot))
        if found <= room:
            return probe[:found], slot[:found]
        room = found + found // 8


Allocate = Callable[[str, tuple[int, ...], "np.dtype[Any]"], NDArray[Any]]
"""Gives the array for a field of a segment (name, shape, dtype), of any contents, writable: `build` fills it."""


def anonymous(_name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An `Allocate` that takes memory of the process."""
    return np.empty(shape, dtype=dtype)


def build(
    parts: Sequence[Columns],
    *,
    radius: int,
    chunks: int = 0,
    allocate: Allocate = anonymous,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Segment:
    """A segment of the columns of all `parts`, copied, made for searches within `radius` (others are as exact).

    `chunks`: how many, 0 for what the number of hashes suggests. `allocate` is asked once for each array of the
    segment. `progress` is told after each chunk how many are done. Besides the segment and the parts it takes 4 bytes
    a value of the widest chunk.
    """
    from node.match import mih_kernels as kernels  # noqa: PLC0415  (Numba is imported when it is needed)

    size = sum(len(part[0]) for part in parts)
    chunks = chunks or best_chunks(size, radius)
    hashes = allocate("hashes", (size, WORDS), np.dtype(np.uint64))
    sources = allocate("sources", (size,), np.dtype(np.int32))
    rows = allocate("rows", (size,), np.dtype(np.int64))
    qualities = allocate("qualities", (size,), np.dtype(np.int8))
    for column, filled in enumerate((hashes, sources, rows, qualities)):
        done = 0
        for part in parts:
            filled[done : done + len(part[column])] = part[column]
            done += len(part[column])
    widths = np.array(chunk_widths(chunks), dtype=np.int64)
    tables = np.concatenate([[0], np.cumsum(1 << widths)])
    layout = allocate("chunks", (chunks, 3), np.dtype(np.int64))
    layout[:] = np.stack([np.cumsum(widths) - widths, widths, tables[:-1]], axis=1)
    blocks = allocate("blocks", (int(tables[-1]) // kernels.BLOCK, 2), np.dtype(np.uint64))
    ids = allocate("ids", (chunks * size,), np.dtype(np.uint32))
    wide: list[NDArray[np.uint32]] = []
    for k, (start, width, table) in enumerate(layout.tolist()):
        counts = np.zeros(1 << width, dtype=np.uint32)
        kernels.count_values(hashes, start, width, counts)
        crowds = int(np.count_nonzero(counts.reshape(-1, kernels.BLOCK).max(axis=1) >= kernels.BLOCK))
        rows_here = np.empty((crowds, kernels.WIDE_COLUMNS), dtype=np.uint32)
        first = table // kernels.BLOCK
        here = blocks[first : first + (1 << width) // kernels.BLOCK]
        kernels.write_blocks(counts, here, rows_here, sum(map(len, wide)))
        wide.append(rows_here)
        kernels.place_ids(hashes, start, width, counts, ids[k * size : (k + 1) * size])
        progress(k + 1, chunks)
    # Last, for only now is it known how many blocks are wide.
    crowded = allocate("wide", (sum(map(len, wide)), kernels.WIDE_COLUMNS), np.dtype(np.uint32))
    np.concatenate([crowded[:0], *wide], out=crowded)
    return Segment(
        hashes=hashes,
        sources=sources,
        rows=rows,
        qualities=qualities,
        chunks=layout,
        blocks=blocks,
        wide=crowded,
        ids=ids,
    )
