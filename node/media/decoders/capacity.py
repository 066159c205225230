"""Compares the size that a header states with the bytes of the file, before a pixel is decoded.

Rules this module upholds:

- Each format has a most of pixels that a byte can hold. A file whose bytes hold less than `LEAST_SHARE` of the stated
  pixels is refused: a few damaged bytes in a header must not cost a decoder gigabytes and minutes.
- The bound is a bound of the format, not of what programs usually write: a picture of one colour is not refused.
- Of an icon, its pictures in PNG are checked.
- A format without such a bound is not here (arithmetic coding, GIF, JPEG 2000, WebP): time and memory bound its work.

Sources: qoiformat.org (2022); Truevision TGA 2.0; ZSoft PCX manual (1991); Microsoft, "DDS file layout"; RFC 1951,
3.2.5; ITU-T T.81, F.1.2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final

from node.media import icns, sniff
from node.media.decoders import jpeg
from node.media.decoders.decoded import believed
from node.media.icon import largest_first
from node.media.sniff import Format

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_BYTE: Final = 8
_QOI_RUN: Final = 62
"""Pixels of the longest run, which takes one byte."""
_DEFLATED: Final = 1032
"""Bytes that a byte of Deflate unpacks to: 258 for a length and a distance of one bit each."""
_PNG_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel, by colour type."""
_TARGA_RUN, _TARGA_PACKED = 128, 8
"""Pixels of the longest run; the bit of the image type that states runs."""
_PCX_RUN: Final = 63
"""Bytes of the longest run, which takes two bytes."""
_DDS_NAMED: Final = 4
"""The flag that says that four letters name the coding of the pixels."""
_DDS_BLOCK_PIXELS: Final = 2
"""Pixels per byte of the densest coding (BC1 and BC4: 16 pixels in 8 bytes)."""
_HUFFMAN: Final = (0xC0, 0xC1, 0xC2)
"""Frames of a JPEG in which each block takes at least one bit."""
_BLOCK_PIXELS: Final = 64
_BMP_PLAIN: Final = (0, 3, 6)
_BMP_LONG: Final = 40


def check(data: bytes, known: Format) -> None:
    """Raises `Overstated` if a file is too short for the picture size in its header. If the header is cut short or
    invalid, the decoder reports it.
    """
    for image in _images(data, known):
        if image.startswith(_PNG):
            check(image, sniff.PNG)
    stated = _STATED.get(known)
    if stated is None:
        return
    try:
        width, height, pixels_a_byte = stated(data)
    except (struct.error, IndexError):
        return
    believed(known.name, width, height, size=len(data), held=int(len(data) * pixels_a_byte))


def _images(data: bytes, known: Format) -> Sequence[bytes]:
    """Returns the images of an icon that Pillow may decode. Of a Windows icon this is the largest one."""
    if known in (sniff.ICO, sniff.CUR):
        return largest_first(data)[:1]
    return [data[each.start : each.end] for each in icns.files(data)] if known is sniff.ICNS else ()


_Stated = tuple[int, int, float]
"""Width, height, and the most pixels that a byte of the file can hold."""
_UNKNOWN: Final[_Stated] = (0, 0, 0.0)


def _qoi(data: bytes) -> _Stated:
    width, height = struct.unpack_from(">II", data, 4)
    return width, height, _QOI_RUN


def _png(data: bytes) -> _Stated:
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    bits = depth * _PNG_SAMPLES.get(colour, 0)
    return (width, height, _DEFLATED * _BYTE / bits) if bits else _UNKNOWN


def _targa(data: bytes) -> _Stated:
    width, height, depth = struct.unpack_from("<HHB", data, 12)
    pixel = (depth + 7) // _BYTE
    if data[2] & _TARGA_PACKED:
        return width, height, _TARGA_RUN / (1 + pixel)
    return width, height, _BYTE / depth


def _dds(data: bytes) -> _Stated:
    height, width = struct.unpack_from("<II", data, 12)
    flags, bits = struct.unpack_from("<I4xI", data, 80)
    if flags & _DDS_NAMED or not 0 < bits <= 128:  # noqa: PLR2004  (four floats)
        return width, height, _DDS_BLOCK_PIXELS
    return width, height, max(_DDS_BLOCK_PIXELS, _BYTE / bits)


def _pcx(data: bytes) -> _Stated:
    left, top, right, bottom = struct.unpack_from("<4H", data, 4)
    bits = data[3] * data[65]
    return (right - left + 1, bottom - top + 1, _PCX_RUN / 2 * _BYTE / bits) if bits else _UNKNOWN


def _bmp(data: bytes) -> _Stated:
    (size,) = struct.unpack_from("<I", data, 14)
    if size < _BMP_LONG:
        return _UNKNOWN
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    if compression not in _BMP_PLAIN or not bits:  # runs may leave out any number of pixels
        return _UNKNOWN
    return abs(width), abs(height), _BYTE / bits


def _jpeg(data: bytes) -> _Stated:
    frame = jpeg.frame_of(data)
    if frame is None or frame.marker not in _HUFFMAN:
        return _UNKNOWN
    return frame.width, frame.height, _BYTE * _BLOCK_PIXELS


_STATED: Final[dict[Format, Callable[[bytes], _Stated]]] = {
    sniff.QOI: _qoi,
    sniff.PNG: _png,
    sniff.TGA: _targa,
    sniff.DDS: _dds,
    sniff.PCX: _pcx,
    sniff.BMP: _bmp,
    sniff.JPEG: _jpeg,
}
