"""Builds a segment of perceptual hashes (`node.match.mih`) in memory that the caller provides.

Rules this module upholds:

- In addition to the segment and its source parts, building needs 4 bytes per value of one chunk.
- The result depends only on the hashes and their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from node.match.flat import DEAD, Columns
from node.match.mih import Segment
from node.match.mih_layout import WORD, Cut, best_chunks, layout
from node.match.segments import Allocate, in_memory


def build(
    parts: Sequence[Columns],
    *,
    cut: Cut,
    chunks: int = 0,
    allocate: Allocate = in_memory,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Segment:
    """Builds a segment of the columns of all `parts`, copied: hashes of the size of `cut`. `chunks`: their number, 0
    for the best number.

    It asks `allocate` once for each array of the segment, and reports to `progress` after each chunk how many are done.
    In addition to the segment and the parts it needs 4 bytes per value of the widest chunk.
    """
    size = sum(len(part[0]) for part in parts)
    return build_from(parts, size, cut=cut, chunks=chunks, allocate=allocate, progress=progress)


def build_from(
    pieces: Iterable[Columns],
    size: int,
    *,
    cut: Cut,
    chunks: int = 0,
    allocate: Allocate = in_memory,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Segment:
    """Works like `build` with pieces that are taken one after another, and hold at most `size` hashes together. A slot
    without a hash, or with a dead source, is empty.
    """
    laid = layout(chunks or best_chunks(size, cut), cut)
    columns = {
        "hashes": allocate("hashes", (size, cut.first), np.dtype(np.uint64)),
        "rests": allocate("rests", (size, cut.words - cut.first), np.dtype(np.uint64)),
        "sources": allocate("sources", (size,), np.dtype(np.int32)),
        "rows": allocate("rows", (size,), np.dtype(np.int64)),
        "qualities": allocate("qualities", (size,), np.dtype(np.int8)),
        "chunks": allocate("chunks", laid.shape, laid.dtype),
    }
    columns["chunks"][:] = laid
    at = 0
    for hashes, *labels in pieces:
        here = slice(at, at + len(hashes))
        columns["hashes"][here], columns["rests"][here] = hashes[:, : cut.first], hashes[:, cut.first :]
        columns["sources"][here], columns["rows"][here], columns["qualities"][here] = labels
        at = here.stop
    columns["sources"][at:] = DEAD
    empty = columns["sources"] == DEAD
    for name in ("hashes", "rests", "rows", "qualities"):
        columns[name][empty] = 0  # what was removed while it was copied, too
    return segment_of(columns | _tables(columns["hashes"], columns["rests"], laid, allocate, progress), cut)


def segment_of(arrays: Mapping[str, NDArray[Any]], cut: Cut) -> Segment:
    """Makes a segment of these arrays (`node.match.mih.ARRAYS`), which are trusted."""
    return Segment(
        hashes=arrays["hashes"],
        rests=arrays["rests"],
        sources=arrays["sources"],
        rows=arrays["rows"],
        qualities=arrays["qualities"],
        chunks=arrays["chunks"],
        blocks=arrays["blocks"],
        wide=arrays["wide"],
        ids=arrays["ids"],
        cut=cut,
    )


def _tables(
    hashes: NDArray[np.uint64],
    rests: NDArray[np.uint64],
    laid: NDArray[np.int64],
    allocate: Allocate,
    progress: Callable[[int, int], None],
) -> dict[str, NDArray[Any]]:
    """Returns `blocks`, `ids` and `wide` of the hashes."""
    from node.match import mih_table_kernels as kernels  # noqa: PLC0415  (Numba is imported when it is needed)

    size, values = len(hashes), int((1 << laid[:, 1]).sum())
    blocks = allocate("blocks", (values // kernels.BLOCK, 2), np.dtype(np.uint64))
    ids = allocate("ids", (len(laid) * size,), np.dtype(np.uint32))
    wide: list[NDArray[np.uint32]] = []
    words = [*hashes.T, *rests.T]
    for k, (start, width, table) in enumerate(laid.tolist()):
        word = start // WORD
        where = words[word], words[min(word + 1, len(words) - 1)], start % WORD, width
        counts = in_memory("counts", (1 << width,), np.dtype(np.uint32))  # zeros, as the system gives them
        kernels.count_values(*where, counts)
        crowds = int(np.count_nonzero(counts.reshape(-1, kernels.BLOCK).max(axis=1) >= kernels.BLOCK))
        rows_here = np.empty((crowds, kernels.WIDE_COLUMNS), dtype=np.uint32)
        first = table // kernels.BLOCK
        here = blocks[first : first + (1 << width) // kernels.BLOCK]
        kernels.write_blocks(counts, here, rows_here, sum(map(len, wide)))
        wide.append(rows_here)
        kernels.place_ids(*where, counts, ids[k * size : (k + 1) * size])
        progress(k + 1, len(laid))
    # Last, for only now is it known how many blocks are wide.
    crowded = allocate("wide", (sum(map(len, wide)), kernels.WIDE_COLUMNS), np.dtype(np.uint32))
    np.concatenate([crowded[:0], *wide], out=crowded)
    return {"blocks": blocks, "ids": ids, "wide": crowded}
