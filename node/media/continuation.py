"""Appends filler bytes to a file that is cut short, so that a decoder returns the part that exists.

Rules this module upholds:

- It reads and changes only lengths. The content of the file stays at its position.
- It never raises for the content of a file, and no file grows by more than `_MOST_CONTINUED`.
"""

from __future__ import annotations

import struct
from typing import Final

from node.media import jpeg
from node.media.sniff import AVIF, BMP, GIF, HEIC, HEIF, JPEG, PNG, WEBP, Format

_CONTINUED: Final = 3
"""A cut file is continued by at most this many times its size. So a file that is cut to a quarter gets its whole
length."""
_MOST_CONTINUED: Final = 256 * 1024 * 1024
"""The most bytes by which a file is continued."""
_LITTLE: Final = 4096
_MAX_BOXES: Final = 100_000


def continued(data: bytes, known: Format, filler: int) -> bytes:
    """Returns a cut file, continued with filler bytes up to its stated length, or by as many bytes as may be
    missing.
    """
    more = min(_CONTINUED * len(data) + _LITTLE, _MOST_CONTINUED)
    if known is JPEG:
        end = jpeg.end_of(data)
        return (data if end < 0 else data[: end - len(jpeg.END)]) + bytes([filler]) * more + jpeg.END
    if known is WEBP:
        return _continued_riff(data, filler, more)
    if known in (AVIF, HEIC, HEIF):
        stated = stated_end(data)
        return data + bytes([filler]) * max(min(stated - len(data), more), 0)
    return data if known in (PNG, GIF, BMP) else data + bytes([filler]) * more


def _continued_riff(data: bytes, filler: int, more: int) -> bytes:
    """Continues a RIFF file: extends the last chunk, its stated size, and the stated size of the file."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size + (size & 1) >= len(data):
            break
        at += 8 + size + (size & 1)
    else:
        return data
    made = bytearray(data + bytes([filler]) * (more + (len(data) + more & 1)))
    struct.pack_into("<I", made, at + 4, len(made) - at - 8)
    struct.pack_into("<I", made, 4, len(made) - 8)
    return bytes(made)


def is_cut_short(data: bytes) -> bool:
    """Tells whether a file with a stated length (RIFF, ISO media) is shorter, or a TIFF lacks its first directory."""
    if data.startswith(b"RIFF"):
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return int.from_bytes(data[4:8], "little" if data.startswith(b"II") else "big") + 2 > len(data)
    return data[4:8] == b"ftyp" and stated_end(data) > len(data)


def stated_end(data: bytes) -> int:
    """Returns the stated end of the last box of an ISO media file (ISO/IEC 14496-12, 4.2). Returns the end of the data
    if the file does not state it.
    """
    at = 0
    for _ in range(_MAX_BOXES):
        head = data[at : at + 16]
        if len(head) < 8:  # noqa: PLR2004  (size and type)
            break
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if size < 8:  # noqa: PLR2004  (0: to the end of the file; else no box is smaller than its header)
            return len(data)
        at += size
    return at
