"""What happens to files on their way: on failing disks, in broken transfers, by carving and by careless editors.

Rules this module upholds:

- A damage is a name and a function from a file's bytes to others; what is random is drawn from a seed.
- A damage that a kind of file cannot have gives None: a chunk of a PNG in a JPEG.
- The digests of a damaged file are no longer the original's, so nothing is found by them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from bench.evidence.handmade import chunk

Damage = Callable[[bytes], bytes | None]

ZEROED: Final = 4_096
"""Bytes: a page, a sector of a large disk."""
FLIPS: Final = 12
_HEAD: Final = 1_024
"""Bytes that bits are not flipped in, where there are many more: a damaged header is a kind of its own."""
_TEXT: Final = 2_000_000
"""Bytes of a text: twice what Pillow believes."""
_JPEG_SEGMENT: Final = 65_533
_NOISE: Final = Random(7).randbytes(300)
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_AFTER_IHDR: Final = 33
"""Where a PNG's second chunk begins."""


def cut(share: float) -> Damage:
    """The end is missing: so much is left."""
    return lambda data: data[: int(len(data) * share)]


def two_bytes_short(data: bytes) -> bytes:
    """The last two bytes are missing: the end marker of a JPEG."""
    return data[:-2]


def zeroed(data: bytes) -> bytes | None:
    """A page in the middle reads as zeros."""
    middle = len(data) // 2
    return None if len(data) < 3 * ZEROED else data[:middle] + bytes(ZEROED) + data[middle + ZEROED :]


def flipped(data: bytes) -> bytes:
    """Single bits are wrong, behind the header."""
    drawn = Random(len(data))
    made = bytearray(data)
    for _ in range(FLIPS):
        place = drawn.randrange(min(_HEAD, len(data) // 2), len(data))
        made[place] ^= 1 << drawn.randrange(8)
    return bytes(made)


def line_feed_before(data: bytes) -> bytes:
    """A line feed before the first byte, as web servers send."""
    return b"\n" + data


def bytes_before(data: bytes) -> bytes:
    """A few bytes before the header, as of a carved file."""
    return b"\x00\x0d\x0a\xff\x00\x01" * 2 + data


# ---- what is wrong beside the pixels


def _png(made: bytes) -> Damage:
    """A PNG with these bytes behind its header."""
    return lambda data: data[:_AFTER_IHDR] + made + data[_AFTER_IHDR:] if data.startswith(_PNG) else None


def _bad(kind: bytes, data: bytes) -> bytes:
    made = chunk(kind, data)
    return made[:-4] + bytes(byte ^ 0xFF for byte in made[-4:])


def _jpeg(*segments: tuple[int, bytes]) -> Damage:
    """A JPEG with these segments before its others."""
    made = b"".join(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return lambda data: data[:2] + made + data[2:] if data.startswith(b"\xff\xd8\xff") else None


def _riff(kind: bytes, content: bytes) -> Damage:
    """A WebP with this chunk behind the others; its header's flags say nothing of it."""

    def damage(data: bytes) -> bytes | None:
        if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
            return None
        made = data[12:] + kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        return b"RIFF" + struct.pack("<I", len(made) + 4) + b"WEBP" + made

    return damage


def _wrong_length(data: bytes) -> bytes | None:
    """A JFIF segment that claims to be shorter than it is."""
    if not data.startswith(b"\xff\xd8\xff\xe0\x00\x10JFIF"):
        return None
    return data[:2] + b"\xff\xe0\x00\x0cJFIF" + data[10:16] + data[20:]


def _broken_end_chunk(data: bytes) -> bytes | None:
    return data[:-4] + b"\0\0\0\0" if data.startswith(_PNG) else None


def _comment_flood(data: bytes) -> bytes | None:
    return _jpeg(*[(0xFE, b"comment " * 7_000)] * 40)(data)


_EXIF: Final = b"Exif\0\0" + b"II*\0\x08\0\0\0" + b"\xff\xff" + _NOISE
_ICC: Final = b"ICC_PROFILE\0\x01\x01" + _NOISE

METADATA: Final[Mapping[str, Damage]] = {
    "bad checksum of iCCP": _png(_bad(b"iCCP", b"profile\0\0" + zlib.compress(_NOISE))),
    "bad checksum of tEXt": _png(_bad(b"tEXt", b"Comment\0hello")),
    "2 MB of zTXt": _png(chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"lorem ipsum " * (_TEXT // 12)))),
    "2 MB of iTXt": _png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * _TEXT)),
    "broken zTXt": _png(chunk(b"zTXt", b"prompt\0\0" + _NOISE)),
    "broken eXIf": _png(chunk(b"eXIf", _EXIF[6:])),
    "broken iCCP": _png(chunk(b"iCCP", b"profile\0\0" + _NOISE)),
    "broken gAMA": _png(chunk(b"gAMA", b"\0\0")),
    "broken cHRM and pHYs": _png(chunk(b"cHRM", b"\xff" * 7) + chunk(b"pHYs", b"\0")),
    "bad checksum of IEND": _broken_end_chunk,
    "broken EXIF": _jpeg((0xE1, _EXIF)),
    "empty EXIF": _jpeg((0xE1, b"Exif\0\0")),
    "broken ICC": _jpeg((0xE2, _ICC)),
    "ICC in parts of which one is missing": _jpeg((0xE2, b"ICC_PROFILE\0\x02\x03" + _NOISE)),
    "broken MPF": _jpeg((0xE2, b"MPF\0II*\0\xff\xff\xff\x7f" + _NOISE)),
    "broken Adobe": _jpeg((0xEE, b"Adobe")),
    "broken Photoshop": _jpeg((0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\xff\xff\xff\xff" + _NOISE)),
    "broken JFXX": _jpeg((0xE0, b"JFXX\0\x10" + _NOISE)),
    "JFIF of a wrong length": _wrong_length,
    "2 MB of comments": _comment_flood,
    "broken EXIF chunk": _riff(b"EXIF", _EXIF),
    "broken ICCP chunk": _riff(b"ICCP", _NOISE),
    "unknown chunk": _riff(b"zzzz", _NOISE),
}
"""Damage to what is beside the pixels of a PNG, a JPEG or a WebP: no pixel is touched."""

ANYWHERE: Final[Mapping[str, Damage]] = {
    "2 bytes short": two_bytes_short,
    "90 % left": cut(0.9),
    "66 % left": cut(0.66),
    "50 % left": cut(0.5),
    "33 % left": cut(0.33),
    "10 % left": cut(0.1),
    "4 kB of zeros": zeroed,
    "flipped bits": flipped,
    "line feed before": line_feed_before,
    "12 bytes before": bytes_before,
}
"""Damage to any file."""


# ---- films


def starts_in_a_packet(data: bytes) -> bytes:
    """The first bytes are missing: a recording that was cut between two packets' ends."""
    return data[100:]


def starts_in_the_middle(data: bytes) -> bytes:
    """The first half is missing."""
    return data[len(data) // 2 + 77 :]


def _without_index(data: bytes) -> bytes | None:
    """The index is missing: an AVI's `idx1`, a Matroska's cues, an FLV's key frames are only told by the name."""
    at = data.rfind(b"idx1") if data[:4] == b"RIFF" else data.rfind(b"\x1c\x53\xbb\x6b")
    return None if at < 0 or at < len(data) // 2 else data[:at]


def _unknown_length(data: bytes) -> bytes | None:
    """A RIFF that says it is empty, as a recorder leaves it that lost its power."""
    return data[:4] + bytes(4) + data[8:] if data[:4] == b"RIFF" else None


STREAMED: Final = frozenset(
    {".ts", ".m2ts", ".mpg", ".h264", ".h265", ".m1v", ".m2v", ".mjpeg", ".dv", ".flv", ".h263"}
)
"""Suffixes of films that players show from any place on."""

FILM_DAMAGES: Final[Mapping[str, Damage]] = {
    **ANYWHERE,
    "no index": _without_index,
    "no length": _unknown_length,
}
STREAM_DAMAGES: Final[Mapping[str, Damage]] = {
    "starts in a packet": starts_in_a_packet,
    "starts in the middle": starts_in_the_middle,
}
