"""The index in memory, merged at every opportunity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.batch import FingerprintColumns
from node.match import shapes
from node.match.index import LocalIndex


class MergedIndex(LocalIndex):
    """Merges after every `add`, so that a search finds nothing in a tail."""

    def add(self, source: int, columns: FingerprintColumns) -> None:
        super().add(source, columns)
        self.merge()


def look_everything_up(patch: pytest.MonkeyPatch) -> None:
    """Segments of indexes that are made from here on use the tables of their chunks, however few hashes there are."""
    for size, cut in shapes.CUTS.items():
        patch.setitem(shapes.CUTS, size, replace(cut, row_cost=1e4, scanned=0))
