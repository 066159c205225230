"""Camera raw files: reads the largest JPEG preview that the camera stored. Other programs show it too.

Rules this module upholds:

- A sensor's values are never developed: each program does this in its own way, so other programs get other hashes.
- The note says which picture was read.
- Every JPEG stream in the file is a preview, except pieces of the raw picture itself: lossless streams, and the tiles
  or strips of a directory that has several or holds a sensor's values.
- If there is no JPEG, the picture of the first directory is the preview, unless it holds a sensor's values (`tiff`).
- If a preview states no orientation, the orientation of the raw file is used.

Sources: TIFF/EP (ISO 12234-2), DNG 1.7, ISO/IEC 10918-1 annex B. Formats of camera makers have their own signatures.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Final

from PIL import ExifTags, Image

from node.errors import MediaError
from node.media.decoders import ifd
from node.media.decoders.decoded import Decoded, bounded
from node.media.pixels import pixels_of

SENSOR: Final = (32803, 34892)
"""Photometric interpretations of sensor values: colour filter array, linear raw."""
_RAW_COMPRESSIONS: Final = (32767, 32769, 32770, 34713, 65535)
"""Compressions of Sony, Nikon, Samsung and Pentax."""
_START: Final = b"\xff\xd8\xff"
_FRAMES: Final = (0xC0, 0xC1, 0xC2)
"""Markers of a frame that viewers can show: baseline, extended, progressive."""
_OTHER_FRAMES: Final = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
_MOST_STREAMS: Final = 4096
"""The most starts of JPEG streams that are examined. Three bytes look like a start by chance once in 16 million."""
_MOST_SEGMENTS: Final = 256
_MOST_TRIES: Final = 4
"""The most previews that are tried if the largest cannot be decoded."""
_BY_MAKE: Final = {
    "NIKON": "image/x-nikon-nef",
    "SONY": "image/x-sony-arw",
    "CANON": "image/x-canon-cr2",
    "PENTAX": "image/x-pentax-pef",
    "RICOH": "image/x-pentax-pef",
    "SAMSUNG": "image/x-samsung-srw",
    "HASSELBLAD": "image/x-hasselblad-3fr",
    "OLYMPUS": "image/x-olympus-orf",
    "OM DIGITAL": "image/x-olympus-orf",
    "PANASONIC": "image/x-panasonic-rw2",
    "KODAK": "image/x-kodak-dcr",
    "EASTMAN KODAK": "image/x-kodak-dcr",
}
DNG: Final = "image/x-adobe-dng"
OTHER: Final = "image/x-dcraw"
MEDIA_TYPES: Final = frozenset({*_BY_MAKE.values(), DNG, OTHER})
"""Media types of files that have the signature of a TIFF."""


class NoPreview(MediaError):
    """A camera raw file has no JPEG preview that can be read."""


def is_raw(data: bytes, found: Sequence[ifd.Directory]) -> bool:
    """Tells whether a file with the structure of a TIFF contains sensor values, or states that it is a camera
    raw file.
    """
    if data[8:10] == b"CR" or data[8:12] == b"IIII":
        return True
    return any(
        ifd.DNG_VERSION in each.values
        or each.first(ifd.PHOTOMETRIC, -1) in SENSOR
        or each.first(ifd.COMPRESSION) in _RAW_COMPRESSIONS
        for each in found
    ) or _is_preview_alone(found)


def _is_preview_alone(found: Sequence[ifd.Directory]) -> bool:
    """Tells whether the first directory contains no picture, only a preview and a camera's name."""
    first = found[0] if found else None
    return (
        first is not None and ifd.JPEG_AT in first.values and ifd.WIDTH not in first.values and ifd.MAKE in first.values
    )


def decode(data: bytes, found: Sequence[ifd.Directory] = (), *, media_type: str = "") -> Decoded:
    """Decodes the largest preview. `found`: the directories, if the file has the structure of a TIFF; `media_type`: see
    `Decoded`. Raises `NoPreview` if there is none.
    """
    turned = next((each.first(ifd.ORIENTATION) for each in found if ifd.ORIENTATION in each.values), 1)
    streams = sorted(_streams(data, found), reverse=True)
    for pixels, start in streams[:_MOST_TRIES]:
        if pixels < 1:
            break
        image = _opened(data, -start)
        if image is None:
            continue
        if ExifTags.Base.Orientation not in image.getexif():
            image.getexif()[ExifTags.Base.Orientation] = turned
        return Decoded(
            pixels=pixels_of(image),
            note=note_of(image.width, image.height),
            media_type=media_type or media_type_of(found),
        )
    raise NoPreview("a camera raw file in which no preview can be read; its raw picture is not decoded")


def without_directory(data: bytes) -> Decoded | None:
    """Decodes the largest JPEG in a TIFF or camera raw file that is cut before its directory. Returns None if none can
    be decoded.
    """
    for pixels, start in sorted(_streams(data, ()), reverse=True)[:_MOST_TRIES]:
        image = _opened(data, -start) if pixels else None
        if image is not None:
            size = f"{image.width} x {image.height}"
            note = f"truncated TIFF: its directory is missing, and a JPEG picture of {size} pixels in it was read"
            return Decoded(pixels=pixels_of(image), note=note)
    return None


def _opened(data: bytes, start: int) -> Image.Image | None:
    """Decodes the preview at an offset. Returns None if it is damaged."""
    try:
        image = Image.open(io.BytesIO(memoryview(data)[start:]), formats=("JPEG",))
        bounded("JPEG preview", image.width, image.height)
        image.load()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  (a decoder raises anything; there may be another preview)
        return None
    return image


def note_of(width: int, height: int) -> str:
    """Returns the note on a preview."""
    return f"a camera raw file: the camera's embedded preview of {width} x {height} pixels was read"


def media_type_of(found: Sequence[ifd.Directory]) -> str:
    """Returns the media type by the format and the maker that the directories state."""
    if any(ifd.DNG_VERSION in each.values for each in found):
        return DNG
    make = next((each.text(ifd.MAKE) for each in found if ifd.MAKE in each.values), "").upper()
    return next((known for name, known in _BY_MAKE.items() if make.startswith(name)), OTHER)


def _streams(data: bytes, found: Sequence[ifd.Directory]) -> Iterator[tuple[int, int]]:
    """Returns the pixels and the negated offset of each JPEG stream that may be a preview. So the first of equal
    streams is the greatest.
    """
    pieces = _pieces(found)
    at = data.find(_START)
    for _ in range(_MOST_STREAMS):
        if at < 0:
            return
        if at not in pieces:
            yield _size(data, at), -at
        at = data.find(_START, at + 2)


def _pieces(found: Sequence[ifd.Directory]) -> set[int]:
    """Returns the offsets of strips and tiles that are only a part of a picture, or no picture."""
    return {
        start
        for each in found
        if len(each.segments) > 1 or each.first(ifd.PHOTOMETRIC, -1) in SENSOR
        for start, _ in each.segments
    }


def _size(data: bytes, at: int) -> int:
    """Returns the number of pixels that the JPEG stream at an offset states. Returns 0 if it is no JPEG, or one that
    viewers cannot show.
    """
    at += 2
    for _ in range(_MOST_SEGMENTS):
        if at + 9 > len(data) or data[at] != 0xFF:  # noqa: PLR2004  (what begins a marker)
            return 0
        marker = data[at + 1]
        if marker in _FRAMES:
            eight = data[at + 4] == 8  # noqa: PLR2004  (bits a sample)
            return int.from_bytes(data[at + 5 : at + 7]) * int.from_bytes(data[at + 7 : at + 9]) if eight else 0
        if marker in _OTHER_FRAMES or marker == 0xDA:  # noqa: PLR2004  (the start of a scan)
            return 0
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4])  # noqa: PLR2004  (a fill byte)
    return 0
