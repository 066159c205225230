"""Compiled inner loops of the search index.

Rules this module upholds:

- Its import loads Numba (a third of a second) and, once per machine, compiles for seconds; the result is cached on
  disk. So the package imports it only when a table is made (`node.match.flat`, `node.match.digests`).
- Kernels release the GIL, allocate nothing and raise nothing. They trust their arguments: callers pass contiguous
  arrays of the dtypes in the signature.
- If the results do not fit, a kernel continues to count. The returned number tells the caller how much space a second
  run needs.
"""

# ruff: noqa: PLR0917 - a kernel takes flat arrays by position; keywords would slow every call down

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from node.match.found import NO_QUALITY

ROWS_PER_BLOCK: Final = 512
"""Hashes that are compared before the next probe: 512 x 32 bytes stay in the first-level cache while every probe is
compared."""

HALF_BITS: Final = 128
ROWS_PER_PART: Final = 32
"""Hashes of a block that are compared one by one if one of them seems near."""


def _popcount(_context: Any, word: Any) -> Any:  # noqa: ANN401  (Numba's protocol of typing)
    """Returns the number of set bits of a uint64, with the processor's own instruction if it has one."""
    if word != types.uint64:
        return None

    def emit(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), emit


popcount: Any = intrinsic(_popcount)


@njit("int64(uint64[:,::1], int64, uint64[:,::1], uint64, int32[::1], int32[::1])", cache=True, nogil=True)
def scan256(  # noqa: C901  (a call for each block would cost more than it)
    words: NDArray[np.uint64],
    size: int,
    probes: NDArray[np.uint64],
    radius: int,
    out_probe: NDArray[np.int32],
    out_slot: NDArray[np.int32],
) -> int:
    """Finds pairs of (probe, slot) at most `radius` bits apart among the first `size` slots.

    `words` uint64 (4, capacity): word k of all hashes is contiguous. So the compiler compares eight hashes at once, and
    usually only half of every hash is fetched: the first 128 bits of two unrelated hashes already differ in 64 +- 6.
    `probes` uint64 (p, 4). Fills `out_probe` and `out_slot` up to their length. Returns the number of pairs.
    """
    found = 0
    room = out_probe.shape[0]
    for start in range(0, size, ROWS_PER_BLOCK):
        stop = min(start + ROWS_PER_BLOCK, size)
        first, second = words[0, start:stop], words[1, start:stop]
        third, fourth = words[2, start:stop], words[3, start:stop]
        for probe in range(probes.shape[0]):
            a, b, c, d = probes[probe, 0], probes[probe, 1], probes[probe, 2], probes[probe, 3]
            nearest = types.uint64(HALF_BITS)
            # Without a branch, so that it is vectorised; nearly every block ends here with nothing near.
            for i in range(first.shape[0]):
                nearest = min(nearest, popcount(first[i] ^ a) + popcount(second[i] ^ b))
            if nearest > radius:
                continue
            for part in range(0, first.shape[0], ROWS_PER_PART):
                end = min(part + ROWS_PER_PART, first.shape[0])
                nearest = types.uint64(HALF_BITS)
                for i in range(part, end):
                    nearest = min(nearest, popcount(first[i] ^ a) + popcount(second[i] ^ b))
                if nearest > radius:
                    continue
                for i in range(part, end):
                    distance = popcount(first[i] ^ a) + popcount(second[i] ^ b)
                    distance += popcount(third[i] ^ c) + popcount(fourth[i] ^ d)
                    if distance <= radius:
                        if found < room:
                            out_probe[found] = probe
                            out_slot[found] = start + i
                        found += 1
    return found


@njit("int64(uint64[:,::1], int64, uint64[:,::1], uint64, int32[::1], int32[::1])", cache=True, nogil=True)
def scan64(
    words: NDArray[np.uint64],
    size: int,
    probes: NDArray[np.uint64],
    radius: int,
    out_probe: NDArray[np.int32],
    out_slot: NDArray[np.int32],
) -> int:
    """Works like `scan256` for hashes of one word: `words` uint64 (1, capacity), `probes` uint64 (p, 1)."""
    found = 0
    room = out_probe.shape[0]
    for start in range(0, size, ROWS_PER_BLOCK):
        stop = min(start + ROWS_PER_BLOCK, size)
        first = words[0, start:stop]
        for probe in range(probes.shape[0]):
            a = probes[probe, 0]
            near = 0
            for i in range(first.shape[0]):
                near += popcount(first[i] ^ a) <= radius
            if near == 0:
                continue
            for i in range(first.shape[0]):
                if popcount(first[i] ^ a) <= radius:
                    if found < room:
                        out_probe[found] = probe
                        out_slot[found] = start + i
                    found += 1
    return found


@njit(
    "int64(uint64[:,::1], int32[::1], int64[::1], int8[::1], uint64[:,::1], uint64, int32[::1], int32[::1],"
    " int64[:,::1])",
    cache=True,
    nogil=True,
)
def confirm_slots(
    words: NDArray[np.uint64],
    sources: NDArray[np.int32],
    rows: NDArray[np.int64],
    qualities: NDArray[np.int8],
    probes: NDArray[np.uint64],
    radius: int,
    probe: NDArray[np.int32],
    slot: NDArray[np.int32],
    out: NDArray[np.int64],
) -> int:
    """Fills `out` (pairs, 5) with probe, source, row, distance, quality of the pairs that are live and near now.
    Returns their number. `words` uint64 (words per hash, capacity), `probes` uint64 (p, words per hash).
    """
    kept = 0
    for i in range(probe.shape[0]):
        p, s = probe[i], slot[i]
        distance = types.uint64(0)
        for k in range(words.shape[0]):
            distance += popcount(words[k, s] ^ probes[p, k])
        if distance <= radius and sources[s] >= 0:
            out[kept, 0], out[kept, 1], out[kept, 2] = p, sources[s], rows[s]
            out[kept, 3], out[kept, 4] = distance, qualities[s]
            kept += 1
    return kept


@njit(
    "int64(uint64[:,::1], int32[::1], int64[::1], int8[::1], int64, uint64[:,::1], uint64, int32[:,::1], int64[:,::1])",
    cache=True,
    nogil=True,
)
def scan_and_confirm(
    words: NDArray[np.uint64],
    sources: NDArray[np.int32],
    rows: NDArray[np.int64],
    qualities: NDArray[np.int8],
    size: int,
    probes: NDArray[np.uint64],
    radius: int,
    pairs: NDArray[np.int32],
    out: NDArray[np.int64],
) -> int:
    """Scans the first `size` slots and confirms the pairs, in columns that do not change meanwhile.

    `pairs` (2, room) has room for as many pairs of probe and slot as `out` (room, 5) has for hits. Returns the number
    of hits. If there are more pairs than room, returns the number of pairs, and `out` contains nothing.
    """
    if words.shape[0] == 1:
        found = scan64(words, size, probes, radius, pairs[0], pairs[1])
    else:
        found = scan256(words, size, probes, radius, pairs[0], pairs[1])
    if found == 0 or found > out.shape[0]:
        return found
    return confirm_slots(words, sources, rows, qualities, probes, radius, pairs[0, :found], pairs[1, :found], out)


@njit("uint64(uint32[::1], uint64[::1])", cache=True, nogil=True, inline="always")
def bucket_hash(value: NDArray[np.uint32], seeds: NDArray[np.uint64]) -> Any:  # noqa: ANN401  (uint64, to Numba)
    """Returns 32 bits that an attacker cannot control: the multilinear hash over secret random seeds.

    It is strongly universal. `value` uint32 (w,), `seeds` uint64 (w + 1,) or longer. A member may write any digest into
    a record, so the digest's own bits are not random enough. Source: D. Lemire, O. Kaser, "Strongly universal string
    hashing is fast", 2014.
    """
    total = seeds[0]
    for i in range(value.shape[0]):
        total += seeds[i + 1] * types.uint64(value[i])
    return total >> types.uint64(32)


@njit("void(uint32[:,::1], int32[::1], int64, int64, int32[::1], int32[::1], uint64[::1])", cache=True, nogil=True)
def link(
    values: NDArray[np.uint32],
    sources: NDArray[np.int32],
    start: int,
    stop: int,
    heads: NDArray[np.int32],
    following: NDArray[np.int32],
    seeds: NDArray[np.uint64],
) -> None:
    """Puts the live slots `start` to `stop` at the head of their buckets' chains.

    `heads` int32 (a power of two of buckets): newest slot of each bucket or -1; `following` int32 (capacity): the next
    slot of the chain. The cost of a slot does not depend on the length of its bucket, so equal digests cannot slow this
    down.
    """
    mask = types.uint64(heads.shape[0] - 1)
    for slot in range(start, stop):
        if sources[slot] >= 0:
            bucket = bucket_hash(values[slot], seeds) & mask
            following[slot] = heads[bucket]
            heads[bucket] = slot


# With the GIL: a look-up takes a microsecond or two, and a release wakes another thread that then keeps it waiting.
@njit(
    "int64(uint32[:,::1], int32[::1], int64[::1], int32[::1], int32[::1], uint64[::1], uint32[:,::1], int64[:,::1])",
    cache=True,
)
def look_up(
    values: NDArray[np.uint32],
    sources: NDArray[np.int32],
    rows: NDArray[np.int64],
    heads: NDArray[np.int32],
    following: NDArray[np.int32],
    seeds: NDArray[np.uint64],
    probes: NDArray[np.uint32],
    out: NDArray[np.int64],
) -> int:
    """Finds hits of `probes` uint32 (p, w) among the live slots, with all words equal. Returns their number. `out`
    (room, 5): probe, source, row, distance and quality of each, up to its length.
    """
    mask = types.uint64(heads.shape[0] - 1)
    found = 0
    room = out.shape[0]
    for probe in range(probes.shape[0]):
        slot = heads[bucket_hash(probes[probe], seeds) & mask]
        while slot >= 0:
            same = sources[slot] >= 0
            for i in range(probes.shape[1]):
                if values[slot, i] != probes[probe, i]:
                    same = False
                    break
            if same:
                if found < room:
                    out[found, 0], out[found, 1], out[found, 2] = probe, sources[slot], rows[slot]
                    out[found, 3], out[found, 4] = 0, NO_QUALITY
                found += 1
            slot = following[slot]
    return found


@njit("int64(int32[::1], int64[::1], int64, int32, int64[::1], int64[::1])", cache=True, nogil=True)
def find_rows(
    sources: NDArray[np.int32],
    rows: NDArray[np.int64],
    size: int,
    source: int,
    wanted: NDArray[np.int64],
    out_slot: NDArray[np.int64],
) -> int:
    """Returns the slots, ascending, among the first `size` that hold a row of `source` in `wanted` (ascending, not
    empty).
    """
    found = 0
    room = out_slot.shape[0]
    lowest, highest = wanted[0], wanted[wanted.shape[0] - 1]
    for slot in range(size):
        row = rows[slot]
        if sources[slot] != source or row < lowest or row > highest:
            continue
        left, right = 0, wanted.shape[0] - 1
        while left < right:
            middle = (left + right) // 2
            if wanted[middle] < row:
                left = middle + 1
            else:
                right = middle
        if wanted[left] == row:
            if found < room:
                out_slot[found] = slot
            found += 1
    return found
