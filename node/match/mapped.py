"""Changes of a static segment by its owner: finds the rows to remove, and overwrites them.

Rules this module upholds:

- Sources are overwritten first. So a reader that sees a live source sees its complete hash.
- Every overwrite in a file uses its guard (`files.MappedFile.changing`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.match.files import CHANGING
from node.match.flat import DEAD
from node.match.segments import Guard, Segment, unguarded

FIRST_SLOTS: Final = 1_024
"""The initial room for the slots of a removal."""


class MappedSegment:
    """`segment`, and `guard`, which surrounds a change of it."""

    def __init__(self, segment: Segment, guard: Guard) -> None:
        from node.match import kernels  # noqa: PLC0415  (Numba is imported when it is needed)

        self._find_rows = kernels.find_rows
        self.segment = segment
        self._guard = guard

    def slots_of(self, source: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns the slots of the hashes of these rows (ascending, without repeats)."""
        segment = self.segment
        room = max(FIRST_SLOTS, len(rows))
        while True:
            slots = np.empty(room, dtype=np.int64)
            found = int(self._find_rows(segment.sources, segment.rows, len(segment.rows), source, rows, slots))
            if found <= room:
                return slots[:found]
            room = found

    def erase(self, slots: NDArray[np.int64]) -> int:
        """Overwrites these slots (ascending). Returns how many there are."""
        if len(slots):
            with self._guard(slots):
                self._overwrite(slots)
        return len(slots)

    def _overwrite(self, slots: NDArray[np.int64] | slice) -> None:
        """Overwrites sources first, so a live source always has its whole hash."""
        arrays = self.segment.arrays()
        for name in CHANGING:
            if name in arrays:
                arrays[name][slots] = DEAD if name == "sources" else 0

    @property
    def in_file(self) -> bool:
        """Whether it is mapped from a file."""
        return self._guard is not unguarded

    def forget(self) -> None:
        """Overwrites data that are in memory only. A file is only closed, because another process may still use it."""
        if not self.in_file:
            self._overwrite(slice(None))
