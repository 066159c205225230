"""A second film of ISO media after the first one in a file. Programs that append one file to another make such files.

Rules this module upholds:

- It reads only the outermost boxes, a few bytes each. A film whose fragments have their own type (`styp`) is one film.
  A second `ftyp` after a `moov` begins another film.
- The second film is a part, byte for byte, up to the end of the file. Further films are found inside this part.

Source: ISO/IEC 14496-12.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from node.domain.parts import Role
from node.media.containers import container_of
from node.media.parts.part import Omission, Part
from node.media.region import Region
from node.media.sniff import HEAD

_MAX_BOXES: Final = 100_000
"""The most boxes that are read. Fragmented films have two per few seconds."""
_BOX_HEAD: Final = 8
_LONG_BOX_HEAD: Final = 16


def joined(region: Region) -> Iterator[Part | Omission]:
    """A `Reader` of MP4 and QuickTime films: finds the film after the first one."""
    at, has_film = 0, False
    for _ in range(_MAX_BOXES):
        head = region.at(at, _LONG_BOX_HEAD)
        if len(head) < _BOX_HEAD:
            return
        kind, size = head[4:8], int.from_bytes(head[:4])
        if kind == b"ftyp" and has_film:
            behind = region.part(at)
            if container_of(behind.head(HEAD)) is not None:
                yield Part(role=Role.FILM, content=behind)
            return
        has_film = has_film or kind == b"moov"
        if size == 1:
            size = int.from_bytes(head[_BOX_HEAD:])
        if size < _BOX_HEAD:
            return
        at += size
