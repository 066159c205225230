"""The search index over own holdings and all members' records: the port `SearchIndex`.

Rules this module upholds:

- Exact: every fingerprint that may match and lies within the radius is found.
- This module decides what may match, in the same way for every source: known kinds, and PDQ hashes that reach the
  quality floor. The caller leaves out hashes without usable content (`node.domain.matchable`).
- Each kind has one table, in a form that `node.match.shapes` chooses by the kind. `node.match.searched_kinds` has one
  row per kind that says how it is searched.
- Derived data: it can be filled again from the store. `node.match.folder` decides whether it is also stored in files;
  searching, adding and removing are the same.
- After an `add` or `remove` has returned, searches see all of it. One under way may be visible in part: some of its
  rows, or some kinds of a row.
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
from node.match.concerned import concerned, first_equal
from node.match.rows import RowSets
from node.match.search_threads import Crew
from node.match.searched_kinds import SEARCH_OF, SEARCHED, SEARCHED_KINDS, VERSIONS, Cut
from node.match.segmented import SegmentedTable
from node.match.segments import Progress, in_memory, in_turn
from node.match.shapes import shape_of

SOURCE_LIMIT: Final = 2**31
"""Sources are stored in 32 bits."""


class LocalIndex:
    """A `SearchIndex` with one table per kind: perceptual hashes are found by their chunks, exact digests are looked
    up. `node.match.folder` stores it in files; without a folder it is in memory.

    The creator must close it (`close`). `workers`: threads that share in a batch, 0 for all processors; they are the
    `crew`, which may come from another index. `floor`: the policy's lowest quality of a PDQ.
    """

    def __init__(self, workers: int = 0, crew: Crew | None = None, floor: int = PDQ_QUALITY_FLOOR) -> None:
        self.floor = floor
        self._rows = RowSets()
        self.crew = crew or Crew(workers)
        self._tables = {kind.code: SegmentedTable(shape_of(kind), self.crew) for kind in SEARCHED_KINDS}
        self._merging = threading.Lock()

    def add(self, source: int, columns: FingerprintColumns) -> None:
        """Adds hashes that may match; kinds that are not searched are skipped. The next search finds them.

        Raises `Misuse` if `source`, a row or the shape of a column is out of range, before anything is added.
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
        """Overwrites everything of these rows; rows that do not exist are skipped. No later search finds them."""
        _require_source(source)
        wanted = np.unique(np.asarray(rows, dtype=np.int64))
        for table in self._tables.values():
            table.remove(source, wanted)
        self._rows.remove(source, wanted)

    def search(self, probes: Sequence[Probe], radius: int) -> list[RawHit]:
        """All hits, in no order, one per probe and fingerprint (`node.match.ranking` makes leads of them); if frames of
        videos are asked about or found, one per subject and row (`node.match.videos`).

        PDQ within `radius` bits, pHash within `PHASH_RADIUS`, digests equal. Probes of kinds not in `versions`, and PDQ
        probes below the quality floor, find nothing. Raises `Misuse` for a radius outside 0..`PDQ_RADIUS_CAP` and for a
        probe of the wrong length.
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
        """See `SearchIndex`. Only in the caller's thread. Raises `Misuse` as `search` and `add` do."""
        if not 0 <= radius <= PDQ_RADIUS_CAP:
            raise Misuse(f"a search radius lies between 0 and {PDQ_RADIUS_CAP} bits, not {radius}")
        arrived = [_matchable(column, self.floor) for column in columns.columns if column.code in SEARCHED]
        with self.crew.alone():
            return concerned(self._tables, arrived, radius, source, most)

    def first_equal(self, columns: FingerprintColumns, source: int) -> NDArray[np.int64]:
        """See `SearchIndex`. Only in the caller's thread."""
        asked = [column for column in columns.columns if column.code in SEARCHED and KIND_BY_CODE[column.code].exact]
        with self.crew.alone():
            return first_equal(self._tables, asked, source)

    def sizes(self) -> Mapping[int, int]:
        """How many rows each source has in the index; sources without rows are left out."""
        return self._rows.sizes()

    def versions(self) -> Mapping[str, int]:
        """Kind name -> version of the algorithm, for the kinds that are searched."""
        return VERSIONS

    def rules(self) -> Mapping[str, int]:
        """The rules that decide its content: the versions, and the floor if it is not the published one."""
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
        """Makes segments in memory of everything added before; adding, removing and searching continue meanwhile.

        For an index without files: raises `Misuse` if a folder stores it or is about to. An error of `progress` ends
        it, and leaves everything unchanged.
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
        """An empty index with the same search threads."""
        return LocalIndex(crew=self.crew, floor=self.floor)

    def adopt(self, other: LocalIndex) -> None:
        """Takes over all data of another index, which is not used any more. A search under way ends with its original
        data.
        """
        self._rows, self._tables = other._rows, other._tables

    def clear(self) -> None:
        """Overwrites and drops everything, after a `merge` that is under way."""
        with self._merging:
            for table in self._tables.values():
                table.clear()
            self._rows.clear()

    def close(self) -> None:
        """Ends the search threads. Searching continues, each search in its caller's thread."""
        self.crew.close()


def _require_source(source: int) -> None:
    if not 0 <= source < SOURCE_LIMIT:
        raise Misuse(f"a source of the index lies between 0 and {SOURCE_LIMIT - 1}, not {source}")


def _matchable(column: FingerprintColumn, floor: int) -> FingerprintColumn:
    """The part of a column of a searched kind that may match. Raises `Misuse` if the column is invalid."""
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
