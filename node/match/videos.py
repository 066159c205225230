"""Frames of videos in the index: which videos may be near, and which frame a still picture is near to.

Rules this module upholds:

- One hit a subject and row, however many of their frames are near: an hour of one still scene is 3,600 frames within
  the radius of each other. So the work is done in columns, a block of probes at a time.
- It proposes only: whether two videos match is said by `domain.videos`, with what the store has.
- Nothing within the radius is left out, of frames as they are. What lies within the wide radius, and what is near a
  frame that is turned or mirrored, is proposed by a sample of a video's frames, which cannot miss what has near frames
  all along.
- The hashes of the other orientations are those that a frame's bits tell (`domain.orientations`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from node.domain.fingerprints import FRAME, ORIENTATIONS, PDQ, PDQ_RADIUS
from node.domain.orientations import turned
from node.domain.search_ports import Probe, RawHit
from node.domain.videos import WIDE_FRAMES, evenly, wide_radius

if TYPE_CHECKING:
    from node.match.segmented import SegmentedTable

WIDE_PROBES: Final = 64
"""Frames of a video that are held against everything within the wide radius: each is a scan of all frames."""
WIDE_LEAST: Final = 3
"""Of these, how many have to be near a video before it is proposed. `domain.videos` asks for more, of all frames."""
TURNED_PROBES: Final = 256
"""Frames of a video that are looked for in the other orientations too: seven probes each, as cheap as any."""
_LOOKS: Final = 4
"""Hashes of one frame at most: the whole of it, and what lies within its borders."""
_BLOCK: Final = 64
"""Probes a search: what it finds is reduced before the next."""

_Place = tuple[int, int, int]
"""Subject, source, row."""
_Best = dict[_Place, tuple[int, int, int]]
"""Of each: distance, quality and orientation of the nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Probes in columns: `values` uint8 (n, 32), `subjects` and `turns` (their orientations) int64 (n,)."""

    values: NDArray[np.uint8]
    subjects: NDArray[np.int64]
    turns: NDArray[np.int64]

    def __getitem__(self, some: slice) -> _Asked:
        return _Asked(values=self.values[some], subjects=self.subjects[some], turns=self.turns[some])


def video_hits(
    frames: SegmentedTable, stills: SegmentedTable, probes: Sequence[Probe], radius: int
) -> Iterator[RawHit]:
    """For the frames that are asked about: videos that may be near, and still pictures within `radius` of a frame."""
    asked = _columns(probes)
    wide: _Best = {}
    if radius:  # 0: equal frames alone, as they are
        parts = [asked]
        for subject in np.unique(asked.subjects).tolist():
            values = asked.values[asked.subjects == subject]
            unlike = values[_unlike(values)]
            parts.append(_turned(subject, unlike))
            wide |= _wide(frames, subject, unlike, radius)
        asked = _joined(parts)
    yield from _raw(FRAME.code, 0, wide | _near(frames, asked, radius))
    yield from _raw(PDQ.code, FRAME.code, _near(stills, asked, radius))


def still_hits(frames: SegmentedTable, probes: Sequence[Probe], radius: int) -> Iterator[RawHit]:
    """For still pictures in their orientations: the nearest frame within `radius` of each video that has one."""
    yield from _raw(FRAME.code, PDQ.code, _near(frames, _columns(probes), radius))


def _raw(code: int, by: int, near: _Best) -> Iterator[RawHit]:
    for (subject, source, row), (distance, quality, orientation) in near.items():
        yield RawHit(subject, source, row, code, distance, quality, orientation, by)


def _columns(probes: Sequence[Probe]) -> _Asked:
    values = np.frombuffer(bytearray().join([probe.value for probe in probes]), dtype=np.uint8)
    return _Asked(
        values=values.reshape(len(probes), -1),
        subjects=np.asarray([probe.subject for probe in probes], dtype=np.int64),
        turns=np.asarray([probe.orientation for probe in probes], dtype=np.int64),
    )


def _turned(subject: int, unlike: NDArray[np.uint8]) -> _Asked:
    """Some of a subject's frames in the seven other orientations."""
    some = [unlike[place].tobytes() for place in evenly(len(unlike), TURNED_PROBES)]
    values = np.frombuffer(b"".join(value for frame in some for value in turned(frame)[1:]), dtype=np.uint8)
    turns = np.tile(np.arange(1, len(ORIENTATIONS), dtype=np.int64), len(some))
    return _Asked(values=values.reshape(len(turns), -1), subjects=np.full_like(turns, subject), turns=turns)


def _joined(parts: Sequence[_Asked]) -> _Asked:
    return _Asked(
        values=np.concatenate([part.values for part in parts]),
        subjects=np.concatenate([part.subjects for part in parts]),
        turns=np.concatenate([part.turns for part in parts]),
    )


def _near(table: SegmentedTable, asked: _Asked, radius: int) -> _Best:
    """For each subject the nearest of each row that has anything within `radius`."""
    best: _Best = {}
    for start in range(0, len(asked.values), _BLOCK):
        some = asked[start : start + _BLOCK]
        found = table.search(some.values, radius)
        subjects, turns = some.subjects[found.probe], some.turns[found.probe]
        worse = -found.quality.astype(np.int64)
        # Sorted so that the first of each place is the nearest, of several the better, then the least turned.
        order = np.lexsort((turns, worse, found.distance, found.row, found.source, subjects))
        for at in _firsts((subjects, found.source, found.row), order):
            place = (int(subjects[at]), int(found.source[at]), int(found.row[at]))
            known = (int(found.distance[at]), int(worse[at]), int(turns[at]))
            if place not in best or known < best[place]:
                best[place] = known
    return {place: (distance, -worse, turn) for place, (distance, worse, turn) in best.items()}


def _firsts(places: Sequence[NDArray[np.signedinteger[Any]]], order: NDArray[np.int64]) -> list[int]:
    """Of hits in this order, grouped by place, the first of each."""
    if not len(order):
        return []
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = np.logical_or.reduce([part[order][1:] != part[order][:-1] for part in places])
    return [int(at) for at in order[new]]


def _wide(table: SegmentedTable, subject: int, unlike: NDArray[np.uint8], radius: int) -> _Best:
    """Rows near which several of the sampled frames of a subject lie, within the wide radius."""
    if len(unlike) < WIDE_FRAMES:
        return {}
    best: _Best = {}
    counted: dict[_Place, int] = {}
    zero = np.zeros(1, dtype=np.int64)
    for at in evenly(len(unlike), WIDE_PROBES):
        one = _Asked(values=unlike[at : at + 1], subjects=zero + subject, turns=zero)
        near = _near(table, one, wide_radius(radius))
        for place, known in near.items():
            counted[place] = counted.get(place, 0) + 1
            best[place] = min(best.get(place, known), known)
    return {place: known for place, known in best.items() if counted[place] >= WIDE_LEAST}


def _unlike(values: NDArray[np.uint8]) -> list[int]:
    """Which hashes lie further than `PDQ_RADIUS` from the last `_LOOKS` of these before them: vPDQ prunes by the last,
    but what lies within a frame's borders comes behind each frame.
    """
    kept: list[int] = []
    last: tuple[int, ...] = ()
    for place, value in enumerate(values):
        number = int.from_bytes(value.tobytes(), "big")
        if all((number ^ other).bit_count() > PDQ_RADIUS for other in last):
            kept.append(place)
            last = (*last, number)[-_LOOKS:]
    return kept
