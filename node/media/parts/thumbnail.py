"""The thumbnails in a picture's metadata that show something different from the picture.

Rules this module upholds:

- Programs that crop a picture or paint over it may leave the thumbnail unchanged. It is a part if its PDQ is farther
  than the radius from the picture's, in each orientation, and with or without the plain borders that cameras add.
- The comparison uses the smallest size of the picture that its decoder offers, which is much faster than the full size.
- If the picture cannot be decoded, its thumbnail is always a part, because it is the only visible picture left.

Sources: Exif 2.32 (JPEGInterchangeFormat in the first directory after the main one); JFIF 1.02 (JFXX; the uncompressed
ones are in `jfif_thumbnails`); Adobe Photoshop File Formats (image resources 1033 and 1036).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image

from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR, PDQ_RADIUS
from node.domain.parts import Role
from node.errors import MediaError
from node.media import jpeg
from node.media.borders import cut, find_inside
from node.media.decode import decode_picture
from node.media.decoders.decoded import MAX_PIXELS, pixels_from
from node.media.parts.jfif_thumbnails import uncompressed
from node.media.parts.part import Omission, Part
from node.media.pdq import pdq_hashes
from node.media.picture import MAX_PICTURE_BYTES
from node.media.pixels import Pixels
from node.media.region import Region
from node.media.shortage import Shortage, lack_in, shortage
from node.media.sniff import HEAD, JPEG, PNG, PSD, WEBP, Format, recognise

_MOST_SMALL_BYTES: Final = 1 << 20
"""The most bytes of a picture in metadata. A segment of a JPEG has 64 KiB."""
_COMPARED_SIDE: Final = 256
"""Pixels. Each side of the picture keeps at least as many when it is decoded small: four for each sample of PDQ."""
_SMALLEST_SHARE: Final = 7
"""A JPEG that is decoded smaller than this share has an eighth of its size: the means of its blocks."""
_JPEG_AT, _JPEG_LENGTH = 513, 514
_ENTRY_BYTES: Final = 12
_MOST_ENTRIES: Final = 1_000
_EXIF: Final = b"Exif\x00\x00"
_PHOTOSHOP: Final = b"Photoshop 3.0\x00"
_RESOURCES: Final = (1033, 1036)
_RESOURCE_HEAD: Final = 28
"""Bytes before the JPEG in an image resource of a thumbnail."""
_MOST_RESOURCES: Final = 1_000
_PSD_HEADER: Final = 26
_JFXX: Final = b"JFXX\x00\x10"


def thumbnails(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of pictures: finds small pictures in their metadata that show something else. Raises `Shortage` if a
    resource of ours runs out.
    """
    if region.size > MAX_PICTURE_BYTES:
        return
    try:
        data = region.all(MAX_PICTURE_BYTES)
        known = recognise(data[:HEAD])
    except MediaError:
        return
    places = list(_places(data, known))
    plain = list(uncompressed(data)) if known is JPEG else []
    if not places and not plain:
        return
    whole = decoded(data) if known is PSD else _decoded_small(data)
    for start, end in places:
        if differs(data[start:end], whole):
            yield Part(role=Role.THUMBNAIL, content=region.part(start, end - start))
    for small in plain:
        if differs(small, whole):
            yield Part(role=Role.THUMBNAIL, content=iter([small]))


def _places(data: bytes, known: Format) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of each JPEG in the metadata."""
    for start, end in _stretches(data, known):
        if start < end <= len(data) and end - start <= _MOST_SMALL_BYTES and data.startswith(jpeg.START, start):
            yield start, end


def _stretches(data: bytes, known: Format) -> Iterator[tuple[int, int]]:
    if known is JPEG:
        for segment in jpeg.segments(data):
            content = data[segment.start : segment.start + len(_PHOTOSHOP)]
            if segment.marker == 0xE1 and content.startswith(_EXIF):  # noqa: PLR2004  (APP1)
                yield from _in_exif(data, segment.start + len(_EXIF), segment.end)
            elif segment.marker == 0xED and content == _PHOTOSHOP:  # noqa: PLR2004  (APP13)
                yield from _in_resources(data, segment.start + len(_PHOTOSHOP), segment.end)
            elif segment.marker == 0xE0 and content.startswith(_JFXX):  # noqa: PLR2004  (APP0)
                yield segment.start + len(_JFXX), segment.end
    elif known is PNG:
        yield from _in_chunks(data, 8, b"eXIf", ">I4s", 4)
    elif known is WEBP:
        yield from _in_chunks(data, 12, b"EXIF", "<4sI", 0)
    elif known is PSD:
        # Behind the header: the colour map and the image resources, each behind its length.
        colours = int.from_bytes(data[_PSD_HEADER : _PSD_HEADER + 4])
        at = _PSD_HEADER + 4 + colours
        resources = int.from_bytes(data[at : at + 4])
        yield from _in_resources(data, at + 4, min(at + 4 + resources, len(data)))


def _in_chunks(data: bytes, at: int, wanted: bytes, head: str, checksum: int) -> Iterator[tuple[int, int]]:
    """Yields the JPEGs in Exif in a chunk of a PNG or a WebP."""
    for _ in range(_MOST_RESOURCES):
        if at + 8 > len(data):
            return
        fields = struct.unpack_from(head, data, at)
        kind, length = fields if isinstance(fields[0], bytes) else fields[::-1]
        if kind == wanted:
            start = at + 8 + (len(_EXIF) if data.startswith(_EXIF, at + 8) else 0)
            yield from _in_exif(data, start, min(at + 8 + length, len(data)))
        at += 8 + length + (checksum or (length & 1))


def _in_exif(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields the JPEG of the directory after the main one. Offsets count from `start`."""
    order = "<" if data.startswith(b"II", start) else ">"
    try:
        (first,) = struct.unpack_from(order + "I", data, start + 4)
        (count,) = struct.unpack_from(order + "H", data, start + first)
        (second,) = struct.unpack_from(order + "I", data, start + first + 2 + count * _ENTRY_BYTES)
        if not second:
            return
        (count,) = struct.unpack_from(order + "H", data, start + second)
        found = {}
        for at in range(min(count, _MOST_ENTRIES)):
            place = start + second + 2 + at * _ENTRY_BYTES
            tag, _, _, value = struct.unpack_from(order + "HHII", data, place)
            found[tag] = value
    except struct.error:
        return
    if _JPEG_AT in found and _JPEG_LENGTH in found:
        at = start + found[_JPEG_AT]
        yield at, min(at + found[_JPEG_LENGTH], end)


def _in_resources(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields the JPEG of a Photoshop image resource."""
    for _ in range(_MOST_RESOURCES):
        if not data.startswith(b"8BIM", at) or at + 8 > end:
            return
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        name = data[at + 6] + 1
        size_at = at + 6 + name + (name & 1)
        size = int.from_bytes(data[size_at : size_at + 4], "big")
        start = size_at + 4
        if number in _RESOURCES:
            yield start + _RESOURCE_HEAD, min(start + size, end)
        at = start + size + (size & 1)


def in_exif(exif: bytes) -> list[bytes]:
    """Returns the small JPEG pictures in a separate block of Exif."""
    start = len(_EXIF) if exif.startswith(_EXIF) else 0
    return [exif[at:end] for at, end in _in_exif(exif, start, len(exif)) if exif.startswith(jpeg.START, at)]


def differs(small: bytes, whole: Image.Image | None) -> bool:
    """Tells whether a small picture shows something else than the whole one. A small picture with a PDQ of low quality
    does not.
    """
    try:
        pixels = decode_picture(small).pixels
    except Shortage:
        raise
    except MediaError:
        return False
    if pdq_hashes(pixels.values, pixels.channels).quality < PDQ_QUALITY_FLOOR:
        return False
    box = find_inside(pixels)
    return not any(_is_near(look, whole) for look in ([pixels] if box is None else [pixels, cut(pixels, box)]))


def _is_near(small: Pixels, whole: Image.Image | None) -> bool:
    """Tells whether a small picture is within the radius of the whole one, in any orientation, with or without borders.

    Both are hashed in the same size and orientation, because the PDQ of the smallest pictures differs from that of the
    full size, and of the turned one, by up to 48 bits.
    """
    if whole is None:
        return False
    upright = as_image(small)
    box = find_inside(pixels_from(np.asarray(whole)))
    wholes = [whole] if box is None else [whole, whole.crop((box.left, box.top, box.right, box.bottom))]
    for turned in (upright, *(upright.transpose(turn) for turn in Image.Transpose)):
        one = _hash_of(turned)
        if any(
            _distance(one, _hash_of(each.resize(turned.size, Image.Resampling.BOX))) <= PDQ_RADIUS for each in wholes
        ):
            return True
    return False


def as_image(pixels: Pixels) -> Image.Image:
    """Returns decoded pixels as a grey or RGB image."""
    values = pixels.values.reshape(pixels.height, pixels.width, pixels.channels)
    return Image.fromarray(values[:, :, 0] if pixels.channels == 1 else np.ascontiguousarray(values[:, :, :3]))


def _hash_of(image: Image.Image) -> bytes:
    pixels = pixels_from(np.asarray(image))
    return pdq_hashes(pixels.values, pixels.channels).orientations[0]


def decoded(data: bytes) -> Image.Image | None:
    """Decodes the picture itself. Returns None if it cannot be decoded. Raises `Shortage`."""
    try:
        return as_image(decode_picture(data).pixels)
    except Shortage:
        raise
    except MediaError:
        return None


def _decoded_small(data: bytes) -> Image.Image | None:
    """Decodes the picture itself as RGB in a small size. Returns None if it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            whole = image.width
            image.draft("RGB", (_COMPARED_SIDE, _COMPARED_SIDE))
            if image.width * _SMALLEST_SHARE > whole:
                return image.convert("RGB")
        with Image.open(io.BytesIO(jpeg.coarse(data)), formats=("JPEG",)) as image:
            image.draft("RGB", (_COMPARED_SIDE, _COMPARED_SIDE))
            return image.convert("RGB")
    except Exception as error:  # noqa: BLE001  (decoders raise anything)
        if lack := lack_in(error):
            raise shortage("looking for small pictures in it", lack) from None
        return None


def _distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
