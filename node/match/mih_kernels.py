"""Compiled inner loops of multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, CVPR 2012).

A hash of 256 bits is cut into m chunks. Each chunk has a table: which hashes have which value there. Two hashes at
most r bits apart are at most r // m bits apart in some chunk (the pigeonhole), so looking up all near values of every
chunk finds all neighbours. What the tables propose is compared in full.

Rules this module upholds:

- As in `node.match.kernels`: no GIL, nothing raised, arguments trusted, results counted past the room there is.
- A table that is damaged may hide hits or propose strangers, but never leads outside the arrays.
- Memory is touched in four sweeps (buckets, ids, hashes, comparison), each of which asks for the next one's cache lines
  ahead: an index of gigabytes is a matter of cache misses, and so they overlap.

A table in memory: uint64 (blocks, 2), a block for 16 consecutive values. Word 0 has sixteen counts of four bits, word 1
the position of the block's first id in its low half. A block with a value that more than 15 hashes have is wide: the
high half of word 1 is then the number, from 1, of a row of `wide`, uint32 (w, 17), with the sixteen positions and the
end. So a value costs one byte, and ten million of them fit where the processor caches them.
"""

# ruff: noqa: PLR0917 - a kernel takes flat arrays by position; keywords would slow every call down

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

from node.match.kernels import ROWS_PER_BLOCK, popcount

BLOCK: Final = 16
"""Values a block of a table."""
WIDE_COLUMNS: Final = BLOCK + 1

_BYTES: Final = np.uint64(0x0101010101010101)
_NIBBLES: Final = np.uint64(0x0F0F0F0F0F0F0F0F)
_LOW_HALF: Final = np.uint64(0xFFFFFFFF)


def _prefetch(_context: Any, array: Any, _index: Any) -> Any:  # noqa: ANN401  (Numba's protocol of typing)
    """Asks for the cache line of `array[index]` (of its first column), and waits for nothing."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401  (as above)
        kind = signature.args[0]
        view = make_array(kind)(context, builder, arguments[0])  # type: ignore[no-untyped-call]
        place = [arguments[1]] + [context.get_constant(types.intp, 0)] * (kind.ndim - 1)
        pointer = cgutils.get_item_pointer(  # type: ignore[no-untyped-call]
            context, builder, kind, view, place, wraparound=False
        )
        byte_pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte_pointer, number, number, number]),
            "llvm.prefetch.p0",
        )
        # To be read, from the second-level cache, as data: the sweeps are longer than the first level holds.
        builder.call(function, [builder.bitcast(pointer, byte_pointer), number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), emit


prefetch: Any = intrinsic(_prefetch)


@njit("int64(uint64[::1], int64, int64)", cache=True, nogil=True, inline="always")
def chunk_of(words: NDArray[np.uint64], start: int, width: int) -> Any:  # noqa: ANN401  (int64, to Numba)
    """Bits `start` to `start + width` of a hash of four words, 1 <= width <= 32."""
    word, offset = start >> 6, np.uint64(start & 63)
    value = words[word] >> offset
    if (start & 63) + width > 64:  # noqa: PLR2004  (bits a word)
        value |= words[word + 1] << (np.uint64(64) - offset)
    return np.int64(value & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)))


@njit("void(uint64[:,::1], int64, int64, uint32[::1])", cache=True, nogil=True)
def count_values(hashes: NDArray[np.uint64], start: int, width: int, counts: NDArray[np.uint32]) -> None:
    """How many hashes have each value of a chunk; `counts` zeros, uint32 (2**width)."""
    for i in range(hashes.shape[0]):
        counts[chunk_of(hashes[i], start, width)] += np.uint32(1)


@njit("void(uint32[::1], uint64[:,::1], uint32[:,::1], int64)", cache=True, nogil=True)
def write_blocks(
    counts: NDArray[np.uint32], blocks: NDArray[np.uint64], wide: NDArray[np.uint32], wide_from: int
) -> None:
    """Writes a table's blocks, and turns `counts` into where each value's ids begin.

    `wide` has a row for each block of this table with a value that more than 15 hashes have, and is filled; `wide_from`
    is how many rows the tables before it have.
    """
    position, row = np.uint32(0), 0
    for block in range(blocks.shape[0]):
        first, packed, narrow = position, np.uint64(0), True
        for j in range(BLOCK):
            count = counts[block * BLOCK + j]
            counts[block * BLOCK + j] = position
            position += count
            if count >= BLOCK:
                narrow = False
            packed |= np.uint64(count & np.uint32(15)) << np.uint64(4 * j)
        blocks[block, 0] = packed
        blocks[block, 1] = np.uint64(first)
        if not narrow:
            for j in range(BLOCK):
                wide[row, j] = counts[block * BLOCK + j]
            wide[row, BLOCK] = position
            row += 1
            blocks[block, 1] = np.uint64(first) | (np.uint64(wide_from + row) << np.uint64(32))


@njit("void(uint64[:,::1], int64, int64, uint32[::1], uint32[::1])", cache=True, nogil=True)
def place_ids(
    hashes: NDArray[np.uint64], start: int, width: int, positions: NDArray[np.uint32], ids: NDArray[np.uint32]
) -> None:
    """Puts the number of every hash where its value's ids begin (`positions`, used up)."""
    for i in range(hashes.shape[0]):
        value = chunk_of(hashes[i], start, width)
        ids[positions[value]] = i
        positions[value] += np.uint32(1)


@njit("int64(uint64[:,::1], uint64[::1], int64[:,::1], int64, int64[:,::1], int64)", cache=True, nogil=True)
def list_values(
    blocks: NDArray[np.uint64],
    probe: NDArray[np.uint64],
    chunks: NDArray[np.int64],
    k: int,
    scratch: NDArray[np.int64],
    filled: int,
) -> int:
    """Appends to `scratch` (value counted from the first of all tables, k) all values near the probe's in chunk k.

    Lower bits turn fastest, so that values which share a block follow each other. Returns how many are filled now.
    """
    width, table, radius = chunks[k, 1], chunks[k, 2], chunks[k, 3]
    if radius < 0:
        return filled
    value = chunk_of(probe, chunks[k, 0], width)
    scratch[filled, 0], scratch[filled, 1] = table + value, k
    prefetch(blocks, (table + value) // BLOCK)
    begin = filled
    filled += 1
    for _ in range(radius):
        # Every value of the last round with one more bit turned, below its lowest turned one: each is made once.
        end = filled
        for i in range(begin, end):
            last = scratch[i, 0] - table
            turned, limit = last ^ value, width
            if turned != 0:
                limit = 0
                while (turned >> limit) & 1 == 0:
                    limit += 1
            for bit in range(limit):
                made = table + (last ^ (1 << bit))
                scratch[filled, 0], scratch[filled, 1] = made, k
                prefetch(blocks, made // BLOCK)
                filled += 1
        begin = end
    return filled


@njit("UniTuple(int64, 2)(uint64[:,::1], uint32[:,::1], int64, int64)", cache=True, nogil=True, inline="always")
def run_of(blocks: NDArray[np.uint64], wide: NDArray[np.uint32], value: int, size: int) -> Any:  # noqa: ANN401
    """(start, stop) of a value's ids among its chunk's `size` ids, never outside them whatever the table says."""
    packed, place = blocks[value // BLOCK, 0], blocks[value // BLOCK, 1]
    j = value % BLOCK
    row = np.int64(place >> np.uint64(32)) - 1
    if 0 <= row < wide.shape[0]:
        start, stop = np.int64(wide[row, j]), np.int64(wide[row, j + 1])
    else:
        shift = np.uint64(4 * j)
        below = packed & ((np.uint64(1) << shift) - np.uint64(1))
        pairs = (below & _NIBBLES) + ((below >> np.uint64(4)) & _NIBBLES)
        start = np.int64(place & _LOW_HALF) + np.int64((pairs * _BYTES) >> np.uint64(56))
        stop = start + np.int64((packed >> shift) & np.uint64(15))
    if start > stop or stop > size:
        return 0, 0
    return start, stop


@njit(
    "int64(int64, uint64[:,::1], uint32[:,::1], uint32[::1], int64[:,::1], uint64[::1], int64[:,::1])",
    cache=True,
    nogil=True,
)
def list_runs(
    size: int,
    blocks: NDArray[np.uint64],
    wide: NDArray[np.uint32],
    ids: NDArray[np.uint32],
    chunks: NDArray[np.int64],
    probe: NDArray[np.uint64],
    scratch: NDArray[np.int64],
) -> int:
    """Fills `scratch` with the runs of ids (start, stop, in `ids`) near the probe; how many ids they hold together.

    The list ends with a run (-1, -1).
    """
    filled = 0
    for k in range(chunks.shape[0]):
        filled = list_values(blocks, probe, chunks, k, scratch, filled)
    runs, proposed = 0, 0
    for i in range(filled):
        first = scratch[i, 1] * size
        start, stop = run_of(blocks, wide, scratch[i, 0], size)
        if stop > start:
            prefetch(ids, first + start)
            scratch[runs, 0], scratch[runs, 1] = first + start, first + stop  # behind what is read
            runs += 1
            proposed += stop - start
    scratch[runs, 0], scratch[runs, 1] = -1, -1
    return proposed


@njit("boolean(uint64[:,::1], int64, uint64[::1], int64[:,::1], int64)", cache=True, nogil=True)
def first_near(
    hashes: NDArray[np.uint64], slot: int, probe: NDArray[np.uint64], chunks: NDArray[np.int64], k: int
) -> bool:
    """Whether chunk `k` is the first to propose this slot: each that is near does, and one of them has to speak."""
    for earlier in range(k):
        if chunks[earlier, 3] >= 0:
            here = chunk_of(hashes[slot], chunks[earlier, 0], chunks[earlier, 1])
            there = chunk_of(probe, chunks[earlier, 0], chunks[earlier, 1])
            if np.int64(popcount(np.uint64(here ^ there))) <= chunks[earlier, 3]:
                return False
    return True


@njit(
    "int64(uint64[:,::1], uint64[:,::1], uint32[:,::1], uint32[::1], int64[:,::1], uint64[:,::1], uint64,"
    " int64[:,::1], int64[::1], int32[::1], int32[::1], boolean[::1])",
    cache=True,
    nogil=True,
)
def search_chunks(
    hashes: NDArray[np.uint64],
    blocks: NDArray[np.uint64],
    wide: NDArray[np.uint32],
    ids: NDArray[np.uint32],
    chunks: NDArray[np.int64],
    probes: NDArray[np.uint64],
    radius: int,
    scratch: NDArray[np.int64],
    proposed: NDArray[np.int64],
    out_probe: NDArray[np.int32],
    out_slot: NDArray[np.int32],
    crowded: NDArray[np.bool_],
) -> int:
    """Pairs of (probe, slot) at most `radius` bits apart, each once. Returns how many there are.

    `hashes` uint64 (n, 4); `blocks` the tables one after another; `ids` the chunks' ids one after another, n each;
    `chunks` int64 (m, 4): start, width, first value of its table, and the radius it is searched to (below 0: not at
    all). `scratch` (v + 1, 2) has room for all v near values. `proposed` has room for as many ids as are worth looking
    at (chunk << 32 | slot): a probe with more is `crowded`, told apart before an id is touched, and left for a scan.
    """
    size, room, found = hashes.shape[0], out_probe.shape[0], 0
    for p in range(probes.shape[0]):
        probe = probes[p]
        crowded[p] = list_runs(size, blocks, wide, ids, chunks, probe, scratch) > proposed.shape[0]
        if crowded[p]:
            continue
        count, run = 0, 0
        while scratch[run, 0] >= 0:
            tag = (scratch[run, 0] // size) << 32
            for i in range(scratch[run, 0], scratch[run, 1]):
                slot = types.int64(ids[i])
                if slot < size:
                    prefetch(hashes, slot)
                    proposed[count] = tag | slot
                    count += 1
            run += 1
        a, b, c, d = probe[0], probe[1], probe[2], probe[3]
        for i in range(count):
            slot = proposed[i] & 0xFFFFFFFF
            distance = popcount(hashes[slot, 0] ^ a) + popcount(hashes[slot, 1] ^ b)
            distance += popcount(hashes[slot, 2] ^ c) + popcount(hashes[slot, 3] ^ d)
            if distance <= radius and first_near(hashes, slot, probe, chunks, proposed[i] >> 32):
                if found < room:
                    out_probe[found], out_slot[found] = p, slot
                found += 1
    return found


@njit("int64(uint64[:,::1], uint64[:,::1], uint64, int32[::1], int32[::1])", cache=True, nogil=True)
def scan_rows(
    hashes: NDArray[np.uint64],
    probes: NDArray[np.uint64],
    radius: int,
    out_probe: NDArray[np.int32],
    out_slot: NDArray[np.int32],
) -> int:
    """`node.match.kernels.scan256` over hashes as rows, uint64 (n, 4)."""
    found, room = 0, out_probe.shape[0]
    for start in range(0, hashes.shape[0], ROWS_PER_BLOCK):
        block = hashes[start : start + ROWS_PER_BLOCK]
        for p in range(probes.shape[0]):
            a, b, c, d = probes[p, 0], probes[p, 1], probes[p, 2], probes[p, 3]
            near = 0
            for i in range(block.shape[0]):
                distance = popcount(block[i, 0] ^ a) + popcount(block[i, 1] ^ b)
                distance += popcount(block[i, 2] ^ c) + popcount(block[i, 3] ^ d)
                near += distance <= radius
            if near == 0:
                continue
            for i in range(block.shape[0]):
                distance = popcount(block[i, 0] ^ a) + popcount(block[i, 1] ^ b)
                distance += popcount(block[i, 2] ^ c) + popcount(block[i, 3] ^ d)
                if distance <= radius:
                    if found < room:
                        out_probe[found], out_slot[found] = p, start + i
                    found += 1
    return found
