"""Colour PNG of 16 bits. A sensor may have used 12 of them or fewer, but Pillow keeps only the 8 highest.

Rules this module upholds:

- Pillow decodes every other PNG. It also gets a PNG that libpng (imagecodecs) refuses, and reports the error.
- Pillow decodes an animated or interlaced PNG.

Source: PNG (third edition), 11.2.1 (IHDR) and 11.3.6.1 (acTL).
"""

from __future__ import annotations

import struct
from typing import Final

import imagecodecs
import numpy as np

from node.media.decoders.decoded import MAX_SAMPLE_BYTES, Decoded, bounded
from node.media.decoders.single import of_samples

_DEEP: Final = 16
_IN_COLOUR: Final = (2, 6)
_ANIMATION: Final = b"acTL"
_BEFORE_DATA: Final = b"IDAT"


def decode(data: bytes) -> Decoded | None:
    """Decodes a PNG. Returns None if Pillow reads it."""
    if len(data) < 29 or data[24] != _DEEP or data[25] not in _IN_COLOUR or data[28]:  # noqa: PLR2004  (IHDR)
        return None
    first = data.find(_BEFORE_DATA)
    if first < 0 or data.find(_ANIMATION, 0, first) >= 0:
        return None
    width, height = struct.unpack_from(">II", data, 16)
    if (
        width * height * (6 if data[25] == _IN_COLOUR[0] else 8) > MAX_SAMPLE_BYTES
    ):  # Pillow keeps 8 bits from the start
        return None
    bounded("PNG", width, height)
    try:
        values = np.asarray(imagecodecs.png_decode(data))
    except imagecodecs.PngError:
        return None
    return of_samples(values, _DEEP) if values.dtype == np.uint16 else None


def prepare() -> None:
    """Loads the codec."""
    imagecodecs.png_decode  # noqa: B018  (it is loaded when it is first named)
