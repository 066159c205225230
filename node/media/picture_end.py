"""Finds the end of a picture in its file. Bytes after this end are not part of the picture.

Rules this module upholds:

- It reads only lengths. It decodes nothing and never raises for the content of a file.
- If the end is unknown (the picture is cut short, or its format states no end), the result is -1.

Sources: PNG (W3C, third edition), 5.3; GIF89a, 17 to 27; WebP (RFC 9649), 2.3; ISO/IEC 14496-12, 4.2; JPEG see `jpeg`;
Microsoft, "Bitmap Storage".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.media import jpeg
from node.media.gif import end_of_blocks
from node.media.sniff import AVIF, BMP, GIF, HEIC, HEIF, JPEG, PNG, WEBP, Format

_MAX_STEPS: Final = 1_000_000
"""The most chunks or boxes that are read."""
_FIRST_BOX: Final = b"ftyp"
_PNG_HEAD: Final = 8
_BITMAP_HEAD: Final = 54


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of an ISO media file. `start`: of its content; `end`: after it."""

    kind: bytes
    start: int
    end: int


def end_of(data: bytes, known: Format, start: int = 0) -> int:
    """Returns the offset after the picture that begins at `start`, or -1 if it is unknown."""
    if known is JPEG:
        return jpeg.end_of(data, start)
    if known is PNG:
        return _end_of_png(data, start)
    if known is GIF:
        return end_of_blocks(data, start)
    if known is WEBP:
        size = int.from_bytes(data[start + 4 : start + 8], "little")
        return _within(data, start + 8 + size + (size & 1))
    if known in (HEIC, HEIF, AVIF):
        end = max((box.end for box in boxes(data, start)), default=-1)
        return -1 if _is_name(data[end + 4 : end + 8]) and data[end + 4 : end + 8] != _FIRST_BOX else end
    return _end_of_bitmap(data, start) if known is BMP else -1


def boxes(data: bytes, start: int = 0) -> Iterator[Box]:
    """Yields the outermost complete boxes, up to the first content that is no box, or the beginning of another file."""
    at = start
    for _ in range(_MAX_STEPS):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size == 0 and kind:
            size = len(data) - at
        if size < head or at + size > len(data) or not _is_name(kind) or (kind == _FIRST_BOX and at > start):
            return
        yield Box(kind=kind, start=at + head, end=at + size)
        at += size


def _is_name(kind: bytes) -> bool:
    """Tells whether four bytes may name a box: letters, digits, spaces and the copyright sign."""
    return len(kind) == 4 and kind.replace(b"\xa9", b"c").replace(b" ", b"c").isalnum()  # noqa: PLR2004


def _end_of_png(data: bytes, start: int) -> int:
    at = start + _PNG_HEAD
    for _ in range(_MAX_STEPS):
        kind = data[at + 4 : at + 8]
        if len(kind) < 4 or not kind.isalpha():  # noqa: PLR2004  (a name)
            return -1
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if kind == b"IEND":
            return _within(data, at)
    return -1


def _end_of_bitmap(data: bytes, start: int) -> int:
    """Returns the stated end of a bitmap, if all rows of an uncompressed picture fit into it."""
    if len(data) < start + _BITMAP_HEAD:
        return -1
    stated, rows = (int.from_bytes(data[start + at : start + at + 4], "little") for at in (2, 10))
    width, height = (int.from_bytes(data[start + at : start + at + 4], "little", signed=True) for at in (18, 22))
    bits, packed = (
        int.from_bytes(data[start + 28 : start + 30], "little"),
        int.from_bytes(data[start + 30 : start + 34], "little"),
    )
    if packed not in (0, 3) or stated < rows + (abs(width) * bits + 31) // 32 * 4 * abs(height):
        return -1
    return _within(data, start + stated)


def _within(data: bytes, end: int) -> int:
    return end if end <= len(data) else -1
