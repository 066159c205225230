"""The strips and tiles of a TIFF: whether they are enough for its size, and whether they were overwritten.

Rules this module upholds:

- It reads directories and searches bytes. It decodes nothing and never raises for the content of a file, except
  `Overstated`.

Source: TIFF 6.0, sections 3 and 15; ITU-T T.6.
"""

from __future__ import annotations

from typing import Final

from node.media.decoders import ifd
from node.media.decoders.decoded import believed

_IN_PLANES: Final = 2
_FAX_4, _OLD_JPEG = 4, 6
"""Compressions: ITU-T T.6, and the first form of JPEG."""
_WIPED: Final = bytes(8)
_BYTE: Final = 8


def lacks_segments(data: bytes) -> bool:
    """Tells whether the first picture has fewer strips or tiles than its size needs. Pillow shows their pixels as
    black.
    """
    first = next(ifd.directories(data), None)
    starts = _starts(first) if first else ()
    return first is not None and bool(starts) and len(starts) < _needed(first)


def has_wiped_fax(data: bytes) -> bool:
    """Tells whether a stretch of fax data was overwritten with zeros (ITU-T T.6: no code has 64 zeros). libtiff shows
    wrong rows from there on and reports nothing.
    """
    first = next(ifd.directories(data), None)
    if first is None or first.first(ifd.COMPRESSION, 1) != _FAX_4:
        return False
    return any(_WIPED in data[start : start + length].rstrip(b"\0") for start, length in first.segments)


def _starts(first: ifd.Directory) -> tuple[int, ...]:
    """Returns the offsets of strips or tiles. Returns () if they are not stated, or are stated differently (compression
    6).
    """
    if first.first(ifd.COMPRESSION, 1) == _OLD_JPEG:
        return ()
    return first.values.get(ifd.TILE_OFFSETS) or first.values.get(ifd.STRIP_OFFSETS) or ()


def _needed(first: ifd.Directory) -> int:
    """Returns how many strips or tiles the picture must have."""
    width, length = first.first(ifd.WIDTH), first.first(ifd.LENGTH)
    across, down = _segment_size(first)
    planes = first.first(ifd.SAMPLES, 1) if first.first(ifd.PLANAR, 1) == _IN_PLANES else 1
    return -(-width // across) * -(-length // down) * planes


def _segment_size(first: ifd.Directory) -> tuple[int, int]:
    """Returns columns and rows of a strip or tile in pixels. A strip without a stated height is the whole picture."""
    width, length = max(first.first(ifd.WIDTH), 1), max(first.first(ifd.LENGTH), 1)
    if ifd.TILE_OFFSETS in first.values:
        return first.first(ifd.TILE_WIDTH) or width, first.first(ifd.TILE_LENGTH) or length
    return width, min(first.first(ifd.ROWS_PER_STRIP) or length, length)


def check_segments(data: bytes, first: ifd.Directory) -> None:
    """Raises `Overstated` if the strips or tiles that begin in the file hold too little of the picture. The bound is
    their total size, and without compression also the number of bytes.
    """
    width, length, starts = first.first(ifd.WIDTH), first.first(ifd.LENGTH), _starts(first)
    if not starts:
        return
    across, down = _segment_size(first)
    held = sum(start < len(data) for start in starts) * min(across, width) * min(down, length)
    if first.first(ifd.COMPRESSION, 1) == 1:
        held = min(held, len(data) * _BYTE // max(first.first(ifd.BITS, 1), 1))
    believed("TIFF", width, length, size=len(data), held=held)
