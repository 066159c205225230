"""Removes metadata from a picture, for decoders that refuse a picture because of its metadata.

Rules this module upholds:

- Everything that the pixels need is kept, byte for byte: tables, palette, transparency, orientation, animation frames.
- Checksums are corrected: a wrong checksum of an ancillary chunk says nothing about the pixels.
- It never raises for the content of a file, and never makes a picture from a file without pixels.

Sources: PNG (W3C, third edition), 5; WebP container (RFC 9649), 2; for JPEG see `jpeg`, for GIF `gif`.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from PIL import ExifTags, Image

from node.media import jpeg
from node.media.gif import without_extensions
from node.media.sniff import GIF, JPEG, PNG, WEBP, Format

_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_PNG_NEEDED: Final = frozenset({b"IHDR", b"PLTE", b"IDAT"})
_PNG_KEPT_SOUND: Final = frozenset({b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf"})
"""Chunks that are kept if their checksum is right: transparency, frames of an animation, orientation."""
_COLOUR_TYPE: Final = 25
"""Offset of the colour type: after the signature, and the head, width, height and depth of IHDR."""
_TRANSPARENT_BYTES: Final = {0: range(2, 3), 2: range(6, 7), 3: range(1, 257)}
"""Bytes of a tRNS chunk for each colour type that may have one (PNG, 11.3.1.1)."""
_PNG_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_MAX_CHUNKS: Final = 1_000_000
_MAX_EXIF: Final = 65_536
"""The most bytes of an eXIf chunk that is kept. Exif in a JPEG cannot be larger."""
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"EXIF"})

_WEBP_PIXELS: Final = frozenset({b"VP8 ", b"VP8L"})
"""Chunks of a still picture that are kept even if cut short. A frame of an animation is kept only as a whole."""


def without_metadata(data: bytes, known: Format) -> bytes | None:
    """Returns the picture without its metadata. Returns None for a format that is not parsed, or if nothing would
    change.
    """
    if known is PNG:
        clean = _png(data)
    elif known is JPEG:
        clean = jpeg.without_metadata(data, _orientation_of_jpeg(data))
    elif known is WEBP:
        clean = _webp(data)
    elif known is GIF:
        clean = without_extensions(data)
    else:
        return None
    return None if clean == data else clean


def _png(data: bytes) -> bytes:
    kept = [_PNG_START]
    at = len(_PNG_START)
    for _ in range(_MAX_CHUNKS):
        head = data[at : at + 8]
        if len(head) < 8:  # noqa: PLR2004  (length and kind)
            break
        length, kind = struct.unpack(">I4s", head)
        end = at + 12 + length
        if not kind.isalpha() or (end > len(data) and kind != b"IDAT") or not _chunk_follows(data, end):
            resumed = data.find(b"IDAT", at + 8) - 4
            if kind == b"IDAT":  # the last one, whose end is missing or whose length is wrong
                resumed = -1
                kept.append(_chunk(kind, data[at + 8 : min(end - 4, len(data))]))
            if resumed < 0:
                break
            at = resumed
            continue
        content = data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            break
        if kind in _PNG_NEEDED or (kind in _PNG_KEPT_SOUND and _is_sound(kind, content, data, end)):
            kept.append(_chunk(kind, content))
        at = end
    return b"".join((*kept, _PNG_END))


def _chunk_follows(data: bytes, at: int) -> bool:
    """Tells whether a chunk, or the end of the file, is at `at`."""
    return at >= len(data) or data[at + 4 : at + 8].isalpha()


def _is_sound(kind: bytes, content: bytes, data: bytes, end: int) -> bool:
    if kind == b"eXIf" and len(content) > _MAX_EXIF:
        return False
    if kind == b"tRNS" and not _TRANSPARENT_BYTES.get(data[_COLOUR_TYPE], range(0)).count(len(content)):
        return False
    return zlib.crc32(kind + content).to_bytes(4, "big") == data[end - 4 : end]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _orientation_of_jpeg(data: bytes) -> int:
    """Returns the EXIF orientation, 1 to 8; 1 if it cannot be read."""
    for segment in jpeg.segments(data):
        content = data[segment.start : segment.end]
        if segment.marker == 0xE1 and content.startswith(b"Exif\x00\x00"):  # noqa: PLR2004  (APP1)
            return orientation_in(content)
    return 1


def orientation_in(exif: bytes) -> int:
    """Returns the orientation in Exif data, 1 to 8; 1 if it cannot be read."""
    try:
        found = Image.Exif()
        found.load(exif)
        stated = found.get(ExifTags.Base.Orientation, 1)
    except MemoryError:  # not the tag's fault: without it the hashes would be those of another picture
        raise
    except Exception:  # noqa: BLE001  (Pillow parses EXIF with many error types; the pixels are whole all the same)
        return 1
    return stated if isinstance(stated, int) and 1 <= stated <= 8 else 1  # noqa: PLR2004  (EXIF 2.32, 0x0112)


def _webp(data: bytes) -> bytes:
    kept = []
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + (length & 1)
        if kind in _WEBP_KEPT and (end <= len(data) or kind in _WEBP_PIXELS):
            kept.append(data[at:end])
        at = end
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
