"""Compiled inner loops that build the tables of multi-index hashing (`node.match.mih_kernels` searches them).

Rules this module upholds:

- As in `node.match.kernels`: no GIL, no exceptions, trusted arguments.

A table in memory: uint64 (blocks, 2), one block for 16 consecutive values. Word 0 has sixteen counts of four bits. The
low half of word 1 is the position of the block's first id. If more than 15 hashes have the same value, its block is
wide: the high half of word 1 is then the number, from 1, of a row of `wide`, uint32 (w, 17), with the sixteen positions
and the end. So a value costs one byte, and ten million values fit into the processor's cache.
"""

# ruff: noqa: PLR0917 - a kernel takes flat arrays by position; keywords would slow every call down

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLOCK: Final = 16
"""Values a block of a table."""
WIDE_COLUMNS: Final = BLOCK + 1


@njit("int64(uint64, uint64, int64, int64)", cache=True, nogil=True, inline="always")
def chunk_of(low: np.uint64, high: np.uint64, offset: int, width: int) -> Any:  # noqa: ANN401  (int64, to Numba)
    """Returns `width` bits, 1..32, from bit `offset`, 0..63, of a word, continued in the next word, `high`."""
    value = low >> np.uint64(offset)
    if offset + width > 64:  # noqa: PLR2004  (bits a word)
        value |= high << np.uint64(64 - offset)
    return np.int64(value & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)))


@njit("void(uint64[:], uint64[:], int64, int64, uint32[::1])", cache=True, nogil=True)
def count_values(
    low: NDArray[np.uint64], high: NDArray[np.uint64], offset: int, width: int, counts: NDArray[np.uint32]
) -> None:
    """Counts the hashes with each value of a chunk. `low` and `high` are its words (n,); `counts` must be zeros."""
    for i in range(low.shape[0]):
        counts[np.uint64(chunk_of(low[i], high[i], offset, width))] += np.uint32(1)


@njit("void(uint32[::1], uint64[:,::1], uint32[:,::1], int64)", cache=True, nogil=True)
def write_blocks(
    counts: NDArray[np.uint32], blocks: NDArray[np.uint64], wide: NDArray[np.uint32], wide_from: int
) -> None:
    """Writes a table's blocks, and changes `counts` to the beginning of each value's ids. `wide` has a row for each
    block of this table with a value that more than 15 hashes have, and is filled. `wide_from`: the rows of the earlier
    tables.
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


@njit("void(uint64[:], uint64[:], int64, int64, uint32[::1], uint32[::1])", cache=True, nogil=True)
def place_ids(
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    offset: int,
    width: int,
    positions: NDArray[np.uint32],
    ids: NDArray[np.uint32],
) -> None:
    """Puts the number of every hash at the beginning of its value's ids (`positions`, which are used up)."""
    for i in range(low.shape[0]):
        value = np.uint64(chunk_of(low[i], high[i], offset, width))
        ids[np.uint64(positions[value])] = i
        positions[value] += np.uint32(1)
