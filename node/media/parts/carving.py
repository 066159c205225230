"""Finds uncompressed pictures and films in bytes of an unknown or damaged structure: a cache of an unknown format, an
image of a memory or a disk, a document without its directory.

Rules this module upholds:

- Only signatures of five bytes and more count, with the field that must follow: they do not occur by chance.
- A part ends where its own structure ends. A part without an end extends to the next signature and counts as cut short.
- A fragmented part is found up to the end of its first fragment.

Sources: JFIF 1.02, Exif 2.32, PNG (W3C, third edition), WebP (RFC 9649), ISO/IEC 14496-12, Microsoft RIFF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from node.domain.parts import Role
from node.errors import MediaError
from node.media.parts.bounds import Meter, careful, find
from node.media.parts.part import Omission, Part
from node.media.picture_end import end_of
from node.media.region import Region
from node.media.sniff import HEAD, recognise

_WORDS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"WEBPVP8", b"ftyp", b"AVI LIST")
_BEFORE: Final = 8
"""The most bytes of a signature before its word."""
_JPEG: Final = (
    rb"\xff\xd8\xff(?:\xe0..(?:JFIF|JFXX|AVI1)|\xe1..(?:Exif|http:)|\xdb\x00[\x43\x84\xc5]|\xee\x00\x0eAdobe|\xed..Photosh"
    rb"|\xe2..(?:ICC_|MPF\x00)|\xc0\x00\x11\x08|\xc4\x01\xa2|\xfe\x00)"
)
_PNG: Final = rb"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
_STILLS: Final = b"|".join((_JPEG, _PNG, rb"RIFF....WEBPVP8[ LX]", rb"\x00\x00..ftyp(?:hei[cxms]|mif1|avi[fs])"))
_FILMS: Final = rb"RIFF....AVI LIST|\x00\x00..ftyp(?:iso[m2-9]|mp4[12]|qt  |3g[p2].|M4V |avc1|MSNV|dash)"
_SIGNATURE: Final = re.compile(rb"(?P<picture>" + _STILLS + rb")|(?P<film>" + _FILMS + rb")", re.DOTALL)
_LONGEST: Final = 24
"""Bytes of the longest signature."""
_LOOKED_AT: Final = (1 << 22, 1 << 26)
"""Bytes in which the end of a part is searched: first the size of nearly all pictures, then of all."""


@careful("a file of an unknown format")
def carved(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of unknown content: finds every picture and film by its signature."""
    meter = Meter(region)
    at = 0
    while (found := _next(region, at)) is not None:
        start, role = found
        content = region.part(start, _size(region, start, role))
        if not (meter.part() and meter.as_is(content)):
            yield Omission(reason=meter.full)
            return
        yield Part(role=role, content=content)
        at = start + max(content.size, 1)


def _next(region: Region, at: int) -> tuple[int, Role] | None:
    """Returns the offset of the next signature from `at` on, and what begins there, or None."""
    searched = at
    while (word := find(region, searched, *_WORDS)) < region.size:
        first = max(word - _BEFORE, at)
        match = _SIGNATURE.search(region.at(first, _BEFORE + _LONGEST))
        if match is not None and first + match.start() <= word:
            return first + match.start(), Role.PICTURE if match["picture"] else Role.FILM
        searched = word + 1
    return None


def _size(region: Region, start: int, role: Role) -> int:
    """Returns the bytes of the part that begins here."""
    if role is Role.FILM:
        return _film_size(region, start)
    for most in _LOOKED_AT:
        data = region.at(start, most)
        try:
            end = end_of(data, recognise(data[:HEAD]))
        except MediaError:
            end = -1
        if end > 0:
            return end
        if len(data) < most:
            break
    following = _next(region, start + _LONGEST)
    return min((region.size if following is None else following[0]) - start, _LOOKED_AT[-1])


def _film_size(region: Region, start: int) -> int:
    """Returns the size of a film: the stated size of a RIFF file, or the boxes of an ISO media file."""
    head = region.at(start, 8)
    if head.startswith(b"RIFF"):
        return int.from_bytes(head[4:], "little") + 8
    return max(_box_ends(region.part(start)), default=1)


def _box_ends(region: Region) -> Iterator[int]:
    """Yields the end of each outermost box. The last one may be after the end of the region."""
    at = 0
    while True:
        head = region.at(at, 16)
        size, kind = int.from_bytes(head[:4]), head[4:8]
        if size == 1:
            size = int.from_bytes(head[8:])
        plain = len(kind) == 4 and kind.replace(b" ", b"c").isalnum()  # noqa: PLR2004
        if size < 8 or not plain or (at and kind == b"ftyp"):  # noqa: PLR2004
            return
        at += size
        yield at
