"""Orders the index's results for a person: one lead for each thing found, the best evidence first.

Rules this module upholds:

- Pure: raw hits in, the same values out, fewer and in order. The order is total, so the same hits come out the same.
- Only further evidence for the same thing is dropped: each (subject, source, row) that comes in goes out once. It goes
  out twice if the first result is only a proposal (two videos, not judged yet) and there is other evidence, as for an
  animated picture, which is also a picture: that evidence follows in its own place.
- Only an equal SHA-256 counts as the same file. An equal MD5 or SHA-1 can be forged. If PDQ matches the same row, the
  lead shows PDQ; a lead with a weak digest has nothing better.
- Frames of videos only propose a lead (two videos are judged later): they never replace a hit that counts by itself.
- pHash is a second opinion. It breaks ties between PDQ hits, and a hit by pHash alone comes at the very end of the
  list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Final

from node.domain.fingerprint_kinds import KIND_BY_CODE, PHASH_RADIUS, Says
from node.domain.search_ports import RawHit


class Evidence(IntEnum):
    """The strength of all evidence for one row together, strongest first."""

    SAME_FILE = 0
    WEAK_DIGEST_AND_PICTURE = 1
    WEAK_DIGEST = 2
    PICTURE = 3
    VIDEOS = 4
    FRAME = 5
    SECOND_OPINION = 6


NO_OPINION: Final = PHASH_RADIUS + 1
"""Without a pHash match, a hit ranks as one bit past pHash's radius."""


def rank(hits: Iterable[RawHit]) -> list[RawHit]:
    """Returns the best hit of each (subject, source, row), and the evidence behind a mere proposal: by subject, then
    best first.

    The order: equal SHA-256; equal SHA-1 or MD5 (those with a PDQ match first); PDQ by distance, quality, and distance
    of pHash; two videos; a picture and a frame; pHash alone.
    """
    rows: dict[tuple[int, int, int], list[RawHit]] = {}
    for hit in hits:
        rows.setdefault((hit.subject, hit.source, hit.row), []).append(hit)
    placed = [each for found in rows.values() for each in _places(found)]
    return [best for _, best in sorted(placed, key=lambda placed: placed[0])]


def _places(found: Sequence[RawHit]) -> Iterator[tuple[tuple[int, ...], RawHit]]:
    """Returns (sort key, hit to show) for all evidence on one row and one subject. There are two if the first is a
    proposal.
    """
    key, best = _place(found)
    yield key, best
    if _proposes(best) and (sure := [hit for hit in found if not _proposes(hit)]):
        yield _place(sure)


def _proposes(hit: RawHit) -> bool:
    """Tells whether it proposes a match of two videos."""
    return not hit.by and KIND_BY_CODE[hit.code].timed


def _says(hit: RawHit) -> Says:
    """Returns the kinds of its two sides. Frames alone propose two videos. If one side is a still, it is similar to a
    frame.
    """
    if hit.by:
        return Says.FRAME
    kind = KIND_BY_CODE[hit.code]
    return Says.VIDEOS if kind.timed else kind.says


def _place(found: Sequence[RawHit]) -> tuple[tuple[int, ...], RawHit]:
    evidence, best = _weigh(found)
    opinion = min((hit.distance for hit in found if KIND_BY_CODE[hit.code].second_opinion), default=NO_OPINION)
    key = (best.subject, evidence, best.distance, -best.quality, opinion, best.source, best.row)
    return key, best


def _weigh(found: Sequence[RawHit]) -> tuple[Evidence, RawHit]:
    said: dict[Says, list[RawHit]] = {}
    for hit in found:
        said.setdefault(_says(hit), []).append(hit)
    if same := said.get(Says.SAME_FILE):
        return Evidence.SAME_FILE, _nearest(same)
    weak, picture = said.get(Says.FORGEABLE), said.get(Says.PICTURE)
    if weak and picture:
        return Evidence.WEAK_DIGEST_AND_PICTURE, _nearest(picture)
    if weak:
        strongest = min(KIND_BY_CODE[hit.code].strength for hit in weak)
        return Evidence.WEAK_DIGEST, _nearest([hit for hit in weak if KIND_BY_CODE[hit.code].strength == strongest])
    if picture:
        return Evidence.PICTURE, _nearest(picture)
    if videos := said.get(Says.VIDEOS):
        return Evidence.VIDEOS, _nearest(videos)
    if frames := said.get(Says.FRAME):
        return Evidence.FRAME, _nearest(frames)
    return Evidence.SECOND_OPINION, _nearest(found)


def _nearest(hits: Sequence[RawHit]) -> RawHit:
    """Returns the nearest. Among several it prefers the better quality, then the orientation with the least turning,
    then the whole picture before its inside (whose orientations continue the count, see `Probe`).
    """
    return min(hits, key=lambda hit: (hit.distance, -hit.quality, hit.orientation))
