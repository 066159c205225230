"""Frames of videos in the index: finds videos that may be near, and the frame that is near a still picture.

Rules this module upholds:

- One hit per subject and row, for any number of near frames: an hour of one still scene has 3,600 frames within the
  radius of each other. So the code works on columns, one block of probes at a time.
- It only proposes: `domain.videos` decides whether two videos match, with the data of the store.
- Of unturned frames, every one within the radius is found. Videos within the wide radius are proposed from a sample of
  the frames. The sample cannot miss a video that has near frames in its whole length. Turned or mirrored frames are
  sampled too if there are more than `TURNED_PROBES` of them.
- The hashes of the other orientations follow from a frame's bits (`domain.orientations`).
- Samples are taken by time: a frame and the area inside its borders stay together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from node.domain.fingerprint_kinds import FRAME, PDQ, PDQ_RADIUS
from node.domain.orientations import ORIENTATIONS, turned
from node.domain.search_ports import Probe, RawHit
from node.domain.videos import WIDE_FRAMES, evenly, looks_of, wide_radius

if TYPE_CHECKING:
    from node.match.segmented import SegmentedTable

WIDE_PROBES: Final = 64
"""Looks at a video that are compared with everything within the wide radius. Each of their hashes needs a scan of all.
"""
WIDE_LEAST: Final = 3
"""How many of these must be near a video before it is proposed. `domain.videos` demands more, of all frames."""
TURNED_PROBES: Final = 256
"""Hashes of one video's frames that are also searched in the other orientations: seven probes each."""
_BLOCK: Final = 64
"""Probes per search. The result of a search is reduced before the next search."""

_Place = tuple[int, int, int]
"""Subject, source, row."""
_Best = dict[_Place, tuple[int, int, int, int]]
"""Of each: distance, quality and orientation of the nearest; and the orientations in which any is near, one bit each.
"""
_Look = list[bytes]
"""The hashes shown at one time: a frame, and the insides of its borders."""


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
    """Returns, for the frames of a question, videos that may be near, and still pictures within `radius` of a frame."""
    asked = _columns(probes)
    wide: _Best = {}
    if radius:  # 0: equal frames alone, as they are
        parts = [asked]
        for subject, looks in _looks(probes).items():
            parts.append(_turned(subject, looks))
            wide |= _wide(frames, subject, looks, radius)
        asked = _joined(parts)
    near = _near(frames, asked, radius)
    for place, (distance, quality, orientation, turns) in wide.items():
        nearest = near.get(place, (distance, quality, orientation, turns))
        near[place] = (*nearest[:3], nearest[3] | turns)
    for (subject, source, row), (distance, quality, orientation, turns) in near.items():
        yield RawHit(subject, source, row, FRAME.code, distance, quality, orientation, 0, turns)
    yield from _raw(PDQ.code, FRAME.code, _near(stills, asked, radius))


def still_hits(frames: SegmentedTable, probes: Sequence[Probe], radius: int) -> Iterator[RawHit]:
    """Returns, for still pictures in their orientations, the nearest frame within `radius` of each video that
    has one.
    """
    yield from _raw(FRAME.code, PDQ.code, _near(frames, _columns(probes), radius))


def wide_rows(frames: SegmentedTable, values: NDArray[np.uint8], radius: int) -> Iterator[tuple[int, int, int]]:
    """Returns (source, row, bits) of the videos with several frames within the wide radius of frames of one video: its
    frames are uint8 (n, 32), each shown at its own time.
    """
    looks = [[value.tobytes()] for value in values]
    for (_, source, row), (distance, *_rest) in _wide(frames, 0, looks, radius).items():
        yield source, row, distance


def _raw(code: int, by: int, near: _Best) -> Iterator[RawHit]:
    for (subject, source, row), (distance, quality, orientation, _) in near.items():
        yield RawHit(subject, source, row, code, distance, quality, orientation, by)


def _looks(probes: Sequence[Probe]) -> dict[int, list[_Look]]:
    """Returns the frames of each subject by the time at which they are shown."""
    by_subject: dict[int, list[Probe]] = {}
    for probe in probes:
        by_subject.setdefault(probe.subject, []).append(probe)
    return {
        subject: [[probe.value for probe in look] for look in looks_of(mine, attrgetter("at"))]
        for subject, mine in by_subject.items()
    }


def _columns(probes: Sequence[Probe]) -> _Asked:
    values = np.frombuffer(bytearray().join([probe.value for probe in probes]), dtype=np.uint8)
    return _Asked(
        values=values.reshape(len(probes), -1),
        subjects=np.asarray([probe.subject for probe in probes], dtype=np.int64),
        turns=np.asarray([probe.orientation for probe in probes], dtype=np.int64),
    )


def _turned(subject: int, looks: Sequence[_Look]) -> _Asked:
    """Returns a subject's frames in the seven other orientations. If there are many, it takes some that differ from
    each other.
    """
    some = looks
    if sum(map(len, looks)) > TURNED_PROBES:
        unlike = _unlike(looks, PDQ_RADIUS // 2)
        room = TURNED_PROBES * len(unlike) // sum(map(len, unlike))
        some = [unlike[place] for place in evenly(len(unlike), room)]
    others = [turn for look in some for value in look for turn in turned(value)[1:]]
    turns = np.tile(np.arange(1, len(ORIENTATIONS), dtype=np.int64), len(others) // (len(ORIENTATIONS) - 1))
    values = np.frombuffer(b"".join(others), dtype=np.uint8).reshape(len(others), -1)
    return _Asked(values=values, subjects=np.full_like(turns, subject), turns=turns)


def _joined(parts: Sequence[_Asked]) -> _Asked:
    return _Asked(
        values=np.concatenate([part.values for part in parts]),
        subjects=np.concatenate([part.subjects for part in parts]),
        turns=np.concatenate([part.turns for part in parts]),
    )


def _near(table: SegmentedTable, asked: _Asked, radius: int) -> _Best:
    """Returns for each subject the nearest of each row with anything within `radius`."""
    best: _Best = {}
    for start in range(0, len(asked.values), _BLOCK):
        some = asked[start : start + _BLOCK]
        found = table.search(some.values, radius)
        subjects, turns = some.subjects[found.probe], some.turns[found.probe]
        worse = -found.quality.astype(np.int64)
        # Sorted so that the first of each place is the nearest, of several the better, then the least turned.
        order = np.lexsort((turns, worse, found.distance, found.row, found.source, subjects))
        starts = _starts((subjects, found.source, found.row), order)
        masks = np.bitwise_or.reduceat(np.left_shift(1, turns[order]), starts) if len(starts) else starts
        for at, mask in zip(order[starts].tolist(), masks.tolist(), strict=True):
            place = (int(subjects[at]), int(found.source[at]), int(found.row[at]))
            known = (int(found.distance[at]), int(worse[at]), int(turns[at]))
            before = best.get(place)
            if before is not None:
                known, mask = min(known, before[:3]), mask | before[3]  # noqa: PLW2901  (the best of both)
            best[place] = (*known, mask)
    return {place: (distance, -worse, turn, mask) for place, (distance, worse, turn, mask) in best.items()}


def _starts(places: Sequence[NDArray[np.signedinteger[Any]]], order: NDArray[np.int64]) -> NDArray[np.intp]:
    """Returns where each group begins in the order of hits, grouped by place."""
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = np.logical_or.reduce([part[order][1:] != part[order][:-1] for part in places])
    return np.flatnonzero(new)


def _wide(table: SegmentedTable, subject: int, looks: Sequence[_Look], radius: int) -> _Best:
    """Returns rows with several of the sampled frames of a subject within the wide radius."""
    unlike = _unlike(looks, PDQ_RADIUS)
    if len(unlike) < WIDE_FRAMES:
        return {}
    best: _Best = {}
    counted: dict[_Place, int] = {}
    for at in evenly(len(unlike), WIDE_PROBES):
        values = np.frombuffer(b"".join(unlike[at]), dtype=np.uint8).reshape(len(unlike[at]), -1)
        zeros = np.zeros(len(values), dtype=np.int64)
        near = _near(table, _Asked(values=values, subjects=zeros + subject, turns=zeros), wide_radius(radius))
        for place, known in near.items():
            counted[place] = counted.get(place, 0) + 1
            best[place] = min(best.get(place, known), known)
    return {place: known for place, known in best.items() if counted[place] >= WIDE_LEAST}


def _unlike(looks: Sequence[_Look], radius: int) -> list[_Look]:
    """Returns those whose frame is farther than `radius` from the frame of the last one before it, as vPDQ prunes."""
    kept: list[_Look] = []
    last = 0
    for look in looks:
        number = int.from_bytes(look[0], "big")
        if not kept or (number ^ last).bit_count() > radius:
            kept.append(look)
            last = number
    return kept
