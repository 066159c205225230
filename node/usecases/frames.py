"""Judges a hit by frames (of videos, of animated pictures) that the index proposed, with the stored data.

Rules this module upholds:

- The index has proposed a near match; only results that are recomputed here from the stored frames are shown.
- A proposed video that is not near enough is not a hit, and not an error of the index either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.algorithms import VPDQ
from node.domain.fingerprint_kinds import FRAME, KIND_BY_CODE, PDQ
from node.domain.fingerprints import has_frames
from node.domain.orientations import INVERSE, ORIENTATIONS, turned
from node.domain.videos import compare, looked_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.queries import Subject
    from node.domain.search_ports import RawHit
    from node.domain.videos import LookedFor, Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameEvidence:
    """How near a hit by frames is. `at`: in the stored video, `subject_at`: in the one asked about (ms). `orientation`:
    of the subject, an index into `ORIENTATIONS`, continued for the inside of borders.
    """

    algorithm: str
    distance: int
    orientation: int = 0
    shares: Shares | None = None
    at: int | None = None
    subject_at: int | None = None


NONE_NEEDED: Final = FrameEvidence(algorithm="", distance=0)
"""The hit has nothing to do with frames, and the store confirms it unchanged."""
DECLINED: Final = FrameEvidence(algorithm="", distance=0)
"""Two videos were proposed, and are not near enough."""


def concerns(hit: RawHit) -> bool:
    """Whether this hit involves frames of videos."""
    return bool(hit.by) or KIND_BY_CODE[hit.code].timed


class Judge:
    """For one search: its `subjects`, within `radius` bits, of quality `floor` and above."""

    def __init__(self, subjects: Sequence[Subject], radius: int, floor: int) -> None:
        self._subjects = subjects
        self._radius = radius
        self._floor = floor
        self._looked_for: dict[int, LookedFor | None] = {}

    def judge(self, fingerprints: Sequence[Fingerprint], hit: RawHit, asked: Sequence[bytes]) -> FrameEvidence | None:
        """What the store confirms of a proposed hit: `DECLINED` if videos are not near, None if the index was wrong.

        `fingerprints`: the stored ones. `asked`: the subject's hashes in the hit's orientation, of the kind that found
        it.
        """
        if not hit.by:
            return self._of_videos(fingerprints, hit) if has_frames(fingerprints) else None
        if hit.by == PDQ.code:
            frame = _at_distance(
                (each for each in fingerprints if each.code == FRAME.code), asked, hit.distance, self._floor
            )
            return None if frame is None else _of_frame(hit, at=frame.at)
        back = INVERSE[hit.orientation]
        stills = [turned(each.value)[back] for each in fingerprints if each.code == PDQ.code]
        frames = (each for each in self._subjects[hit.subject].fingerprints if each.code == FRAME.code)
        frame = _at_distance(frames, stills, hit.distance, self._floor)
        return None if frame is None else _of_frame(hit, subject_at=frame.at)

    def _of_videos(self, fingerprints: Sequence[Fingerprint], hit: RawHit) -> FrameEvidence:
        """The best of all orientations in which frames are near: a plain frame may be near in several, and an almost
        symmetric scene within the wide radius of itself turned.
        """
        if hit.subject not in self._looked_for:
            self._looked_for[hit.subject] = looked_for(self._subjects[hit.subject].fingerprints, self._floor)
        query = self._looked_for[hit.subject]
        turns = [turn for turn in range(len(ORIENTATIONS)) if hit.turns >> turn & 1]
        matches = [(turn, compare(query, fingerprints, self._radius, turn, self._floor)) for turn in turns]
        told = [(match.shares.radius, match.distance, turn, match) for turn, match in matches if match is not None]
        if not told:
            return DECLINED
        _, distance, turn, best = min(told, key=lambda each: each[:3])
        return FrameEvidence(
            algorithm=VPDQ,
            distance=distance,
            orientation=turn,
            shares=best.shares,
            at=best.compared_at,
            subject_at=best.query_at,
        )


def _of_frame(hit: RawHit, *, at: int | None = None, subject_at: int | None = None) -> FrameEvidence:
    return FrameEvidence(
        algorithm=FRAME.name, distance=hit.distance, orientation=hit.orientation, at=at, subject_at=subject_at
    )


def _at_distance(
    frames: Iterable[Fingerprint], values: Iterable[bytes], distance: int, floor: int
) -> Fingerprint | None:
    """The first of these frames exactly `distance` bits from one of `values`; None where the index was wrong."""
    numbers = [int.from_bytes(value, "big") for value in values]
    for frame in frames:
        here = int.from_bytes(frame.value, "big")
        if frame.may_match(floor) and any((here ^ number).bit_count() == distance for number in numbers):
            return frame
    return None
