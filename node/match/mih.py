"""A segment of perceptual hashes that finds neighbours without comparing most hashes: multi-index hashing.

Rules this module upholds:

- Exact. The layout of the chunks and their radii is proven (`node.match.mih_layout`). If the chunks of a probe propose
  too many hashes, all hashes are scanned. So skewed data costs time, never recall.
- A segment never changes except for removals, which overwrite in place (`node.match.segmented` makes it grow).
- The value of a removed hash can still be derived from its places in the chunks' tables: rebuild the segment soon.
- A search needs only the arrays of a segment, so they can be mapped from a file. A damaged array can hide hits but not
  invent any (`confirm`), and never causes an access outside the arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from node.match.flat import FIRST_ROOM
from node.match.found import NOTHING, Found, found_of, room_for
from node.match.mih_layout import Cut, Plan, plan
from node.match.search_threads import Crew
from node.match.segments import NO_PAIRS, Pairs

ARRAYS: Final = ("hashes", "rests", "sources", "rows", "qualities", "chunks", "blocks", "wide", "ids")
"""The array fields of a segment. It consists of nothing else."""
PROBES_A_WORKER: Final = 16
"""A batch is distributed among threads if each gets this many probes: a millisecond of work at 10 M hashes."""
ROWS_A_WORKER: Final = 1 << 18
"""A scan is distributed if each thread gets this many hashes."""


class _Scratch:
    """Room for one search at a time."""

    def __init__(self, laid: Plan, ahead: int) -> None:
        values = len(laid.masks) + ahead
        self.values: NDArray[np.uint64] = np.empty(values, dtype=np.uint64)
        self.starts: NDArray[np.uint64] = np.empty(values, dtype=np.uint64)
        self.counts: NDArray[np.uint64] = np.empty(values, dtype=np.uint64)
        self.ends: NDArray[np.int64] = np.empty((len(laid.chunks), 2), dtype=np.int64)
        self.proposed: NDArray[np.uint32] = np.empty(laid.proposals + ahead, dtype=np.uint32)
        self.probe: NDArray[np.int32] = np.empty(FIRST_ROOM, dtype=np.int32)
        self.slot: NDArray[np.int32] = np.empty(FIRST_ROOM, dtype=np.int32)


class _Plans:
    """The plans of a segment by radius, each with the scratch memory of finished searches for reuse, and the kernels
    that follow them.
    """

    def __init__(self) -> None:
        from node.match import mih_kernels, row_kernels  # noqa: PLC0415  (Numba is imported when it is needed)

        self.search, self.ahead = mih_kernels.search_chunks, mih_kernels.AHEAD
        self.scan, self.confirm = row_kernels.scan_rows, row_kernels.confirm_rows
        self._plans: dict[int, tuple[Plan, list[_Scratch]]] = {}

    def of(self, segment: Segment, radius: int) -> tuple[Plan, list[_Scratch]]:
        known = self._plans.get(radius)
        if known is None:
            known = self._plans[radius] = (plan(segment.chunks, len(segment.hashes), radius, segment.cut), [])
        return known


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """`n` hashes and the tables of their `m` chunks (`node.match.mih_table_kernels` describes their layout).

    `hashes` and `rests` uint64 (n, words): the first and the second half of each hash, because the first half excludes
    nearly all unrelated hashes (a hash of one word has no second half). `sources` int32, `rows` int64, `qualities`
    int8, each (n,). Only removals change these. `chunks` int64 (m, 3): `node.match.mih_layout.layout` of `cut`.
    `blocks` uint64 (b, 2), `wide` uint32 (w, 17), `ids` uint32 (m * n).
    """

    hashes: NDArray[np.uint64]
    rests: NDArray[np.uint64]
    sources: NDArray[np.int32]
    rows: NDArray[np.int64]
    qualities: NDArray[np.int8]
    chunks: NDArray[np.int64]
    blocks: NDArray[np.uint64]
    wide: NDArray[np.uint32]
    ids: NDArray[np.uint32]
    cut: Cut
    plans: _Plans = field(default_factory=_Plans, repr=False)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Returns all arrays by name (`ARRAYS`)."""
        return {name: getattr(self, name) for name in ARRAYS}

    def near(self, words: NDArray[np.uint64], radius: int, crew: Crew | None = None) -> Pairs:
        """Returns (probes, slots) at most `radius` bits apart, each pair once, in no order. `words` uint64 (p, words).
        `crew`: threads that share the work of a batch.
        """
        if not len(self.hashes) or not len(words):
            return NO_PAIRS
        laid, spare = self.plans.of(self, radius)
        if laid.proposals < 0:
            return self._scanned(words, radius, crew)
        if crew is None or len(words) < 2 * PROBES_A_WORKER:
            pairs, crowded = self._looked_up(words, radius, laid, spare)
        else:
            parts = _shares(len(words), PROBES_A_WORKER, crew)
            shares = crew.map(lambda part: self._looked_up(words[part], radius, laid, spare), parts)
            pairs = _joined(
                [(probe + np.int32(part.start), slot) for ((probe, slot), _), part in zip(shares, parts, strict=True)]
            )
            crowded = np.concatenate(
                [told + np.int32(part.start) for (_, told), part in zip(shares, parts, strict=True)]
            )
        if not len(crowded):
            return pairs
        more, there = self._scanned(words[crowded], radius, crew)
        return _joined([pairs, (crowded[more], there)])

    def _looked_up(
        self, words: NDArray[np.uint64], radius: int, laid: Plan, spare: list[_Scratch]
    ) -> tuple[Pairs, NDArray[np.int32]]:
        """Returns the pairs of the probes that are not crowded, and the numbers of the crowded ones."""
        try:
            scratch = spare.pop()
        except IndexError:
            scratch = _Scratch(laid, self.plans.ahead)
        crowded, crowds = np.empty(len(words), dtype=np.int32), 0

        def search(begin: int, probe: NDArray[np.int32], slot: NDArray[np.int32]) -> tuple[int, int]:
            nonlocal crowds
            done, found, crowds = self.plans.search(
                self.hashes,
                self.rests,
                self.blocks,
                self.wide,
                self.ids,
                laid.chunks,
                laid.masks,
                words,
                begin,
                radius,
                laid.proposals,
                scratch.values,
                scratch.starts,
                scratch.counts,
                scratch.ends,
                scratch.proposed,
                probe,
                slot,
                crowded,
                crowds,
            )
            return done, found

        pairs = _filled(search, 0, len(words), scratch.probe, scratch.slot)
        spare.append(scratch)
        return pairs, crowded[:crowds]

    def _scanned(self, words: NDArray[np.uint64], radius: int, crew: Crew | None) -> Pairs:
        """Compares every hash with every probe."""

        def scan(part: slice) -> Pairs:
            def search(begin: int, probe: NDArray[np.int32], slot: NDArray[np.int32]) -> tuple[int, int]:
                done, found = self.plans.scan(self.hashes, self.rests, words, begin, part.stop, radius, probe, slot)
                return done, found

            room = max(FIRST_ROOM, len(words))
            return _filled(
                search, part.start, part.stop, np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
            )

        if crew is None or len(words) == 1:
            return scan(slice(0, len(self.hashes)))
        return _joined(crew.map(scan, _shares(len(self.hashes), ROWS_A_WORKER, crew)))

    def confirm(
        self, probe: NDArray[np.int32], slot: NDArray[np.int32], words: NDArray[np.uint64], radius: int
    ) -> Found:
        """Returns the pairs that are live now, each with its distance."""
        if not len(probe):
            return NOTHING
        out = room_for(len(probe))
        columns = (self.hashes, self.rests, self.sources, self.rows, self.qualities)
        return found_of(out, self.plans.confirm(*columns, words, radius, probe, slot, out))


def _shares(count: int, least: int, crew: Crew) -> list[slice]:
    """Divides `count` items into as many stretches as there are workers. None is shorter than `least`, unless it is the
    only one.
    """
    parts = max(1, min(crew.workers, count // least))
    borders = [count * part // parts for part in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(borders)]


def _joined(parts: Sequence[Pairs]) -> Pairs:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([probe for probe, _ in parts]), np.concatenate([slot for _, slot in parts])


def _filled(
    search: Callable[[int, NDArray[np.int32], NDArray[np.int32]], tuple[int, int]],
    begin: int,
    end: int,
    probe: NDArray[np.int32],
    slot: NDArray[np.int32],
) -> Pairs:
    """Returns everything that `search` writes; it continues when the room is full. The result is a copy, so the arrays
    are free again.
    """
    parts = []
    while True:
        begin, found = search(begin, probe, slot)
        parts.append((probe[:found].copy(), slot[:found].copy()) if found else NO_PAIRS)
        if begin >= end:
            return _joined(parts)
        if len(parts) > 1 or not found:  # larger from the second time on, so that there are few parts
            room = 4 * len(probe)
            probe, slot = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
