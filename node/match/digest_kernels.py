"""Compiled inner loops of the static table of exact digests (`node.match.digest_segment`).

Rules this module upholds:

- As in `node.match.kernels`: no GIL, no exceptions, trusted arguments; results that do not fit are counted.
- A damaged table may hide digests, but never causes an access outside the arrays.
- A look-up has two cache misses (the bucket's start, the bucket). The memory of a group of probes is prefetched before
  the first probe needs it.
"""

# ruff: noqa: PLR0917 - a kernel takes flat arrays by position; keywords would slow every call down

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from node.match.found import NO_QUALITY
from node.match.kernels import bucket_hash
from node.match.prefetching import prefetch

GROUP: Final = 32
"""Probes whose cache lines are requested together: somewhat more than a processor fetches at once."""
NOWHERE: Final = 0xFFFFFFFF
"""The bucket of an empty slot."""


@njit("void(uint32[:,::1], int32[::1], uint64[::1], uint32[::1], uint32[::1])", cache=True, nogil=True)
def number_buckets(
    values: NDArray[np.uint32],
    sources: NDArray[np.int32],
    seeds: NDArray[np.uint64],
    counts: NDArray[np.uint32],
    buckets: NDArray[np.uint32],
) -> None:
    """Writes the bucket of every live slot into `buckets` uint32 (n,). Adds the number of slots per bucket to `counts`
    uint32 (buckets + 1,), shifted by one, so that their running sum gives the beginning of each bucket.
    """
    mask = types.uint64(counts.shape[0] - 2)
    for slot in range(values.shape[0]):
        if sources[slot] < 0:
            buckets[slot] = types.uint32(NOWHERE)
            continue
        bucket = bucket_hash(values[slot], seeds) & mask
        buckets[slot] = bucket
        counts[bucket + 1] += types.uint32(1)


@njit(
    "void(uint32[:,::1], int32[::1], int64[::1], uint32[::1], uint32[::1], uint32[:,::1], int32[::1], int64[::1])",
    cache=True,
    nogil=True,
)
def place_digests(
    values: NDArray[np.uint32],
    sources: NDArray[np.int32],
    rows: NDArray[np.int64],
    buckets: NDArray[np.uint32],
    positions: NDArray[np.uint32],
    out_values: NDArray[np.uint32],
    out_sources: NDArray[np.int32],
    out_rows: NDArray[np.int64],
) -> None:
    """Puts every slot with a bucket at its bucket's position, and advances the position."""
    for slot in range(values.shape[0]):
        bucket = buckets[slot]
        if bucket == types.uint32(NOWHERE):
            continue
        at = positions[bucket]
        positions[bucket] = at + types.uint32(1)
        for i in range(values.shape[1]):
            out_values[at, i] = values[slot, i]
        out_sources[at] = sources[slot]
        out_rows[at] = rows[slot]


@njit("boolean(uint32[::1], uint32[::1])", cache=True, nogil=True, inline="always")
def equal(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> Any:  # noqa: ANN401  (bool, to Numba)
    """Tells whether two digests are equal in every word."""
    for i in range(one.shape[0]):  # noqa: SIM110  (a generator would cost more than the comparison)
        if one[i] != other[i]:
            return False
    return True


@njit(
    "int64(uint32[:,::1], uint32[::1], uint64[::1], uint32[:,::1], int64[::1], int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def find_digests(
    values: NDArray[np.uint32],
    starts: NDArray[np.uint32],
    seeds: NDArray[np.uint64],
    probes: NDArray[np.uint32],
    buckets: NDArray[np.int64],
    out_probe: NDArray[np.int32],
    out_slot: NDArray[np.int32],
) -> int:
    """Finds pairs of (probe, slot) with all words equal. `starts` uint32 (a power of two of buckets, + 1); `buckets`
    scratch, (GROUP,). Returns the number of pairs.
    """
    mask, size = types.uint64(starts.shape[0] - 2), types.int64(values.shape[0])
    found, room = 0, out_probe.shape[0]
    for first in range(0, probes.shape[0], GROUP):
        count = min(GROUP, probes.shape[0] - first)
        for p in range(count):
            buckets[p] = types.int64(bucket_hash(probes[first + p], seeds) & mask)
            prefetch(starts, buckets[p])
        for p in range(count):
            start = types.int64(starts[buckets[p]])
            if start < size:
                prefetch(values, start)
        for p in range(count):
            start = types.int64(starts[buckets[p]])
            stop = min(types.int64(starts[buckets[p] + 1]), size)
            for slot in range(start, stop):
                if equal(values[slot], probes[first + p]):
                    if found < room:
                        out_probe[found], out_slot[found] = first + p, slot
                    found += 1
    return found


@njit("int64(int32[::1], int64[::1], int32[::1], int32[::1], int64[:,::1])", cache=True, nogil=True)
def confirm_digests(
    sources: NDArray[np.int32],
    rows: NDArray[np.int64],
    probe: NDArray[np.int32],
    slot: NDArray[np.int32],
    out: NDArray[np.int64],
) -> int:
    """Fills `out` (pairs, 5) with probe, source, row, distance and quality (none) of the live pairs. Returns the number
    of pairs. A slot is dead before its digest changes, so a live slot is still equal.
    """
    kept, count = 0, probe.shape[0]
    for pair in range(count):
        if pair + GROUP < count:
            ahead = types.int64(slot[pair + GROUP])
            prefetch(sources, ahead)
            prefetch(rows, ahead)
        at = slot[pair]
        if sources[at] >= 0:
            out[kept, 0], out[kept, 1], out[kept, 2] = probe[pair], sources[at], rows[at]
            out[kept, 3], out[kept, 4] = 0, NO_QUALITY
            kept += 1
    return kept
