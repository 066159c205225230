"""JPEG 2000: Pillow for 8 bits per sample, imagecodecs (the same OpenJPEG) for variants that Pillow reads wrongly.

Rules this module upholds:

- Pillow 13 gives wrong pictures for colour of more than 8 bits and for subsampled colour, shows fewer than 8 bits too
  dark, and refuses some files of two components. Pillow decodes all other JPEG 2000.
- Size, depth and subsampling are read from the codestream's SIZ marker before a pixel is decoded.

Source: ISO/IEC 15444-1, annexes A.5.1 (SIZ) and I.5.3 (colour).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Final

import imagecodecs
import numpy as np
from PIL import Image

from node.errors import MediaError
from node.media.decoders.boxes import boxes
from node.media.decoders.decoded import Decoded, Overstated, Unreliable, bounded, pixels_from
from node.media.decoders.single import of_samples
from node.media.pixels import pixels_of
from node.media.samples import eight_bit, rgb_of_inks

_STREAM: Final = b"\xff\x4f\xff\x51"
_NAME: Final = "JPEG 2000"
_CMYK: Final = 12
"""EnumCS of the colour specification box (ISO/IEC 15444-2, table M.25)."""
_PLAIN_COLOURS: Final = (0, 16, 17)
"""EnumCS of colours that need no conversion: not stated, sRGB, grey."""
_SIZE_BYTES, _COLOUR_BYTES = 8, 7
"""Bytes of the fields of `ihdr` and `colr` that are read."""
_TWO_SIZES: Final = "damaged JPEG 2000: its outer header states another size than its picture has"
_BYTE: Final = 8
_BLOCK_PIXELS: Final = 4096
"""The most samples of a code-block (ISO/IEC 15444-1, A.6.1)."""
_ALWAYS_DECODED: Final = 8_000_000
"""Pixels of a picture that is decoded however few bytes it has."""
_MOST_COMPONENTS: Final = 16
_MOST_DECODED: Final = 4
"""The most components that are decoded: colour and alpha. Of 2 or 4 components the last one is alpha, except with inks.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outer:
    """What the boxes around the codestream state. `at`: its offset; `size`: width and height, None if not stated;
    `colours`: EnumCS, 0 if not stated.
    """

    at: int
    size: tuple[int, int] | None = None
    colours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """The content of SIZ. `bits`: of the deepest component; `even`: all components have the same depth and full
    resolution.
    """

    width: int
    height: int
    components: int
    bits: int
    signed: bool
    even: bool


def decode(data: bytes) -> Decoded | None:
    """Decodes a JPEG 2000. Returns None if Pillow reads it. Raises any exception."""
    outer = _Outer(at=0) if data.startswith(_STREAM) else _found(data)
    header = _header(data, outer.at)
    bounded(_NAME, header.width, header.height, sample_bytes=header.components * (2 if header.bits > _BYTE else 1))
    _check_length(data, header)
    wrong = outer.size not in (None, (header.width, header.height))
    if wrong and outer.colours not in _PLAIN_COLOURS:
        raise MediaError(f"damaged {_NAME}: it states two different sizes")
    two = header.components == 2  # noqa: PLR2004  (grey and alpha)
    if header.even and header.bits == _BYTE and not two:
        return _by_pillow(data[outer.at :]) if wrong else None
    if header.components > _MOST_DECODED or header.bits > 2 * _BYTE:
        raise Unreliable("a JPEG 2000 whose pixels cannot be decoded reliably: its components are of a rare kind")
    values = np.asarray(imagecodecs.jpeg2k_decode(data[outer.at :] if wrong else data, numthreads=1))
    if values.ndim == 2:  # noqa: PLR2004  (one component)
        values = values[:, :, np.newaxis]
    if header.signed:
        values = (values.astype(np.int32) + (1 << (header.bits - 1))).astype(np.uint16)
    if outer.colours == _CMYK and header.components == 4:  # noqa: PLR2004  (one a plate)
        return Decoded(pixels=pixels_from(rgb_of_inks(eight_bit(values, header.bits))))
    return of_samples(values, header.bits, note=_TWO_SIZES if wrong else "")


def _by_pillow(stream: bytes) -> Decoded:
    """Decodes a codestream whose file states another size. Pillow would believe the file."""
    with Image.open(io.BytesIO(stream), formats=("JPEG2000",)) as image:
        image.load()
        alpha = np.asarray(image.getchannel("A")) if image.mode == "RGBA" else None
        return Decoded(pixels=pixels_of(image), alpha=alpha, note=_TWO_SIZES)


def _check_length(data: bytes, header: _Header) -> None:
    """Raises `Overstated` for a large picture with less than one byte for each code-block. The format has no such
    bound: such a file could store the lowest frequencies of a large picture. No encoder does this.
    """
    pixels = header.width * header.height
    if pixels > _ALWAYS_DECODED and pixels > len(data) * _BLOCK_PIXELS:
        raise Overstated(
            f"damaged {_NAME}: its header states {header.width} x {header.height} pixels, but a file of {len(data)} "
            f"bytes has less than one for each block of {_BLOCK_PIXELS}"
        )


def _found(data: bytes) -> _Outer:
    """Returns what the boxes state. Raises `EOFError` if there is no codestream."""
    size, colours = None, 0
    for kind, start, end in boxes(data, 0, len(data)):
        if kind == b"jp2h":
            for inner, first, last in boxes(data, start, end):
                if inner == b"ihdr" and last - first >= _SIZE_BYTES:
                    height, width = struct.unpack_from(">II", data, first)
                    size = (width, height)
                elif inner == b"colr" and last - first >= _COLOUR_BYTES and data[first] == 1 and not colours:
                    colours = int.from_bytes(data[first + 3 : first + 7])
        elif kind == b"jp2c":
            return _Outer(at=start, size=size, colours=colours)
    raise EOFError


def _header(data: bytes, at: int) -> _Header:
    """Reads SIZ. Raises `struct.error` if it is cut short, and `ValueError` if it is missing."""
    if data[at : at + 4] != _STREAM:
        raise ValueError("no codestream")
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
    (components,) = struct.unpack_from(">H", data, at + 40)
    if not 0 < components <= _MOST_COMPONENTS:
        raise Unreliable("a JPEG 2000 whose pixels cannot be decoded reliably: its components are of a rare kind")
    each = [struct.unpack_from(">3B", data, at + 42 + 3 * number) for number in range(components)]
    depths = {(depth & 0x7F) + 1 for depth, _, _ in each}
    signs = {depth >> 7 for depth, _, _ in each}
    return _Header(
        width=right - left,
        height=bottom - top,
        components=components,
        bits=max(depths),
        signed=signs == {1},
        even=len(depths) == 1 and len(signs) == 1 and all((across, down) == (1, 1) for _, across, down in each),
    )


def prepare() -> None:
    """Loads the codec."""
    imagecodecs.jpeg2k_decode  # noqa: B018  (it is loaded when it is first named)
