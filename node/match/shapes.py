"""Which static segment and which tail each kind of fingerprint has.

Rules this module upholds:

- The choice is made by what the kind is (`FingerprintKind`), in one place.
- A segment that comes from a file is held against what `build` makes, in every number that a kernel trusts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from node.domain.fingerprints import FRAME, PDQ, PDQ_RADIUS, FingerprintKind
from node.errors import Damaged
from node.match import digest_segment, flat_segment
from node.match.digests import DigestTable
from node.match.flat import DEAD, Columns, FlatTable
from node.match.mih import Segment
from node.match.mih_build import HALF, build_from, segment_of
from node.match.mih_layout import FEWEST_CHUNKS, MOST_CHUNKS, layout
from node.match.segments import Allocate, Array, Part, Progress, Shape, array_of

CHUNK_BLOCK: Final = 16
"""Values of a chunk in one block of its table (`mih_table_kernels.BLOCK`, which Numba comes with)."""
WIDE_COLUMNS: Final = CHUNK_BLOCK + 1
COPIED_AT_ONCE: Final = 1 << 20
"""Hashes that are copied together while a segment is made."""


def shape_of(kind: FingerprintKind) -> Shape:
    """The table of a kind that is searched."""
    if kind.exact:
        width = kind.size // 4
        return Shape(
            word=np.uint32,
            spares=False,
            tail=lambda: DigestTable(kind.size),
            build=partial(digest_segment.build, width=width),
            opened=partial(digest_segment.opened, width=width),
        )
    if kind in {PDQ, FRAME}:
        return Shape(
            word=np.uint64,
            spares=True,
            tail=lambda: FlatTable(kind.size),
            build=_build_chunks,
            opened=_opened_chunks,
        )
    return Shape(
        word=np.uint64,
        spares=False,
        tail=lambda: FlatTable(kind.size),
        build=flat_segment.build,
        opened=flat_segment.opened,
    )


def _build_chunks(parts: Sequence[Part], allocate: Allocate, progress: Progress) -> Segment:
    size = sum(int(np.count_nonzero(part.sources != DEAD)) for part in parts)
    pieces = (piece for part in parts for piece in _pieces(part))
    return build_from(pieces, size, radius=PDQ_RADIUS, allocate=allocate, progress=progress)


def _pieces(part: Part) -> Iterator[Columns]:
    """What is live, copied a stretch at a time, so that little is in memory twice."""
    for start in range(0, len(part.sources), COPIED_AT_ONCE):
        live = np.flatnonzero(part.sources[start : start + COPIED_AT_ONCE] != DEAD) + start
        hashes = part.hashes[live]
        if part.rests is not None:
            hashes = np.concatenate([hashes, part.rests[live]], axis=1)
        yield hashes, part.sources[live], part.rows[live], part.qualities[live]


def _opened_chunks(arrays: Mapping[str, Array]) -> Segment:
    hashes = array_of(arrays, "hashes", np.uint64, (-1, HALF))
    chunks = array_of(arrays, "chunks", np.int64, (-1, 3))
    count, size = len(chunks), (len(hashes),)
    if not FEWEST_CHUNKS <= count <= MOST_CHUNKS or not np.array_equal(chunks, layout(count)):
        raise Damaged("the chunks of the index do not lie as they should")
    values = int((1 << chunks[:, 1]).sum())
    return segment_of(
        {
            "hashes": hashes,
            "rests": array_of(arrays, "rests", np.uint64, (len(hashes), HALF)),
            "sources": array_of(arrays, "sources", np.int32, size),
            "rows": array_of(arrays, "rows", np.int64, size),
            "qualities": array_of(arrays, "qualities", np.int8, size),
            "chunks": layout(count),  # trusted from here on: what the file says later counts no more
            "blocks": array_of(arrays, "blocks", np.uint64, (values // CHUNK_BLOCK, 2)),
            "wide": array_of(arrays, "wide", np.uint32, (-1, WIDE_COLUMNS)),
            "ids": array_of(arrays, "ids", np.uint32, (count * len(hashes),)),
        }
    )
