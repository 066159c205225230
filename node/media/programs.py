"""Finds video streams that begin later in a transport stream, for example a second recording after the first.

Rules this module upholds:

- It reads a few bytes of every packet of the file, because FFmpeg ignores a stream that it does not find at the
  beginning.
- Damage costs only the damaged part: if packets lose their alignment, it searches for the alignment again.

Source: ISO/IEC 13818-1, 2.4.3.2 (packets), 2.4.3.6 (streams of pictures have the ids E0 to EF).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from node.media.bitstreams import packet_bytes

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from node.media.allowance import Time
    from node.media.region import Region

_PIECE: Final = 4 << 20
_HEAD: Final = 4096
_SYNC: Final = 0x47
_MAX_LATE: Final = 16
"""The most streams that are searched."""
_LAST_START: Final = 184
"""The greatest offset in a packet of the head of a stream's unit."""


def late_pictures(region: Region, known: AbstractSet[int], given: Time) -> dict[int, int]:
    """Finds streams of pictures that are not `known` (packet identifiers). Returns the offset from which each one is to
    be read, so that the tables that name it come first.
    """
    late: dict[int, int] = {}
    table = at = 0
    while at < region.size and len(late) < _MAX_LATE and not given.is_up():
        step = packet_bytes(region.at(at, _HEAD))
        if step is None:
            at += _HEAD
            continue
        size, first = step
        at += first
        packets = _packets(region.at(at, _PIECE // size * size), size)
        if not len(packets):
            break
        after = at + len(packets) * size
        table = _look(packets, range(at, after, size), table, known, late)
        at = after
    return late


def _packets(data: bytes, size: int) -> npt.NDArray[np.uint8]:
    """Returns packets from their sync byte on, (count, size), up to the first one without a sync byte."""
    before = 4 if size == 192 else 0  # noqa: PLR2004  (see `bitstreams`)
    packets = np.frombuffer(data, dtype=np.uint8)[: len(data) // size * size].reshape(-1, size)[:, before:]
    astray = np.flatnonzero(packets[:, 0] != _SYNC)
    return packets[: max(int(astray[0]), 1)] if len(astray) else packets


def _look(
    packets: npt.NDArray[np.uint8], places: range, table: int, known: AbstractSet[int], late: dict[int, int]
) -> int:
    """Records which streams begin in these packets at `places`. Returns the offset of the last table of programs."""
    identifiers: npt.NDArray[Any] = (packets[:, 1].astype(np.uint16) & 0x1F) << 8 | packets[:, 2]
    for number in np.flatnonzero(_begins(packets)):
        identifier = int(identifiers[number])
        if identifier not in known and identifier not in late:
            tables = np.flatnonzero(identifiers[: number + 1] == 0)
            late[identifier] = places[int(tables[-1])] if len(tables) else table
    tables = np.flatnonzero(identifiers == 0)
    return places[int(tables[-1])] if len(tables) else table


def _begins(packets: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Returns in which of these packets a picture begins."""
    adapted = packets[:, 3] >> 4 & 3
    start = np.where(adapted == 3, 5 + packets[:, 4].astype(np.int64), 4)  # noqa: PLR2004  (a field in front of it)
    begins = (packets[:, 1] & 0x40 != 0) & (adapted & 1 != 0) & (start <= _LAST_START)
    rows = np.flatnonzero(begins)
    heads = packets[rows[:, np.newaxis], start[rows, np.newaxis] + np.arange(4)]
    right = (heads[:, 0] == 0) & (heads[:, 1] == 0) & (heads[:, 2] == 1) & (heads[:, 3] >> 4 == 0xE)  # noqa: PLR2004
    found = np.zeros(len(packets), dtype=np.bool_)
    found[rows[right]] = True
    return found
