"""A compound file (MS-CFB, version 3) with streams in storages one level deep: what Thumbs.db and MSG are."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SECTOR: Final = 512
_SMALL_SECTOR: Final = 64
_SMALL: Final = 4_096
"""Bytes below which a stream lies in the small sectors."""
_END, _FREE, _TABLE, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
_ROOT, _STORAGE, _STREAM = 5, 1, 2
_IN_HEADER: Final = 109
"""Sectors of the table that the header names itself: about 7 MB."""


@dataclass
class _Entry:
    name: str
    kind: int
    data: bytes = b""
    child: int = _NONE
    right: int = _NONE
    start: int = _END


def compound(streams: Mapping[str, bytes]) -> bytes:
    """The file. A path has at most one "/": storage and stream. Siblings are a list to the right, sorted as the format
    asks. Raises `ValueError` where the table does not fit the header.
    """
    entries = [_Entry("Root Entry", _ROOT)]
    groups: dict[str, list[int]] = {"": []}
    for path, data in streams.items():
        folder, _, name = path.rpartition("/")
        if folder not in groups:
            groups[folder] = []
            entries.append(_Entry(folder, _STORAGE))
            groups[""].append(len(entries) - 1)
        entries.append(_Entry(name, _STREAM, data))
        groups[folder].append(len(entries) - 1)
    owners = {entry.name: entry for entry in entries if entry.kind == _STORAGE} | {"": entries[0]}
    for folder, members in groups.items():
        ordered = sorted(members, key=lambda at: (len(entries[at].name), entries[at].name.upper()))
        for one, following in zip(ordered, [*ordered[1:], _NONE], strict=True):
            entries[one].right = following
        owners[folder].child = ordered[0] if ordered else _NONE
    return _laid_out(entries)


def _laid_out(entries: list[_Entry]) -> bytes:
    body, table = bytearray(), list[int]()
    small, small_table = bytearray(), list[int]()
    for entry in entries:
        if entry.kind == _STREAM and entry.data:
            if len(entry.data) < _SMALL:
                entry.start = _add(small, small_table, entry.data, _SMALL_SECTOR)
            else:
                entry.start = _add(body, table, entry.data, _SECTOR)
    entries[0].data = bytes(small)
    entries[0].start = _add(body, table, bytes(small), _SECTOR) if small else _END
    small_at = _add(body, table, _numbers(small_table, _FREE), _SECTOR) if small else _END
    small_count = -(-len(small_table) * 4 // _SECTOR)
    directory = b"".join(map(_entry, entries))
    directory += _entry(_Entry("", 0)) * (-len(entries) % 4)
    directory_at = _add(body, table, directory, _SECTOR)
    sectors = 0
    while sectors * (_SECTOR // 4) < len(table) + sectors:
        sectors += 1
    if sectors > _IN_HEADER:
        raise ValueError("too large for this writer")
    places = [len(table) + number for number in range(sectors)]
    body += _numbers([*table, *[_TABLE] * sectors], _FREE)
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, sectors, directory_at, 0, _SMALL, small_at, small_count, _END, 0)
    return header + struct.pack("<109I", *places, *[_FREE] * (_IN_HEADER - sectors)) + bytes(body)


def _add(body: bytearray, table: list[int], data: bytes, sector: int) -> int:
    """Appends a chain of sectors; gives its first."""
    start, count = len(table), -(-len(data) // sector)
    body += data + bytes(count * sector - len(data))
    table += [*range(start + 1, start + count), _END]
    return start


def _numbers(values: list[int], filler: int) -> bytes:
    padded = [*values, *[filler] * (-len(values) % (_SECTOR // 4))]
    return struct.pack(f"<{len(padded)}I", *padded)


def _entry(entry: _Entry) -> bytes:
    name = (entry.name + "\0").encode("utf-16-le") if entry.kind else b""
    head = name.ljust(64, b"\0") + struct.pack("<HBB", len(name), entry.kind, 1)
    links = struct.pack("<III", _NONE, entry.right, entry.child)
    return head + links + bytes(36) + struct.pack("<IQ", entry.start if entry.kind else 0, len(entry.data))
