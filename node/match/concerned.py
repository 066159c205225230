"""Compares new records with one source: finds the rows of this source whose searches would show the new records.

Rules this module upholds:

- It only proposes rows. The caller searches for them from the other side, and the store decides.
- Every row within the radius is proposed, except rows above the maximum for one new row; these are counted. Turning the
  new picture equals turning the stored one back, so each new hash is searched in all eight orientations of its bits.
- Two videos that are near only within the wide radius are proposed from a sample, as in `node.match.videos`.
- The code works on columns and limits the hits block by block. A hash near a million others must not use the memory of
  a million hits for each kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from node.domain.batch import FingerprintColumn
from node.domain.fingerprint_kinds import KIND_BY_CODE, Says
from node.domain.orientations import ORIENTATIONS, turned_columns
from node.domain.search_ports import Concerned
from node.match.videos import wide_rows

if TYPE_CHECKING:
    from node.match.segmented import SegmentedTable

_BLOCK: Final = 64
"""Hashes per search of perceptual kinds. The result of a search is reduced before the next search."""
_LOOKED_UP: Final = 4_096
"""Different hashes that are looked up together: of one that stands in a million rows, all are found before one is kept.
"""
_SAME_FILE: Final = -1
"""The distance of an equal SHA-256. It is nearer than all others, and never dropped."""

_Pairs = NDArray[np.int64]
"""(n, 3): the row that arrived, the row of the source, and the differing bits."""
_NOWHERE: Final = np.iinfo(np.int64).max
"""Above every row."""


def concerned(
    tables: Mapping[int, SegmentedTable], arrived: Sequence[FingerprintColumn], radius: int, source: int, most: int
) -> Concerned:
    """See `SearchIndex.concerned`. `arrived`: columns of searched kinds, with only the hashes that may match."""
    left_out: dict[int, int] = {}
    found: list[_Pairs] = [np.empty((0, 3), dtype=np.int64)]
    for column in filter(lambda column: len(column.rows), arrived):
        found += [_nearest(pairs, most, left_out) for pairs in _of_column(tables, column, radius, source)]
    pairs = _nearest(np.concatenate(found), most, left_out)
    return Concerned(pairs=pairs[:, :2], left_out=left_out)


def first_equal(
    tables: Mapping[int, SegmentedTable], arrived: Sequence[FingerprintColumn], source: int
) -> NDArray[np.int64]:
    """See `SearchIndex.first_equal`. `arrived`: columns of kinds that are searched and match when equal."""
    parts = [np.empty((0, 3), dtype=np.int64)]
    for column in arrived:
        if not len(column.rows) or not tables[column.code].used:
            continue
        values, which = _different(column.values)
        first = np.full(len(values), _NOWHERE, dtype=np.int64)
        for start in range(0, len(values), _LOOKED_UP):
            found = tables[column.code].search(values[start : start + _LOOKED_UP], 0, source)
            mine = found.source == source
            np.minimum.at(first, found.probe[mine] + start, found.row[mine])
        row = first[which]
        here = row != _NOWHERE
        code = np.full(int(here.sum()), column.code, dtype=np.int64)
        parts.append(np.stack([code, column.rows[here], row[here]], axis=1))
    return np.concatenate(parts)


def _different(values: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(The different ones of these hashes, which of them each one is)."""
    heads = np.sort(np.ascontiguousarray(values[:, :8]).view(np.uint64).ravel())
    if (heads[1:] != heads[:-1]).all():  # as nearly always, and much quicker than a sort of whole hashes
        return values, np.arange(len(values))
    different, which = np.unique(values, axis=0, return_inverse=True)
    return different, which.ravel()


def _of_column(
    tables: Mapping[int, SegmentedTable], column: FingerprintColumn, radius: int, source: int
) -> Iterator[_Pairs]:
    """Returns all pairs by one kind of the arrived hashes, in blocks."""
    kind = KIND_BY_CODE[column.code]
    if kind.exact:
        pairs = _pairs(tables[kind.code], column.values, column.rows, kind.radius(radius), source)
        pairs[:, 2] = _SAME_FILE if kind.says is Says.SAME_FILE else 0
        yield pairs
    elif not kind.is_pdq:
        for values, rows in _blocks(column.values, column.rows):
            yield _pairs(tables[kind.code], values, rows, kind.radius(radius), source)
    else:
        stills_and_frames = [table for code, table in tables.items() if KIND_BY_CODE[code].is_pdq]
        turned = turned_columns(column.values).reshape(-1, kind.size)
        for values, rows in _blocks(turned, np.repeat(column.rows, len(ORIENTATIONS))):
            for table in stills_and_frames:
                if table.used:
                    yield _pairs(table, values, rows, radius, source)
    if kind.timed and radius and tables[kind.code].used:
        yield from _wide(tables[kind.code], column, radius, source)


def _blocks(values: NDArray[np.uint8], rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.uint8], _Pairs]]:
    for start in range(0, len(values), _BLOCK):
        yield values[start : start + _BLOCK], rows[start : start + _BLOCK]


def _pairs(
    table: SegmentedTable, values: NDArray[np.uint8], rows: NDArray[np.int64], radius: int, source: int
) -> _Pairs:
    """Returns the pairs that a table finds in rows of `source`."""
    found = table.search(values, radius, source)
    mine = found.source == source
    return np.stack([rows[found.probe[mine]], found.row[mine], found.distance[mine]], axis=1)


def _wide(table: SegmentedTable, column: FingerprintColumn, radius: int, source: int) -> Iterator[_Pairs]:
    """Returns videos with several frames within the wide radius of an arrived video."""
    order = np.argsort(column.rows, kind="stable")
    rows, starts = np.unique(column.rows[order], return_index=True)
    for row, values in zip(rows.tolist(), np.split(column.values[order], starts[1:]), strict=True):
        near = [(row, other, bits) for at, other, bits in wide_rows(table, values, radius) if at == source]
        yield np.asarray(near, dtype=np.int64).reshape(-1, 3)


def _nearest(pairs: _Pairs, most: int, left_out: dict[int, int]) -> _Pairs:
    """Returns each pair once: for each arrived row the `most` nearest, and every equal SHA-256. The others are
    counted.
    """
    if not len(pairs):  # as nearly always, where few rows are looked up
        return pairs
    pairs = pairs[np.lexsort((pairs[:, 2], pairs[:, 1], pairs[:, 0]))]
    once = np.ones(len(pairs), dtype=np.bool_)
    once[1:] = (pairs[1:, :2] != pairs[:-1, :2]).any(axis=1)
    pairs = pairs[once]
    if len(pairs) <= most:
        return pairs
    pairs = pairs[np.lexsort((pairs[:, 2], pairs[:, 0]))]
    _, starts, counts = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    place = np.arange(len(pairs)) - np.repeat(starts, counts)
    keep = (place < most) | (pairs[:, 2] == _SAME_FILE)
    for row, count in zip(*np.unique(pairs[~keep, 0], return_counts=True), strict=True):
        left_out[int(row)] = left_out.get(int(row), 0) + int(count)
    kept: _Pairs = pairs[keep]
    return kept
