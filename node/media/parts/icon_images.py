"""The images of an icon or cursor that differ from the largest one. The largest one is the picture.

Rules this module upholds:

- An image becomes a separate icon with only this image: six bytes, its directory entry and its unchanged bytes. So the
  same image has the same digests in every file.
- Icons hold one drawing in several sizes. Only an image that shows something different is a part, as for thumbnails.

Source: Microsoft, "Icons" (1995): ICONDIR and ICONDIRENTRY.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from node.domain.parts import Role
from node.errors import MediaError
from node.media.decode import decode_picture
from node.media.parts.part import Omission, Part
from node.media.parts.thumbnail import as_image, differs
from node.media.picture import MAX_PICTURE_BYTES
from node.media.region import Region
from node.media.shortage import Shortage

_DIRECTORY: Final = struct.Struct("<HHH")
_ENTRY: Final = struct.Struct("<BBBBHHII")
_MOST_IMAGES: Final = 256


def icon_images(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of icons and cursors. Raises `Shortage` if a resource of ours runs out."""
    if region.size > MAX_PICTURE_BYTES:
        return
    try:
        data = region.all(MAX_PICTURE_BYTES)
        whole = as_image(decode_picture(data).pixels)
    except Shortage:
        raise
    except MediaError:
        return
    for image in _images(data):
        if differs(image, whole):
            yield Part(role=Role.PICTURE, content=iter([image]))


def _images(data: bytes) -> Iterator[bytes]:
    """Yields each image as a separate icon."""
    if len(data) < _DIRECTORY.size:
        return
    reserved, kind, count = _DIRECTORY.unpack_from(data)
    for number in range(min(count, _MOST_IMAGES)):
        place = _DIRECTORY.size + number * _ENTRY.size
        if place + _ENTRY.size > len(data):
            return
        *about, size, at = _ENTRY.unpack_from(data, place)
        content = data[at : at + size]
        if len(content) == size > 0:
            begins = _DIRECTORY.size + _ENTRY.size
            yield _DIRECTORY.pack(reserved, kind, 1) + _ENTRY.pack(*about, size, begins) + content
