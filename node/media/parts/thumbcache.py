"""Windows' caches of thumbnails and icons: thumbcache_*.db and iconcache_*.db of Windows Vista to 11.

Rules this module upholds:

- A picture is a region of the cache. Its name in the cache is the number by which Windows finds it.
- An entry with a damaged header or an unknown version is searched for a picture. The next entry is found by its
  signature.

Source: Windows Explorer Thumbnail Cache database format (libyal, libwtcdb).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from node.domain.parts import Role
from node.media.parts.bounds import Meter, careful, counted, find, name_of
from node.media.parts.part import Omission, Part
from node.media.region import Region

_MAGIC: Final = b"CMMM"
_FILE_HEADER: Final = 24
_VISTA: Final = 20
_SEVEN: Final = 21
_HEADERS: Final = {_VISTA: (56, 24), _SEVEN: (48, 16)}
"""Bytes of an entry's header, and the offset of its three sizes, by version."""
_LATER: Final = (56, 16)
_SEARCHED: Final = 4096
_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM")


def recognise(head: bytes, _: Region) -> bool:
    """Tells whether a content is such a cache."""
    return head.startswith(_MAGIC) and len(head) >= _FILE_HEADER


@careful("a cache of thumbnails")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields every picture in the cache."""
    meter, damaged = Meter(region), 0
    header, sizes_at = _HEADERS.get(int.from_bytes(region.at(4, 4), "little"), _LATER)
    at = find(region, len(_MAGIC), _MAGIC)
    while at < region.size:
        entry = region.at(at, header)
        if len(entry) < header:
            break
        size = int.from_bytes(entry[4:8], "little")
        names, padding, length = struct.unpack_from("<III", entry, sizes_at)
        start = at + header + names + padding
        believed = header <= size <= region.size - at and start + length <= at + size
        if not believed:
            damaged += 1
            start, length = _searched(region, at + 4)
        if length:
            picture = region.part(start, length)
            if not (meter.part() and meter.as_is(picture)):
                yield Omission(reason=meter.full)
                return
            name = name_of(region.at(at + header, min(names, _SEARCHED)), "utf-16-le") if believed else ""
            yield Part(role=Role.PICTURE, content=picture, name=name)
        at = find(region, at + size if believed else at + 4, _MAGIC)
    if damaged:
        yield counted(damaged, "damaged entry", "damaged entries")


def _searched(region: Region, at: int) -> tuple[int, int]:
    """Returns where a picture begins shortly after `at`, and its greatest end: the next entry."""
    end = find(region, at, _MAGIC)
    data = region.at(at, min(_SEARCHED, end - at))
    found = [place for signature in _PICTURES if (place := data.find(signature)) >= 0]
    return (at + min(found), end - at - min(found)) if found else (at, 0)
