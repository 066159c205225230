"""JPEG variants that Pillow cannot read, or reads wrongly: 12 bits, lossless, and JPEG-LS.

Rules this module upholds:

- Pillow decodes baseline, extended and progressive JPEG of 8 bits, because all other programs hash its pixels. The
  check reads about a dozen segments.
- FFmpeg decodes a lossless JPEG in colour: libjpeg-turbo reads luma and colour differences as red, green and blue.

Source: ISO/IEC 10918-1, annex B; ISO/IEC 14495-1, annex C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import imagecodecs
import numpy as np

from node.media.decoders.decoded import Decoded, Unreliable, bounded
from node.media.decoders.single import by_ffmpeg, of_samples

_LOSSLESS, _LS = 0xC3, 0xF7
_FRAMES: Final = frozenset({*range(0xC0, 0xD0), _LS} - {0xC4, 0xC8, 0xCC})
_MOST_SEGMENTS: Final = 1024
_END: Final = b"\xff\xd9"
_MOST_BEHIND: Final = 1 << 16
"""The most bytes after the end of a JPEG-LS picture."""
_BYTE: Final = 8
_MOST_BYTES_A_PIXEL: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The content of a frame header. `marker`: its second byte, which states the coding."""

    marker: int
    bits: int
    width: int
    height: int
    components: int


def decode(data: bytes) -> Decoded | None:
    """Decodes a JPEG. Returns None if Pillow reads it. Raises any exception."""
    frame = frame_of(data)
    if frame is None or (frame.bits == _BYTE and frame.marker not in (_LOSSLESS, _LS)):
        return None
    bounded("JPEG", frame.width, frame.height, sample_bytes=_MOST_BYTES_A_PIXEL)
    if frame.marker == _LS:
        if _END not in data[-_MOST_BEHIND:]:  # CharLS searches a stream that is cut short for minutes
            raise EOFError
        return of_samples(imagecodecs.jpegls_decode(data), frame.bits)
    if frame.components not in (1, 3):
        raise Unreliable("a JPEG whose pixels cannot be decoded reliably: its components are of a rare kind")
    if frame.marker == _LOSSLESS and frame.components == 3:  # noqa: PLR2004  (colour)
        return by_ffmpeg("mjpeg", data)
    decoded = imagecodecs.ljpeg_decode(data) if frame.marker == _LOSSLESS else imagecodecs.jpeg8_decode(data)
    return of_samples(np.asarray(decoded), frame.bits)


def frame_of(data: bytes) -> Frame | None:
    """Returns the first frame header, or None."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if at + 10 > len(data) or data[at] != 0xFF:  # noqa: PLR2004  (what begins a marker)
            return None
        marker = data[at + 1]
        if marker in _FRAMES:
            return Frame(
                marker=marker,
                bits=data[at + 4],
                height=int.from_bytes(data[at + 5 : at + 7]),
                width=int.from_bytes(data[at + 7 : at + 9]),
                components=data[at + 9],
            )
        if marker == 0xFF:  # noqa: PLR2004  (a fill byte)
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def prepare() -> None:
    """Loads every codec."""
    for name in ("jpeg8", "jpegls", "ljpeg"):
        getattr(imagecodecs, f"{name}_decode")
