"""Selects the static segment and the tail for each kind of fingerprint.

Rules this module upholds:

- Only this module chooses, by the properties of the kind (`FingerprintKind`).
- A segment from a file is compared with the form that `build` makes, in every number that a kernel trusts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from node.domain.fingerprint_kinds import FingerprintKind
from node.errors import Damaged
from node.match import digest_segment
from node.match.digests import DigestTable
from node.match.flat import DEAD, Columns, FlatTable
from node.match.mih import Segment
from node.match.mih_build import build_from, segment_of
from node.match.mih_layout import PDQ_CUT, PHASH_CUT, Cut, layout
from node.match.segments import Allocate, Array, Part, Progress, Shape, array_of

CHUNK_BLOCK: Final = 16
"""Values of a chunk in one block of its table (`mih_table_kernels.BLOCK`, which needs Numba)."""
WIDE_COLUMNS: Final = CHUNK_BLOCK + 1
CUTS: Final = {cut.bits // 8: cut for cut in (PDQ_CUT, PHASH_CUT)}
"""How perceptual hashes are cut, by their size in bytes."""
COPIED_AT_ONCE: Final = 1 << 20
"""Hashes that are copied together while a segment is made."""


def shape_of(kind: FingerprintKind) -> Shape:
    """Returns the table of a searched kind."""
    if kind.exact:
        width = kind.size // 4
        return Shape(
            word=np.uint32,
            width=width,
            row_cost=0.0,
            tail=lambda: DigestTable(kind.size),
            build=partial(digest_segment.build, width=width),
            opened=partial(digest_segment.opened, width=width),
        )
    cut = CUTS[kind.size]
    return Shape(
        word=np.uint64,
        width=cut.words,
        row_cost=cut.row_cost,
        tail=lambda: FlatTable(kind.size),
        build=partial(_build_chunks, cut=cut),
        opened=partial(_opened_chunks, cut=cut),
    )


def _build_chunks(parts: Sequence[Part], allocate: Allocate, progress: Progress, *, cut: Cut) -> Segment:
    size = sum(int(np.count_nonzero(part.sources != DEAD)) for part in parts)
    pieces = (piece for part in parts for piece in _pieces(part))
    return build_from(pieces, size, cut=cut, allocate=allocate, progress=progress)


def _pieces(part: Part) -> Iterator[Columns]:
    """Yields copies of what is live in stretches, so that little is in memory twice."""
    for start in range(0, len(part.sources), COPIED_AT_ONCE):
        live = np.flatnonzero(part.sources[start : start + COPIED_AT_ONCE] != DEAD) + start
        hashes = part.hashes[live]
        if part.rests is not None:
            hashes = np.concatenate([hashes, part.rests[live]], axis=1)
        yield hashes, part.sources[live], part.rows[live], part.qualities[live]


def _opened_chunks(arrays: Mapping[str, Array], *, cut: Cut) -> Segment:
    hashes = array_of(arrays, "hashes", np.uint64, (-1, cut.first))
    chunks = array_of(arrays, "chunks", np.int64, (-1, 3))
    count, size = len(chunks), (len(hashes),)
    if not cut.fewest <= count <= cut.most or not np.array_equal(chunks, layout(count, cut)):
        raise Damaged("the chunks of the index have the wrong layout")
    values = int((1 << chunks[:, 1]).sum())
    return segment_of(
        {
            "hashes": hashes,
            "rests": array_of(arrays, "rests", np.uint64, (len(hashes), cut.words - cut.first)),
            "sources": array_of(arrays, "sources", np.int32, size),
            "rows": array_of(arrays, "rows", np.int64, size),
            "qualities": array_of(arrays, "qualities", np.int8, size),
            "chunks": layout(count, cut),  # trusted from here on: what the file says later counts no more
            "blocks": array_of(arrays, "blocks", np.uint64, (values // CHUNK_BLOCK, 2)),
            "wide": array_of(arrays, "wide", np.uint32, (-1, WIDE_COLUMNS)),
            "ids": array_of(arrays, "ids", np.uint32, (count * len(hashes),)),
        },
        cut,
    )
