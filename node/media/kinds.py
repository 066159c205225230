"""What a content is: a picture, a film, something that holds others, or none of these. This is the one place that says.

Rules this module upholds:

- The content decides; a name or an extension is never looked at. The one exception is what a reader states of a part
  that no sniffer can know (`Part.media_type`).
- A picture comes first, then a film, then what holds others: an animated picture is a picture. A picture and a film may
  hold others too (`READERS`).
- Nothing here decodes, and nothing raises for what a content says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.errors import MediaError
from node.media.containers import Container, container_of
from node.media.parts.behind import behind
from node.media.parts.heif_images import heif_images
from node.media.parts.pages import pages
from node.media.parts.part import Reader
from node.media.parts.thumbnail import thumbnails
from node.media.region import Region
from node.media.sniff import (
    AVIF,
    BMP,
    GIF,
    HEAD,
    HEIC,
    HEIF,
    JPEG,
    PNG,
    TIFF,
    WEBP,
    Format,
    described,
    recognise,
)
from node.media.tolerance import behind_a_lead

UNKNOWN: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a content is. `name`: for people, such as "JPEG" or "a ZIP archive"; `media_type`: IANA; `start`: the offset
    in its region at which the content begins.

    `picture` or `film`: by what it is decoded, both None where it has no perceptual hashes; `readers`: those that find
    what else lies inside.
    """

    name: str
    media_type: str
    picture: Format | None = None
    film: Container | None = None
    readers: tuple[Reader, ...] = ()
    start: int = 0

    def content_of(self, region: Region) -> Region:
        """The region of the content itself."""
        return region.part(self.start) if self.start else region


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A kind of file that holds others. `name`: with its article, such as "a ZIP archive"; `recognise`: whether a
    content is one, given its first `HEAD` bytes and its region; it never raises.
    """

    name: str
    media_type: str
    recognise: Callable[[bytes, Region], bool]
    reader: Reader


HOLDERS: Final[tuple[Holder, ...]] = (
    # The first that recognises a content has it: put documents that are archives before the archives.
)  # fmt: skip

READERS: Final[dict[str, tuple[Reader, ...]]] = {
    # media type of a picture or a film: readers of what lies in it besides
    JPEG.media_type: (behind, thumbnails),
    PNG.media_type: (behind, thumbnails),
    GIF.media_type: (behind,),
    WEBP.media_type: (behind, thumbnails),
    BMP.media_type: (behind,),
    TIFF.media_type: (pages,),
    HEIC.media_type: (behind, heif_images),
    HEIF.media_type: (behind, heif_images),
    AVIF.media_type: (behind,),
}  # fmt: skip

PREPARED: Final[tuple[Callable[[], None], ...]] = (
    # `prepare` of every module above that loads something: called before a worker confines itself.
)  # fmt: skip


def kind_of(region: Region, stated: str = "") -> Kind:
    """What lies in a region. `stated`: the media type that its parent states, "" for none. Raises `MediaError` only
    where the region cannot be read.
    """
    head = region.head(HEAD)
    try:
        picture = recognise(head)
    except MediaError:
        pass
    else:
        return Kind(
            name=picture.name,
            media_type=picture.media_type,
            picture=picture,
            readers=READERS.get(picture.media_type, ()),
        )
    film = container_of(head)
    if film is not None:
        return Kind(name=film.name, media_type=film.media_type, film=film, readers=READERS.get(film.media_type, ()))
    for holder in HOLDERS:
        if holder.recognise(head, region):
            return Kind(name=holder.name, media_type=holder.media_type, readers=(holder.reader,))
    late = behind_a_lead(head)
    if late is not None:
        picture, start = late
        readers = READERS.get(picture.media_type, ())
        return Kind(name=picture.name, media_type=picture.media_type, picture=picture, readers=readers, start=start)
    return Kind(name=described(head), media_type=stated or UNKNOWN)


def prepare() -> None:
    """Loads all that the readers load, so that a confined worker has it."""
    for each in PREPARED:
        each()
