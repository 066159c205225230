"""Recognises coded video without a container by its structure, and streams that begin in the middle.

Rules this module upholds:

- It reads bytes and returns words. It decodes nothing.
- A format without a signature is recognised by several marks that must agree, so other data is not mistaken for it.

Sources: ISO/IEC 13818-1 (transport stream), 13818-2 and 14496-2 (start codes), Rec. ITU-T H.264 7.4.1, H.265 7.4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from node.media.region import Region

_TS_SYNC: Final = 0x47
_TS_PACKETS: Final = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet of a transport stream, and bytes before its sync byte: broadcast, camcorders, with error codes."""
_TS_LEAST: Final = 5
"""Packets after the first one that must begin with a sync byte."""
_TS_LEAST_ADRIFT: Final = 15
"""The same for a stream that begins within a packet. `sniff.HEAD` contains 20 packets of any size."""
_START: Final = b"\x00\x00\x01"
_MOST_CODES: Final = 64
"""The most start codes that are examined."""
_SEARCHED: Final = 1 << 20
"""Bytes in which coded pictures are searched that begin after other bytes."""
_PIECE: Final = 1 << 16
_SPS, _PPS = 7, 8
_ANY: Final = ("h264", "h265", "mpeg2", "mpeg4", "ps")
_NEAR: Final = 512
"""The most bytes between two parameter sets."""


def is_transport_stream(head: bytes) -> bool:
    """Tells whether these first bytes belong to a transport stream. It may begin within a packet."""
    return packet_bytes(head) is not None


def packet_bytes(head: bytes) -> tuple[int, int] | None:
    """Returns (bytes of a packet, offset of the first whole packet) of a transport stream. Returns None for other
    content.
    """
    for size, before in _TS_PACKETS:
        starts = head[before::size][:_TS_LEAST]
        if len(starts) == _TS_LEAST and starts.count(_TS_SYNC) == _TS_LEAST:
            return size, 0
    for size, before in _TS_PACKETS:
        for first in range(1, size):
            starts = head[first::size]
            if len(starts) >= _TS_LEAST_ADRIFT and starts.count(_TS_SYNC) == len(starts):
                return size, (first - before) % size
    return None


def raw_coding(head: bytes) -> str:
    """Returns `h264`, `h265`, `mpeg4` or `mpeg2` for coded pictures that begin with a start code, and "" for other
    content.
    """
    lead = head[:4]
    if not lead.startswith(_START) and lead != b"\x00" + _START:
        return ""
    return _coding([code for _, code in codes_in(head)])


def codes_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields (offset, the two bytes after it) of each start code, in order."""
    at = data.find(_START)
    for _ in range(_MOST_CODES):
        if at < 0 or at + 5 > len(data):
            return
        yield at, data[at + 3 : at + 5]
        at = data.find(_START, at + 3)


def _coding(codes: list[bytes]) -> str:
    """Recognises a coding by the kinds of its successive units."""
    first = [code[0] for code in codes]
    if not codes:
        return ""
    if all(byte & 0x80 == 0 for byte in first):
        if any(code in (b"\x40\x01", b"\x42\x01") for code in codes) and all(code[1] & 7 for code in codes):
            return "h265"
        if any(_is_sps(byte) for byte in first) and all(_is_h264(byte) for byte in first):
            return "h264"
    if first[0] == 0xB0 or (first[0] < 0x20 and any(0x20 <= byte < 0x30 for byte in first[1:3])):  # noqa: PLR2004
        return "mpeg4" if any(0x20 <= byte < 0x30 for byte in first) else ""  # noqa: PLR2004  (a video object layer)
    # A picture, or a group of pictures: the stream begins behind its sequence header, or repeats it later.
    return "mpeg2" if first[0] in (0x00, 0xB8) and 0xB3 in first else ""  # noqa: PLR2004


def _is_sps(byte: int) -> bool:
    return byte & 0x1F == _SPS and byte & 0x60 != 0


def _is_h264(byte: int) -> bool:
    """Tells whether a unit of this kind may have this importance (7.4.1). Parameter sets and whole pictures are
    important.
    """
    kind, important = byte & 0x1F, byte & 0x60 != 0
    if kind in (5, _SPS, _PPS):
        return important
    return not important if kind in (6, 9, 10, 11, 12) else 1 <= kind <= 21  # noqa: PLR2004


def found_behind(region: Region) -> tuple[str, int] | None:
    """Finds coded pictures in the first MiB of an unknown content. Returns (`h264`, `h265`, `mpeg2`, `mpeg4`, or `ps`
    for a program stream; the offset of their beginning), or None.
    """
    before, first = b"", None
    for at in range(0, min(region.size, _SEARCHED), _PIECE):
        data = before + region.at(at, _PIECE)
        if first is None and (found := _first_in(data, _ANY)) is not None:
            first = found[0], at - len(before) + found[1]
        # A program stream that begins within a packet shows the pictures in it before its own structure.
        if first is not None and _first_in(data, ("ps",)) is not None:
            return "ps", first[1]
        if first is not None and at > first[1] + _PIECE:
            break
        before = data[-_NEAR:]
    return first


def _first_in(data: bytes, wanted: tuple[str, ...]) -> tuple[str, int] | None:
    at = data.find(_START)
    while 0 <= at <= len(data) - _NEAR:
        coding = _begins_with(data[at : at + _NEAR])
        if coding in wanted:
            return coding, at
        at = data.find(_START, at + 3)
    return None


def _begins_with(data: bytes) -> str:
    """Returns the coding that begins with this start code, if it is the first of two codes that belong together."""
    after = data.find(_START, 4)
    if after < 0 or after + 5 > len(data):
        return ""
    one, two = data[3:5], data[after + 3 : after + 5]
    if one[0] == 0xBA and two[0] >= 0xBB:  # noqa: PLR2004  (a pack header, as MPEG-2 and as MPEG-1 write it)
        return "ps" if (after, one[1] & 0xC4) == (14, 0x44) or (after, one[1] & 0xF1) == (12, 0x21) else ""
    if _is_sps(one[0]) and two[0] & 0x9F == _PPS and two[0] & 0x60:
        return "h264"
    if one == b"\x40\x01" and two == b"\x42\x01":
        return "h265"
    if one[0] == 0xB3 and two[0] in (0xB5, 0xB8, 0x00):  # noqa: PLR2004  (a sequence header, then its extension)
        return "mpeg2"
    return "mpeg4" if one[0] < 0x20 and 0x20 <= two[0] < 0x30 and after == 4 else ""  # noqa: PLR2004
