"""Picture files that no library at hand writes, put together field by field.

Sources: Adobe Photoshop File Formats Specification; TIFF 6.0; the PNG specification, 8.2 (Adam7); the layout of RAF
(Fujifilm) as LibRaw and ExifTool read it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from bench.evidence.originals import Rgb

_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of each pass: first column, first row, and the steps between columns and rows."""
_BYTE, _ASCII, _SHORT, _LONG = 1, 2, 3, 4
_SIZES: Final = {_BYTE: 1, _ASCII: 1, _SHORT: 2, _LONG: 4}
_SENSOR: Final = (96, 64)
"""Pixels of the sensor's own data, which nothing here decodes."""

Entry = tuple[int, int, Sequence[int] | bytes]
"""A field of a TIFF directory: tag, type, values."""


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG with its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def interlaced_png(rgb: Rgb) -> bytes:
    """A PNG in the seven passes of Adam7."""
    height, width = rgb.shape[:2]
    rows = bytearray()
    for left, top, across, down in _ADAM7:
        for row in rgb[top::down, left::across]:
            rows += b"\0" + row.tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def psd(rgb: Rgb, *, large: bool = False) -> bytes:
    """A Photoshop file with its flattened picture alone, uncompressed. `large`: PSB."""
    height, width = rgb.shape[:2]
    head = b"8BPS" + struct.pack(">H6xHIIHH", 2 if large else 1, 3, height, width, 8, 3)
    sections = bytes(4) + bytes(4) + bytes(8 if large else 4)
    return head + sections + struct.pack(">H", 0) + np.moveaxis(rgb, -1, 0).tobytes()


def raw(preview: bytes, *, maker: bytes, dng: bool = False, cr2: bool = False, magic: bytes = b"II*\0") -> bytes:
    """A camera's raw file: the first directory has the preview, a second the data of the sensor."""
    sensor = np.random.default_rng(1).integers(0, 4096, _SENSOR[0] * _SENSOR[1], dtype=np.uint16).tobytes()
    start = 16 if cr2 else 8
    first: list[Entry] = [
        (0x00FE, _LONG, [1]),
        (0x0103, _SHORT, [6]),
        (0x0106, _SHORT, [6]),
        (0x010F, _ASCII, maker + b"\0"),
        (0x0110, _ASCII, b"Model\0"),
        (0x0111, _LONG, [start]),
        (0x0112, _SHORT, [1]),
        (0x0117, _LONG, [len(preview)]),
        (0x014A, _LONG, [0]),
        (0x0201, _LONG, [start]),
        (0x0202, _LONG, [len(preview)]),
    ]
    if dng:
        first += [(0xC612, _BYTE, [1, 4, 0, 0]), (0xC614, _ASCII, b"Vigil Model\0")]
    data_at = start + len(preview) + len(preview) % 2
    second: list[Entry] = [
        (0x00FE, _LONG, [0]),
        (0x0100, _LONG, [_SENSOR[0]]),
        (0x0101, _LONG, [_SENSOR[1]]),
        (0x0102, _SHORT, [16]),
        (0x0103, _SHORT, [1]),
        (0x0106, _SHORT, [32803]),
        (0x0111, _LONG, [data_at]),
        (0x0115, _SHORT, [1]),
        (0x0116, _LONG, [_SENSOR[1]]),
        (0x0117, _LONG, [len(sensor)]),
    ]
    second_at = data_at + len(sensor)
    second_bytes = directory(second, second_at)
    first_at = second_at + len(second_bytes)
    first = [(tag, kind, [second_at] if tag == 0x014A else values) for tag, kind, values in first]
    head = magic + struct.pack("<I", first_at) + (b"CR\2\0" + struct.pack("<I", second_at) if cr2 else b"")
    body = head + preview + b"\0" * (len(preview) % 2) + sensor + second_bytes
    return body + directory(first, first_at)


def directory(entries: Sequence[Entry], at: int, following: int = 0) -> bytes:
    """A little-endian TIFF directory that lies at `at`, with the values that do not fit behind it."""
    made = struct.pack("<H", len(entries))
    behind = b""
    behind_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, values in entries:
        data = values if isinstance(values, bytes) else b"".join(v.to_bytes(_SIZES[kind], "little") for v in values)
        field = data.ljust(4, b"\0")
        if len(data) > 4:
            field = struct.pack("<I", behind_at + len(behind))
            behind += data + b"\0" * (len(data) % 2)
        made += struct.pack("<HHI", tag, kind, len(data) // _SIZES[kind]) + field
    return made + struct.pack("<I", following) + behind


def raf(preview: bytes) -> bytes:
    """A Fujifilm raw file: a header in big-endian that names where the preview lies."""
    head = b"FUJIFILMCCD-RAW 0201FF389501" + b"Model".ljust(32, b"\0") + b"0100" + bytes(20)
    sensor = np.random.default_rng(2).integers(0, 256, 20_000, dtype=np.uint8).tobytes()
    at = len(head) + 24
    data_at = at + len(preview)
    return head + struct.pack(">IIIIII", at, len(preview), data_at, 0, data_at, len(sensor)) + preview + sensor
