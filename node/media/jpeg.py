"""The outer structure of a JPEG: its segments, the start of its pixels, and its end.

Rules this module upholds:

- It reads only markers and lengths. It decodes nothing and never raises for the content of a file.
- A wrong length affects only its own segment: the scan continues at the next segment that a decoder needs. It skips a
  small JPEG inside a damaged segment.

Source: ITU-T T.81, annex B; JFIF 1.02; Adobe Technical Note 5116 (APP14); CIPA DC-008 (Exif).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

START: Final = b"\xff\xd8"
END: Final = b"\xff\xd9"
_SCAN: Final = 0xDA
_APP0, _APP15, _COMMENT = 0xE0, 0xEF, 0xFE
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length: TEM, RST0 to RST7, SOI."""
_NEEDED: Final = frozenset({0xC4, 0xCC, 0xDA, 0xDB, 0xDD, *range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC)})
"""Markers of segments that a decoder needs: frames, tables, restart interval, scans."""
_NEXT: Final = re.compile(
    rb"\xff(?:[\xc0-\xc7\xc9-\xcc\xd8\xda\xdb\xdd]|\xe0..JFIF\x00|\xe1..Exif\x00\x00|\xee..Adobe)", re.DOTALL
)
"""The beginning of a segment that a decoder needs, of a small JPEG, or of a segment that states colours or orientation.
"""
_MAX_SEGMENTS: Final = 100_000
"""The most segments that are read. A picture with a large colour profile has some 300."""
_WITH_SMALL: Final = (b"Exif\x00", b"JFXX\x00", b"JFIF\x00")
"""The first bytes of segments that may contain a small picture, though their length is wrong."""
_PROGRESSIVE: Final = 0xC2
_FIRST_COMPONENT: Final = 6
"""Offset of the first component (luma) in a frame header."""
_END_OF_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_BY_COSINES: Final = frozenset({0xC0, 0xC1, 0xC2})
"""Frames of ordinary JPEG: baseline, extended, progressive."""
_MARK: Final = 0xFF
_VALID: Final = np.isin(
    np.arange(256),
    [0x00, *range(0xD0, 0xD8), _MARK, _SCAN, 0xC4, 0xCC, 0xDB, 0xDC, 0xDD, _COMMENT, *range(_APP0, _APP15 + 1)],
)
"""Bytes that may follow 0xFF between the first scan header and the end."""
_HUFFMAN_TABLES: Final = 0xC4
_TABLE_HEAD: Final = 17
"""Bytes of a Huffman table before its symbols: class and number, then the count of codes of each length."""
_WIPED: Final = bytes(64)
"""Zeros that encoders write only for areas of one colour."""
_ADOBE_BYTES: Final = 12
_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment. `marker`: its second byte; `start`, `end`: of its content, without marker and length."""

    marker: int
    start: int
    end: int

    @property
    def is_metadata(self) -> bool:
        """Whether it is an application segment or a comment."""
        return _APP0 <= self.marker <= _APP15 or self.marker == _COMMENT


def segments(data: bytes, start: int = 0) -> Iterator[Segment]:
    """Yields the segments from the SOI at `start` up to and including the first scan header."""
    at = start + len(START)
    for _ in range(_MAX_SEGMENTS):
        while at + 1 < len(data) and data[at] == data[at + 1] == _MARK:
            at += 1  # fill bytes
        if at + 4 > len(data):
            return
        if data[at] != _MARK:
            at = _resumed(data, at)
            continue
        marker = data[at + 1]
        if marker in _ALONE:
            at += 2
            continue
        if marker == END[1]:
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end < at + 4 or (marker not in _NEEDED and not _follows(data, end)):
            if data.startswith(_WITH_SMALL, at + 4):
                yield Segment(marker=marker, start=at + 4, end=max(min(end, len(data)), at + 4))
            at = _resumed(data, at + 2)
            continue
        yield Segment(marker=marker, start=at + 4, end=min(end, len(data)))
        if marker == _SCAN:
            return
        at = end


def _follows(data: bytes, at: int) -> bool:
    """Tells whether a marker is at `at`."""
    return data[at : at + 1] == b"\xff" and at + 1 < len(data) and data[at + 1] not in (0x00, 0x01)


def _resumed(data: bytes, at: int) -> int:
    """Returns the offset of the next segment that a decoder needs, from `at` on. Returns the end of the data if there
    is none.
    """
    for _ in range(_MAX_SEGMENTS):
        found = _NEXT.search(data, at)
        if found is None:
            break
        at = found.start()
        if data[at + 1] == START[1]:
            inner = data.find(END, at)
            at = inner + 2 if inner >= 0 else at + 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length > 2 and (data[at + 1] == _SCAN or _follows(data, at + 2 + length)):  # noqa: PLR2004  (its own bytes)
            return at
        at += 2
    return len(data)


def end_of(data: bytes, start: int = 0) -> int:
    """Returns the offset after the end marker of the JPEG that begins at `start`, or -1 if it has no end marker.

    Pixel data never contain the end marker (T.81, B.1.1.5), so the first one after the first scan header ends the JPEG.
    """
    for segment in segments(data, start):
        if segment.marker == _SCAN:
            end = data.find(END, segment.end)
            return -1 if end < 0 else end + len(END)
    return -1


def coarse(data: bytes) -> bytes:
    """Returns a progressive JPEG with only its first scan, if that scan has the mean luma of each block of 8 x 8
    pixels. A decoder uses nothing else for an eighth of the size. Other data are returned unchanged.

    The scan ends at the first marker that does not belong to it (T.81, B.1.1.2 and G.1.1).
    """
    frame = scan = None
    for segment in segments(data):
        frame = segment if segment.marker == _PROGRESSIVE else frame
        scan = segment if segment.marker == _SCAN else None
    if frame is None or scan is None:
        return data
    luma, stated = data[frame.start + _FIRST_COMPONENT :][:1], data[scan.start : scan.end]
    end = _END_OF_SCAN.search(data, scan.end)
    # The scan's header: components, a pair for each, the first and the last frequency, bits.
    if end is None or stated[1:2] != luma or stated[-3:-1] != b"\x00\x00":
        return data
    return data[: end.start()] + END


def has_invalid_pixels(data: bytes) -> bool:
    """Tells whether the pixel data contain markers that are not valid there, or a wiped stretch: the file was damaged.

    An 0xFF in pixel data is followed by 0x00 or a restart marker. Between scans there are segments of tables, or a
    comment.
    """
    found = {segment.marker: segment for segment in segments(data)}
    scan = found.get(_SCAN)
    end = data.find(END, scan.end) if scan else -1
    if scan is None or end < 0 or not found.keys() & _BY_COSINES:  # others stuff their bits otherwise: JPEG-LS
        return False
    values = np.frombuffer(data, np.uint8, end - scan.end, scan.end)
    marks_are_valid = bool(_VALID[values[np.flatnonzero(values[:-1] == _MARK) + 1]].all())
    return not marks_are_valid or _has_wiped_pixels(data, scan.end, end)


def _has_wiped_pixels(data: bytes, start: int, end: int) -> bool:
    """Tells whether a stretch of pixel data was overwritten with zeros, for example by a lost page of a disk.

    The code of zeros is the first symbol of a Huffman table. An encoder writes a long run of zeros only for areas of
    one colour: no difference, then end of block. Zeros before the end marker may be padding.
    """
    at = data.find(_WIPED, start, end)
    if at < 0 or not data[at:end].rstrip(b"\0"):
        return False
    codings = [segment.marker for segment in segments(data) if segment.marker in _BY_COSINES]
    if len(codings) != 1 or codings[0] == _PROGRESSIVE:
        return False
    return any(symbol for segment in segments(data) for symbol in _first_symbols(data, segment))


def _first_symbols(data: bytes, segment: Segment) -> Iterator[int]:
    """Yields the symbol with the code of zeros of each table in a segment of Huffman tables (T.81, B.2.4.2)."""
    at = segment.start
    while segment.marker == _HUFFMAN_TABLES and at + _TABLE_HEAD < segment.end:
        count = sum(data[at + 1 : at + _TABLE_HEAD])
        if count:
            yield data[at + _TABLE_HEAD]
        at += _TABLE_HEAD + count


def without_metadata(data: bytes, turned: int = 1) -> bytes:
    """Returns the JPEG with only what a decoder needs before the pixels: tables, frame, and the coding of colours.
    `turned`: its EXIF orientation, which is kept.
    """
    kept = [START]
    orientation = b"" if turned == 1 else _orientation(turned)
    for segment in segments(data):
        content = data[segment.start : segment.end]
        if segment.marker == _APP0 and content.startswith(b"JFIF\x00"):
            kept.append(_JFIF)
        elif segment.marker == _APP0 + 14 and content.startswith(b"Adobe") and len(content) >= _ADOBE_BYTES:
            kept.append(b"\xff\xee\x00\x0e" + content[:_ADOBE_BYTES])
        elif segment.marker == _SCAN:
            return b"".join((*kept, orientation, data[segment.start - 4 :]))
        elif not segment.is_metadata:
            kept.append(data[segment.start - 4 : segment.end])
    return data


def _orientation(turned: int) -> bytes:
    """Returns an Exif segment that states only an orientation."""
    tiff = b"MM\x00*\x00\x00\x00\x08" + b"\x00\x01" + b"\x01\x12\x00\x03\x00\x00\x00\x01" + bytes((0, turned, 0, 0))
    content = b"Exif\x00\x00" + tiff + bytes(4)
    return b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content
