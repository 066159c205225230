"""Finds a picture after a few bytes that do not belong to it.

Rules this module upholds:

- It is used last, for content that has no other known format. A file with a valid beginning is never searched.
- Only signatures that do not occur by chance count: five bytes and more, or a box with a known brand.

Such bytes come from careless scripts (line feeds, byte order marks), HTTP (sizes of chunks, response headers), mail
gateways, and MacBinary (128 bytes).
"""

from __future__ import annotations

import re
from typing import Final

from node.errors import MediaError
from node.media.sniff import AVIF, GIF, HEIC, HEIF, JPEG, PNG, WEBP, Format, recognise

LEAD_BYTES: Final = 1024
"""Bytes before a picture at most: the head of an HTTP reply has some 500. A picture that lies deeper is a part of
something else."""
_FORMATS: Final = (JPEG, PNG, GIF, WEBP, HEIC, HEIF, AVIF)
_SIGNATURE: Final = re.compile(
    rb"\xff\xd8\xff[\xc0\xc2\xc4\xdb\xdd\xe0-\xef\xfe]|\x89PNG\r\n\x1a\n|GIF8[79]a.{6}\x00|RIFF....WEBPVP8|\x00\x00..ftyp",
    re.DOTALL,
)


def behind_a_lead(head: bytes) -> tuple[Format, int] | None:
    """The picture that begins within the first `LEAD_BYTES` of a content, and its offset; None where there is none.
    `head`: the first bytes of the content (`sniff.HEAD`).
    """
    for found in _SIGNATURE.finditer(head[: LEAD_BYTES + 16]):
        if not 0 < found.start() <= LEAD_BYTES:
            continue
        try:
            known = recognise(head[found.start() :])
        except MediaError:
            continue
        if known in _FORMATS:
            return known, found.start()
    return None
