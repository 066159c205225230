"""Frames of videos in the index: which videos may be near, and which frame a still picture is near to.

Rules this module upholds:

- One hit a subject and row, however many of their frames are near: an hour of one still scene is 3,600 frames within
  the radius of each other. So the work is done in columns, a block of probes at a time.
- It proposes only: whether two videos match is said by `domain.videos`, with what the store has.
- Nothing within the radius is left out. What lies within the wide radius is proposed by a sample of a video's frames,
  which cannot miss what has near frames all along.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from node.domain.fingerprints import FRAME, PDQ, PDQ_RADIUS
from node.domain.ports import Probe, RawHit
from node.domain.videos import WIDE_FRAMES, evenly, wide_radius

if TYPE_CHECKING:
    from node.match.flat import Found
    from node.match.index import Table

WIDE_PROBES: Final = 64
"""Frames of a video that are held against everything within the wide radius: each is a scan of all frames."""
WIDE_LEAST: Final = 3
"""Of these, how many have to be near a video before it is proposed. `domain.videos` asks for more, of all frames."""
_BLOCK: Final = 64
"""Probes a search: what it finds is reduced before the next."""

_Best = dict[tuple[int, int], tuple[int, int, int]]
"""(source, row) -> (distance, quality, orientation) of the nearest."""


def video_hits(frames: Table, stills: Table, probes: Sequence[Probe], radius: int) -> Iterator[RawHit]:
    """For the frames that are asked about: videos that may be near, and still pictures within `radius` of a frame."""
    by_subject: dict[int, list[Probe]] = {}
    for probe in probes:
        by_subject.setdefault(probe.subject, []).append(probe)
    for subject, asked in by_subject.items():
        values = _values(asked)
        near = _near(frames, values, radius)
        for place, best in _wide(frames, values, radius).items():
            near.setdefault(place, best)
        yield from _raw(subject, FRAME.code, 0, near)
        yield from _raw(subject, PDQ.code, FRAME.code, _near(stills, values, radius))


def still_hits(frames: Table, probes: Sequence[Probe], radius: int) -> Iterator[RawHit]:
    """For still pictures in their orientations: the nearest frame within `radius` of each video that has one."""
    by_subject: dict[int, list[Probe]] = {}
    for probe in probes:
        by_subject.setdefault(probe.subject, []).append(probe)
    for subject, asked in by_subject.items():
        turns = np.asarray([probe.orientation for probe in asked], dtype=np.int64)
        yield from _raw(subject, FRAME.code, PDQ.code, _near(frames, _values(asked), radius, turns))


def _raw(subject: int, code: int, by: int, near: _Best) -> Iterator[RawHit]:
    for (source, row), (distance, quality, orientation) in near.items():
        yield RawHit(subject, source, row, code, distance, quality, orientation, by)


def _values(probes: Sequence[Probe]) -> NDArray[np.uint8]:
    """Hashes as uint8 (n, 32)."""
    return np.frombuffer(b"".join(probe.value for probe in probes), dtype=np.uint8).reshape(len(probes), -1)


def _near(table: Table, values: NDArray[np.uint8], radius: int, turns: NDArray[np.int64] | None = None) -> _Best:
    """The nearest of each row that has anything within `radius` of any of `values`."""
    best: _Best = {}
    for start in range(0, len(values), _BLOCK):
        found = table.search(values[start : start + _BLOCK], radius)
        orientations = np.zeros(len(found.probe), np.int64) if turns is None else turns[start + found.probe]
        # Sorted so that the first of each row is the nearest, of several the better, then the least turned.
        order = np.lexsort((orientations, -found.quality.astype(np.int64), found.distance, found.row, found.source))
        for at in _firsts(found, order):
            place = (int(found.source[at]), int(found.row[at]))
            known = (int(found.distance[at]), -int(found.quality[at]), int(orientations[at]))
            if place not in best or known < best[place]:
                best[place] = known
    return {place: (distance, -worse, orientation) for place, (distance, worse, orientation) in best.items()}


def _firsts(found: Found, order: NDArray[np.int64]) -> list[int]:
    """Of hits in this order, grouped by row, the first of each row."""
    if not len(order):
        return []
    sources, rows = found.source[order], found.row[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (sources[1:] != sources[:-1]) | (rows[1:] != rows[:-1])
    return [int(at) for at in order[new]]


def _wide(table: Table, values: NDArray[np.uint8], radius: int) -> _Best:
    """Rows near which several of the sampled frames lie, within the wide radius."""
    unlike = values[_unlike(values)]
    if len(unlike) < WIDE_FRAMES or not radius:
        return {}
    sample = unlike[evenly(len(unlike), WIDE_PROBES)]
    best: _Best = {}
    counted: dict[tuple[int, int], int] = {}
    for probe in sample:
        near = _near(table, probe[np.newaxis], wide_radius(radius))
        for place, known in near.items():
            counted[place] = counted.get(place, 0) + 1
            best[place] = min(best.get(place, known), known)
    return {place: known for place, known in best.items() if counted[place] >= WIDE_LEAST}


def _unlike(values: NDArray[np.uint8]) -> list[int]:
    """Which hashes lie further than `PDQ_RADIUS` from the last of these before them, as vPDQ prunes."""
    kept: list[int] = []
    last = 0
    for place, value in enumerate(values):
        number = int.from_bytes(value.tobytes(), "big")
        if not kept or (number ^ last).bit_count() > PDQ_RADIUS:
            kept.append(place)
            last = number
    return kept
