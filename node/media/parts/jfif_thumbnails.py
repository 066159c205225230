"""The thumbnails that a JPEG stores without compression: in the segment JFIF itself, and in its extension (JFXX).

Rules this module upholds:

- Such a thumbnail has no file format of its own. It becomes a portable pixmap (P6) with its pixels in red, green and
  blue. So the same pixels have the same digests in every file.
- A thumbnail whose pixels are cut short stays so: its decoder says how much of it is there. Each has at most 255 x 255
  pixels.

Source: ITU-T T.871 and JFIF 1.02: the APP0 segment, and its extension "thumbnail stored using one byte/pixel" or "three
bytes/pixel".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from node.media import jpeg

_APP0: Final = 0xE0
_JFIF, _JFXX = b"JFIF\x00", b"JFXX\x00"
_SIDES_AT: Final = 12
"""Offset of the width and height of the thumbnail in a JFIF segment."""
_BY_PALETTE, _BY_COLOUR = 0x11, 0x13
"""Extension codes; 0x10 is a JPEG."""
_PALETTE_BYTES: Final = 768


def uncompressed(data: bytes) -> Iterator[bytes]:
    """Yields the uncompressed thumbnails of a JPEG as portable pixmaps. Never raises for the content of a file."""
    for segment in jpeg.segments(data):
        content = data[segment.start : segment.end]
        if segment.marker != _APP0:
            continue
        if content.startswith(_JFIF):
            made = _pixmap(content[_SIDES_AT : _SIDES_AT + 2], content[_SIDES_AT + 2 :])
        elif content.startswith(_JFXX):
            made = _of_extension(content[len(_JFXX) :])
        else:
            made = b""
        if made:
            yield made


def _of_extension(content: bytes) -> bytes:
    """Returns the thumbnail after an extension code, or b"" if there is none or if it is a JPEG."""
    code, sides, rest = content[:1], content[1:3], content[3:]
    if code == bytes([_BY_COLOUR]):
        return _pixmap(sides, rest)
    if code != bytes([_BY_PALETTE]) or len(rest) < _PALETTE_BYTES:
        return b""
    palette = np.frombuffer(rest, np.uint8, _PALETTE_BYTES).reshape(-1, 3)
    return _pixmap(sides, palette[np.frombuffer(rest, np.uint8, -1, _PALETTE_BYTES)].tobytes())


def _pixmap(sides: bytes, pixels: bytes) -> bytes:
    """Returns a portable pixmap. `sides`: width and height; `pixels`: the existing values of red, green, blue."""
    if len(sides) < 2 or not all(sides) or not pixels:  # noqa: PLR2004  (width and height)
        return b""
    width, height = sides
    return b"P6\n%d %d\n255\n" % (width, height) + pixels[: width * height * 3]
