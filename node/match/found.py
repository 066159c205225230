"""What a table finds: hits in columns.

Rules this module upholds:

- No hits are `NOTHING`, that very object: who has many tables to ask tells at once which have an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = 5


class Found:
    """Hits in no order: `columns` int64 (5, n) are which probe, the source and row where it was found, how far away
    (bits), and of what quality.

    A plain class, for one is made by every search: a frozen dataclass takes as long as a scan of a thousand hashes.
    """

    __slots__ = ("columns",)

    def __init__(self, columns: NDArray[np.int64]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        """How many hits there are."""
        return self.columns.shape[1]

    @property
    def probe(self) -> NDArray[np.int64]:
        """Which of the probes, (n,)."""
        probe: NDArray[np.int64] = self.columns[0]
        return probe

    @property
    def source(self) -> NDArray[np.int64]:
        """The source of what was found, (n,)."""
        source: NDArray[np.int64] = self.columns[1]
        return source

    @property
    def row(self) -> NDArray[np.int64]:
        """Its row, (n,)."""
        row: NDArray[np.int64] = self.columns[2]
        return row

    @property
    def distance(self) -> NDArray[np.int64]:
        """Bits that differ, (n,)."""
        distance: NDArray[np.int64] = self.columns[3]
        return distance

    @property
    def quality(self) -> NDArray[np.int64]:
        """Its quality, or `flat.NO_QUALITY`, (n,)."""
        quality: NDArray[np.int64] = self.columns[4]
        return quality


NOTHING: Final = Found(np.empty((COLUMNS, 0), dtype=np.int64))


def room_for(hits: int) -> NDArray[np.int64]:
    """Columns to be filled."""
    return np.empty((COLUMNS, hits), dtype=np.int64)


def found_of(columns: NDArray[np.int64], count: int) -> Found:
    """The first `count` hits of `columns`."""
    if not count:
        return NOTHING
    return Found(columns if count == columns.shape[1] else columns[:, :count])


def joined(parts: Sequence[Found]) -> Found:
    """The parts as one."""
    if len(parts) <= 1:
        return parts[0] if parts else NOTHING
    return Found(np.concatenate([part.columns for part in parts], axis=1))
