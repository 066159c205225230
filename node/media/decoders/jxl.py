"""JPEG XL by libjxl (imagecodecs).

Rules this module upholds:

- The size and the animation flag are read from the codestream's first bits, before libjxl gets a byte.
- The first frame is the picture. If there are more frames, the note says that they were not examined.

Source: ISO/IEC 18181-1:2024, annexes D.2 and D.3 (size and metadata); 18181-2, clause 9 (boxes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import imagecodecs
import numpy as np

from node.errors import MediaError
from node.media.decoders.boxes import boxes
from node.media.decoders.decoded import Decoded, bounded
from node.media.decoders.single import of_samples

_STREAM: Final = b"\xff\x0a"
_NAME: Final = "JPEG XL"
_HEAD: Final = 64
"""Bytes of a codestream that are read to find its size. All fields together are shorter."""
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height by code, from 1."""
_MOVES: Final = "only its first frame was read: the further frames of an animated JPEG XL are not decoded"
_MOST_BYTES_A_PIXEL: Final = 16
"""Bytes of four channels of 32-bit floats."""


def decode(data: bytes) -> Decoded:
    """Decodes a JPEG XL. Raises any exception."""
    head = b"".join(_stream(data))[:_HEAD]
    if not head.startswith(_STREAM):
        raise EOFError
    width, height, moves = _header(_Bits(head[len(_STREAM) :]))
    bounded(_NAME, width, height)
    values = np.asarray(imagecodecs.jpegxl_decode(data, index=0, numthreads=1))
    bounded(_NAME, values.shape[1], values.shape[0], sample_bytes=_MOST_BYTES_A_PIXEL // 4)
    return of_samples(values, values.dtype.itemsize * 8, note=_MOVES if moves else "")


def _stream(data: bytes) -> Iterator[bytes]:
    """Returns the first bytes of the codestream: of the file itself, or of its boxes."""
    if data.startswith(_STREAM):
        yield data[:_HEAD]
        return
    for kind, start, end in boxes(data, 0, len(data)):
        if kind == b"jxlc":
            yield data[start : min(end, start + _HEAD)]
        elif kind == b"jxlp":  # behind a number of 4 bytes
            yield data[start + 4 : min(end, start + 4 + _HEAD)]


class _Bits:
    """Reads bits as JPEG XL packs them: the least significant bit of each byte first. Raises `EOFError` after
    the end.
    """

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise EOFError
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return taken


def _header(bits: _Bits) -> tuple[int, int, bool]:
    """Returns width, height, and whether the header states an animation. A preview counts as an animation, because the
    answer would follow it.
    """
    width, height = _size(bits)
    if bits.take(1):  # all that follows has its usual value
        return width, height, False
    if not bits.take(1):
        return width, height, False
    orientation = bits.take(3) + 1
    if bits.take(1):
        _size(bits)
    moves = bool(bits.take(1)) or bool(bits.take(1))
    return (height, width, moves) if orientation > 4 else (width, height, moves)  # noqa: PLR2004  (turned by 90 degrees)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    height = _length(bits, small=bool(small))
    ratio = bits.take(3)
    if not ratio:
        return _length(bits, small=bool(small)), height
    if ratio > len(_RATIOS):
        raise MediaError("damaged JPEG XL: its header cannot be read")
    across, down = _RATIOS[ratio - 1]
    return height * across // down, height


def _length(bits: _Bits, *, small: bool) -> int:
    if small:
        return (bits.take(5) + 1) * 8
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


def prepare() -> None:
    """Loads the codec."""
    imagecodecs.jpegxl_decode  # noqa: B018  (it is loaded when it is first named)
