"""Decides the kind of a content: a picture, a film, a container of parts, or unknown. Only this module decides it.

Rules this module upholds:

- The content decides, never a name or an extension. There is one exception: the reader of a container may state the
  media type of a part that no sniffer can recognise (`Part.media_type`).
- The order is picture, film, container: an animated picture is a picture. A picture and a film may contain parts too
  (`READERS`). Only an unknown content is searched for a picture or a film after other bytes.
- It decodes nothing and never raises for the content.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from node.errors import MediaError
from node.media.containers import CONTAINERS, Container, container_behind, container_of
from node.media.parts import catalogue, streams
from node.media.parts.behind import behind
from node.media.parts.carving import carved
from node.media.parts.heif_images import heif_images
from node.media.parts.icns_images import icns_images
from node.media.parts.icon_images import icon_images
from node.media.parts.joined import joined
from node.media.parts.pages import pages
from node.media.parts.part import Reader
from node.media.parts.thumbnail import thumbnails
from node.media.region import Region
from node.media.signatures import UNKNOWN, seems
from node.media.sniff import (
    AVIF,
    BMP,
    CUR,
    GIF,
    HEAD,
    HEIC,
    HEIF,
    ICNS,
    ICO,
    JPEG,
    PCX,
    PNG,
    PSD,
    SGI,
    TGA,
    TIFF,
    WEBP,
    Format,
    recognise,
)
from node.media.tolerance import behind_a_lead

_BLANK: Final = b" \t\r\n\0\xef\xbb\xbf"
"""Bytes that scripts and gateways add before a file by mistake: blanks, line ends, a byte order mark."""
_BELIEVED_AT_THE_BEGINNING: Final = (TGA, PCX, SGI)
"""Formats without a signature. They would match after other bytes in any file."""
MAX_BLANK: Final = 64
"""The most such bytes that are skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The kind of a content. `name`: for people, such as "JPEG" or "a ZIP archive"; `media_type`: IANA; `start`: the
    offset of the content in its region.

    `picture` or `film`: the decoder's format, both None if there are no perceptual hashes; `readers`: they find the
    parts inside; `is_known`: whether it is a picture, a film or a holder.
    """

    name: str
    media_type: str
    picture: Format | None = None
    film: Container | None = None
    readers: tuple[Reader, ...] = ()
    start: int = 0
    is_known: bool = True

    def content_of(self, region: Region) -> Region:
        """Returns the region of the content itself."""
        return region.part(self.start) if self.start else region


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A kind of file that contains others. `name`: with its article, such as "a ZIP archive"; `recognise`: recognises a
    content by its first `HEAD` bytes and its region, and never raises.
    """

    name: str
    media_type: str
    recognise: Callable[[bytes, Region], bool]
    reader: Reader


HOLDERS: Final[tuple[Holder, ...]] = tuple(
    # The first that recognises a content has it.
    Holder(name=name, media_type=media_type, recognise=recogniser, reader=reader)
    for name, media_type, recogniser, reader in catalogue.HOLDERS
)

READERS: Final[dict[str, tuple[Reader, ...]]] = {
    # media type of a picture or a film: readers of what lies in it besides
    **{each.media_type: (streams.read,) for each in CONTAINERS},
    **{each.media_type: (streams.read, joined) for each in CONTAINERS if each.demuxer == "mov"},
    JPEG.media_type: (behind, thumbnails),
    PNG.media_type: (behind, thumbnails),
    GIF.media_type: (behind,),
    WEBP.media_type: (behind, thumbnails),
    BMP.media_type: (behind,),
    TIFF.media_type: (pages,),
    HEIC.media_type: (behind, heif_images),
    HEIF.media_type: (behind, heif_images),
    AVIF.media_type: (behind, heif_images),
    PSD.media_type: (thumbnails,),
    ICO.media_type: (icon_images,),
    CUR.media_type: (icon_images,),
    ICNS.media_type: (icns_images,),
}

_TEXT: Final = next((each.reader,) for each in HOLDERS if each.media_type == catalogue.TEXT)

PREPARED: Final[tuple[Callable[[], None], ...]] = (
    # `prepare` of every module above that loads something: called before a worker confines itself.
    catalogue.prepare,
    streams.prepare,
)


def kind_of(region: Region, stated: str = "") -> Kind:
    """Returns the kind of a region. `stated`: the media type that its parent states, or "". Raises `MediaError` only if
    the region cannot be read.
    """
    head = region.head(HEAD)
    try:
        return _picture(recognise(head))
    except MediaError:
        pass
    kind = _film_or_holder(head, region)
    if kind is None or kind.readers == _TEXT:
        # Nearly anything behind a line feed reads as text: what it really is comes first.
        later = _behind_blanks(head, region)
        kind = kind if later is None or later.readers == _TEXT else later
    if kind is not None:
        return kind
    picture_behind = behind_a_lead(head, region)
    if picture_behind is not None:
        return _picture(*picture_behind)
    known = seems(head)
    film_behind = container_behind(region) if known is UNKNOWN else None
    if film_behind is not None:
        return _film(*film_behind)
    readers = (carved,) if known is UNKNOWN else ()
    return Kind(name=known.name, media_type=stated or known.media_type, readers=readers, is_known=False)


def _behind_blanks(head: bytes, region: Region) -> Kind | None:
    """Returns the kind of a content after a few blanks, or None. Some formats begin with a blank themselves."""
    blanks = len(head) - len(head.lstrip(_BLANK))
    for start in range(1, min(blanks, MAX_BLANK) + 1):
        later = region.part(start)
        head_there = later.head(HEAD)
        try:
            picture = recognise(head_there)
        except MediaError:
            kind = _film_or_holder(head_there, later)
        else:
            kind = None if picture in _BELIEVED_AT_THE_BEGINNING else _picture(picture)
        if kind is not None:
            return replace(kind, start=start)
    return None


def _film_or_holder(head: bytes, region: Region) -> Kind | None:
    """Returns the kind of a film or a holder by its first bytes, or None."""
    film = container_of(head)
    if film is not None:
        return _film(film)
    for holder in HOLDERS:
        if holder.recognise(head, region):
            return _held_by(holder, head)
    return None


def _held_by(holder: Holder, head: bytes) -> Kind:
    """Returns the kind of a holder. If it is only a text, a sniffer names it: a script, a drawing, an address card."""
    known = seems(head) if holder.media_type == catalogue.TEXT else UNKNOWN
    if known is UNKNOWN:
        return Kind(name=holder.name, media_type=holder.media_type, readers=(holder.reader,))
    return Kind(name=known.name, media_type=known.media_type, readers=(holder.reader,))


def _picture(known: Format, start: int = 0) -> Kind:
    readers = READERS.get(known.media_type, ())
    return Kind(name=known.name, media_type=known.media_type, picture=known, readers=readers, start=start)


def _film(known: Container, start: int = 0) -> Kind:
    readers = READERS.get(known.media_type, ())
    return Kind(name=known.name, media_type=known.media_type, film=known, readers=readers, start=start)


def prepare() -> None:
    """Loads everything that the readers load, because a confined worker cannot open files."""
    for each in PREPARED:
        each()
