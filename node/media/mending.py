"""Masks damage in the outermost structure of an MP4, so that a demuxer continues after it.

Rules this module upholds:

- The file does not change. The mask is applied to the bytes that the demuxer gets (`demux.Feed`).
- Only bytes that are not a box are masked, from their start to the next fragment or table. Offsets in the file do not
  change, because fragments are found by them.

Source: ISO/IEC 14496-12, 4.2 (boxes), 8.1.2 (free space).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.media.region import Region

_MAX_BOXES: Final = 100_000
"""The most boxes that are read. Fragmented films have two per few seconds."""
_MAX_SEARCH: Final = 1 << 30
"""Bytes in which the next box is searched."""
_PIECE: Final = 1 << 20
_HEAD: Final = 16
_LEAST: Final = 8
_LARGEST: Final = 64 << 20
"""The most bytes of a table that is believed."""
_KNOWN: Final = frozenset({
    b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"sidx", b"ssix", b"prft", b"emsg", b"mfra",
    b"uuid", b"pnot", b"udta", b"meta", b"pdin", b"imda", b"PICT", b"pict", b"junk",
})  # fmt: skip
_SOUGHT: Final = (b"moof", b"moov")


def covers_of(region: Region) -> dict[int, bytes]:
    """Returns replacement bytes by offset, so that every outermost box is followed by another one."""
    covers: dict[int, bytes] = {}
    at = 0
    for _ in range(_MAX_BOXES):
        if at + _LEAST > region.size:
            break
        size = _box_size(region.at(at, _HEAD), region.size - at)
        if size == 0:
            after = _next_box(region, at + 1)
            if after is None or after - at < _HEAD:
                break
            covers[at] = struct.pack(">I4sQ", 1, b"free", after - at)
            size = after - at
        at += size
    return covers


def _box_size(head: bytes, left: int) -> int:
    """Returns the bytes of the box with this head, of which `left` may exist. Returns 0 if it is no box."""
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if size == 1:
        size = int.from_bytes(head[8:], "big")
    elif size == 0 and kind in _KNOWN:  # to the end of the file
        return left
    if kind in _KNOWN:
        return size if size >= _LEAST else 0
    return size if _LEAST <= size <= left and kind.isascii() and kind.decode("ascii").isprintable() else 0


def _next_box(region: Region, start: int) -> int | None:
    """Returns where the next fragment or table begins."""
    for at in range(start, min(region.size, start + _MAX_SEARCH), _PIECE):
        data = region.at(at, _PIECE + _LEAST)
        found = sorted(place for kind in _SOUGHT for place in _places(data, kind))
        for place in found:
            size = int.from_bytes(data[place - 4 : place], "big")
            if _LEAST < size <= min(_LARGEST, region.size):
                return at + place - 4
    return None


def _places(data: bytes, kind: bytes) -> list[int]:
    places = []
    place = data.find(kind, 4)
    while place >= 0:
        places.append(place)
        place = data.find(kind, place + 1)
    return places
