"""The entries of a ZIP archive, by its central directory, or by its members' own headers if the directory is damaged.

Rules this module upholds:

- The directory is read entry by entry: memory does not grow with its size.
- Bytes before the archive (a self-extracting program, a picture) shift all offsets; the archive is still read.
- A directory entry is accepted only if a member's own header is at the place that it names.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 (records), 4.5.3 (Zip64), 4.6.1 (names in UTF-8).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.media.parts.bounds import find
from node.media.region import Region

LOCAL: Final = b"PK\x03\x04"
END: Final = b"PK\x05\x06"
SPANNED: Final = b"PK\x07\x08"
"""The mark before the first member of a split archive, or of one that needed no second file (section 8.5)."""
_ENTRY: Final = b"PK\x01\x02"
_END_64: Final = b"PK\x06\x06"
_LOCATOR_64: Final = b"PK\x06\x07"
_LOCAL_HEADER: Final = struct.Struct("<4xHHHHHIIIHH")
_ENTRY_HEADER: Final = struct.Struct("<4xHHHHHHIIIHHHHHII")
_END_RECORD: Final = struct.Struct("<4xHHHHIIH")
_END_RECORD_64: Final = struct.Struct("<4xQHHIIQQQQ")
_LOCATOR: Final = struct.Struct("<4xIQI")
_COMMENT: Final = 65_535
_UNKNOWN: Final = 0xFFFFFFFF
"""The value of a size or an offset that is in the Zip64 field instead."""
_HIGHEST_VERSION: Final = 63
"""Versions of ZIP that a member may need (section 4.4.3)."""
_LOWEST_VERSION: Final = 10
_METHODS: Final = frozenset({0, 8, 9, 12, 14, 20, 93, 95, 99})
"""Methods of compression in use (section 4.4.5). 99 is an encrypted member."""
_SEARCHED: Final = 1 << 28
"""Bytes of a program in which a member is searched."""
_MOST_TRIES: Final = 1_000
_LONGEST_NAME: Final = 1_000
_SPACE: Final = 0x20
"""The lowest byte of a name."""
_NOTHING: Final = 2
"""Deflate stores no bytes in this many bytes."""
ENCRYPTED: Final = 0x0001
SIZES_FOLLOW: Final = 0x0008
MASKED: Final = 0x2000
"""Central directory encryption: headers do not state the sizes."""
_UTF_8: Final = 0x0800


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member. `start`: offset of its bytes in the region; `packed`, `size`: packed and unpacked bytes, None if only
    the data state them; `crc`: CRC-32 of its bytes, 0 if it is not stated.
    """

    name: bytes
    utf_8: bool
    flags: int
    method: int
    start: int
    packed: int | None
    size: int | None
    crc: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, which has no bytes."""
        return self.name.endswith(b"/") and (not self.packed or (self.size == 0 and self.packed <= _NOTHING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The location of the central directory. `shift`: bytes before the archive; `split`: parts of it are in other
    files.
    """

    start: int
    end: int
    count: int
    shift: int
    split: bool


def find_directory(region: Region) -> Directory | None:
    """Returns the central directory, or None if it cannot be found."""
    tail = min(region.size, _COMMENT + _END_RECORD.size)
    at_tail = region.size - tail
    data = region.at(at_tail, tail)
    found = data.rfind(END)
    while found >= 0:
        directory = _directory_at(region, at_tail + found)
        if directory is not None:
            return directory
        found = data.rfind(END, 0, found)
    return None


def _directory_at(region: Region, at: int) -> Directory | None:
    record = region.at(at, _END_RECORD.size)
    if len(record) < _END_RECORD.size:
        return None
    disk, first_disk, _, count, size, offset, _ = _END_RECORD.unpack(record)
    end = at
    locator = region.at(at - _LOCATOR.size, _LOCATOR.size)
    if locator.startswith(_LOCATOR_64):
        _, stated, disks = _LOCATOR.unpack(locator)
        for place in (stated, at - _LOCATOR.size - _END_RECORD_64.size):
            wide = region.at(place, _END_RECORD_64.size)
            if wide.startswith(_END_64) and len(wide) == _END_RECORD_64.size:
                _, _, _, disk, first_disk, _, count, size, offset = _END_RECORD_64.unpack(wide)
                end = place
                break
        if disks > 1:
            disk = max(disk, 1)
    start = end - size
    if start < 0 or (count and region.at(start, 4) != _ENTRY):
        return None
    return Directory(start=start, end=end, count=count, shift=start - offset, split=bool(disk or first_disk))


def entries_of(region: Region, directory: Directory) -> Iterator[Entry | None]:
    """Yields the members that the directory names, and None for each member that is not at its stated offset. It ends
    early if the directory is damaged: compare the number of members.
    """
    at = directory.start
    for _ in range(directory.count):
        header = region.at(at, _ENTRY_HEADER.size)
        if len(header) < _ENTRY_HEADER.size or not header.startswith(_ENTRY):
            return
        _, _, flags, method, _, _, crc, packed, size, names, extras, comments, disk, _, _, offset = (
            _ENTRY_HEADER.unpack(header)
        )
        name = region.at(at + _ENTRY_HEADER.size, names)
        extra = region.at(at + _ENTRY_HEADER.size + names, extras)
        at += _ENTRY_HEADER.size + names + extras + comments
        size, packed, offset = _wide(extra, [size, packed, offset])
        start = _start_of(region, offset + directory.shift)
        if start is None or disk not in (0, 0xFFFF) or start + packed > region.size:
            yield None
            continue
        yield Entry(
            name=name,
            utf_8=bool(flags & _UTF_8),
            flags=flags,
            method=method,
            start=start,
            packed=packed,
            size=size,
            crc=crc,
        )


def _start_of(region: Region, at: int) -> int | None:
    """Returns where a member's bytes begin, by its own header at `at`."""
    header = region.at(at, _LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(LOCAL):
        return None
    *_, names, extras = _LOCAL_HEADER.unpack(header)
    return at + _LOCAL_HEADER.size + int(names) + int(extras)


def _wide(extra: bytes, values: list[int]) -> list[int]:
    """Returns sizes and offsets. Unknown ones come from the Zip64 field in their order (section 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            for place, value in enumerate(values):
                if value == _UNKNOWN and len(field) >= 8:  # noqa: PLR2004
                    values[place] = int.from_bytes(field[:8], "little")
                    field = field[8:]
            break
        at += 4 + length
    return values


def has_members(region: Region) -> bool:
    """Tells whether a content that begins differently, such as a program, contains the header of a member. Four bytes
    alone are no proof: every program that reads archives contains them.
    """
    searched = region.part(0, _SEARCHED)
    at = 0
    for _ in range(_MOST_TRIES):
        at = find(searched, at, LOCAL)
        header = searched.at(at, _LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            return False
        version, flags, method, _, _, _, packed, _, names, _ = _LOCAL_HEADER.unpack(header)
        name = searched.at(at + _LOCAL_HEADER.size, names)
        if (
            _LOWEST_VERSION <= version & 0xFF <= _HIGHEST_VERSION
            and method in _METHODS
            and (packed or flags & SIZES_FOLLOW or name.endswith(b"/"))
            and 0 < names == len(name) <= _LONGEST_NAME
            and min(name) >= _SPACE
        ):
            return True
        at += len(LOCAL)
    return False


def entries_without_directory(region: Region) -> Iterator[Entry]:
    """Yields the members by their own headers, in the order of the file."""
    at = 0
    while (at := find(region, at, LOCAL)) < region.size:
        header = region.at(at, _LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            return
        version, flags, method, _, _, crc, packed, size, names, extras = _LOCAL_HEADER.unpack(header)
        start = at + _LOCAL_HEADER.size + names + extras
        if version & 0xFF > _HIGHEST_VERSION or not names or start > region.size:  # no header
            at += len(LOCAL)
            continue
        name = region.at(at + _LOCAL_HEADER.size, names)
        extra = region.at(at + _LOCAL_HEADER.size + names, extras)
        size, packed, _ = _wide(extra, [size, packed, 0])
        known = (not flags & SIZES_FOLLOW or packed > 0) and start + packed <= region.size
        if not known and method == 0 and flags & SIZES_FOLLOW:
            packed, known = find(region, start, SPANNED, LOCAL, _ENTRY) - start, True
        yield Entry(
            name=name,
            utf_8=bool(flags & _UTF_8),
            flags=flags,
            method=method,
            start=start,
            packed=packed if known else None,
            size=size if known else None,
            crc=crc if known else 0,
        )
        at = start + packed if known else start
