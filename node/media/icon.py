"""The images of an icon or cursor, as its directory lists them.

Rules this module upholds:

- It decodes nothing and never raises for the content of a file: it skips an entry whose image is missing.

Source: Microsoft, "Icons" (1995): ICONDIR and ICONDIRENTRY.
"""

from __future__ import annotations

import struct
from typing import Final

_DIRECTORY_BYTES: Final = 6
_ENTRY: Final = struct.Struct("<BBBBHHII")
_MOST_IMAGES: Final = 256
_FULL: Final = 256
"""The side that is stored as 0."""


def largest_first(data: bytes) -> list[bytes]:
    """Returns the existing bytes of each image, the one with the most pixels first."""
    count = int.from_bytes(data[4:_DIRECTORY_BYTES], "little")
    found: list[tuple[int, int, bytes]] = []
    for number in range(min(count, _MOST_IMAGES)):
        place = _DIRECTORY_BYTES + number * _ENTRY.size
        if place + _ENTRY.size > len(data):
            break
        width, height, _, _, _, _, size, at = _ENTRY.unpack_from(data, place)
        image = data[at : at + size]
        if image:
            found.append(((width or _FULL) * (height or _FULL), -number, image))
    return [image for *_, image in sorted(found, reverse=True)]
