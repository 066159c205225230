"""JPEG 2000: Pillow for 8 bits per sample, imagecodecs (the same OpenJPEG) for variants that Pillow reads wrongly.

Rules this module upholds:

- Pillow 13 gives wrong pictures for colour of more than 8 bits and for subsampled colour, shows fewer than 8 bits too
  dark, and refuses some files of two components. Pillow decodes all other JPEG 2000.
- Size, depth and subsampling are read from the codestream's SIZ marker before a pixel is decoded.

Source: ISO/IEC 15444-1, annexes A.5.1 (SIZ) and I.5.3 (colour).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import imagecodecs
import numpy as np

from node.media.decoders.boxes import boxes
from node.media.decoders.decoded import Decoded, Unreliable, bounded, pixels_from
from node.media.decoders.single import of_samples
from node.media.samples import eight_bit, rgb_of_inks

_STREAM: Final = b"\xff\x4f\xff\x51"
_NAME: Final = "JPEG 2000"
_CMYK: Final = 12
"""EnumCS of the colour specification box (ISO/IEC 15444-2, table M.25)."""
_BYTE: Final = 8
_MOST_COMPONENTS: Final = 16
_MOST_DECODED: Final = 4
"""The most components that are decoded: colour and alpha. Of 2 or 4 components the last one is alpha, except with inks.
"""


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
    at, inks = (0, False) if data.startswith(_STREAM) else _found(data)
    header = _header(data, at)
    bounded(_NAME, header.width, header.height, sample_bytes=header.components * (2 if header.bits > _BYTE else 1))
    two = header.components == 2  # noqa: PLR2004  (grey and alpha)
    if header.even and header.bits == _BYTE and not two:
        return None
    if header.components > _MOST_DECODED or header.bits > 2 * _BYTE:
        raise Unreliable("a JPEG 2000 whose pixels cannot be decoded reliably: its components are of a rare kind")
    values = np.asarray(imagecodecs.jpeg2k_decode(data, numthreads=1))
    if values.ndim == 2:  # noqa: PLR2004  (one component)
        values = values[:, :, np.newaxis]
    if header.signed:
        values = (values.astype(np.int32) + (1 << (header.bits - 1))).astype(np.uint16)
    if inks and header.components == 4:  # noqa: PLR2004  (one a plate)
        return Decoded(pixels=pixels_from(rgb_of_inks(eight_bit(values, header.bits))))
    return of_samples(values, header.bits)


def _found(data: bytes) -> tuple[int, bool]:
    """Returns the offset of the codestream, and whether its colours are inks. Raises `EOFError` if there is no
    codestream.
    """
    inks, at = False, -1
    for kind, start, end in boxes(data, 0, len(data)):
        if kind == b"jp2h":
            inks = any(
                inner == b"colr" and data[first] == 1 and int.from_bytes(data[first + 3 : first + 7]) == _CMYK
                for inner, first, last in boxes(data, start, end)
                if last - first >= 7  # noqa: PLR2004  (method, precedence, approximation, EnumCS)
            )
        elif kind == b"jp2c":
            at = start
            break
    if at < 0:
        raise EOFError
    return at, inks


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
