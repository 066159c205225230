"""How multi-index hashing cuts hashes into chunks, and the search radius of each chunk: the proof and the costs.

Rules this module upholds:

- Exact by the pigeonhole principle: the radii of `chunk_radii` miss no neighbour, for any widths.
- The costs choose between methods that are all exact. They are defined only here.
- The layout of a file depends only on the size of the hashes and the number of chunks (`chunk_widths`, `layout`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.domain.fingerprint_kinds import PDQ_BITS, PDQ_RADIUS, PHASH, PHASH_RADIUS

WORD: Final = 64
"""Bits a word of a hash."""
NARROWER: Final = 3
"""How many bits narrower a chunk is that is searched with a radius of one bit less. It has fewer values to look up, so
it can propose more hashes for each. With 11 to 16 times fewer values the best is 3.5 to 4; slightly less balances the
tables."""
VALUE_COST: Final = 6.0
"""Nanoseconds for looking up one value of a chunk."""
PROPOSAL_COST: Final = 18.0
"""Nanoseconds for one proposed hash, mostly for fetching its number and then the hash."""
# The costs were measured at 10 M hashes on one core with AVX-512 (bench/match.py); only their ratios matter.


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How hashes of one size may be cut: `bits` each, for searches within `radius` (others are exact too).

    From `fewest` to `most` chunks; `mih_table_kernels.chunk_of` cuts out at most 32 bits. `table_bytes`: the most bytes
    per hash for the tables of all chunks, without the ids (4 bytes per chunk). `row_cost`: nanoseconds per hash of a
    scan. `scanned`: up to this many hashes a scan is faster than any look-up.
    """

    bits: int
    radius: int
    fewest: int
    most: int
    table_bytes: int
    row_cost: float
    scanned: int

    @property
    def words(self) -> int:
        """Words of 64 bits a hash."""
        return self.bits // WORD

    @property
    def first(self) -> int:
        """The words that are compared first: half of them, or the only one."""
        return -(-self.words // 2)


PDQ_CUT: Final = Cut(bits=PDQ_BITS, radius=PDQ_RADIUS, fewest=8, most=32, table_bytes=48, row_cost=1.0, scanned=8_192)
PHASH_CUT: Final = Cut(
    bits=8 * PHASH.size, radius=PHASH_RADIUS, fewest=3, most=7, table_bytes=8, row_cost=0.25, scanned=4_096
)
"""A scan is this cheap only in a batch; for a single probe it costs three times as much. So the tables never cost more
than a scan."""


def chunk_radii(chunks: int, radius: int) -> list[int]:
    """Returns the radius in which each chunk must be searched, so that nothing within `radius` is missed.

    With a = radius // m: if the first radius - a * m + 1 chunks all differed by more than a, and the others all by more
    than a - 1, the hashes would differ by (radius - a * m + 1) * (a + 1) + (m - radius + a * m - 1) * a = radius + 1
    bits.
    """
    a = radius // chunks
    further = radius - a * chunks + 1
    return [a if k < further else a - 1 for k in range(chunks)]


def near_values(width: int, radius: int) -> int:
    """Returns how many values of `width` bits are within `radius` of one."""
    return sum(math.comb(width, bits) for bits in range(radius + 1))


@lru_cache(maxsize=256)
def near_masks(width: int, radius: int) -> NDArray[np.uint64]:
    """Returns the bits to invert in a value of `width` bits to get all values within `radius`, uint64, ascending. In
    this order, values in the same block of the table are adjacent.
    """
    masks = [
        sum(1 << bit for bit in bits) for turned in range(radius + 1) for bits in combinations(range(width), turned)
    ]
    made = np.array(sorted(masks), dtype=np.uint64)
    made.flags.writeable = False
    return made


def chunk_widths(chunks: int, cut: Cut) -> list[int]:
    """Returns widths that add up to all bits of a hash. The narrow ones, with smaller radii, come last."""
    radii = chunk_radii(chunks, cut.radius)
    narrower = [NARROWER if near < radii[0] else 0 for near in radii]
    width, over = divmod(cut.bits + sum(narrower), chunks)
    return [width - less + (k < over) for k, less in enumerate(narrower)]


def layout(chunks: int, cut: Cut) -> NDArray[np.int64]:
    """int64 (m, 3): first bit of each chunk, its width, and the first value of its table among those of all tables."""
    widths = np.array(chunk_widths(chunks, cut), dtype=np.int64)
    values = np.cumsum(1 << widths)
    return np.stack([np.cumsum(widths) - widths, widths, values - (1 << widths)], axis=1)


@lru_cache(maxsize=64)
def best_chunks(size: int, cut: Cut) -> int:
    """Returns the best number of chunks for `size` evenly distributed hashes, among those whose tables are not too
    large.
    """

    def cost(chunks: int) -> float:
        total = 0.0
        for width, near in zip(chunk_widths(chunks, cut), chunk_radii(chunks, cut.radius), strict=True):
            values = near_values(width, near)
            total += values * VALUE_COST + values * size / 2**width * PROPOSAL_COST
        return total

    def affordable(chunks: int) -> bool:
        return sum(1 << width for width in chunk_widths(chunks, cut)) <= cut.table_bytes * size

    allowed = [m for m in range(cut.fewest, cut.most + 1) if affordable(m)]
    return min(allowed or [cut.most], key=cost)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """How a segment is searched within one radius. `chunks` int64 (m, 5): start, width, first value of its table, first
    of its `masks`, number of masks. `masks` uint64. `proposals`: the most hashes that are worth comparing. Above that,
    or if it is negative, a scan is cheaper.
    """

    chunks: NDArray[np.int64]
    masks: NDArray[np.uint64]
    proposals: int


def plan(chunks: NDArray[np.int64], size: int, radius: int, cut: Cut) -> Plan:
    """Returns the plan for `size` hashes with the chunks of `layout`."""
    widths, radii = chunks[:, 1].tolist(), chunk_radii(len(chunks), radius)
    counts = [near_values(width, near) for width, near in zip(widths, radii, strict=True)]
    worth = int((size * cut.row_cost - sum(counts) * VALUE_COST) / PROPOSAL_COST)
    proposals = min(worth, size * len(chunks))  # there are no more
    if proposals < 0 or size <= cut.scanned:  # the values are not even listed
        return Plan(chunks=np.empty((0, 5), np.int64), masks=np.empty(0, np.uint64), proposals=-1)
    masks = [near_masks(width, near) for width, near in zip(widths, radii, strict=True)]
    firsts = np.cumsum([0, *counts[:-1]])
    return Plan(
        chunks=np.concatenate([chunks, np.stack([firsts, counts], axis=1)], axis=1).astype(np.int64),
        masks=np.concatenate(masks),
        proposals=proposals,
    )
