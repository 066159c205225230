"""The index with the quick PDQ table inside, merged at every opportunity."""

from __future__ import annotations

import numpy as np

from node.domain.fingerprints import FRAME, PDQ, PDQ_RADIUS
from node.match.index import FlatIndex
from node.match.merging import MergingTable


class EagerTable(MergingTable):
    """Merges after every add, so that a search finds nothing in a tail."""

    def add(self, source: int, rows: np.ndarray, values: np.ndarray, qualities: np.ndarray) -> None:
        super().add(source, rows, values, qualities)
        self.merge()


class MergedIndex(FlatIndex):
    """`FlatIndex`, with PDQ and the frames of videos in an `EagerTable` each."""

    def __init__(self) -> None:
        super().__init__()
        self.table = EagerTable(PDQ_RADIUS)
        self.use(PDQ, self.table)
        self.use(FRAME, EagerTable(PDQ_RADIUS))


class HalfMergedIndex(FlatIndex):
    """`FlatIndex`, with PDQ in a `MergingTable` that somebody else merges."""

    def __init__(self) -> None:
        super().__init__()
        self.table = MergingTable(PDQ_RADIUS)
        self.use(PDQ, self.table)
