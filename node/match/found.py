"""The result of a search in a table: one row per hit.

Rules this module upholds:

- A result without hits is the object `NOTHING`. So a caller with many tables sees at once which have hits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = 5
NO_QUALITY: Final = -1
"""The quality of a hash of a kind that has none, or whose quality nobody stated (`FingerprintColumn`)."""


class Found:
    """Hits in no order: `hits` int64 (n, 5) says which probe, the source and row where it was found, how far away
    (bits), and of what quality.

    A plain class, for one is made by every search: a frozen dataclass takes as long as a scan of a thousand hashes.
    """

    __slots__ = ("hits",)

    def __init__(self, hits: NDArray[np.int64]) -> None:
        self.hits = hits

    def __len__(self) -> int:
        """How many hits there are."""
        return len(self.hits)

    @property
    def probe(self) -> NDArray[np.int64]:
        """Which of the probes, (n,)."""
        probe: NDArray[np.int64] = self.hits[:, 0]
        return probe

    @property
    def source(self) -> NDArray[np.int64]:
        """The source of what was found, (n,)."""
        source: NDArray[np.int64] = self.hits[:, 1]
        return source

    @property
    def row(self) -> NDArray[np.int64]:
        """Its row, (n,)."""
        row: NDArray[np.int64] = self.hits[:, 2]
        return row

    @property
    def distance(self) -> NDArray[np.int64]:
        """Bits that differ, (n,)."""
        distance: NDArray[np.int64] = self.hits[:, 3]
        return distance

    @property
    def quality(self) -> NDArray[np.int64]:
        """Its quality, or `NO_QUALITY`, (n,)."""
        quality: NDArray[np.int64] = self.hits[:, 4]
        return quality


NOTHING: Final = Found(np.empty((0, COLUMNS), dtype=np.int64))


def room_for(hits: int) -> NDArray[np.int64]:
    """An array to be filled."""
    return np.empty((hits, COLUMNS), dtype=np.int64)


def found_of(hits: NDArray[np.int64], count: int) -> Found:
    """The first `count` of these."""
    return Found(hits[:count]) if count else NOTHING


def joined(parts: Sequence[Found]) -> Found:
    """The parts as one."""
    if len(parts) <= 1:
        return parts[0] if parts else NOTHING
    return Found(np.concatenate([part.hits for part in parts]))
