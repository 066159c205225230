"""Which static segment and which tail each kind of fingerprint has.

Rules this module upholds:

- The choice is made by what the kind is (`FingerprintKind`), in one place.
- A segment that comes from a file is held against what `build` makes, in every number that a kernel trusts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Final

import numpy as np

from node.domain.fingerprints import PDQ, FingerprintKind
from node.domain.roster import PDQ_RADIUS_CAP
from node.errors import Damaged
from node.match import digest_segment, flat_segment, mih
from node.match.digests import DigestTable
from node.match.flat import DEAD, Columns, FlatTable
from node.match.segments import Allocate, Array, Part, Shape, array_of

CHUNK_BLOCK: Final = 16
"""Values of a chunk in one block of its table (`mih_kernels.BLOCK`, which is not imported for it: Numba comes with it).
"""
WIDE_COLUMNS: Final = CHUNK_BLOCK + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptSegment(mih.Segment):
    """A segment of 256-bit hashes that can say of what arrays it consists."""

    def arrays(self) -> Mapping[str, Array]:
        """All of it by name."""
        return {name: getattr(self, name) for name in _ARRAYS}


_ARRAYS: Final = tuple(each.name for each in fields(mih.Segment) if each.name != "plans")


def shape_of(kind: FingerprintKind) -> Shape:
    """The table of a kind that is searched."""
    if kind.exact:
        width = kind.size // 4
        return Shape(
            word=np.uint32,
            tail=lambda: DigestTable(kind.size),
            build=partial(digest_segment.build, width=width),
            opened=partial(digest_segment.opened, width=width),
        )
    if kind is PDQ:
        return Shape(word=np.uint64, tail=lambda: FlatTable(kind.size), build=_build_chunks, opened=_opened_chunks)
    return Shape(
        word=np.uint64, tail=lambda: FlatTable(kind.size), build=flat_segment.build, opened=flat_segment.opened
    )


def _build_chunks(parts: Sequence[Part], allocate: Allocate, progress: Callable[[int, int], None]) -> KeptSegment:
    made = mih.build([_live(part) for part in parts], radius=PDQ_RADIUS_CAP, allocate=allocate, progress=progress)
    return KeptSegment(**{name: getattr(made, name) for name in _ARRAYS})


def _live(part: Part) -> Columns:
    live = np.flatnonzero(part.sources != DEAD)
    if len(live) == len(part.sources):
        return part.hashes, part.sources, part.rows, part.qualities
    return part.hashes[live], part.sources[live], part.rows[live], part.qualities[live]


def _opened_chunks(arrays: Mapping[str, Array]) -> KeptSegment:
    hashes = array_of(arrays, "hashes", np.uint64, (-1, mih.WORDS))
    chunks = array_of(arrays, "chunks", np.int64, (-1, 3))
    count = len(chunks)
    if not mih.FEWEST_CHUNKS <= count <= mih.MOST_CHUNKS:
        raise Damaged("the chunks of the index are too few or too many")
    widths = np.array(mih.chunk_widths(count), dtype=np.int64)
    values = np.concatenate([[0], np.cumsum(1 << widths)])
    if not np.array_equal(chunks, np.stack([np.cumsum(widths) - widths, widths, values[:-1]], axis=1)):
        raise Damaged("the chunks of the index do not lie as they should")
    size = (len(hashes),)
    return KeptSegment(
        hashes=hashes,
        sources=array_of(arrays, "sources", np.int32, size),
        rows=array_of(arrays, "rows", np.int64, size),
        qualities=array_of(arrays, "qualities", np.int8, size),
        chunks=chunks.copy(),  # trusted from here on: what the file says later counts no more
        blocks=array_of(arrays, "blocks", np.uint64, (int(values[-1]) // CHUNK_BLOCK, 2)),
        wide=array_of(arrays, "wide", np.uint32, (-1, WIDE_COLUMNS)),
        ids=array_of(arrays, "ids", np.uint32, (count * len(hashes),)),
    )
