"""The images of a Mac icon that differ from the one that is its picture, and the icons within it.

Rules this module upholds:

- A PNG or JPEG 2000 lies in the icon as it is: the part is these bytes. Packed colours become a separate icon with only
  this image (`node.media.icns`). So the same image has the same digests in every file.
- Icons hold one drawing in several sizes. Only an image that shows something different is a part, as for thumbnails. An
  icon within an icon is always a part, because it may hold more than its picture.
- If the picture cannot be decoded, every image is a part.
- Images of at most eight bits a pixel are not decoded; the note counts them.
"""

from __future__ import annotations

from collections.abc import Iterator

from node.domain.parts import Role
from node.errors import MediaError
from node.media import icns
from node.media.parts.part import Omission, Part
from node.media.parts.thumbnail import decoded, differs
from node.media.picture import MAX_PICTURE_BYTES
from node.media.region import Region


def icns_images(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of Mac icons. Raises `Shortage` if a resource of ours runs out."""
    if region.size > MAX_PICTURE_BYTES:
        return
    try:
        data = region.all(MAX_PICTURE_BYTES)
    except MediaError:
        return
    whole = decoded(data)
    for each in icns.files(data):
        if differs(data[each.start : each.end], whole):
            yield Part(role=Role.PICTURE, content=region.part(each.start, each.end - each.start))
    for image in icns.singles(data):
        if image != data and differs(image, whole):
            yield Part(role=Role.PICTURE, content=iter([image]))
    for icon in icns.icons(data):
        yield Part(role=Role.PICTURE, content=iter([icon]))
    if old := icns.count_old(data):
        yield Omission(reason=f"{old} small {'image' if old == 1 else 'images'} of at most 8 bits a pixel")
