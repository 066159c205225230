"""How each kind of fingerprint is searched: one row for each searched kind.

Rules this module upholds:

- A new searched kind needs one row here. The index itself contains no code for a kind.
- A search returns every hit within the radius, one for each probe and fingerprint. For frames it returns one for each
  subject and row (`node.match.videos`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from node.domain.fingerprint_kinds import FRAME, KIND_BY_CODE, MD5, PDQ, PHASH, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.search_ports import Probe, RawHit
from node.match.found import Found
from node.match.segmented import SegmentedTable
from node.match.videos import still_hits, video_hits

Tables = Mapping[int, SegmentedTable]
"""The table of each searched kind, by its code."""
Cut = Callable[[Found, Sequence[Probe], int], Found]
"""Selects from the hits of one table for these probes of a kind (its code)."""
Search = Callable[[Tables, Sequence[Probe], int, Cut], Iterator[RawHit]]
"""All hits of probes of one kind, within the radius of the policy in bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSearch:
    """`version` of the algorithm: it is raised when the same picture or the same rule would give another result."""

    version: int
    search: Search


def _alone(tables: Tables, asked: Sequence[Probe], radius: int, cut: Cut) -> Iterator[RawHit]:
    """Searches the table of the kind itself."""
    code = asked[0].code
    table = tables[code]
    values = bytearray().join([probe.value for probe in asked])
    words = np.ndarray((len(asked), table.width), table.word, values)
    found = table.near(words, KIND_BY_CODE[code].radius(radius))
    if len(found):
        for probe, source, row, distance, quality in cut(found, asked, code).hits.tolist():
            one = asked[probe]
            yield RawHit(one.subject, source, row, code, distance, quality, one.orientation)


def _stills(tables: Tables, asked: Sequence[Probe], radius: int, cut: Cut) -> Iterator[RawHit]:
    """Searches pictures, and frames that are similar to them."""
    if tables[FRAME.code].used:
        yield from still_hits(tables[FRAME.code], asked, radius)
    yield from _alone(tables, asked, radius, cut)


def _frames(tables: Tables, asked: Sequence[Probe], radius: int, _cut: Cut) -> Iterator[RawHit]:
    """Searches videos, and pictures that are similar to a frame."""
    yield from video_hits(tables[FRAME.code], tables[PDQ.code], asked, radius)


SEARCHED_KINDS: Final[Mapping[FingerprintKind, KindSearch]] = {
    MD5: KindSearch(version=1, search=_alone),
    SHA1: KindSearch(version=1, search=_alone),
    SHA256: KindSearch(version=1, search=_alone),
    PDQ: KindSearch(version=2, search=_stills),
    PHASH: KindSearch(version=2, search=_alone),
    PHOTODNA: KindSearch(version=1, search=_alone),
    FRAME: KindSearch(version=3, search=_frames),
}
SEARCHED: Final = {kind.code: kind for kind in SEARCHED_KINDS}
"""The searched kinds by their codes."""
SEARCH_OF: Final = {kind.code: row.search for kind, row in SEARCHED_KINDS.items()}
VERSIONS: Final[Mapping[str, int]] = {kind.name: row.version for kind, row in SEARCHED_KINDS.items()}
"""Kind name -> version of the algorithm."""
