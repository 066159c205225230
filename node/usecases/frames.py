"""What frames of videos say of a hit that the index proposed, judged with what the store has.

Rules this module upholds:

- The index has said that something is near; only what is recomputed here from the stored frames is shown.
- A video that was proposed and is not near enough is no hit, and no fault of the index either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.fingerprints import FRAME, ORIENTATIONS, PDQ
from node.domain.videos import VPDQ, compare, frame_turned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.domain.fingerprints import Fingerprint
    from node.domain.queries import Subject
    from node.domain.search_ports import RawHit
    from node.domain.videos import Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameEvidence:
    """How a hit by frames is near. `at`: in the video that is held, `subject_at`: in the one asked about (ms).
    `orientation`: of what was asked about, an index into `ORIENTATIONS`, counted on for what lies within borders.
    """

    algorithm: str
    distance: int
    orientation: int = 0
    shares: Shares | None = None
    at: int | None = None
    subject_at: int | None = None


NONE_NEEDED: Final = FrameEvidence(algorithm="", distance=0)
"""The hit has nothing to do with frames, and the store bears it out as it is."""
DECLINED: Final = FrameEvidence(algorithm="", distance=0)
"""Two videos were proposed, and are not near enough."""


def concerns(hit: RawHit) -> bool:
    """Whether frames of videos have to do with this hit."""
    return hit.code == FRAME.code or bool(hit.by)


def judge(
    subject: Subject, fingerprints: Sequence[Fingerprint], hit: RawHit, asked: Sequence[bytes], radius: int
) -> FrameEvidence | None:
    """What the store bears out of a proposed hit: `DECLINED` where videos are not near, None where the index was wrong.

    `asked`: the hashes that were asked about in the hit's orientation, of the kind that found it.
    """
    if not hit.by:
        if not any(each.code == FRAME.code for each in fingerprints):
            return None
        return _of_videos(subject, fingerprints, hit.orientation, radius)
    if hit.by == PDQ.code:
        frame = _at_distance((each for each in fingerprints if each.code == FRAME.code), asked, hit.distance)
        return None if frame is None else _of_frame(hit, at=frame.at)
    stills = [each.value for each in fingerprints if each.code == PDQ.code]
    turned = (frame_turned(each, hit.orientation) for each in subject.fingerprints if each.code == FRAME.code)
    frame = _at_distance(turned, stills, hit.distance)
    return None if frame is None else _of_frame(hit, subject_at=frame.at)


def _of_videos(subject: Subject, fingerprints: Sequence[Fingerprint], orientation: int, radius: int) -> FrameEvidence:
    """As they are, and where the nearest frame is a turned one, in each orientation, that one first: a plain frame may
    be near in several.
    """
    others = (orientation, *range(1, len(ORIENTATIONS))) if orientation else ()
    for turn in dict.fromkeys((0, *others)):
        found = compare(subject.fingerprints, fingerprints, radius, turn)
        if found is not None:
            return FrameEvidence(
                algorithm=VPDQ,
                distance=found.distance,
                orientation=turn,
                shares=found.shares,
                at=found.compared_at,
                subject_at=found.query_at,
            )
    return DECLINED


def _of_frame(hit: RawHit, *, at: int | None = None, subject_at: int | None = None) -> FrameEvidence:
    return FrameEvidence(
        algorithm=FRAME.name, distance=hit.distance, orientation=hit.orientation, at=at, subject_at=subject_at
    )


def _at_distance(frames: Iterable[Fingerprint], values: Iterable[bytes], distance: int) -> Fingerprint | None:
    """The first of these frames exactly `distance` bits from one of `values`; None where the index was wrong."""
    numbers = [int.from_bytes(value, "big") for value in values]
    for frame in frames:
        here = int.from_bytes(frame.value, "big")
        if frame.searchable and any((here ^ number).bit_count() == distance for number in numbers):
            return frame
    return None
