"""Whether a file of moving pictures ends before its container says that it does.

Rules this module upholds:

- Only the outermost lengths are read, a few bytes each, whatever the size of the file.
- It never says so of a container that states no length (streams), and never raises for what a file says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.media.region import Region

_MAX_BOXES: Final = 100_000
"""Boxes of an ISO media file that are walked over: fragmented ones have two for each few seconds."""
_BOX_HEAD: Final = 8
_LONG_BOX_HEAD: Final = 16
_EBML: Final = b"\x1aE\xdf\xa3"
_SEGMENT: Final = b"\x18S\x80g"
_ID_SIZE: Final = 4


def is_cut_short(stream: Region) -> bool:
    """Whether the container's stated length reaches past the end of the file."""
    head = stream.head(_LONG_BOX_HEAD)
    if head.startswith(b"RIFF"):
        return int.from_bytes(head[4:8], "little") + 8 > stream.size
    if head.startswith(_EBML):
        return _segment_is_cut(stream)
    return head[4:8] == b"ftyp" and _boxes_are_cut(stream)


def _boxes_are_cut(stream: Region) -> bool:
    """ISO/IEC 14496-12: boxes follow on one another, each with its size (32 bits, or 64 where that is 1)."""
    at = 0
    for _ in range(_MAX_BOXES):
        head = stream.at(at, _LONG_BOX_HEAD)
        if len(head) < _BOX_HEAD:
            return False
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if size < _BOX_HEAD:  # 0: to the end of the file; else no box is smaller than its head
            return False
        at += size
        if at > stream.size:
            return True
    return False


def _segment_is_cut(stream: Region) -> bool:
    """RFC 8794: the header element, then the segment with everything in it, each behind its size."""
    header = _sized(stream, _ID_SIZE)
    if header is None:
        return False
    start, length = header
    at = start + length
    if stream.at(at, _ID_SIZE) != _SEGMENT:
        return False
    segment = _sized(stream, at + _ID_SIZE)
    return segment is not None and sum(segment) > stream.size


def _sized(stream: Region, at: int) -> tuple[int, int] | None:
    """(where an element's data begin, how long they are) by the size that stands at `at`; None where it is unknown."""
    data = stream.at(at, 8)
    if not data or not data[0]:
        return None
    width = 9 - data[0].bit_length()
    value = int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1)
    return None if len(data) < width or value == (1 << 7 * width) - 1 else (at + width, value)
