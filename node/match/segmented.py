"""A table of one static segment, which may be mapped from a file, and a small growing tail for newer rows.

Rules this module upholds:

- New rows are added to the tail, and the next search finds them there. Removed rows are overwritten in both.
- A segment is rebuilt in steps (`freeze`, `build`, `offer`, `replay`, `install`), so that all kinds of an index change
  at the same moment. Searches, additions and removals continue meanwhile, and `abandon` restores the former state.
- Rows that are removed between `freeze` and `install` are erased in the new segment too, before it is read.
- A search sees one state of the table: if a segment is installed while a search runs, the search runs again.
- Rebuilding holds the lock for microseconds at a time. A search holds it while it confirms a few thousand hits.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.errors import Misuse
from node.match.files import CHANGING
from node.match.flat import DEAD
from node.match.found import NOTHING, Found, joined
from node.match.mapped import MappedSegment
from node.match.search_threads import Crew
from node.match.segments import NO_PAIRS, Allocate, Array, Guard, Pairs, Part, Progress, Segment, Shape, Tail, unguarded

CONFIRMED_AT_ONCE: Final = 4_096
"""Pairs that are confirmed until the lock is released: some 50 microseconds."""
LABELLED_AT_ONCE: Final = 32_768
"""Slots whose source, row and quality are copied until the lock is released: some 50 microseconds."""


_State = tuple[MappedSegment | None, tuple[Tail, ...]]
"""The data of a search: the segment and the tails. They are replaced together, so reading them needs no lock."""


class SegmentedTable:
    """All fingerprints of one kind, each `width` words of dtype `word`. `crew`: threads that share the search of a
    batch. Safe to call from any thread; `SearchIndex` states what is found when.

    `used`: whether anything was ever added. If not, there is nothing to search.
    """

    def __init__(self, shape: Shape, crew: Crew | None = None) -> None:
        self.word, self.width = np.dtype(shape.word), shape.width
        self.used = False
        self._shape = shape
        self._crew = crew
        self._lock = threading.Lock()
        self._state: _State = (None, (shape.tail(),))
        self._dead: int | None = 0  # slots of the segment that are erased; None where nobody has counted yet
        self._frozen: list[Tail] | None = None
        self._removed: list[tuple[int, NDArray[np.int64]]] = []
        self._offered: MappedSegment | None = None
        self._offered_dead = 0

    @property
    def _mapped(self) -> MappedSegment | None:
        return self._state[0]

    @property
    def _tails(self) -> tuple[Tail, ...]:
        return self._state[1]

    def __len__(self) -> int:
        """Live fingerprints."""
        with self._lock:
            return self._live() + sum(map(len, self._tails))

    def _live(self) -> int:
        """The live slots of the segment. The caller holds the lock."""
        if self._mapped is None:
            return 0
        if self._dead is None:
            self._dead = int(np.count_nonzero(self._mapped.segment.sources == DEAD))
        return len(self._mapped.segment.sources) - self._dead

    @property
    def nbytes(self) -> int:
        """Bytes reserved, with empty slots."""
        with self._lock:
            arrays = self._mapped.segment.arrays().values() if self._mapped else ()
            return sum(array.nbytes for array in arrays) + sum(tail.nbytes for tail in self._tails)

    @property
    def table_bytes(self) -> int:
        """Bytes of the segment's tables, without the fingerprints and their columns."""
        with self._lock:
            arrays = self._mapped.segment.arrays() if self._mapped else {}
            return sum(array.nbytes for name, array in arrays.items() if name not in CHANGING)

    @property
    def in_files(self) -> bool:
        """Whether the segment is in a file."""
        with self._lock:
            return self._mapped is not None and self._mapped.in_file

    @property
    def settled(self) -> int:
        """Slots of the segment."""
        with self._lock:
            return len(self._mapped.segment.sources) if self._mapped else 0

    @property
    def waiting(self) -> int:
        """Fingerprints that are not in the segment yet."""
        with self._lock:
            return sum(map(len, self._tails))

    @property
    def spent(self) -> float:
        """Nanoseconds that searches have spent on comparing the waiting hashes since the segment was installed. It is 0
        for a kind whose searches a new segment does not speed up.
        """
        return sum(tail.compared for tail in self._tails) * self._shape.row_cost

    def add(
        self, source: int, rows: NDArray[np.int64], values: NDArray[np.uint8], qualities: NDArray[np.int16]
    ) -> None:
        """Adds `values` uint8 (n, size) of rows `rows` (n,) with `qualities` (n,), -1..100. `source` is >= 0."""
        with self._lock:
            self.used = self.used or bool(len(rows))
            self._tails[-1].add(source, rows, values, qualities)

    def remove(self, source: int, rows: NDArray[np.int64]) -> int:
        """Overwrites every fingerprint of these rows (ascending, without repeats). Returns how many there were."""
        if not len(rows):
            return 0
        while True:
            mapped = self._mapped
            slots = None if mapped is None else mapped.slots_of(source, rows)
            with self._lock:
                if self._mapped is not mapped:  # another was installed meanwhile
                    continue
                erased = 0 if mapped is None or slots is None else mapped.erase(slots)
                if self._dead is not None:
                    self._dead += erased
                if self._frozen is not None:
                    self._removed.append((source, rows))
                return erased + sum(tail.remove(source, rows) for tail in self._tails)

    def search(self, probes: NDArray[np.uint8], radius: int, of: int | None = None) -> Found:
        """Returns all live fingerprints within `radius` bits of any of `probes`, uint8 (p, size). `of`: only those of
        this source are requested, and others may be left out.
        """
        return self.near(np.array(probes, order="C").view(self.word), radius, of)

    def near(self, words: Array, radius: int, of: int | None = None) -> Found:
        """Returns all live fingerprints within `radius` bits of any of `words`, (p, width), contiguous and writable."""
        while True:
            state = mapped, tails = self._state
            parts = [found for tail in tails if (found := tail.search(words, radius, self._crew, of)) is not NOTHING]
            probe, slot = NO_PAIRS if mapped is None else mapped.segment.near(words, radius, self._crew)
            # Where another segment was installed meanwhile what is removed since is erased from that one only, and what
            # it is made of was overwritten: so that one is to be searched.
            if not len(probe):
                if self._same(state):
                    return joined(parts)
            elif mapped is not None and (confirmed := self._confirmed(state, mapped, (probe, slot), words, radius)):
                return joined(parts + confirmed)

    def _same(self, state: _State) -> bool:
        """Tells whether the segment and the first tail are still those of `state`."""
        mapped, tails = self._state
        return mapped is state[0] and tails[0] is state[1][0]

    def _confirmed(self, state: _State, mapped: MappedSegment, near: Pairs, words: Array, radius: int) -> list[Found]:
        """Returns the pairs that are still valid (there must be some). Returns nothing if the segment is no longer that
        of `state`.
        """
        probe, slot = near
        parts: list[Found] = []
        for start in range(0, len(probe), CONFIRMED_AT_ONCE):
            here = slice(start, start + CONFIRMED_AT_ONCE)
            with self._lock:
                if not self._same(state):
                    return []
                parts.append(mapped.segment.confirm(probe[here], slot[here], words, radius))
        return parts

    def open(self, arrays: Mapping[str, Array], guard: Guard) -> None:
        """Puts the segment of a file into this table, which must be empty. Raises `Damaged` if it is invalid."""
        opened = MappedSegment(self._shape.opened(arrays), guard)
        with self._lock:
            self._state, self._dead, self.used = (opened, self._tails), None, True

    # --- rebuilding
    # ----------------------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Freezes the content for the next segment. Later additions wait for the one after. Raises `Misuse` if a
        segment is being built.
        """
        with self._lock:
            if self._frozen is not None:
                raise Misuse("a segment of this table is being rebuilt already")
            mapped, tails = self._state
            self._frozen, self._removed, self._offered = list(tails), [], None
            self._state = mapped, (*tails, self._shape.tail())

    def build(self, allocate: Allocate, progress: Progress) -> bool:
        """Builds a segment of the frozen content, in arrays of `allocate`. Returns False if there is nothing to keep.
        Building again replaces it.
        """
        self._offered, self._offered_dead = None, 0
        # What is erased from here on may be copied whole or half; `replay` erases it in what is made.
        parts = [] if self._mapped is None else [self._labelled(self._mapped.segment)]
        for tail in self._frozen or ():
            hashes, sources, rows, qualities = tail.contents()
            if len(sources):
                parts.append(Part(hashes=hashes, sources=sources, rows=rows, qualities=qualities))
        if not any((part.sources != DEAD).any() for part in parts):
            return False
        made = self._shape.build(parts, allocate, progress)
        self._offered = MappedSegment(made, unguarded)
        self._offered_dead = int(np.count_nonzero(made.sources == DEAD))
        return True

    def _labelled(self, segment: Segment) -> Part:
        """Returns the segment as a part. Each slot's source, row and quality are copied consistently."""
        arrays = segment.arrays()
        columns = [arrays[name] for name in ("sources", "rows", "qualities") if name in arrays]
        copies = [np.empty_like(column) for column in columns]
        for start in range(0, len(segment.sources), LABELLED_AT_ONCE):
            here = slice(start, start + LABELLED_AT_ONCE)
            with self._lock:
                for copy, column in zip(copies, columns, strict=True):
                    copy[here] = column[here]
        sources, rows, *qualities = copies
        return Part(
            hashes=arrays["hashes"],
            sources=sources,
            rows=rows,
            qualities=qualities[0] if qualities else np.empty(0, np.int8),
            rests=arrays.get("rests"),
        )

    def offer(self, arrays: Mapping[str, Array], guard: Guard) -> None:
        """Accepts the built segment as it is in its file."""
        self._offered = MappedSegment(self._shape.opened(arrays), guard)
        self._offered_dead = int(np.count_nonzero(self._offered.segment.sources == DEAD))

    def replay(self) -> None:
        """Erases in the new segment what was removed since `freeze`, or since the last `replay`."""
        with self._lock:
            removed, self._removed = self._removed, []
        if self._offered is not None:
            self._offered_dead += sum(
                self._offered.erase(self._offered.slots_of(source, rows)) for source, rows in removed
            )

    def install(self) -> None:
        """Replaces the old segment and the frozen content with the new segment."""
        while True:
            self.replay()
            with self._lock:
                if self._removed:  # right now
                    continue
                old, frozen = self._mapped, self._frozen or []
                self._state, self._dead = (self._offered, self._tails[len(frozen) :]), self._offered_dead
                self._frozen, self._offered, self._offered_dead = None, None, 0
                break
        # Nobody is told any more what is overwritten here: a search that is under way in it runs again.
        if old is not None:
            old.forget()
        for tail in frozen:
            tail.clear()

    def abandon(self) -> None:
        """Changes nothing. The next `freeze` takes everything."""
        with self._lock:
            self._frozen, self._offered, self._removed = None, None, []

    def clear(self) -> None:
        """Overwrites and drops everything. A segment in a file is only closed."""
        with self._lock:
            (mapped, tails), self._state = self._state, (None, (self._shape.tail(),))
            if mapped is not None:
                mapped.forget()
            for tail in tails:
                tail.clear()
            self._dead = 0
