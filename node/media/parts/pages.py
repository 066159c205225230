"""The further pages of a TIFF, each as a separate file.

Rules this module upholds:

- The first page is the picture of the file itself. Every other page, linked after it or inside another, is a part.
- A page has no separate bytes. Its part is a TIFF of one page with the page's own directory, values and strips or
  tiles, copied byte for byte in the order of their tags; only offsets differ. The same page always gives the same file.
  So its digests can be compared only with those of the same page elsewhere (ADR 34).
- A camera raw file has no pages: its directories are one picture in several sizes, and its note says which was read.
- If strips of a page lie outside the file, the existing part is copied, and is decoded like any damaged picture.

Source: TIFF 6.0, sections 2, 3 and 15; BigTIFF design (Aware Systems); TIFF Technical Note 2 (JPEG tables).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.domain.parts import Role
from node.errors import MediaError
from node.media.decoders import ifd, raw
from node.media.parts.part import Omission, Part
from node.media.picture import MAX_PICTURE_BYTES
from node.media.region import Region
from node.media.sniff import HEAD, TIFF, recognise

_MOST_PAGES: Final = 10_000
"""The most pages of one file. A scanned court file has some hundred."""
_MOST_ENTRIES: Final = 4_096
_MOST_SEGMENTS: Final = 1_000_000
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value by field type."""
_SHORT, _LONG, _LONG8 = 3, 4, 16
_LETTERS: Final = {_SHORT: "H", _LONG: "I", 13: "I", _LONG8: "Q", 18: "Q"}
_SUBFILE, _SUB_DIRECTORIES = 254, 330
_STARTS: Final = {273: 279, 324: 325, 513: 514}
"""Tags of offsets (strips, tiles, an old JPEG), and the tags of the lengths."""
_DIRECTORIES: Final = frozenset({330, 34665, 34853, 40965})
"""Tags of further directories: nested pages, Exif, GPS, interoperability. They do not belong to a page's pixels."""
_OTHER_OFFSETS: Final = frozenset({519, 520, 521})
"""Tables of an old JPEG, with offsets but without lengths. The note counts such pages."""
_MASK: Final = 4
"""The bit of NewSubfileType of a mask, which contains no picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How numbers are stored. `order`: "<" or ">"; `big`: BigTIFF."""

    order: str
    big: bool

    @property
    def offset(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def entry(self) -> struct.Struct:
        """Tag, field type, count of values; the value or its offset follows."""
        return struct.Struct(self.order + ("HHQ" if self.big else "HHI"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One entry of a directory, with the bytes of its values."""

    tag: int
    kind: int
    count: int
    values: bytes

    def numbers(self, order: str) -> tuple[int, ...]:
        letter = _LETTERS.get(self.kind)
        if letter is None or self.count > _MOST_SEGMENTS:
            return ()
        return struct.unpack(f"{order}{self.count}{letter}", self.values)


def pages(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of TIFF: finds every page except the first."""
    if region.size > MAX_PICTURE_BYTES:
        yield Omission(reason=f"further pages of a TIFF of more than {MAX_PICTURE_BYTES >> 20} MiB")
        return
    try:
        data = region.all(MAX_PICTURE_BYTES)
        if recognise(data[:HEAD]) is not TIFF or raw.is_raw(data, list(ifd.directories(data))):
            return
    except MediaError:
        return
    layout = _Layout(order="<" if data.startswith(b"II") else ">", big=data[2:4] in (b"+\x00", b"\x00+"))
    unread = 0
    for number, entries in enumerate(_directories(data, layout)):
        if number == _MOST_PAGES:
            yield Omission(reason=f"pages after the first {_MOST_PAGES}")
            break
        by_tag = {entry.tag: entry for entry in entries}
        subfile = by_tag.get(_SUBFILE)
        if number == 0 or (subfile and any(value & _MASK for value in subfile.numbers(layout.order))):
            continue
        if not by_tag.keys() & _STARTS.keys():
            continue
        if by_tag.keys() & _OTHER_OFFSETS:
            unread += 1
            continue
        yield Part(role=Role.PAGE, content=_copied(data, entries, layout), name=f"page {number + 1}")
    if unread:
        yield Omission(reason=f"{unread} pages in an old coding of JPEG")


def _directories(data: bytes, layout: _Layout) -> Iterator[list[_Entry]]:
    """Yields every directory in order. Nested directories follow their parent."""
    waiting, seen = [_number(data, 8 if layout.big else 4, layout.offset)], set[int]()
    while waiting and len(seen) <= _MOST_PAGES:
        at = waiting.pop(0)
        if at in seen or not 0 < at < len(data):
            continue
        seen.add(at)
        entries, following = _read(data, at, layout)
        yield entries
        within = next((entry for entry in entries if entry.tag == _SUB_DIRECTORIES), None)
        waiting = [*(within.numbers(layout.order) if within else ())[:_MOST_PAGES], following, *waiting]


def _read(data: bytes, at: int, layout: _Layout) -> tuple[list[_Entry], int]:
    """Returns the readable entries of a directory, and the offset of the next directory (0: none)."""
    entries: list[_Entry] = []
    count = _number(data, at, layout.count)
    at += layout.count.size
    for _ in range(min(count, _MOST_ENTRIES)):
        if at + layout.entry.size + layout.offset.size > len(data):
            return entries, 0
        tag, kind, many = layout.entry.unpack_from(data, at)
        place = at + layout.entry.size
        size = _SIZES.get(kind, 0) * many
        if size > layout.offset.size:
            (place,) = layout.offset.unpack_from(data, place)
        if size and place + size <= len(data):
            entries.append(_Entry(tag=tag, kind=kind, count=many, values=data[place : place + size]))
        at += layout.entry.size + layout.offset.size
    return entries, _number(data, at, layout.offset)


def _number(data: bytes, at: int, shape: struct.Struct) -> int:
    return int(shape.unpack_from(data, at)[0]) if at + shape.size <= len(data) else 0


def _copied(data: bytes, entries: list[_Entry], layout: _Layout) -> Iterator[bytes]:
    """Yields a page as a separate TIFF, in pieces: header, directory, values, then the data at its offsets."""
    kept = sorted(
        {entry.tag: entry for entry in reversed(entries) if entry.tag not in _DIRECTORIES}.values(),
        key=lambda entry: entry.tag,
    )
    by_tag = {entry.tag: entry for entry in kept}
    wide = layout.offset.size
    head = 16 if layout.big else 8
    values_at = head + layout.count.size + len(kept) * (layout.entry.size + wide) + wide
    segments: list[tuple[int, int]] = []
    moved: dict[int, bytes] = {}
    # Where values begin is known before they are written: their sizes do not change, but offsets become wide ones.
    sizes = {entry.tag: (entry.count * wide if entry.tag in _STARTS else len(entry.values)) for entry in kept}
    at = values_at + sum(_even(size) for size in sizes.values() if size > wide)
    for starts, lengths in _STARTS.items():
        if starts in by_tag:
            found = list(zip(*_stretches(by_tag, starts, lengths, layout, len(data)), strict=True))
            segments += found
            offsets = []
            for _, length in found:
                offsets.append(at)
                at += length
            moved[starts] = struct.pack(f"{layout.order}{len(offsets)}{'Q' if layout.big else 'I'}", *offsets)
    yield _header(layout, head) + _directory(kept, moved, values_at, layout)
    for start, length in segments:
        yield data[start : start + length]


def _stretches(
    by_tag: dict[int, _Entry], starts: int, lengths: int, layout: _Layout, size: int
) -> tuple[list[int], list[int]]:
    """Returns the offsets and lengths of strips or tiles, as far as they are in the file. There are as many as
    offsets.
    """
    places = by_tag[starts].numbers(layout.order)
    stated = by_tag[lengths].numbers(layout.order) if lengths in by_tag else ()
    stated += (size,) * (len(places) - len(stated))  # a TIFF may leave out the length of its only strip
    begin = [min(place, size) for place in places]
    return begin, [min(length, size - place) for place, length in zip(begin, stated, strict=False)]


def _header(layout: _Layout, first: int) -> bytes:
    start = b"II" if layout.order == "<" else b"MM"
    if layout.big:
        return start + struct.pack(layout.order + "HHHQ", 43, 8, 0, first)
    return start + struct.pack(layout.order + "HI", 42, first)


def _directory(kept: list[_Entry], moved: dict[int, bytes], values_at: int, layout: _Layout) -> bytes:
    """Returns the directory, and the values that do not fit into it."""
    entries, values = [layout.count.pack(len(kept))], []
    at, wide = values_at, layout.offset.size
    for entry in kept:
        written = moved.get(entry.tag, entry.values)
        kind = (_LONG8 if layout.big else _LONG) if entry.tag in moved else entry.kind
        count = len(written) // wide if entry.tag in moved else entry.count
        if len(written) <= wide:
            place = written.ljust(wide, b"\x00")
        else:
            place = layout.offset.pack(at)
            values.append(written.ljust(_even(len(written)), b"\x00"))
            at += _even(len(written))
        entries.append(layout.entry.pack(entry.tag, kind, count) + place)
    return b"".join((*entries, bytes(wide), *values))


def _even(size: int) -> int:
    return size + (size & 1)
