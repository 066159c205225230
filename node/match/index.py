"""The search index over own holdings and all members' records: the port `SearchIndex`.

Rules this module upholds:

- Exact: every fingerprint that may match and lies within the radius is found.
- What may match is decided here, the same way for every source: known kinds, and of PDQ what reaches the quality floor.
  What tells nothing (`node.domain.matchable`) is left out by whoever fills it.
- Each kind has one table, of a shape that is chosen by what the kind is (`node.match.shapes`). How it is searched is
  one row in `node.match.searched_kinds`.
- Derived data: the store can fill it again. Whether it is kept in files too is its folder's business
  (`node.match.folder`); searching, adding and removing are the same.
- An `add` or `remove` that has returned is seen whole. One still under way may show in part: some of its rows, or some
  kinds of a row.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.domain.batch import FingerprintColumn, FingerprintColumns
from node.domain.fingerprint_kinds import KIND_BY_CODE, PDQ_QUALITY_FLOOR
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.matchable import reaching
from node.domain.roster import PDQ_RADIUS_CAP
from node.domain.search_ports import Concerned, Probe, Proposed, RawHit
from node.errors import Misuse
from node.match.bounding import Bounds
from node.match.concerned import concerned
from node.match.rows import RowSets
from node.match.search_threads import Crew
from node.match.searched_kinds import SEARCH_OF, SEARCHED, SEARCHED_KINDS, VERSIONS, Cut
from node.match.segmented import SegmentedTable
from node.match.segments import Progress, in_memory, in_turn
from node.match.shapes import shape_of

SOURCE_LIMIT: Final = 2**31
"""Sources are kept in 32 bits."""


class LocalIndex:
    """`SearchIndex` of one table a kind: perceptual hashes are found by their chunks, exact digests looked up.
    `node.match.folder` keeps it in files; without a folder it is in memory.

    Whoever makes one closes it (`close`). `workers`: threads that share in a batch, 0 for all processors there are;
    they are the `crew`, which another index may bring. `floor`: the quality of the policy that a PDQ has to reach.
    """

    def __init__(self, workers: int = 0, crew: Crew | None = None, floor: int = PDQ_QUALITY_FLOOR) -> None:
        self.floor = floor
        self._rows = RowSets()
        self.crew = crew or Crew(workers)
        self._tables = {kind.code: SegmentedTable(shape_of(kind), self.crew) for kind in SEARCHED_KINDS}
        self._merging = threading.Lock()

    def add(self, source: int, columns: FingerprintColumns) -> None:
        """Adds what may match; kinds that are not searched are skipped. Found by the very next search.

        Raises `Misuse` where `source`, a row or the shape of a column is out of range, before anything is added.
        """
        _require_source(source)
        chosen = [_matchable(column, self.floor) for column in columns.columns if column.code in SEARCHED]
        counted: NDArray[np.int64] | None = None
        for column in chosen:
            self._tables[column.code].add(source, column.rows, column.values, column.quality)
            if counted is None or not np.array_equal(counted, column.rows):  # most columns have the same rows
                self._rows.add(source, column.rows)
                counted = column.rows

    def remove(self, source: int, rows: Sequence[int]) -> None:
        """Overwrites everything of these rows; rows that are not there are skipped. Found by no later search."""
        _require_source(source)
        wanted = np.unique(np.asarray(rows, dtype=np.int64))
        for table in self._tables.values():
            table.remove(source, wanted)
        self._rows.remove(source, wanted)

    def search(self, probes: Sequence[Probe], radius: int) -> list[RawHit]:
        """All hits, in no order, one for each probe and fingerprint (`node.match.ranking` makes leads of them); where
        frames of videos are asked or found, one for each subject and row (`node.match.videos`).

        PDQ within `radius` bits, pHash within `PHASH_RADIUS`, digests equal. Probes of kinds that `versions` does not
        name and PDQ probes below the quality floor find nothing. Raises `Misuse` for a radius outside
        0..`PDQ_RADIUS_CAP` and for a probe of the wrong length.
        """
        return self._search(probes, radius, lambda found, _asked, _code: found)

    def propose(self, probes: Sequence[Probe], radius: int, most: int, unbounded: Collection[int]) -> Proposed:
        """See `SearchIndex`. Raises as `search` does."""
        bounds = Bounds(most=most, unbounded=unbounded)
        return Proposed(hits=self._search(probes, radius, bounds.cut), further=bounds.further)

    def _search(self, probes: Sequence[Probe], radius: int, cut: Cut) -> list[RawHit]:
        if not 0 <= radius <= PDQ_RADIUS_CAP:
            raise Misuse(f"a search radius lies between 0 and {PDQ_RADIUS_CAP} bits, not {radius}")
        by_code: dict[int, list[Probe]] = {}
        for probe in probes:
            kind = SEARCHED.get(probe.code)
            if kind is None:
                continue
            if len(probe.value) != kind.size:
                raise Misuse(f"a {kind.name} probe is {kind.size} bytes long, not {len(probe.value)}")
            if not kind.has_quality or probe.quality == UNSTATED_QUALITY or probe.quality >= self.floor:
                by_code.setdefault(probe.code, []).append(probe)
        hits: list[RawHit] = []
        for code, asked in by_code.items():
            hits.extend(SEARCH_OF[code](self._tables, asked, radius, cut))
        return hits

    def concerned(self, columns: FingerprintColumns, radius: int, source: int, most: int) -> Concerned:
        """See `SearchIndex`. In the caller's thread alone. Raises `Misuse` as `search` and `add` do."""
        if not 0 <= radius <= PDQ_RADIUS_CAP:
            raise Misuse(f"a search radius lies between 0 and {PDQ_RADIUS_CAP} bits, not {radius}")
        arrived = [_matchable(column, self.floor) for column in columns.columns if column.code in SEARCHED]
        with self.crew.alone():
            return concerned(self._tables, arrived, radius, source, most)

    def sizes(self) -> Mapping[int, int]:
        """How many rows each source has in the index; sources that have none are left out."""
        return self._rows.sizes()

    def versions(self) -> Mapping[str, int]:
        """Kind name -> version of the algorithm, for the kinds that are searched."""
        return VERSIONS

    def rules(self) -> Mapping[str, int]:
        """By what is decided what is in it: the versions, and the floor where it is another than the published one."""
        return VERSIONS if self.floor == PDQ_QUALITY_FLOOR else {**VERSIONS, "quality-floor": self.floor}

    def counts(self) -> Mapping[str, int]:
        """Kind name -> how many fingerprints of it are searched."""
        return {kind.name: len(self._tables[kind.code]) for kind in SEARCHED_KINDS}

    @property
    def nbytes(self) -> int:
        """Bytes reserved by the tables, empty slots included."""
        return sum(table.nbytes for table in self._tables.values())

    @property
    def tables(self) -> Mapping[str, SegmentedTable]:
        """The table of each kind, by its name."""
        return {kind.name: self._tables[kind.code] for kind in SEARCHED_KINDS}

    @property
    def rows(self) -> RowSets:
        """Which rows are counted."""
        return self._rows

    def merge(self, progress: Progress = lambda _done, _all: None) -> None:
        """Makes segments in memory of everything that was added before; adding, removing and searching go on meanwhile.

        For who keeps no files: raises `Misuse` for an index that a folder keeps or is about to. What `progress` raises
        ends it, and leaves everything as it was.
        """
        with self._merging:
            tables = list(self._tables.values())
            if any(table.in_files for table in tables):
                raise Misuse("an index in files is rebuilt by its folder")
            for table in tables:
                table.freeze()
            try:
                for done, table in enumerate(tables):
                    table.build(in_memory, in_turn(progress, done, len(tables)))
            except BaseException:
                for table in tables:
                    table.abandon()
                raise
            for table in tables:
                table.install()

    def beside(self) -> LocalIndex:
        """An empty index that is searched by the same threads."""
        return LocalIndex(crew=self.crew, floor=self.floor)

    def adopt(self, other: LocalIndex) -> None:
        """Takes over all that another has, which is used no more. A search under way ends with what it began with."""
        self._rows, self._tables = other._rows, other._tables

    def clear(self) -> None:
        """Overwrites and forgets everything, after a `merge` that is under way."""
        with self._merging:
            for table in self._tables.values():
                table.clear()
            self._rows.clear()

    def close(self) -> None:
        """Ends the threads that share in searching. Searching goes on, each search in its caller's thread."""
        self.crew.close()


def _require_source(source: int) -> None:
    if not 0 <= source < SOURCE_LIMIT:
        raise Misuse(f"a source of the index lies between 0 and {SOURCE_LIMIT - 1}, not {source}")


def _matchable(column: FingerprintColumn, floor: int) -> FingerprintColumn:
    """The part of a column of a searched kind that may match. Raises `Misuse` where it is not what it should be."""
    kind = KIND_BY_CODE[column.code]
    count = len(column.rows)
    if column.values.shape != (count, kind.size) or column.quality.shape != (count,):
        raise Misuse(f"a {kind.name} column has values of {kind.size} bytes and a quality for each of its rows")
    if count and int(column.rows.min()) < 0:
        raise Misuse("a row of the index is not negative")
    if not kind.has_quality:
        return column
    keep = reaching(column.quality, floor)
    if keep.all():
        return column
    return FingerprintColumn(
        code=column.code, rows=column.rows[keep], values=column.values[keep], quality=column.quality[keep]
    )
