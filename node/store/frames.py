"""The frames of stored videos and animated pictures: one packed column each, separate from the holding's row.

Rules this module upholds:

- A holding's frames are written once, with its holding, and always read whole.
- Packed: 37 bytes per frame, milliseconds u32, quality u8 (both big-endian), PDQ 32 bytes, ordered by time.
- The key is the holding's number, which only rises, so that rows are added at the right edge (`schema`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from sqlalchemy import Connection, bindparam, func, insert, select

from node.domain.batch import FingerprintColumn
from node.domain.fingerprint_kinds import FRAME
from node.domain.fingerprints import Fingerprint
from node.domain.material import VideoFrame
from node.errors import Damaged
from node.store.statements import chunks
from node.store.tables.holdings import holding_frames

_FRAME: Final = struct.Struct(">IB32s")
_COLUMNS: Final = np.dtype([("at", ">u4"), ("quality", "u1"), ("value", "u1", (FRAME.size,))])
"""The same as columns."""
FRAMES_AT_ONCE: Final = 65_536
"""Frames that are given to the index at a time: 18 hours of video, 2.4 MB, searched in a second. For pictures the
number of holdings is limit enough; each video may have thousands of frames."""
_BETWEEN: Final = (
    select(holding_frames)
    .where(holding_frames.c.holding_id.between(bindparam("first"), bindparam("last")))
    .order_by(holding_frames.c.holding_id)
)
_SIZES: Final = select(holding_frames.c.holding_id, func.length(holding_frames.c.frames)).where(
    holding_frames.c.holding_id.between(bindparam("first"), bindparam("last"))
)
_OF_ONE: Final = select(holding_frames.c.frames).where(holding_frames.c.holding_id == bindparam("of"))


def put_frames(connection: Connection, holding_id: int, frames: Sequence[VideoFrame]) -> None:
    """Writes the frames of a new holding; nothing for no frames."""
    if frames:
        packed = b"".join(_FRAME.pack(frame.at, frame.quality, frame.pdq) for frame in frames)
        connection.execute(insert(holding_frames).values(holding_id=holding_id, frames=packed))


def frames_of(connection: Connection, holding_ids: Iterable[int]) -> Mapping[int, tuple[Fingerprint, ...]]:
    """The frames of those of these holdings that have any. Raises `Damaged`."""
    found: dict[int, tuple[Fingerprint, ...]] = {}
    ids = list(holding_ids)
    if len(ids) == 1:  # for a single holding: a statement that is built once
        packed = connection.scalar(_OF_ONE, {"of": ids[0]})
        return {} if packed is None else {ids[0]: _unpacked(packed)}
    for some in chunks(ids):
        rows = select(holding_frames).where(holding_frames.c.holding_id.in_(some))
        found.update((row.holding_id, _unpacked(row.frames)) for row in connection.execute(rows))
    return found


def frame_column(connection: Connection, first: int, last: int) -> FingerprintColumn | None:
    """The frames of the holdings from `first` to `last` for the index, with the row repeated for each; None if there
    are none.
    """
    rows: list[int] = []
    packed: list[bytes] = []
    for row in connection.execute(_BETWEEN, {"first": first, "last": last}):
        rows.append(row.holding_id)
        packed.append(_whole(row.frames))
    if not rows:
        return None
    frames = np.frombuffer(b"".join(packed), dtype=_COLUMNS)
    counts = [len(each) // _FRAME.size for each in packed]
    return FingerprintColumn(
        code=FRAME.code,
        rows=np.repeat(np.asarray(rows, dtype=np.int64), counts),
        values=np.ascontiguousarray(frames["value"]),
        quality=frames["quality"].astype(np.int16),
    )


def as_many(connection: Connection, holding_ids: Sequence[int]) -> int:
    """How many of these consecutive holdings have `FRAMES_AT_ONCE` frames together; at least one."""
    rows = connection.execute(_SIZES, {"first": holding_ids[0], "last": holding_ids[-1]})
    sizes: dict[int, int] = {holding_id: size // _FRAME.size for holding_id, size in rows}
    if not sizes:
        return len(holding_ids)
    reached = accumulate(sizes.get(holding_id, 0) for holding_id in holding_ids)
    return max(1, sum(frames <= FRAMES_AT_ONCE for frames in reached))


def _whole(packed: bytes) -> bytes:
    if len(packed) % _FRAME.size:
        raise Damaged("the stored frames of a video are cut short", remedy="run fsck, then restore the newest backup")
    return packed


def _unpacked(packed: bytes) -> tuple[Fingerprint, ...]:
    return tuple(
        Fingerprint(code=FRAME.code, value=pdq, quality=quality, at=at)
        for at, quality, pdq in _FRAME.iter_unpack(_whole(packed))
    )
