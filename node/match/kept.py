"""The search index whose tables can be kept in files.

Rules this module upholds:

- It is `FlatIndex` with other tables inside: what may match, and what is found when, is decided there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from node.match.crew import Crew
from node.match.index import VERSIONS, FlatIndex
from node.match.segmented import SegmentedTable
from node.match.shapes import shape_of

if TYPE_CHECKING:
    from node.match.rows import RowSets


class KeptIndex(FlatIndex):
    """`SearchIndex` of segmented tables (`node.match.folder` keeps them). `crew`: threads that it shares."""

    def __init__(self, workers: int = 0, crew: Crew | None = None) -> None:
        super().__init__(workers)
        self.crew = crew or self.crew
        self._segmented = {kind.name: SegmentedTable(shape_of(kind), self.crew) for kind in VERSIONS}
        for kind in VERSIONS:
            self.use(kind, self._segmented[kind.name])

    @property
    def tables(self) -> Mapping[str, SegmentedTable]:
        """The table of each kind, by its name."""
        return self._segmented

    @property
    def rows(self) -> RowSets:
        """Which rows are counted."""
        return self._rows

    def beside(self) -> KeptIndex:
        """An empty index that is searched by the same threads."""
        return KeptIndex(crew=self.crew)

    def adopt(self, other: KeptIndex) -> None:
        """Takes over all that another has, which is used no more. A search under way ends with what it began with."""
        self._rows, self._segmented, self._tables = other._rows, other._segmented, other._tables
