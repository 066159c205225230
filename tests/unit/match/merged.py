"""The index in memory, merged at every opportunity."""

from __future__ import annotations

from node.domain.batch import FingerprintColumns
from node.match.index import LocalIndex


class MergedIndex(LocalIndex):
    """Merges after every `add`, so that a search finds nothing in a tail."""

    def add(self, source: int, columns: FingerprintColumns) -> None:
        super().add(source, columns)
        self.merge()
