"""When two videos are near (vPDQ's shares of frames), and which frames of a video are asked about.

Rules this module upholds:

- Pure, and the only place that decides when a video matches; the index proposes, and this module judges the stored
  data.
- Frames below the quality floor and repeats (hashes equal to one of the previous time) are left out on both sides.
- The query side is counted in moments, because it may have several frames in each (`VideoFingerprints.between`). A
  moment is a second, or the time between two frames of the compared video if that is longer (a long video has fewer
  frames). The compared video is counted in frames.
- Thresholds are defined here once, with unit and source.

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
"""Percent of the moments of one video, or of the frames of the other, that must be near. vPDQ publishes 80 of the
query's frames. This is half: a copy that was cut by a fraction of a second shows other frames at its whole seconds, and
of a hand-held clip with fast motion (vectors/video) 45 % at worst, 74 % on average are found again. An edit with a
large logo finds 73 to 86 % within the wide radius; unrelated clips find none. A missed match costs more than a look at
a lead, and a hit states its shares.
"""
WIDE_RADIUS: Final = 66
"""Bits of 256 within which frames count once several of one video do: a logo over a clip moves each of its frames by 22
to 88 bits, so that vPDQ itself finds 10 % of it. Thorn's perception fits 66 to 84 bits for 99.99 % precision on single
pictures; of 64,980 pairs of 361 photographs of landscapes, 6 lie within 66 bits, all but one within 48."""
WIDE_FRAMES: Final = 5
"""Frames, each unlike the others (farther apart than `PDQ_RADIUS`), that must be near on either side before the wide
radius counts: one still scene shown for a minute is one frame."""
SECOND: Final = 1_000
"""Milliseconds."""
LOOK: Final = 4
"""Most hashes of one time: a frame, and three of the inside of its borders."""
_BLOCK: Final = 256
"""How many frames of one side are compared with all of the other at a time: 30 MiB if the other side is an hour."""

Words = npt.NDArray[np.uint64]
_ShownT = TypeVar("_ShownT")


def wide_radius(radius: int) -> int:
    """The wide radius for a policy with this radius, in bits: a smaller radius also narrows the wide one."""
    return WIDE_RADIUS * radius // PDQ_RADIUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How much of two videos is near: `query_percent` of the `moments` of the query, `compared_percent` of the `frames`
    of the compared video, within `radius` bits.
    """

    query_percent: int
    compared_percent: int
    moments: int
    frames: int
    radius: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoMatch:
    """Two matching videos, and their nearest frames: `distance` bits apart, at these milliseconds or None."""

    shares: Shares
    distance: int
    query_at: int | None
    compared_at: int | None


def frames_of(fingerprints: Sequence[Fingerprint], floor: int = PDQ_QUALITY_FLOOR) -> tuple[Fingerprint, ...]:
    """The frames that count, in order: known ones of the quality floor or above, without repeats of the previous time
    (a frame, and the inside of its borders).
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
    """The query side for a video, ready to be compared with many: `frames` from `frames_of`, and their `words`."""

    frames: tuple[Fingerprint, ...]
    words: Words


def looked_for(query: Sequence[Fingerprint], floor: int = PDQ_QUALITY_FLOOR) -> LookedFor | None:
    """The same for all fingerprints of a question; None if no frame among them counts."""
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
    """Whether the query and the stored video are near by the rules above; None if not.

    `compared`: all fingerprints of the stored video, of any kind. `radius`: that of the policy, in bits; 0 is the rule
    `exact`. `turn`: the orientation (an index into `ORIENTATIONS`) in which the query is taken, as far as its bits
    determine it. The wide radius counts only for the untransformed query, and not for `exact`.
    """
    kept = frames_of(compared, floor)
    if query is None or not kept:
        return None
    asked, ours = query.frames, query.words
    # Turning one side equals turning the other back. The stored side is turned: it has fewer hashes.
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
    """The usual milliseconds between two frames of the compared video; at least a second. Streams of one film show
    frames at the same times.
    """
    times = sorted({each.at for each in compared if each.code == FRAME.code and each.at is not None})
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    return max(SECOND, gaps[len(gaps) // 2]) if gaps else SECOND


def _moments(frames: Sequence[Fingerprint], length: int) -> npt.NDArray[np.int64]:
    """For each frame its moment, of `length` milliseconds each, numbered from 0 without gaps; a moment of its own if
    its time is unknown.
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
    """How many of these, taken in order, are farther than `PDQ_RADIUS` from all earlier ones; counts up to
    `WIDE_FRAMES`.
    """
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
    """At most `most` fingerprints of a video: of its frames, those between whole seconds are dropped first, then
    evenly. The hashes of one time (a frame, and the inside of its borders) stay or are dropped together.

    Fingerprints other than frames stay; frames that cannot match (`frames_of`) are dropped before all others.
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
    """As many of these positions as there is room for, spread evenly even if something repeats in them: taken in the
    order of their mirrored bits (van der Corput), and skipped if they do not fit.
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
    """The items in order, grouped by their time `at` (ms), alone if it has none. At most `LOOK` together, because an
    asker may state one time for everything.
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
