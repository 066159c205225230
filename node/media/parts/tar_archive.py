"""tar archives of every dialect: v7, ustar, GNU, pax, with sparse members.

Rules this module upholds:

- A member is read in place. A sparse member is assembled in pieces; its holes count as unpacked bytes.
- After damage the next header is searched, and the note names the gap. Archives in sequence are found in the same way.
- A header may request memory (long names, pax), at most `_MOST_AT_ONCE`.

Sources: POSIX.1-2017 pax, section "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

import encodings.ascii
import tarfile
from collections.abc import Iterator
from typing import IO, Final, cast

from node.domain.parts import Role
from node.errors import MediaError
from node.media.parts.bounds import PIECE, Meter, careful, in_our_words, name_of
from node.media.parts.part import Omission, Part
from node.media.region import Region
from node.media.shortage import lack_in, shortage

_BLOCK: Final = 512
_MAGIC_AT: Final = 257
_MAGIC: Final = b"ustar"
_STEP: Final = 1 << 20
_MOST_AT_ONCE: Final = 16 << 20
_MOST_STARTS: Final = 10_000
"""How often reading may start again after damage or an end."""
_PRELOADED: Final = encodings.ascii


class _File:
    """A region in the form that `tarfile` reads."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.seek, self.tell = region.seek, region.tell

    def read(self, length: int = -1) -> bytes:
        """Returns at most `_MOST_AT_ONCE` bytes. Raises `ValueError` for more, because no header is so long."""
        if not 0 <= length <= _MOST_AT_ONCE:
            raise ValueError
        return self._region.read(length)


def recognise(head: bytes, _: Region) -> bool:
    """Recognises a tar archive: by the sum over its first header, which all dialects have. If that header is damaged,
    by the word that most dialects have.
    """
    return _is_header(head) or head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC


def _is_header(head: bytes) -> bool:
    block = head[:_BLOCK]
    if len(block) < _BLOCK or not block[0]:
        return False
    stated = block[148:156].strip(b"\0 ")
    if not stated or stated.strip(b"01234567"):
        return False
    return int(stated, 8) in tarfile.calc_chksums(block)  # type: ignore[attr-defined]


@careful("a tar archive")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields every member that is a file."""
    meter = Meter(region)
    damaged, start, end = False, 0, 0
    for _ in range(_MOST_STARTS):
        archive = _opened(region.part(start))
        if archive is None:
            damaged, end = True, start
        else:
            for part in _parts(region.part(start), archive, meter):
                yield part
                if meter.full:
                    break
            end = start + archive.offset
        if meter.full:
            break
        start, between = _next_start(region, max(end, start + _BLOCK), start % _BLOCK)
        damaged = damaged or between
        if start >= region.size:
            break
    if meter.full:
        yield Omission(reason=meter.full)
    if damaged:
        yield Omission(reason="damaged stretches of a tar archive")
    if end > region.size:
        yield Omission(reason="the end of a tar archive that is cut short")


def _opened(region: Region) -> tarfile.TarFile | None:
    try:
        return tarfile.TarFile(fileobj=cast("IO[bytes]", _File(region)), encoding="utf-8")
    except Exception as error:  # noqa: BLE001  (see `_next_member`)
        _pass_on(error)
        return None


def _parts(region: Region, archive: tarfile.TarFile, meter: Meter) -> Iterator[Part]:
    while (member := _next_member(archive)) is not None:
        archive.members.clear()  # type: ignore[attr-defined]
        if not member.isreg() or not meter.part():
            continue
        name = name_of(member.name.encode("utf-8", "surrogateescape"))
        if member.sparse is not None:
            content = meter.unpacked(in_our_words(_put_together(archive, member), "its list of holes is damaged"))
            yield Part(role=Role.MEMBER, content=content, name=name)
        else:
            lies = region.part(member.offset_data, member.size)
            if meter.as_is(lies):
                yield Part(role=Role.MEMBER, content=lies, name=name)


def _next_member(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return archive.next()
    except Exception as error:  # noqa: BLE001  (tarfile raises anything: reading goes on behind it)
        _pass_on(error)
        return None


def _pass_on(error: Exception) -> None:
    """Raises an error that the content did not cause."""
    if isinstance(error, MediaError):
        raise error
    if lack := lack_in(error):
        raise shortage("looking for what lies in it", lack) from None


def _put_together(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    file = archive.extractfile(member)
    while file is not None and (piece := file.read(PIECE)):
        yield piece


def _next_start(region: Region, at: int, aligned: int) -> tuple[int, bool]:
    """Returns the offset of the next header from `at` on (or the end of the region), and whether anything except zeros
    precedes it.
    """
    between = False
    while at < region.size:
        data = region.at(at, _STEP + _BLOCK)
        found = data.find(_MAGIC)
        while found >= 0:
            place = at + found - _MAGIC_AT
            if found >= _MAGIC_AT and place % _BLOCK == aligned and _is_header(region.at(place, _BLOCK)):
                return place, between or bool(data[: found - _MAGIC_AT].strip(b"\0"))
            found = data.find(_MAGIC, found + 1)
        between = between or bool(data[:_STEP].strip(b"\0"))
        at += _STEP
    return region.size, between
