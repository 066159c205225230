"""Compiled inner loops over the rows of a segment: compare all rows, and confirm found rows.

Rules this module upholds:

- As in `node.match.kernels`: no GIL, no exceptions, trusted arguments.
- Half of a hash is compared first. The first 128 bits of two unrelated hashes differ in 64 +- 6 bits, so the second
  half is rarely read. A wide radius does not use this, because the first half does not exclude a match there.
- Rows are read through a view of one dimension. Only if the compiler knows their width does it compare several at a
  time, which is three times as fast.
"""

# ruff: noqa: PLR0917 - a kernel takes flat arrays by position; keywords would slow every call down

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from node.match.kernels import HALF_BITS, popcount
from node.match.prefetching import prefetch

ROWS_PER_TURN: Final = 128
"""Half hashes that are compared with every probe before the next ones: 2 KiB."""
ROWS_AHEAD: Final = 512
"""Half hashes that a scan requests in advance: 8 KiB, two pages. A processor alone stops at the next page."""
ROWS_IN_CACHE: Final = 1 << 16
"""Half hashes in the second-level cache, for which requests in advance only cost time: 1 MiB."""
ROWS_PER_LINE: Final = 4
WIDE_BITS: Final = 44
"""From this radius on, the first half of the nearest of `ROWS_PER_TURN` unrelated hashes may well be within the radius
(it is 2.5 deviations below 64). Then the whole hash is compared at once. Within 66 bits this saves a third of the time
of one probe, and more for several."""


@njit(
    "UniTuple(int64, 2)(uint64[:,::1], uint64[:,::1], uint64[:,::1], int64, int64, uint64, int32[::1], int32[::1])",
    cache=True,
    nogil=True,
)
def scan_rows(  # noqa: C901, PLR0912  (a call for each block would cost more than it)
    hashes: NDArray[np.uint64],
    rests: NDArray[np.uint64],
    probes: NDArray[np.uint64],
    begin: int,
    end: int,
    radius: int,
    out_probe: NDArray[np.int32],
    out_slot: NDArray[np.int32],
) -> Any:  # noqa: ANN401  (two int64, to Numba)
    """Pairs of (probe, slot) at most `radius` bits apart, of the slots from `begin` to `end`: by half a hash first,
    unless it has one word or the radius is wide.

    Returns (the first slot that is not compared for want of room, pairs of those before it).
    """
    found, room = 0, out_probe.shape[0]
    firsts, seconds = hashes.reshape(hashes.size), rests.reshape(rests.size)
    width, last = hashes.shape[1], probes.shape[1] - 1
    for start in range(begin, end, ROWS_PER_TURN):
        count, before = min(ROWS_PER_TURN, end - start), found
        block, other = firsts[width * start : width * (start + count)], seconds[2 * start : 2 * (start + count)]
        if end - begin > ROWS_IN_CACHE:
            for i in range(0, ROWS_PER_TURN, ROWS_PER_LINE):
                prefetch(hashes, np.uint64(start + ROWS_AHEAD + i))
        for p in range(probes.shape[0]):
            a, b, c, d = probes[p, 0], probes[p, min(1, last)], probes[p, min(2, last)], probes[p, last]
            nearest = np.uint64(2 * HALF_BITS)
            # Without a branch, so that it is vectorised.
            if width == 1:
                for i in range(count):
                    nearest = min(nearest, popcount(block[i] ^ a))
            elif radius < WIDE_BITS:
                for i in range(count):
                    nearest = min(nearest, popcount(block[2 * i] ^ a) + popcount(block[2 * i + 1] ^ b))
            else:
                for i in range(count):
                    first = popcount(block[2 * i] ^ a) + popcount(block[2 * i + 1] ^ b)
                    nearest = min(nearest, first + popcount(other[2 * i] ^ c) + popcount(other[2 * i + 1] ^ d))
            if nearest > radius:
                continue
            for i in range(count):
                distance = popcount(block[width * i] ^ a)
                if width > 1:
                    distance += popcount(block[2 * i + 1] ^ b)
                    if distance > radius:
                        continue
                    distance += popcount(other[2 * i] ^ c) + popcount(other[2 * i + 1] ^ d)
                if distance <= radius:
                    if found < room:
                        out_probe[found], out_slot[found] = p, start + i
                    found += 1
        if found > room:
            return start, before
    return end, found


@njit(
    "int64(uint64[:,::1], uint64[:,::1], int32[::1], int64[::1], int8[::1], uint64[:,::1], uint64, int32[::1],"
    " int32[::1], int64[:,::1])",
    cache=True,
    nogil=True,
)
def confirm_rows(
    hashes: NDArray[np.uint64],
    rests: NDArray[np.uint64],
    sources: NDArray[np.int32],
    rows: NDArray[np.int64],
    qualities: NDArray[np.int8],
    probes: NDArray[np.uint64],
    radius: int,
    probe: NDArray[np.int32],
    slot: NDArray[np.int32],
    out: NDArray[np.int64],
) -> int:
    """Works like `node.match.kernels.confirm_slots` with hashes as rows, in halves."""
    kept = 0
    for i in range(probe.shape[0]):
        p, s = probe[i], slot[i]
        distance = np.uint64(0)
        for k in range(hashes.shape[1]):
            distance += popcount(hashes[s, k] ^ probes[p, k])
        for k in range(rests.shape[1]):
            distance += popcount(rests[s, k] ^ probes[p, hashes.shape[1] + k])
        if distance <= radius and sources[s] >= 0:
            out[kept, 0], out[kept, 1], out[kept, 2] = p, sources[s], rows[s]
            out[kept, 3], out[kept, 4] = distance, qualities[s]
            kept += 1
    return kept
