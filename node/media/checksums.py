"""Whether the pixels of a PNG are those that were written, by the checksums of the file.

Rules this module upholds:

- Only the chunks of pixels are looked at. A wrong checksum of another chunk says nothing about the picture.
- Nothing is decoded, and nothing raises for what a file says.

Source: PNG (W3C, third edition), 5.3 and 5.5.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

_HEAD: Final = 8
_MOST_CHUNKS: Final = 1_000_000
_PIXELS: Final = (b"IDAT", b"fdAT")


def has_wrong_pixels(data: bytes) -> bool:
    """Tells whether a chunk of pixels of a PNG has another checksum than it states. Decoders report nothing if the
    damaged bytes can be unpacked.
    """
    view = memoryview(data)
    at = _HEAD
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            return False
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        stated = view[end : end + 4]
        if kind in _PIXELS and len(stated) == 4 and zlib.crc32(view[at + 4 : end]) != int.from_bytes(stated):  # noqa: PLR2004
            return True
        if kind == b"IEND":
            return False
        at = end + 4
    return False
