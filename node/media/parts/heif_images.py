"""The further images of a HEIF, each as a bitmap of its pixels.

Rules this module upholds:

- The primary image is the picture of the file itself. Every other image that a viewer can select is a part. Thumbnails,
  masks, depth and auxiliary images of HEIF are not parts, because they show nothing different.
- A small picture in the Exif of the primary image is a part if it shows something different, as in a JPEG.
- An image of a HEIF has no separate bytes: its data is scattered and shared. Its part is an uncompressed bitmap of its
  decoded pixels, as they are shown. The same image always gives the same bitmap with the same decoder. So its digests
  can be compared only with those of the same image elsewhere (ADR 34).
- One image is decoded at a time.

Source: ISO/IEC 23008-12; Microsoft, "Bitmap Storage".
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Final, cast

import numpy as np
import pillow_heif

from node.domain.parts import Role
from node.errors import MediaError
from node.media.decoders.decoded import MAX_PIXELS
from node.media.parts.part import Omission, Part
from node.media.parts.thumbnail import differs, in_exif
from node.media.picture import MAX_PICTURE_BYTES
from node.media.region import Region
from node.media.shortage import lack_in, shortage

_MOST_IMAGES: Final = 1_000
"""The most images of one file. A burst of a telephone has some tens."""
_AVIF: Final = ("image/avif", "image/avif-sequence")
"""Codings with AV1: libheif has no decoder for it here, and Pillow's decoder returns only the primary image."""
_HEADER_BYTES: Final = 54
_RGB: Final = 3


def heif_images(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of HEIF: finds every image except the primary one. Raises `Shortage` if a resource of ours
    runs out.
    """
    if region.size > MAX_PICTURE_BYTES:
        yield Omission(reason=f"further images in a HEIF of more than {MAX_PICTURE_BYTES >> 20} MiB")
        return
    undecoded = 0
    try:
        opened = pillow_heif.open_heif(io.BytesIO(region.all(MAX_PICTURE_BYTES)), convert_hdr_to_8bit=True)
    except Exception as error:  # noqa: BLE001  (decoders raise anything; the picture's own note says what is wrong)
        _refuse_lack(error)
        return
    if opened.mimetype in _AVIF:
        if len(opened) > 1:
            yield Omission(reason=f"{len(opened) - 1} further images of an AVIF")
        return
    yield from _thumbnails(opened)
    for number in range(min(len(opened), _MOST_IMAGES)):
        if number == opened.primary_index:
            continue
        width, height = opened[number].size
        if width * height > MAX_PIXELS:
            undecoded += 1
            continue
        yield Part(role=Role.PAGE, content=_bitmap(opened, number), name=f"image {number + 1}")
    if len(opened) > _MOST_IMAGES:
        yield Omission(reason=f"images after the first {_MOST_IMAGES}")
    if undecoded:
        yield Omission(reason=f"{undecoded} images of more than {MAX_PIXELS} pixels")


def _thumbnails(opened: pillow_heif.HeifFile) -> Iterator[Part]:
    """Yields the small pictures in the Exif of the primary image that show something else."""
    primary = opened[opened.primary_index]
    small = in_exif(cast("bytes", primary.info.get("exif") or b""))
    width, height = primary.size
    if not small or width * height > MAX_PIXELS:
        return
    try:
        whole = primary.to_pillow().convert("RGB")
    except Exception as error:  # noqa: BLE001  (as above; the picture's own note says what is wrong)
        _refuse_lack(error)
        whole = None
    for each in small:
        if differs(each, whole):
            yield Part(role=Role.THUMBNAIL, content=iter([each]))


def _bitmap(opened: pillow_heif.HeifFile, number: int) -> Iterator[bytes]:
    """Returns a bitmap of 24 bits, from its lowest row up, in one piece. Raises `MediaError` if the image is
    damaged.
    """
    try:
        image = opened[number].to_pillow().convert("RGB")
    except Exception as error:  # noqa: BLE001  (as above)
        _refuse_lack(error)
        raise MediaError("damaged HEIF: one of its images cannot be decoded") from None
    values = np.asarray(image)[::-1, :, ::-1]
    padded = -(-_RGB * image.width // 4) * 4
    rows = np.zeros((image.height, padded), np.uint8)
    rows[:, : _RGB * image.width] = values.reshape(image.height, -1)
    header = struct.pack("<2sIII", b"BM", _HEADER_BYTES + rows.nbytes, 0, _HEADER_BYTES)
    header += struct.pack("<IiiHHIIiiII", 40, image.width, image.height, 1, 24, 0, rows.nbytes, 0, 0, 0, 0)
    yield header + rows.tobytes()


def _refuse_lack(error: Exception) -> None:
    if lack := lack_in(error):
        raise shortage("looking for further images in it", lack) from None
