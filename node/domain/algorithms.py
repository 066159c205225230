"""Algorithms: what a hit names as its evidence, which numbers such a hit may have, and how strong it is.

Rules this module upholds:

- Each kind of fingerprint gives one algorithm (`fingerprint_kinds`). Only `VIDEOS` is not a kind: it compares all
  frames of two videos (`videos`).
- An algorithm that this version does not know has no value here. Its hits are kept, as the weakest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from node.domain.fingerprint_kinds import FRAME, KINDS, PDQ, FingerprintKind, Says

VPDQ: Final = "vpdq"
"""The algorithm of a hit of one video on another. A hit of a picture on a frame, or of a frame on a picture, has the
kind `FRAME`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Algorithm:
    """What a hit names as its evidence. `label`: how people write it.

    `asked_by`: a question needs one of these kinds to have such a hit. `searched_by`: an answer must say that it
    searched one of these. `distance`, `quality`, `times`, `shares`: whether a hit has them; `shares` are those of two
    videos, and their distance may reach the wide radius. `of_pdq`: the distance is between two PDQ hashes.
    `from_pixels`, `says`, `strength`: as of a kind.
    """

    name: str
    label: str
    asked_by: frozenset[FingerprintKind]
    searched_by: frozenset[str]
    distance: bool
    quality: bool
    times: bool
    of_pdq: bool
    from_pixels: bool
    says: Says
    strength: int
    shares: bool = False


def _of(kind: FingerprintKind) -> Algorithm:
    """The algorithm of one kind. A picture in a question may be near a frame, and a frame near a picture."""
    compared = [each for each in KINDS if each is kind or (kind.timed and each.is_pdq)]
    return Algorithm(
        name=kind.name,
        label=kind.label,
        asked_by=frozenset(compared),
        searched_by=frozenset([each.name for each in compared]),
        distance=not kind.exact,
        quality=kind.has_quality,
        times=kind.is_pdq,
        of_pdq=kind.is_pdq,
        from_pixels=kind.from_pixels,
        says=kind.says,
        strength=kind.strength,
    )


VIDEOS: Final = Algorithm(
    name=VPDQ,
    label=VPDQ,
    asked_by=frozenset({FRAME}),
    searched_by=frozenset({PDQ.name, FRAME.name}),
    distance=True,
    quality=True,
    times=True,
    of_pdq=True,
    from_pixels=False,
    says=Says.VIDEOS,
    strength=50,
    shares=True,
)
ALGORITHMS: Final = (*map(_of, KINDS), VIDEOS)
ALGORITHM_BY_NAME: Final = {each.name: each for each in ALGORITHMS}
WEAKEST: Final = 1_000
"""The strength of an algorithm that this version does not know."""


def strength_of(name: str) -> int:
    """Orders the hits on one pair of a holding and a record, the strongest first."""
    known = ALGORITHM_BY_NAME.get(name)
    return known.strength if known else WEAKEST


def told_first(name: str) -> tuple[int, int]:
    """Orders several hits for the answer to another member, the strongest first. `name`: of a known algorithm."""
    known = ALGORITHM_BY_NAME[name]
    return known.says, known.strength


@lru_cache(maxsize=256)
def possible(codes: frozenset[int]) -> frozenset[str]:
    """The algorithms by which a question with kinds of these codes can have hits."""
    return frozenset([each.name for each in ALGORITHMS if any(kind.code in codes for kind in each.asked_by)])
