"""Finds a picture after a few bytes that do not belong to it.

Rules this module upholds:

- It is used last, for content that has no other known format. A file with a valid beginning is never searched.
- Only signatures that do not occur by chance count: five bytes and more, a box with a known brand, or a TIFF whose
  first directory lies where it says.

Such bytes come from careless scripts (line feeds, byte order marks), HTTP (sizes of chunks, response headers), mail
gateways, and MacBinary (128 bytes).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from node.errors import MediaError
from node.media.sniff import AVIF, GIF, HEIC, HEIF, JPEG, PNG, TIFF, WEBP, Format, recognise

if TYPE_CHECKING:
    from node.media.region import Region

LEAD_BYTES: Final = 1024
"""The most bytes before a picture. The head of an HTTP reply has some 500. A picture after more bytes is a part of
something else."""
_FORMATS: Final = (JPEG, PNG, GIF, WEBP, HEIC, HEIF, AVIF)
_MOST_ENTRIES: Final = 512
_FIRST_TAG: Final = 254
_LAST_KIND: Final = 18
"""Field types, with those of BigTIFF."""
_SIGNATURE: Final = re.compile(
    rb"\xff\xd8\xff[\xc0\xc2\xc4\xdb\xdd\xe0-\xef\xfe]|\x89PNG\r\n\x1a\n|GIF8[79]a.{6}\x00|RIFF....WEBPVP8|\x00\x00..ftyp|II\*\x00|MM\x00\*",
    re.DOTALL,
)


def behind_a_lead(head: bytes, region: Region | None = None) -> tuple[Format, int] | None:
    """Returns the picture that begins within the first `LEAD_BYTES` of a content, and its offset, or None. `head`: the
    first bytes of the content (`sniff.HEAD`); `region`: all of it, for a TIFF.
    """
    for found in _SIGNATURE.finditer(head[: LEAD_BYTES + 16]):
        if not 0 < found.start() <= LEAD_BYTES:
            continue
        try:
            known = recognise(head[found.start() :])
        except MediaError:
            continue
        if known in _FORMATS or (known is TIFF and region is not None and _has_directory(region, found.start())):
            return known, found.start()
    return None


def _has_directory(region: Region, start: int) -> bool:
    """Tells whether a TIFF that begins here has its first directory at the stated offset (TIFF 6.0, section 2)."""
    order: Literal["little", "big"] = "little" if region.at(start, 2) == b"II" else "big"
    at = start + int.from_bytes(region.at(start + 4, 4), order)
    directory = region.at(at, 6)
    count, tag, kind = (int.from_bytes(directory[place : place + 2], order) for place in (0, 2, 4))
    return 0 < count <= _MOST_ENTRIES and tag >= _FIRST_TAG and 0 < kind <= _LAST_KIND
