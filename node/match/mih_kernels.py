"""Compiled inner loops of multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, CVPR 2012).

A hash is cut into m chunks. Each chunk has a table (`node.match.mih_table_kernels`) from values to hashes.
Two hashes at most r bits apart are at most r // m bits apart in some chunk (the pigeonhole principle). So a look-up
of all near values of every chunk finds all neighbours. The hashes that the tables propose are compared in full.

Rules this module upholds:

- As in `node.match.kernels`: no GIL, no exceptions, trusted arguments; results that do not fit are counted.
- A damaged table may hide hits or propose wrong hashes, but never causes an access outside the arrays.
- Memory is read in three passes (blocks, ids, hashes). Each pass prefetches cache lines `AHEAD` items early and has no
  branch on random data. Cache misses decide the speed of an index of gigabytes, and in this way they overlap.
- Indices are unsigned: for signed ones, Numba checks at every access whether they count from the end.
"""

# ruff: noqa: PLR0917 - a kernel takes flat arrays by position; keywords would slow every call down

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from node.match.kernels import popcount
from node.match.mih_table_kernels import chunk_of
from node.match.prefetching import prefetch

AHEAD: Final = 64
"""Items between the request for a cache line and its use: 64 x 4 nanoseconds exceed a miss."""
AT_ONCE: Final = 2
"""Ids of a run that are copied without a check of their number. Nine runs of ten are no longer at the usual load."""

_BYTES: Final = np.uint64(0x0101010101010101)
_NIBBLES: Final = np.uint64(0x0F0F0F0F0F0F0F0F)
_LOW_HALF: Final = np.uint64(0xFFFFFFFF)
_NONE: Final = np.uint64(0)
_ONE: Final = np.uint64(1)


@njit("int64(uint64[::1], int64[:,::1], uint64[::1], uint64[::1])", cache=True, nogil=True)
def list_values(
    probe: NDArray[np.uint64], chunks: NDArray[np.int64], masks: NDArray[np.uint64], values: NDArray[np.uint64]
) -> int:
    """Fills `values` with all near values of all chunks, counted from the first of all tables. Returns their number.
    `AHEAD` repetitions follow, so that the next pass can look ahead.
    """
    filled, last = 0, probe.shape[0] - 1
    for k in range(chunks.shape[0]):
        word = chunks[k, 0] >> 6
        value = np.uint64(chunk_of(probe[word], probe[min(word + 1, last)], chunks[k, 0] & 63, chunks[k, 1]))
        table = np.uint64(chunks[k, 2])
        turned = masks[chunks[k, 3] : chunks[k, 3] + chunks[k, 4]]
        here = values[filled : filled + turned.shape[0]]
        for i in range(turned.shape[0]):
            here[i] = table + (value ^ turned[i])
        filled += turned.shape[0]
    for i in range(AHEAD):
        values[filled + i] = values[0]
    return filled


@njit(
    "uint64(uint64, uint64[:,::1], uint32[:,::1], int64[:,::1], uint64[::1], uint64[::1], uint64[::1], int64[:,::1])",
    cache=True,
    nogil=True,
)
def list_runs(
    size: np.uint64,
    blocks: NDArray[np.uint64],
    wide: NDArray[np.uint32],
    chunks: NDArray[np.int64],
    values: NDArray[np.uint64],
    starts: NDArray[np.uint64],
    counts: NDArray[np.uint64],
    ends: NDArray[np.int64],
) -> Any:  # noqa: ANN401  (uint64, to Numba)
    """Lists the runs of ids of all `values`: `starts` in the ids of all chunks, `counts`, and `ends` [k, 0], the end of
    those of chunk k. Returns the total number of ids. No run leaves its chunk's `size` ids.
    """
    for i in range(AHEAD):
        prefetch(blocks, values[i] >> np.uint64(4))
    run, first, base, proposed = _NONE, 0, _NONE, _NONE
    for k in range(chunks.shape[0]):
        for i in range(first, first + chunks[k, 4]):
            prefetch(blocks, values[i + AHEAD] >> np.uint64(4))
            block, inside = values[i] >> np.uint64(4), values[i] & np.uint64(15)
            packed, place = blocks[block, 0], blocks[block, 1]
            shift = inside << np.uint64(2)
            below = packed & ((_ONE << shift) - _ONE)
            pairs = (below & _NIBBLES) + ((below >> np.uint64(4)) & _NIBBLES)
            start = (place & _LOW_HALF) + ((pairs * _BYTES) >> np.uint64(56))
            count = (packed >> shift) & np.uint64(15)
            row = (place >> np.uint64(32)) - _ONE
            if row < np.uint64(wide.shape[0]):
                start = np.uint64(wide[row, inside])
                count = np.uint64(wide[row, inside + _ONE]) - start
            count = count if start <= size and count <= size - start else _NONE
            starts[run], counts[run] = base + start, count
            run += _NONE if count == _NONE else _ONE
            proposed += count
        first += chunks[k, 4]
        base += size
        ends[k, 0] = run
    for i in range(AHEAD):
        starts[run + np.uint64(i)] = starts[0]
    return proposed


@njit("void(uint32[::1], uint64[::1], uint64[::1], int64[:,::1], uint32[::1])", cache=True, nogil=True)
def list_ids(
    ids: NDArray[np.uint32],
    starts: NDArray[np.uint64],
    counts: NDArray[np.uint64],
    ends: NDArray[np.int64],
    proposed: NDArray[np.uint32],
) -> None:
    """Copies the ids of all runs to `proposed`. `ends` [k, 1] is the end of those of chunk k. `AHEAD` zeros follow."""
    last = np.uint64(ids.shape[0] - 1)
    filled, first = _NONE, 0
    for k in range(ends.shape[0]):
        for run in range(first, ends[k, 0]):
            prefetch(ids, starts[run + AHEAD])
            prefetch(ids, min(starts[run + AHEAD] + _ONE, last))  # some runs cross into another line
            start, count = starts[run], counts[run]
            proposed[filled] = ids[start]
            proposed[filled + _ONE] = ids[min(start + _ONE, last)]
            if count > np.uint64(AT_ONCE):
                for i in range(AT_ONCE, count):
                    proposed[filled + np.uint64(i)] = ids[start + np.uint64(i)]
            filled += count
        first = ends[k, 0]
        ends[k, 1] = filled
    for i in range(AHEAD):
        proposed[filled + np.uint64(i)] = np.uint32(0)


@njit("boolean(UniTuple(uint64, 4), int64[:,::1], uint64[::1], int64)", cache=True, nogil=True)
def first_near(turned: Any, chunks: NDArray[np.int64], masks: NDArray[np.uint64], k: int) -> bool:  # noqa: ANN401
    """Tells whether chunk `k` is the first to propose a hash. Each near chunk proposes it, and exactly one may report
    it. `turned`: the words in which hash and probe differ; missing words are 0.
    """
    for earlier in range(k):
        if chunks[earlier, 4] > 0:
            word = chunks[earlier, 0] >> 6
            here = chunk_of(turned[word], turned[min(word + 1, 3)], chunks[earlier, 0] & 63, chunks[earlier, 1])
            # The greatest of ascending masks has its bits at the top, as many as may be turned over.
            if popcount(np.uint64(here)) <= popcount(masks[chunks[earlier, 3] + chunks[earlier, 4] - 1]):
                return False
    return True


@njit(
    "UniTuple(int64, 3)(uint64[:,::1], uint64[:,::1], uint64[:,::1], uint32[:,::1], uint32[::1], int64[:,::1],"
    " uint64[::1], uint64[:,::1], int64, uint64, int64, uint64[::1], uint64[::1], uint64[::1], int64[:,::1],"
    " uint32[::1], int32[::1], int32[::1], int32[::1], int64)",
    cache=True,
    nogil=True,
)
def search_chunks(  # noqa: C901  (a call for each proposal would cost more than it)
    hashes: NDArray[np.uint64],
    rests: NDArray[np.uint64],
    blocks: NDArray[np.uint64],
    wide: NDArray[np.uint32],
    ids: NDArray[np.uint32],
    chunks: NDArray[np.int64],
    masks: NDArray[np.uint64],
    probes: NDArray[np.uint64],
    begin: int,
    radius: int,
    limit: int,
    values: NDArray[np.uint64],
    starts: NDArray[np.uint64],
    counts: NDArray[np.uint64],
    ends: NDArray[np.int64],
    proposed: NDArray[np.uint32],
    out_probe: NDArray[np.int32],
    out_slot: NDArray[np.int32],
    crowded: NDArray[np.int32],
    crowds: int,
) -> Any:  # noqa: ANN401  (three int64, to Numba)
    """Pairs of (probe, slot) at most `radius` bits apart, each once, of the probes from `begin` on.

    `hashes` and `rests` uint64 (n, words), the halves; `blocks` the tables one after another; `ids` the chunks' ids one
    after another, n each; `chunks` and `masks` as in `node.match.mih_layout.Plan`. For v values in all, `values`,
    `starts` and `counts` have room for v + AHEAD, `ends` (m, 2), and `proposed` for `limit` + AHEAD: a probe with more
    proposals is told apart before an id is touched, and left for a scan: its number comes after the `crowds` that there
    are in `crowded` (p,). Returns (the first probe that is not answered for want of room, pairs of those before it,
    crowds).
    """
    size, room, found, last = np.uint64(hashes.shape[0]), out_probe.shape[0], 0, probes.shape[1] - 1
    for p in range(begin, probes.shape[0]):
        probe, before = probes[p], found
        list_values(probe, chunks, masks, values)
        if list_runs(size, blocks, wide, chunks, values, starts, counts, ends) > np.uint64(limit):
            crowded[crowds] = p
            crowds += 1
            continue
        list_ids(ids, starts, counts, ends, proposed)
        a, b, c, d = probe[0], probe[min(1, last)], probe[min(2, last)], probe[last]
        first = 0
        for k in range(chunks.shape[0]):
            for i in range(first, ends[k, 1]):
                prefetch(hashes, np.uint64(proposed[i + AHEAD]))
                slot = min(np.uint64(proposed[i]), size - _ONE)
                w, x, y, z = hashes[slot, 0] ^ a, _NONE, _NONE, _NONE
                if last:
                    x = hashes[slot, 1] ^ b
                distance = popcount(w) + popcount(x)
                if distance > radius:  # all strangers but one of ten thousands end here
                    continue
                if last:
                    y, z = rests[slot, 0] ^ c, rests[slot, 1] ^ d
                if distance + popcount(y) + popcount(z) <= radius and first_near((w, x, y, z), chunks, masks, k):
                    if found < room:
                        out_probe[found], out_slot[found] = p, slot
                    found += 1
            first = ends[k, 1]
        if found > room:
            return p, before, crowds
    return probes.shape[0], found, crowds
