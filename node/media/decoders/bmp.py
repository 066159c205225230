"""BMP variants that Pillow refuses: 2 bits, the short header of OS/2, and colours at any place in 16 or 32 bits.

Rules this module upholds:

- It decodes only files that Pillow refuses and that are not compressed.
- A colour of fewer than 8 bits is scaled to 0..255. A colour of more bits is cut to its 8 highest bits.

Source: Microsoft, "Bitmap Header Types" (BITMAPV5HEADER); OS/2 2.x bitmap file format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.media.decoders.decoded import Decoded, Unreliable, bounded, pixels_from
from node.media.samples import Values

_RGB, _BIT_FIELDS, _ALPHA_FIELDS = 0, 3, 6
_SHORT: Final = 12
"""Bytes of OS/2's first header. Its palette has 3 bytes per colour."""
_LONG: Final = 40
"""A header of this size or more states a compression, and may contain masks."""
_FILE_HEADER: Final = 14
_MASKS: Final = {16: (0x7C00, 0x03E0, 0x001F), 32: (0xFF0000, 0xFF00, 0xFF)}
_PALETTES: Final = (1, 2, 4, 8)
_BYTE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """`size`: bytes of the information header; `start`: offset of the rows."""

    size: int
    start: int
    width: int
    height: int
    top_down: bool
    bits: int
    colours: int
    masks: tuple[int, int, int]

    @property
    def row_bytes(self) -> int:
        return (self.width * self.bits + 31) // 32 * 4


def decode(data: bytes) -> Decoded:
    """Decodes a bitmap. Raises any exception."""
    header = _header(data)
    bounded("BMP", header.width, header.height, sample_bytes=4)
    size = header.row_bytes * header.height
    if header.start + size > len(data):
        raise EOFError
    rows = np.frombuffer(data, np.uint8, size, header.start).reshape(header.height, header.row_bytes)
    values = _mapped(data, rows, header) if header.bits in _PALETTES else _direct(rows, header)
    return Decoded(pixels=pixels_from(values if header.top_down else values[::-1]))


def _header(data: bytes) -> _Header:
    start, size = struct.unpack_from("<II", data, 10)
    if size == _SHORT:
        width, height, _, bits = struct.unpack_from("<4H", data, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    compression, colours, masks = _RGB, 0, _MASKS.get(bits, (0, 0, 0))
    if size >= _LONG:
        compression, colours = struct.unpack_from("<I12xI", data, 30)
        if compression in (_BIT_FIELDS, _ALPHA_FIELDS):
            masks = struct.unpack_from("<3I", data, _FILE_HEADER + _LONG)
    if compression not in (_RGB, _BIT_FIELDS, _ALPHA_FIELDS) or bits not in (*_PALETTES, 16, 24, 32):
        raise ValueError("unsupported compression or depth")
    return _Header(
        size=size,
        start=start,
        width=width,
        height=abs(height),
        top_down=height < 0,
        bits=bits,
        colours=min(colours or 256, 256),
        masks=masks,
    )


def _mapped(data: bytes, rows: npt.NDArray[np.uint8], header: _Header) -> Values:
    """Replaces indices with the colours of the palette. Missing colours are black, as in Windows."""
    each = 3 if header.size == _SHORT else 4
    at = _FILE_HEADER + header.size
    count = min(header.colours, 1 << header.bits, max(0, header.start - at) // each)
    table = np.zeros((256, 3), np.uint8)
    table[:count] = np.frombuffer(data, np.uint8, count * each, at).reshape(count, each)[:, 2::-1]
    bits = np.unpackbits(rows, axis=1).reshape(header.height, -1, header.bits)
    weights = (1 << np.arange(header.bits - 1, -1, -1)).astype(np.uint8)
    return np.asarray(table[(bits @ weights)[:, : header.width]])


def _direct(rows: npt.NDArray[np.uint8], header: _Header) -> Values:
    if header.bits == 24:  # noqa: PLR2004  (blue, green, red)
        return np.ascontiguousarray(rows[:, : header.width * 3].reshape(header.height, header.width, 3)[:, :, ::-1])
    pixels = rows.view("<u2" if header.bits == 16 else "<u4")[:, : header.width]  # noqa: PLR2004
    made = np.empty((header.height, header.width, 3), np.uint8)
    for channel, mask in enumerate(header.masks):
        made[:, :, channel] = _channel(pixels, mask)
    return made


def _channel(pixels: npt.NDArray[np.unsignedinteger], mask: int) -> Values:
    """Returns one colour: the adjacent bits of a mask."""
    shift = (mask & -mask).bit_length() - 1 if mask else 0
    width = (mask >> shift).bit_length()
    if mask >> shift != (1 << width) - 1:
        raise Unreliable("a BMP whose pixels cannot be decoded reliably: its masks of colours make no sense")
    if not width:
        return np.zeros(pixels.shape, np.uint8)
    values = (pixels & np.uint32(mask)) >> np.uint32(shift)
    if width > _BYTE:
        return np.asarray((values >> np.uint32(width - _BYTE)).astype(np.uint8))
    table = np.rint(np.arange(1 << width) * (255.0 / ((1 << width) - 1))).astype(np.uint8)
    return np.asarray(table[values])
