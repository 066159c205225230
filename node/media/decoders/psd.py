"""Photoshop documents (PSD, PSB): reads the stored flattened picture, which file managers show too.

Rules this module upholds:

- Layers are not composed, because the result depends on the program. If the file states that it has no flattened
  picture, its thumbnail is read, and the note says so.
- Alpha and spot channels after the colours are dropped.

Source: Adobe Photoshop File Formats Specification (2019), "Image Data Section" and "Image Resources".
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import imagecodecs
import numpy as np
import numpy.typing as npt
from PIL import Image

from node.errors import MediaError
from node.media.decoders.decoded import Decoded, Unreliable, bounded, pixels_from
from node.media.pixels import pixels_of
from node.media.samples import Values, eight_bit, rgb_of_inks, rgb_of_lab

_NAME: Final = "Photoshop document"
_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _MULTICHANNEL, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
_COLOURS: Final = {
    _BITMAP: 1, _GREY: 1, _INDEXED: 1, _RGB: 3, _CMYK: 4, _MULTICHANNEL: 1, _DUOTONE: 1, _LAB: 3,
}  # fmt: skip
_TYPES: Final = {8: ">u1", 16: ">u2", 32: ">f4"}
_RAW, _PACKED, _DEFLATED, _PREDICTED = 0, 1, 2, 3
_HEADER: Final = 26
_MOST_CHANNELS: Final = 56
_MOST_RESOURCES: Final = 10_000
_VERSION_INFO, _THUMBNAIL = 1057, 1036
_THUMBNAIL_HEADER: Final = 28
"""Bytes before the JPEG of a thumbnail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    big: bool
    channels: int
    height: int
    width: int
    depth: int
    mode: int

    @property
    def row_bytes(self) -> int:
        return (self.width + 7) // 8 if self.depth == 1 else self.width * self.depth // 8


def decode(data: bytes) -> Decoded:
    """Decodes a Photoshop document. Raises any exception."""
    _, version, _, channels, height, width, depth, mode = struct.unpack_from(">4sH6sHIIHH", data)
    header = _Header(big=version == 2, channels=channels, height=height, width=width, depth=depth, mode=mode)  # noqa: PLR2004  (PSB)
    colours = _COLOURS.get(mode, 0)
    if version not in (1, 2) or depth not in (1, *_TYPES) or not colours <= channels <= _MOST_CHANNELS or not colours:
        raise Unreliable("a Photoshop document of a kind that Vigil does not decode")
    bounded(_NAME, width, height, sample_bytes=colours * max(1, depth // 8))
    palette, at = _block(data, _HEADER, wide=False)
    resources, at = _block(data, at, wide=False)
    _, at = _block(data, at, wide=header.big)
    if (preview := _without_composite(resources)) is not None:
        return preview
    planes, note = _completed(_planes(data, at, header, colours), header, colours)
    values = _arranged(planes, header, colours)
    return Decoded(pixels=pixels_from(_shown(values, header, palette)), note=note)


def _completed(planes: bytes, header: _Header, colours: int) -> tuple[bytes, str]:
    """Returns all planes, and a note on the missing part. Planes are stored one after the other, so a cut RGB picture
    may have its first plane and not its last. A missing part of a colour is filled from the colour before it. The
    colours are wrong there, but PDQ uses only brightness. Raises `EOFError` if a part of the first colour is missing,
    or of any colour in another mode than RGB.
    """
    plane = header.row_bytes * header.height
    if len(planes) >= plane * colours:
        return planes, ""
    if header.mode != _RGB or len(planes) < plane:
        raise EOFError
    made = bytearray(planes)
    while (missing := plane * colours - len(made)) > 0:
        made += made[-plane:][:missing]
    whole = len(planes) // plane
    return bytes(made), f"truncated {_NAME}: {whole} of its {colours} colours are whole, the rest was filled from them"


def _block(data: bytes, at: int, *, wide: bool) -> tuple[bytes, int]:
    """Returns the content of a section after its length, and the offset of the next section."""
    (length,) = struct.unpack_from(">Q" if wide else ">I", data, at)
    at += 8 if wide else 4
    if at + length > len(data):
        raise EOFError
    return (b"" if wide else data[at : at + length]), at + length


def _without_composite(resources: bytes) -> Decoded | None:
    """Returns the thumbnail of a document that states that it has no flattened picture. Returns None if it has one."""
    found = dict(_resources(resources))
    version = found.get(_VERSION_INFO, b"")
    if len(version) < 5 or version[4]:  # noqa: PLR2004  (a number, then whether the picture is a real one)
        return None
    jpeg = found.get(_THUMBNAIL, b"")[_THUMBNAIL_HEADER:]
    if not jpeg:
        raise MediaError("a Photoshop document without a flattened picture: its layers are not decoded")
    image = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
    bounded("thumbnail", image.width, image.height)
    image.load()
    note = f"a Photoshop document without a flattened picture: its thumbnail of {image.width} x {image.height} was read"
    return Decoded(pixels=pixels_of(image), note=note)


def _resources(block: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MOST_RESOURCES):
        if block[at : at + 4] != b"8BIM" or at + 7 > len(block):
            return
        number = int.from_bytes(block[at + 4 : at + 6])
        at += 6 + (block[at + 6] + 2 & ~1)  # a name with its length, padded to an even number of bytes
        size = int.from_bytes(block[at : at + 4])
        yield number, block[at + 4 : at + 4 + size]
        at += 4 + (size + 1 & ~1)


def _planes(data: bytes, at: int, header: _Header, colours: int) -> bytes:
    """Returns the existing bytes of the colour planes, unpacked, one plane after the other."""
    (compression,) = struct.unpack_from(">H", data, at)
    at += 2
    size = header.row_bytes * header.height * colours
    if compression == _RAW:
        planes = data[at : at + size]
    elif compression == _PACKED:
        planes = _unpacked(data, at, header, colours)
    elif compression in (_DEFLATED, _PREDICTED):
        planes = zlib.decompressobj().decompress(memoryview(data)[at:], size)
    else:
        raise Unreliable("a Photoshop document of a kind that Vigil does not decode")
    if compression != _PREDICTED:
        return planes
    if len(planes) < size:
        raise EOFError
    return _summed(planes, header, colours)


def _unpacked(data: bytes, at: int, header: _Header, colours: int) -> bytes:
    """Unpacks rows that are packed by PackBits. A table states the length of each row for all channels."""
    rows, all_rows = header.height * colours, header.height * header.channels
    kind = ">u4" if header.big else ">u2"
    lengths = np.frombuffer(data, kind, all_rows, at)[:rows]
    at += all_rows * lengths.itemsize
    made = bytearray(rows * header.row_bytes)
    for row, length in enumerate(lengths.tolist()):
        if at + length > len(data):
            return bytes(made[: row * header.row_bytes])
        unpacked = imagecodecs.packbits_decode(data[at : at + length], out=header.row_bytes)
        if len(unpacked) < header.row_bytes:
            return bytes(made[: row * header.row_bytes])
        made[row * header.row_bytes : (row + 1) * header.row_bytes] = unpacked[: header.row_bytes]
        at += length
    return bytes(made)


def _summed(planes: bytes, header: _Header, colours: int) -> bytes:
    """Converts rows of differences to values (the predictor of TIFF 6.0, and the one of its technical note 3 for
    floats).
    """
    if header.depth == 32:  # noqa: PLR2004  (floats: bytes of one weight lie together)
        rows = np.frombuffer(planes, np.uint8).reshape(header.height * colours, header.row_bytes)
        ordered = np.cumsum(rows, axis=1, dtype=np.uint8).reshape(-1, 4, header.width)
        return np.ascontiguousarray(ordered.swapaxes(1, 2)).tobytes()
    kind = np.dtype(_TYPES[header.depth])
    rows = np.frombuffer(planes, kind).reshape(header.height * colours, header.width)
    return np.cumsum(rows, axis=1, dtype=kind.newbyteorder("=")).astype(kind).tobytes()


def _arranged(planes: bytes, header: _Header, colours: int) -> npt.NDArray[Any]:
    """Returns the values with the shape (height, width, colours), in the byte order of this machine."""
    if header.depth == 1:
        rows = np.frombuffer(planes, np.uint8).reshape(header.height, header.row_bytes)
        return np.asarray(np.unpackbits(rows, axis=1)[:, : header.width, np.newaxis] == 0)  # 1 is black
    kind = np.dtype(_TYPES[header.depth])
    shaped = np.frombuffer(planes, kind).reshape(colours, header.height, header.width)
    return np.ascontiguousarray(np.moveaxis(shaped, 0, 2)).astype(kind.newbyteorder("="), copy=False)


def _shown(values: npt.NDArray[Any], header: _Header, palette: bytes) -> Values:
    if header.mode == _INDEXED:
        if len(palette) < 3 * 256 or values.dtype != np.uint8:
            raise MediaError("damaged Photoshop document: its palette is too short")
        table = np.frombuffer(palette, np.uint8, 3 * 256).reshape(3, 256).T
        return np.ascontiguousarray(table[values[:, :, 0]])
    if header.mode == _LAB and header.depth not in (8, 16):
        raise Unreliable("a Photoshop document of a kind that Vigil does not decode")
    if header.mode == _LAB:
        return rgb_of_lab((values >> (header.depth - 8)).astype(np.uint8))
    eight = eight_bit(values, header.depth)
    if header.mode == _CMYK:
        return rgb_of_inks(255 - eight)  # 0 is full ink
    return 255 - eight if header.mode == _MULTICHANNEL else eight
