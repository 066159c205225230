"""Masks damage in the outermost structure of an MP4, so that a demuxer continues after it.

Rules this module upholds:

- The file does not change. The mask is applied to the bytes that the demuxer gets (`demux.Feed`).
- Two things are masked: bytes that are not a box, from their start to the next fragment or table, and the head of a
  fragment (`moof`) that is cut or damaged. FFmpeg opens no film with such a head, although the fragments before and
  after it are whole. Offsets in the file do not change, because fragments are found by them.

Source: ISO/IEC 14496-12, 4.2 (boxes), 8.1.2 (free space), 8.8.4 to 8.8.8 (fragments and their runs).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np

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
_RUN_FIELDS: Final = 0x1, 0x4
"""Flags of a run (`trun`) for a field of four bytes each."""
_SAMPLE_FIELDS: Final = 0x100, 0x200, 0x400, 0x800
"""The same for a field of each sample: its duration, size, flags, and the time at which it is shown."""
_SIZE_FIELD: Final = 0x200


def covers_of(region: Region) -> dict[int, bytes]:
    """Returns replacement bytes by offset, so that every outermost box is followed by another one."""
    covers: dict[int, bytes] = {}
    at = 0
    for _ in range(_MAX_BOXES):
        if at + _LEAST > region.size:
            break
        head = region.at(at, _HEAD)
        size = _box_size(head, region.size - at)
        if size and head[4:8] == b"moof" and not _is_whole_fragment(region, at, size):
            size = min(size, region.size - at)
            covers[at] = struct.pack(">I4s", size, b"free") if size < _HEAD else struct.pack(">I4sQ", 1, b"free", size)
        elif size == 0:
            after = _next_box(region, at + 1)
            if after is None or after - at < _HEAD:
                break
            covers[at] = struct.pack(">I4sQ", 1, b"free", after - at)
            size = after - at
        at += size
    return covers


def _is_whole_fragment(region: Region, at: int, size: int) -> bool:
    """Tells whether the head of a fragment is all there, and its boxes fill it."""
    if at + size > region.size or size > _LARGEST:
        return False
    data = region.at(at, size)
    start = _HEAD if data[:4] == b"\0\0\0\1" else _LEAST
    return _are_filled(data, start, size)


def _are_filled(data: bytes, at: int, end: int) -> bool:
    """Tells whether boxes fill the bytes from `at` to `end`, but for a few, and whether each run is whole."""
    while at + _LEAST <= end:
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(data[at + _LEAST : at + _HEAD], "big")
        if not _LEAST <= size <= end - at or not _is_name(kind):
            return False
        if kind == b"traf" and not _are_filled(data, at + _LEAST, at + size):
            return False
        if kind == b"trun" and not _has_its_samples(data[at : at + size]):
            return False
        at += size
    return True


def _has_its_samples(run: bytes) -> bool:
    """Tells whether a run has as many bytes as its samples take, and no sample of 0 bytes, which FFmpeg refuses."""
    if len(run) < _HEAD:
        return False
    flags, count = int.from_bytes(run[9:12], "big"), int.from_bytes(run[12:16], "big")
    fields = [field for field in _SAMPLE_FIELDS if flags & field]
    start = _HEAD + 4 * sum(bool(flags & field) for field in _RUN_FIELDS)
    if len(run) < start + 4 * len(fields) * count:
        return False
    if _SIZE_FIELD not in fields:
        return True
    told = np.frombuffer(run, ">u4", len(fields) * count, start).reshape(count, len(fields))
    return bool(told[:, fields.index(_SIZE_FIELD)].all())


def _box_size(head: bytes, left: int) -> int:
    """Returns the bytes of the box with this head, of which `left` may exist. Returns 0 if it is no box."""
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if size == 1:
        size = int.from_bytes(head[8:], "big")
    elif size == 0 and kind in _KNOWN:  # to the end of the file
        return left
    if kind in _KNOWN:
        return size if size >= _LEAST else 0
    return size if _LEAST <= size <= left and _is_name(kind) else 0


def _is_name(kind: bytes) -> bool:
    return kind.isascii() and kind.decode("ascii").isprintable()


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
