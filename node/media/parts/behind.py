"""Finds parts after a picture in its file: further pictures, the film of a motion photograph, a hidden archive.

Rules this module upholds:

- Parts are stored uncompressed, so their digests are those of a separate file.
- Signatures find a part. Its own content decides its kind (`kinds`).
- Padding is ignored. Other unknown bytes are counted, and reported if there are at least `_LEAST_UNKNOWN`.

Known kinds of such parts: multi-picture files (CIPA DC-007), gain maps, streams of JPEG, motion photographs (an MP4
after a JPEG, the boxes `mpvd` and `sefd` of a HEIC, Samsung's trailer), archives and documents (a known way to hide
them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.domain.parts import Role
from node.errors import MediaError
from node.media.parts.part import Omission, Part
from node.media.picture import MAX_PICTURE_BYTES
from node.media.picture_end import boxes, end_of
from node.media.region import Region
from node.media.sniff import AVIF, GIF, HEAD, HEIC, HEIF, JPEG, PNG, WEBP, Format, recognise

_LEAST_UNKNOWN: Final = 1024
"""The fewest bytes without padding: the smallest useful JPEG. Trailers of cameras have fewer."""
_PADDING: Final = b"\x00\xff \r\n"
_SIGNATURE: Final = re.compile(
    rb"\xff\xd8\xff[\xc0-\xfe]|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....(?:WEBP|AVI )|....ftyp[ -~]{4}"
    rb"|PK\x03\x04|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|%PDF-|\x1aE\xdf\xa3|\xfd7zXZ\x00|\x1f\x8b\x08",
    re.DOTALL,
)
_PICTURES: Final = (JPEG, PNG, GIF, WEBP, HEIC, HEIF, AVIF)
_PLAIN_BOXES: Final = frozenset({b"ftyp", b"meta", b"mdat", b"free", b"skip", b"wide", b"uuid", b"idat", b"pdin"})
"""Boxes of a HEIF that contain the picture itself, or nothing."""
_SEQUENCE: Final = b"moov"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A content that begins at `start` and ends before `end`."""

    start: int
    end: int
    role: Role


def behind(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of pictures: finds content after their end, and in boxes beside them."""
    if region.size > MAX_PICTURE_BYTES:
        yield Omission(reason=f"the data after a picture in a file of more than {MAX_PICTURE_BYTES >> 20} MiB")
        return
    try:
        data = region.all(MAX_PICTURE_BYTES)
        known = recognise(data[:HEAD])
    except MediaError:
        return
    unknown = 0
    for start, end in _places(data, end_of(data, known), is_boxed=known in (HEIC, HEIF, AVIF)):
        for found in _found(data, start, end):
            if isinstance(found, int):
                unknown += found
            else:
                yield Part(role=found.role, content=region.part(found.start, found.end - found.start))
    if known in (HEIC, HEIF) and any(box.kind == _SEQUENCE for box in boxes(data)):
        yield Omission(reason="the moving pictures of an image sequence")
    if unknown >= _LEAST_UNKNOWN:
        yield Omission(reason=f"{unknown} unknown bytes after the picture")


def _places(data: bytes, end: int, *, is_boxed: bool) -> Iterator[tuple[int, int]]:
    """Yields the stretches of the file that do not belong to the picture itself."""
    if is_boxed:
        for box in boxes(data):
            if box.kind not in _PLAIN_BOXES and box.kind != _SEQUENCE:
                yield box.start, box.end
    if 0 < end < len(data):
        yield end, len(data)


def _found(data: bytes, start: int, end: int) -> Iterator[_Found | int]:
    """Yields the recognised contents, and counts the bytes between them that are not recognised."""
    at = start
    while at < end:
        match = _SIGNATURE.search(data, at, end)
        if match is None:
            break
        yield _unknown(data[at : match.start()])
        found = _at(data, match.start(), end)
        yield found
        at = found.end
    yield _unknown(data[at:end])


def _unknown(gap: bytes) -> int:
    return len(gap.strip(_PADDING))


def _at(data: bytes, start: int, end: int) -> _Found:
    """Returns the content that begins with a signature. It ends at its own end if it states one, otherwise at the end
    of the stretch.
    """
    known = _picture(data[start : start + HEAD])
    if known is not None:
        stop = end_of(data[:end], known, start)
        return _Found(start=start, end=stop if stop > start else end, role=Role.PICTURE)
    if data[start + 4 : start + 8] == b"ftyp":
        stop = max((box.end for box in boxes(data[:end], start)), default=end)
        return _Found(start=start, end=stop, role=Role.FILM)
    moves = data[start : start + 4] in (b"RIFF", b"\x1aE\xdf\xa3")
    return _Found(start=start, end=end, role=Role.FILM if moves else Role.MEMBER)


def _picture(head: bytes) -> Format | None:
    try:
        known = recognise(head)
    except MediaError:
        return None
    return known if known in _PICTURES else None
