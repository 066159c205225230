"""A static table of exact digests: a directory of buckets, and the digests bucket by bucket.

Rules this module upholds:

- A match compares the whole digest. The bucket only says where to search.
- A hash with random seeds selects the bucket. The seeds are stored in the file and are new for each file. So a member
  cannot choose digests that fill one bucket.
- It never changes except for removals, which overwrite in place (`node.match.segmented`).
- A search needs only its arrays, so they can be mapped from a file. A damaged array can hide digests but not invent any
  (`confirm`), and never causes an access outside the arrays.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.errors import Damaged
from node.match.flat import DEAD, FIRST_ROOM
from node.match.found import Found, found_of, room_for
from node.match.search_threads import Crew
from node.match.segments import Allocate, Array, Pairs, Part, array_of

DIGESTS_A_BUCKET: Final = 2
"""The greatest average number of digests in a bucket; the least is half of it. Measured at 10 M: fewer need more
memory, more need more time."""


def _kernels() -> ModuleType:
    from node.match import digest_kernels  # noqa: PLC0415  (Numba is imported when it is needed)

    return digest_kernels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DigestSegment:
    """`n` digests of `w` words: `hashes` uint32 (n, w), `sources` int32 (n,), `rows` int64 (n,), in the order of their
    buckets. `starts` uint32 (buckets + 1,): the beginning of each bucket. `seeds` uint64 (w + 1,).
    """

    hashes: NDArray[np.uint32]
    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    starts: NDArray[np.uint32]
    seeds: NDArray[np.uint64]
    kernels: ModuleType = field(default_factory=_kernels, repr=False)

    def near(
        self,
        words: NDArray[np.uint32],
        radius: int,  # noqa: ARG002  (equal or not: no radius)
        crew: Crew | None = None,  # noqa: ARG002  (a look-up is too little to be dealt out)
    ) -> Pairs:
        """Returns (probe, slot) of all that seem equal. `words` uint32 (p, w)."""
        kernels = self.kernels
        room, scratch = max(FIRST_ROOM, len(words)), np.empty(kernels.GROUP, dtype=np.int64)
        while True:
            probe, slot = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
            found = kernels.find_digests(self.hashes, self.starts, self.seeds, words, scratch, probe, slot)
            if found <= room:
                return probe[:found], slot[:found]
            room = found

    def confirm(
        self,
        probe: NDArray[np.int32],
        slot: NDArray[np.int32],
        words: NDArray[np.uint32],  # noqa: ARG002  (a live slot has not changed since it was found equal)
        radius: int,  # noqa: ARG002  (as above)
    ) -> Found:
        """Returns the pairs that are live now."""
        out = room_for(len(probe))
        return found_of(out, self.kernels.confirm_digests(self.sources, self.rows, probe, slot, out))

    def arrays(self) -> Mapping[str, Array]:
        """Returns all arrays by name."""
        return {name: getattr(self, name) for name in ("hashes", "sources", "rows", "starts", "seeds")}


def opened(arrays: Mapping[str, Array], width: int) -> DigestSegment:
    """Opens a segment of `width` words per digest over the arrays of a file. Raises `Damaged` if they do not fit
    together.
    """
    hashes = array_of(arrays, "hashes", np.uint32, (-1, width))
    starts = array_of(arrays, "starts", np.uint32, (-1,))
    buckets = len(starts) - 1
    if buckets < 1 or buckets & (buckets - 1):
        raise Damaged("the directory of an index of digests has no power of two of buckets")
    return DigestSegment(
        hashes=hashes,
        sources=array_of(arrays, "sources", np.int32, (len(hashes),)),
        rows=array_of(arrays, "rows", np.int64, (len(hashes),)),
        starts=starts,
        seeds=array_of(arrays, "seeds", np.uint64, (width + 1,)),
    )


def build(
    parts: Sequence[Part], allocate: Allocate, progress: Callable[[int, int], None], *, width: int
) -> DigestSegment:
    """Builds a segment of all live slots of `parts`, in arrays of `allocate`. In addition to the segment it needs 4
    bytes per digest and 4 per bucket.

    A slot that is erased meanwhile keeps its place: its bucket is chosen once, and the code that erased it also erases
    it here (`node.match.segmented`).
    """
    kernels = _kernels()
    count = sum(int(np.count_nonzero(part.sources != DEAD)) for part in parts)
    buckets = 1 << max(0, (count - 1) // DIGESTS_A_BUCKET).bit_length()
    seeds = allocate("seeds", (width + 1,), np.uint64)
    seeds[:] = np.frombuffer(secrets.token_bytes(seeds.nbytes), dtype=np.uint64)
    starts = allocate("starts", (buckets + 1,), np.uint32)
    steps, done = 2 * len(parts), 0
    numbers = []
    for part in parts:
        numbers.append(np.empty(len(part.sources), dtype=np.uint32))
        kernels.number_buckets(part.hashes, part.sources, seeds, starts, numbers[-1])
        done += 1
        progress(done, steps)
    np.cumsum(starts, out=starts)
    hashes = allocate("hashes", (count, width), np.uint32)
    sources = allocate("sources", (count,), np.int32)
    rows = allocate("rows", (count,), np.int64)
    positions = starts.copy()
    for part, number in zip(parts, numbers, strict=True):
        kernels.place_digests(part.hashes, part.sources, part.rows, number, positions, hashes, sources, rows)
        done += 1
        progress(done, steps)
    return DigestSegment(hashes=hashes, sources=sources, rows=rows, starts=starts, seeds=seeds)
