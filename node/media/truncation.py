"""Tells whether a video file ends before the length that its container states.

Rules this module upholds:

- It reads only the outermost lengths, a few bytes each, for a file of any size.
- It never reports a container without a stated length (streams), and never raises for the content of a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.media.bitstreams import is_transport_stream, packet_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.media.region import Region

_MAX_BOXES: Final = 100_000
"""The most boxes of an ISO media file that are read. Fragmented films have two per few seconds."""
_BOX_HEAD: Final = 8
_LONG_BOX_HEAD: Final = 16
_EBML: Final = b"\x1aE\xdf\xa3"
_SEGMENT: Final = b"\x18S\x80g"
_ID_SIZE: Final = 4
_FIRST_BOXES: Final = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip"})
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
"""The object of an ASF header that states the size of the file (Advanced Systems Format, 3.2)."""
_OGG_LAST: Final = 65_307
"""The most bytes of an Ogg page (RFC 3533)."""
_OGG_END: Final = 4
_TAIL: Final = 2 * _OGG_LAST
_HEAD: Final = 4096


def is_cut_short(stream: Region) -> bool:
    """Tells whether the container's stated length exceeds the end of the file."""
    head = stream.head(_LONG_BOX_HEAD)
    if head.startswith(b"RIFF"):
        return int.from_bytes(head[4:8], "little") + 8 > stream.size
    if head.startswith(b"FWS"):
        return int.from_bytes(head[4:8], "little") > stream.size
    if head.startswith(_EBML):
        return _segment_is_cut(stream)
    if head.startswith(_ASF):
        return _asf_is_cut(stream)
    if head.startswith(b"OggS"):
        return _ogg_is_cut(stream)
    if is_transport_stream(stream.head(_HEAD)):
        return _last_packet_is_cut(stream)
    return head[4:8] in _FIRST_BOXES and _boxes_are_cut(stream)


def _boxes_are_cut(stream: Region) -> bool:
    """Tells whether a box ends behind the file, or a film of fragments ends with a piece of a box's head."""
    end, fragments = 0, False
    for end, head in _boxes(stream):
        fragments = fragments or head[4:8] == b"moof"
        if end > stream.size:
            return True
    return fragments and 0 < stream.size - end < _BOX_HEAD


def lacking(stream: Region) -> str:
    """Returns, in plain words, what an ISO media file lacks that is needed for decoding any frame, or ""."""
    boxes = {head[4:8] for _, head in _boxes(stream)}
    if b"moov" in boxes:
        return ""
    if b"moof" in boxes:
        return "it is a later segment of a film, and cannot be decoded without the first one"
    if b"mdat" in boxes:
        return "the table (moov) without which its pictures cannot be decoded is missing; it often stands at the end"
    return ""


def _boxes(stream: Region) -> Iterator[tuple[int, bytes]]:
    """Yields (end, head) of each outermost box, as far as they can be followed (ISO/IEC 14496-12: the size is first,
    with 32 bits, or with 64 if the value is 1).
    """
    at = 0
    for _ in range(_MAX_BOXES):
        head = stream.at(at, _LONG_BOX_HEAD)
        if len(head) < _BOX_HEAD:
            return
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        at += max(size, _BOX_HEAD)
        yield at, head
        if size < _BOX_HEAD:  # 0: to the end of the file; else no box is smaller than its head
            return


def _asf_is_cut(stream: Region) -> bool:
    head = stream.head(4096)
    at = head.find(_ASF_PROPERTIES)
    size = int.from_bytes(head[at + 40 : at + 48], "little") if at >= 0 else 0
    return size > stream.size


def _last_packet_is_cut(stream: Region) -> bool:
    """Tells whether the last packet of a transport stream is incomplete. Its offset may differ from that of the first
    packets, because bytes may be lost in between.
    """
    tail = stream.at(max(stream.size - _HEAD, 0), _HEAD)
    step = packet_bytes(tail)
    return step is not None and (len(tail) - step[1]) % step[0] != 0


def _ogg_is_cut(stream: Region) -> bool:
    """Tells whether the last page is not marked as the last one, or is incomplete."""
    start = max(stream.size - _TAIL, 0)
    tail = stream.at(start, _TAIL)
    at = tail.rfind(b"OggS")
    page = tail[at:]
    if at < 0 or len(page) < 27 or len(page) < 27 + page[26]:  # noqa: PLR2004  (the head of a page, and its lengths)
        return True
    return not page[5] & _OGG_END or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]])


def _segment_is_cut(stream: Region) -> bool:
    """Follows RFC 8794: the header element, then the segment with its content, each after its size."""
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
    """Returns (start, length) of an element's data by the size at `at`. The length is None if it is unknown."""
    data = stream.at(at, 8)
    if not data or not data[0]:
        return None
    width = 9 - data[0].bit_length()
    value = int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1)
    return None if len(data) < width or value == (1 << 7 * width) - 1 else (at + width, value)
