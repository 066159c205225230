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
"""The quality of a hash whose kind has none, or whose quality is unknown (`FingerprintColumn`)."""


class Found:
    """Hits in no order. `hits` int64 (n, 5): the probe, the source and row of the hit, the distance in bits, and the
    quality.

    It is a plain class, because every search creates one: creating a frozen dataclass takes as long as a scan of a
    thousand hashes.
    """

    __slots__ = ("hits",)

    def __init__(self, hits: NDArray[np.int64]) -> None:
        self.hits = hits

    def __len__(self) -> int:
        """Returns the number of hits."""
        return len(self.hits)

    @property
    def probe(self) -> NDArray[np.int64]:
        """The probe of each hit, (n,)."""
        probe: NDArray[np.int64] = self.hits[:, 0]
        return probe

    @property
    def source(self) -> NDArray[np.int64]:
        """The source of each hit, (n,)."""
        source: NDArray[np.int64] = self.hits[:, 1]
        return source

    @property
    def row(self) -> NDArray[np.int64]:
        """The row of each hit, (n,)."""
        row: NDArray[np.int64] = self.hits[:, 2]
        return row

    @property
    def distance(self) -> NDArray[np.int64]:
        """The differing bits, (n,)."""
        distance: NDArray[np.int64] = self.hits[:, 3]
        return distance

    @property
    def quality(self) -> NDArray[np.int64]:
        """The quality or `NO_QUALITY`, (n,)."""
        quality: NDArray[np.int64] = self.hits[:, 4]
        return quality


NOTHING: Final = Found(np.empty((0, COLUMNS), dtype=np.int64))


def room_for(hits: int) -> NDArray[np.int64]:
    """Returns an array to be filled."""
    return np.empty((hits, COLUMNS), dtype=np.int64)


def found_of(hits: NDArray[np.int64], count: int) -> Found:
    """Returns the first `count` of these."""
    return Found(hits[:count]) if count else NOTHING


def joined(parts: Sequence[Found]) -> Found:
    """Joins the parts."""
    if len(parts) <= 1:
        return parts[0] if parts else NOTHING
    return Found(np.concatenate([part.hits for part in parts]))
