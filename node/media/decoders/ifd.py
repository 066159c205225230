"""Our own parser for the directories of a TIFF, or of a camera raw file with the same structure.

Rules this module upholds:

- It reads only directories, never pixels. `_MOST_DIRECTORIES` and `_MOST_VALUES` bound the work for any file.
- It never raises for the content of a file: it skips invalid entries.

Source: TIFF 6.0, section 2; BigTIFF design (Aware Systems); TIFF/EP (ISO 12234-2) for SubIFDs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
MAKE, MODEL, STRIP_OFFSETS, ORIENTATION, SAMPLES = 271, 272, 273, 274, 277
ROWS_PER_STRIP, STRIP_COUNTS, PLANAR = 278, 279, 284
PREDICTOR, COLOUR_MAP, TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS = 317, 320, 322, 323, 324, 325
SUB_DIRECTORIES, INK_SET = 330, 332
EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_AT, JPEG_LENGTH, SUBSAMPLING, DNG_VERSION = 338, 339, 513, 514, 530, 50706

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value, by field type. Rationals and floats are not needed."""
_LETTERS: Final = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MOST_DIRECTORIES: Final = 64
"""The most directories that are examined, including nested ones. A raw file has up to a dozen."""
_MOST_ENTRIES: Final = 4096
_MOST_VALUES: Final = 1 << 20
"""The most values of one entry. Offsets of strips are the longest."""
_BIG: Final = 43
"""The version of a BigTIFF, whose offsets have 8 bytes. A TIFF has 42, and raw files have their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One directory. `values`: by tag. It contains only tags with whole numbers or characters."""

    values: dict[int, tuple[int, ...]]
    order: Literal["<", ">"]
    big: bool

    def first(self, tag: int, otherwise: int = 0) -> int:
        """Returns the first value of a tag."""
        return (self.values.get(tag) or (otherwise,))[0]

    def text(self, tag: int) -> str:
        """Returns a tag of characters as text up to the first zero. Non-ASCII characters are dropped."""
        return bytes(self.values.get(tag, ())[:64]).split(b"\0")[0].decode("ascii", "ignore")

    @property
    def segments(self) -> tuple[tuple[int, int], ...]:
        """The stated start and length of each strip or tile."""
        starts = self.values.get(TILE_OFFSETS) or self.values.get(STRIP_OFFSETS) or ()
        lengths = self.values.get(TILE_COUNTS) or self.values.get(STRIP_COUNTS) or ()
        return tuple(zip(starts, lengths, strict=False))


def directories(data: bytes) -> Iterator[Directory]:
    """Yields the directories in the order of their links. Nested directories follow their parent."""
    order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"
    big = struct.unpack(order + "H", data[2:4].ljust(2, b"\0"))[0] == _BIG
    start = _number(data, 8, order, 8) if big else _number(data, 4, order, 4)
    waiting, seen = [start], set[int]()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or not 0 < at < len(data):
            continue
        seen.add(at)
        found, following = _read(data, at, order, big=big)
        yield found
        waiting = [*found.values.get(SUB_DIRECTORIES, ())[:_MOST_DIRECTORIES], following, *waiting]


def _read(data: bytes, at: int, order: Literal["<", ">"], *, big: bool) -> tuple[Directory, int]:
    """Reads the directory at an offset. Returns it, and the offset of the next one."""
    wide = 8 if big else 4
    count = _number(data, at, order, 8 if big else 2)
    entry = at + (8 if big else 2)
    values: dict[int, tuple[int, ...]] = {}
    for _ in range(min(count, _MOST_ENTRIES)):
        tag, kind = _number(data, entry, order, 2), _number(data, entry + 2, order, 2)
        many = _number(data, entry + 4, order, wide)
        place = entry + 4 + wide
        size = _SIZES.get(kind, 0) * many
        if size > 0 and many <= _MOST_VALUES:
            if size > wide:
                place = _number(data, place, order, wide)
            if place + size <= len(data):
                values.setdefault(tag, struct.unpack_from(f"{order}{many}{_LETTERS[kind]}", data, place))
        entry += 4 + 2 * wide
    return Directory(values=values, order=order, big=big), _number(data, entry, order, wide)


def _number(data: bytes, at: int, order: str, size: int) -> int:
    """Reads an unsigned number. Returns 0 after the end of the data."""
    return int.from_bytes(data[at : at + size], "little" if order == "<" else "big") if at + size <= len(data) else 0
