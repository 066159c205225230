"""A static array of 64-bit hashes that is searched whole: what a file keeps of a kind that has no quicker table.

Rules this module upholds:

- Recall is 1.0: every live hash is compared with every probe.
- It never changes but for removals, which overwrite in place (`node.match.segmented`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from node.match.crew import Crew
from node.match.flat import DEAD, FIRST_ROOM, Found
from node.match.segments import Allocate, Array, Part, array_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlatSegment:
    """`n` hashes of one word: `hashes` uint64 (n, 1), `sources` int32, `rows` int64, `qualities` int8, each (n,)."""

    hashes: NDArray[np.uint64]
    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    qualities: NDArray[np.int8]

    def near(
        self,
        words: NDArray[np.uint64],
        radius: int,
        crew: Crew | None = None,  # noqa: ARG002  (one scan takes all probes)
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(probe, slot) of all that seem to be within `radius` bits. `words` uint64 (p, 1)."""
        from node.match import kernels  # noqa: PLC0415  (Numba is imported when it is needed)

        room, column = FIRST_ROOM, self.hashes.reshape(1, -1)
        while True:
            probe, slot = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
            found = int(kernels.scan64(column, column.shape[1], words, radius, probe, slot))
            if found <= room:
                return probe[:found], slot[:found]
            room = found + found // 8

    def confirm(
        self, probe: NDArray[np.int32], slot: NDArray[np.int32], words: NDArray[np.uint64], radius: int
    ) -> Found:
        """The pairs as they stand now: only live ones, each with its distance."""
        distance = np.bitwise_count(self.hashes[slot, 0] ^ words[probe, 0])
        keep = (distance <= radius) & (self.sources[slot] != DEAD)
        slot, probe = slot[keep], probe[keep]
        return Found(
            probe=probe,
            source=self.sources[slot],
            row=self.rows[slot],
            distance=distance[keep].astype(np.int16),
            quality=self.qualities[slot],
        )

    def arrays(self) -> Mapping[str, Array]:
        """All of it by name."""
        return {name: getattr(self, name) for name in ("hashes", "sources", "rows", "qualities")}


def opened(arrays: Mapping[str, Array]) -> FlatSegment:
    """A segment over arrays of a file. Raises `Damaged` where they do not fit together."""
    hashes = array_of(arrays, "hashes", np.uint64, (-1, 1))
    count = (len(hashes),)
    return FlatSegment(
        hashes=hashes,
        sources=array_of(arrays, "sources", np.int32, count),
        rows=array_of(arrays, "rows", np.int64, count),
        qualities=array_of(arrays, "qualities", np.int8, count),
    )


def build(parts: Sequence[Part], allocate: Allocate, progress: Callable[[int, int], None]) -> FlatSegment:
    """A segment of all live slots of `parts`, in arrays of `allocate`."""
    live = [np.flatnonzero(part.sources != DEAD) for part in parts]
    count = sum(map(len, live))
    made = FlatSegment(
        hashes=allocate("hashes", (count, 1), np.uint64),
        sources=allocate("sources", (count,), np.int32),
        rows=allocate("rows", (count,), np.int64),
        qualities=allocate("qualities", (count,), np.int8),
    )
    at = 0
    for done, (part, slots) in enumerate(zip(parts, live, strict=True)):
        stop = at + len(slots)
        made.hashes[at:stop] = part.hashes[slots]
        made.sources[at:stop] = part.sources[slots]
        made.rows[at:stop] = part.rows[slots]
        made.qualities[at:stop] = part.qualities[slots]
        at = stop
        progress(done + 1, len(parts))
    return made
