"""When two videos are near: vPDQ's shares of frames, and what of a video is asked at all.

Rules this module upholds:

- Pure, and the only place that says when a video matches; the index proposes, and this is asked with what the store
  has.
- Frames below the quality floor and repeats (hashes equal to one of the time before) are left out on both sides.
- What is looked for is counted by its moments, since it may have several frames in each (`VideoFingerprints.between`):
  a second, or as long as there is between two frames of what it is compared with, where that is more (a long video has
  fewer). What it is compared with is counted by its frames.
- Thresholds are here once, with unit and source.

Source: facebook/ThreatExchange, vpdq (README and python-threatexchange's `vpdq_util`): distance 31, quality 50, and a
match where 80 % of the query's frames, or by its README of the compared video's, have a near one on the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import numpy.typing as npt

from node.domain.fingerprint_kinds import FRAME, PDQ_QUALITY_FLOOR, PDQ_RADIUS
from node.domain.orientations import INVERSE, turned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from node.domain.fingerprints import Fingerprint

SHARE_PERCENT: Final = 50
"""Percent of the moments of the one, or of the frames of the other, that have to be near. vPDQ publishes 80 of the
query's frames. Half: a copy that was cut by a fraction of a second shows other frames at its whole seconds, and of a
hand-held clip with fast motion (vectors/video) 45 % at worst, 74 % on average are found again. An edit with a large
logo finds 73 to 86 % within the wide radius; unrelated clips find none. A missed match costs more than a look at a
lead, and a hit says its shares.
"""
WIDE_RADIUS: Final = 66
"""Bits of 256 within which frames count once several of one video do: a logo laid over a clip moves each of its frames
by 22 to 88 bits, so that vPDQ itself finds 10 % of it. Thorn's perception fits 66 to 84 bits for 99.99 % precision on
single pictures; of 64,980 pairs of 361 photographs of landscapes, 6 lie within 66 bits, all but one within 48."""
WIDE_FRAMES: Final = 5
"""Frames, each unlike the others (further apart than `PDQ_RADIUS`), that have to be near on either side before the wide
radius counts: one still scene seen for a minute is one frame."""
VPDQ: Final = "vpdq"
"""The algorithm of a hit of one video on another. A hit of a picture on a frame, or of a frame on a picture, is of the
kind `FRAME`."""
SECOND: Final = 1_000
"""Milliseconds."""
LOOK: Final = 4
"""Hashes of what is shown at one time, at most: a frame, and three of what lies within its borders."""
_BLOCK: Final = 256
"""Frames of the one side that are compared with all of the other at a time: 30 MiB where the other side is an hour."""

Words = npt.NDArray[np.uint64]
_ShownT = TypeVar("_ShownT")


def wide_radius(radius: int) -> int:
    """The wide radius of a policy whose radius is this, in bits: who narrows the one narrows the other."""
    return WIDE_RADIUS * radius // PDQ_RADIUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How much of two videos is near: of the `moments` of what was asked `query_percent`, of the `frames` of what it
    was compared with `compared_percent`, within `radius` bits.
    """

    query_percent: int
    compared_percent: int
    moments: int
    frames: int
    radius: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoMatch:
    """Two videos that match, and their nearest frames: `distance` bits apart, shown at these milliseconds or None."""

    shares: Shares
    distance: int
    query_at: int | None
    compared_at: int | None


def frames_of(fingerprints: Sequence[Fingerprint], floor: int = PDQ_QUALITY_FLOOR) -> tuple[Fingerprint, ...]:
    """The frames that count, in their order: known ones of the quality floor or above, without repeats of what is
    shown at the time before (a frame, and what lies within its borders).
    """
    kept: list[Fingerprint] = []
    before, now = set[bytes](), set[bytes]()
    at: int | None = None
    for each in fingerprints:
        if each.code != FRAME.code or not each.may_match(floor):
            continue
        if each.at is None or each.at != at:
            before, now, at = now, set(), each.at
        if each.value not in before and each.value not in now:
            kept.append(each)
        now.add(each.value)
    return tuple(kept)


def words_of(values: Sequence[bytes]) -> Words:
    """Hashes as uint64 (n, 4)."""
    return np.frombuffer(b"".join(values), dtype=np.uint64).reshape(len(values), -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedFor:
    """What is asked about a video, ready to be compared with many: `frames` as `frames_of` has them, `words` theirs."""

    frames: tuple[Fingerprint, ...]
    words: Words


def looked_for(query: Sequence[Fingerprint], floor: int = PDQ_QUALITY_FLOOR) -> LookedFor | None:
    """The same of all fingerprints that are asked about; None where no frame among them counts."""
    frames = frames_of(query, floor)
    return LookedFor(frames=frames, words=words_of([each.value for each in frames])) if frames else None


def distances(one: Words, other: Words) -> npt.NDArray[np.int16]:
    """Bits between each of uint64 (n, 4) and each of (m, 4): int16 (n, m)."""
    bits: npt.NDArray[np.uint8] = np.bitwise_count(one[:, np.newaxis] ^ other[np.newaxis])
    return np.asarray(bits.sum(axis=2), dtype=np.int16)


def compare(
    query: LookedFor | None,
    compared: Sequence[Fingerprint],
    radius: int,
    turn: int = 0,
    floor: int = PDQ_QUALITY_FLOOR,
) -> VideoMatch | None:
    """Whether what is asked and what is kept are near by the rules above; None where not.

    `compared`: all fingerprints of what is kept, of whatever kind. `radius`: that of the policy, in bits; 0 is the rule
    `exact`. `turn`: the orientation (an index into `ORIENTATIONS`) in which what is asked is taken, as far as its bits
    tell. The wide radius counts for what is taken as it is, and not for `exact`.
    """
    kept = frames_of(compared, floor)
    if query is None or not kept:
        return None
    asked, ours = query.frames, query.words
    # To turn the one side is to turn the other back, of which there is less.
    theirs = words_of([turned(each.value)[INVERSE[turn]] if turn else each.value for each in kept])
    nearest, nearest_there, pair = _nearest(ours, theirs)
    moments = _moments(asked, _spacing(compared))
    distance = int(nearest.min())
    for within in (radius, wide_radius(radius)) if radius and not turn else (radius,):
        near, near_there = nearest <= within, nearest_there <= within
        shares = Shares(
            query_percent=_percent(np.bincount(moments, weights=near) > 0),
            compared_percent=_percent(near_there),
            moments=int(moments[-1]) + 1,
            frames=len(kept),
            radius=within,
        )
        if max(shares.query_percent, shares.compared_percent) < SHARE_PERCENT or not near.any():
            continue
        if within > radius and min(_unlike(ours[near]), _unlike(theirs[near_there])) < WIDE_FRAMES:
            continue
        here, there = pair
        return VideoMatch(shares=shares, distance=distance, query_at=asked[here].at, compared_at=kept[there].at)
    return None


def _nearest(ours: Words, theirs: Words) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16], tuple[int, int]]:
    """For each hash of either side the distance to the nearest of the other, and the nearest pair."""
    nearest = np.empty(len(ours), dtype=np.int16)
    nearest_there = np.full(len(theirs), np.iinfo(np.int16).max, dtype=np.int16)
    best = (np.iinfo(np.int16).max, 0, 0)
    for start in range(0, len(ours), _BLOCK):
        block = distances(ours[start : start + _BLOCK], theirs)
        nearest[start : start + _BLOCK] = block.min(axis=1)
        np.minimum(nearest_there, block.min(axis=0), out=nearest_there)
        at = int(block.argmin())
        best = min(best, (int(block.flat[at]), start + at // len(theirs), at % len(theirs)))
    return nearest, nearest_there, best[1:]


def _spacing(compared: Sequence[Fingerprint]) -> int:
    """Milliseconds between two frames of what is compared with, as they mostly are; a second at the least. Streams of
    one film show frames at the same times.
    """
    times = sorted({each.at for each in compared if each.code == FRAME.code and each.at is not None})
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    return max(SECOND, gaps[len(gaps) // 2]) if gaps else SECOND


def _moments(frames: Sequence[Fingerprint], length: int) -> npt.NDArray[np.int64]:
    """For each frame which moment it belongs to, of `length` milliseconds each, numbered from 0 on without gaps; one of
    its own where its time is unknown.
    """
    numbers: list[int] = []
    last: object = None
    number = -1
    for frame in frames:
        moment = object() if frame.at is None else frame.at // length
        number += moment != last
        last = moment
        numbers.append(number)
    return np.asarray(numbers, dtype=np.int64)


def _percent(flags: npt.NDArray[np.bool_]) -> int:
    """How many of these are set, in whole percent, rounded down."""
    return 100 * int(np.count_nonzero(flags)) // len(flags)


def _unlike(hashes: Words) -> int:
    """How many of these, taken in order, are further than `PDQ_RADIUS` from all taken before; `WIDE_FRAMES` will do."""
    taken: list[Words] = []
    for each in hashes:
        if len(taken) == WIDE_FRAMES:
            break
        if all(int(np.bitwise_count(each ^ other).sum()) > PDQ_RADIUS for other in taken):
            taken.append(each)
    return len(taken)


def evenly(count: int, most: int) -> list[int]:
    """At most `most` places out of `count`, evenly spread, the first among them."""
    return list(range(count)) if count <= most else [at * count // most for at in range(most)]


def thinned(fingerprints: Sequence[Fingerprint], most: int, floor: int = PDQ_QUALITY_FLOOR) -> tuple[Fingerprint, ...]:
    """At most `most` fingerprints of a video: of its frames, those between whole seconds go first, then evenly. What is
    shown at one time (a frame, and what lies within its borders) stays or goes together.

    What is no frame stays; frames that cannot match (`frames_of`) go before all others.
    """
    others = [each for each in fingerprints if each.code != FRAME.code]
    frames = frames_of(fingerprints, floor)
    room = max(most - len(others), 0)
    if len(frames) > room:
        looks = looks_of(frames, attrgetter("at"))
        numbers = _moments([look[0] for look in looks], SECOND)
        first = [not at or numbers[at] != numbers[at - 1] for at in range(len(looks))]
        kept = _spread([at for at in range(len(looks)) if first[at]], looks, room)
        room -= sum(len(looks[at]) for at in kept)
        kept += _spread([at for at in range(len(looks)) if not first[at]], looks, room)
        frames = tuple(frame for at in sorted(kept) for frame in looks[at])
    return (*others, *frames)


def _spread(places: Sequence[int], looks: Sequence[Sequence[Fingerprint]], room: int) -> list[int]:
    """Of these places as many as there is room for what is there, spread evenly whatever repeats in them: taken in the
    order of their mirrored bits (van der Corput), and skipped where they do not fit.
    """
    width = max(len(places) - 1, 0).bit_length()
    chosen: list[int] = []
    for number in range(1 << width):
        at = int(f"{number:0{width}b}"[::-1], 2) if width else 0
        if at < len(places) and len(looks[places[at]]) <= room:
            chosen.append(places[at])
            room -= len(looks[places[at]])
        if not room:
            break
    return chosen


def looks_of(shown: Iterable[_ShownT], at: Callable[[_ShownT], int | None]) -> list[list[_ShownT]]:
    """What is shown, in its order, by the time that `at` says of each (ms), by itself where it says none. At most
    `LOOK` together, for whoever asks may say one time of everything.
    """
    looks: list[list[_ShownT]] = []
    before: int | None = None
    for each in shown:
        now = at(each)
        if looks and now is not None and now == before and len(looks[-1]) < LOOK:
            looks[-1].append(each)
        else:
            looks.append([each])
        before = now
    return looks
