"""The parts of a film other than its streams: the cover, and attached files.

Rules this module upholds:

- A complete picture in the container is a part, byte for byte: a cover, or a poster that a download program added.
- Attached files of any kind are parts, except fonts, which belong to the film's subtitles.
- It decodes nothing. It reads only the container's own tables, and the packets of such pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from node.domain.parts import Role
from node.media.containers import container_of
from node.media.demux import Feed, opened, prepare
from node.media.parts.part import Omission, Part
from node.media.sniff import HEAD
from node.media.tracks import is_attached

if TYPE_CHECKING:
    from av.container import InputContainer

    from node.media.region import Region

__all__ = ("prepare", "read")

_FONTS: Final = ("font/", "application/x-truetype-font", "application/x-font", "application/vnd.ms-opentype")
_MAX_ATTACHED: Final = 1_000
"""The most covers and attached files of one film."""
_MAX_PACKETS: Final = 64
"""Packets in which a cover is searched. A demuxer returns covers before all other packets."""
_MAX_NAME: Final = 255
"""The most characters of an attached file's name."""


def read(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of films: finds their covers and attached files."""
    known = container_of(region.head(HEAD))
    if known is None:
        return
    count = 0
    try:
        with opened(Feed(region), known) as film:
            for part in _parts(film):
                count += 1
                if count > _MAX_ATTACHED:
                    yield Omission(reason=f"covers and attached files after the first {_MAX_ATTACHED}")
                    return
                yield part
    except Exception:  # noqa: BLE001  (decoders raise anything; that the film cannot be read is said of the film)
        yield Omission(reason="covers and attached files of a damaged film")


def _parts(film: InputContainer) -> Iterator[Part]:
    covers = {stream.index for stream in film.streams.video if is_attached(stream)}
    for stream in film.streams.attachments:
        kind = (stream.mimetype or "").lower()
        if not kind.startswith(_FONTS) and stream.data:
            yield Part(role=Role.ATTACHMENT, content=iter([stream.data]), name=(stream.name or "")[:_MAX_NAME])
    if not covers:
        return
    for number, packet in enumerate(film.demux()):
        if packet.stream_index in covers and packet.size:
            covers.discard(packet.stream_index)
            name = film.streams[packet.stream_index].metadata.get("filename", "")
            yield Part(role=Role.PICTURE, content=iter([bytes(packet)]), name=name[:_MAX_NAME])
        if not covers or number == _MAX_PACKETS:
            return
