"""What the index found, as a person wants to read it: one lead for each thing found, the best evidence first.

Rules this module upholds:

- Pure: raw hits in, the same values out, fewer and in order. The order is total, so the same hits come out the same.
- Nothing is hidden but more evidence for the same thing: each (subject, source, row) that came in goes out once. Twice
  where what speaks first is a mere proposal (two videos, yet to be judged) and there is evidence beside it, as of an
  animated picture, which is a picture too: that comes out in its own place, behind it, for the one who judges.
- Only an equal SHA-256 counts as the same file. An equal MD5 or SHA-1 can be forged, so where PDQ says the same of the
  same row it is PDQ that speaks for it; a lead that shows a weak digest has nothing better.
- Frames of videos only propose a lead (whether two videos match is judged later): they never take the place of a hit
  that stands by itself.
- pHash is a second opinion. It breaks ties between PDQ hits, and speaks alone only at the very end of the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Final

from node.domain.fingerprint_kinds import KIND_BY_CODE, PHASH_RADIUS, Says
from node.domain.search_ports import RawHit


class Evidence(IntEnum):
    """How strong everything known of one row is together, strongest first."""

    SAME_FILE = 0
    WEAK_DIGEST_AND_PICTURE = 1
    WEAK_DIGEST = 2
    PICTURE = 3
    VIDEOS = 4
    FRAME = 5
    SECOND_OPINION = 6


NO_OPINION: Final = PHASH_RADIUS + 1
"""Where pHash found nothing, it ranks as one bit past its radius."""


def rank(hits: Iterable[RawHit]) -> list[RawHit]:
    """The best hit of each (subject, source, row), and what stands behind a mere proposal: by subject, then best first.

    First come equal SHA-256, then equal SHA-1 or MD5 (those that PDQ bears out before those that it does not), then PDQ
    by distance, by quality and by how near pHash is, then two videos, then a picture and a frame, and last pHash alone.
    """
    rows: dict[tuple[int, int, int], list[RawHit]] = {}
    for hit in hits:
        rows.setdefault((hit.subject, hit.source, hit.row), []).append(hit)
    placed = [each for found in rows.values() for each in _places(found)]
    return [best for _, best in sorted(placed, key=lambda placed: placed[0])]


def _places(found: Sequence[RawHit]) -> Iterator[tuple[tuple[int, ...], RawHit]]:
    """(Sort key, hit to show) of all that was found of one row by one subject; two where the first is a proposal."""
    key, best = _place(found)
    yield key, best
    if _proposes(best) and (sure := [hit for hit in found if not _proposes(hit)]):
        yield _place(sure)


def _proposes(hit: RawHit) -> bool:
    """Whether it says of two videos that they may match."""
    return not hit.by and KIND_BY_CODE[hit.code].timed


def _says(hit: RawHit) -> Says:
    """What it says of its two sides. Frames alone propose two videos; where one side is a still, it is like a frame."""
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
    """The nearest; of several the better quality, of these the orientation that needs the least turning, and the whole
    picture before its inside (whose orientations are counted on behind, see `Probe`).
    """
    return min(hits, key=lambda hit: (hit.distance, -hit.quality, hit.orientation))
