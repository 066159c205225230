"""OLE compound files: the streams for the readers of documents, messages and thumbnails.

Rules this module upholds:

- A stream is read in place: as a region of the file if its sectors are consecutive, else run by run. No stream is read
  into memory as a whole.
- A chain of sectors ends where it loops or leaves the file.

Source: [MS-CFB] 2.1 to 2.6. The directory is read by olefile.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, Final

import olefile

from node.media.parts.bounds import PIECE
from node.media.region import Region

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_SMALL: Final = 1 << 16
"""Bytes of a stream that is stored with the small ones: more than the cut-off of any writer (4,096)."""


class Stream:
    """A stream: successive runs of bytes in a file."""

    def __init__(self, runs: list[Region]) -> None:
        self._runs = runs
        self._ends = list(accumulate(run.size for run in runs))
        self.size = self._ends[-1] if runs else 0

    def at(self, offset: int, length: int) -> bytes:
        """Returns at most `length` bytes from `offset` on, and b"" after the end."""
        found = bytearray()
        number = bisect.bisect_right(self._ends, offset) if offset >= 0 else len(self._runs)
        while length > len(found) and number < len(self._runs):
            run = self._runs[number]
            inside = offset + len(found) - (self._ends[number] - run.size)
            piece = run.at(inside, length - len(found))
            if not piece:
                break
            found += piece
            number += 1
        return bytes(found)

    def content(self, start: int = 0, size: int | None = None) -> Region | Iterator[bytes]:
        """Returns the bytes from `start` on, at most `size`: as a region if they are in one run, otherwise in
        pieces.
        """
        end = self.size if size is None else min(start + size, self.size)
        runs = self.runs(start, end - start)
        return runs[0] if len(runs) == 1 else self.pieces(start, end)

    def runs(self, start: int, size: int) -> list[Region]:
        """Yields the regions of a span."""
        found: list[Region] = []
        number = bisect.bisect_right(self._ends, start)
        while size > 0 and number < len(self._runs):
            run = self._runs[number]
            lies = run.part(start - (self._ends[number] - run.size), size)
            found.append(lies)
            start, size, number = start + lies.size, size - lies.size, number + 1
        return found

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yields the bytes of a span in pieces."""
        while start < end and (piece := self.at(start, min(PIECE, end - start))):
            yield piece
            start += len(piece)

    def places(self, *signatures: bytes) -> Iterator[tuple[int, bytes]]:
        """Yields the offsets of these byte strings in order, and which one it is."""
        longest = max(map(len, signatures))
        for offset in range(0, self.size, PIECE):
            data = self.at(offset, PIECE + longest - 1)
            found = []
            for signature in signatures:
                at = data.find(signature)
                while 0 <= at < PIECE:
                    found.append((offset + at, signature))
                    at = data.find(signature, at + 1)
            yield from sorted(found)


class Compound:
    """An open compound file. Raises the errors of olefile if it has no readable directory."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._file: Any = olefile.OleFileIO(region)

    def streams(self) -> Iterator[tuple[tuple[str, ...], Stream]]:
        """Yields every stream with its path. A stream that cannot be read is empty."""
        for path in self._file.listdir(streams=True, storages=False):
            yield tuple(path), self.stream(path)

    def stream(self, path: list[str]) -> Stream:
        """Returns a stream by its path, or an empty one."""
        file = self._file
        try:
            entry = file.direntries[file._find(path)]  # noqa: SLF001  (the one way to an entry's place)
        except (OSError, IndexError):
            return Stream([])
        if entry is None:
            return Stream([])
        if entry.size < file.minisectorcutoff:
            return Stream(self._small_runs(entry))
        return Stream(self._runs(entry.isectStart, entry.size))

    def _runs(self, sector: int, size: int) -> list[Region]:
        """Returns the runs of a chain of sectors."""
        file = self._file
        unit, fat = file.sectorsize, file.fat
        spans: list[list[int]] = []
        left = size
        while left > 0 and 0 <= sector < len(fat):
            at = (sector + 1) * unit
            if spans and spans[-1][0] + spans[-1][1] == at:
                spans[-1][1] += min(unit, left)
            else:
                spans.append([at, min(unit, left)])
            left -= unit
            sector = fat[sector]
        return [run for at, length in spans if (run := self._region.part(at, length)).size]

    def _small_runs(self, entry: Any) -> list[Region]:  # noqa: ANN401  (olefile has no types)
        """Returns the runs of a stream in the mini stream ([MS-CFB] 2.4)."""
        file = self._file
        if not entry.size:
            return []
        if file.minifat is None:
            file.loadminifat()
        inside = Stream(self._runs(file.root.isectStart, file.root.size))
        unit, fat, sector, left = file.minisectorsize, file.minifat, entry.isectStart, min(entry.size, _MOST_SMALL)
        runs: list[Region] = []
        while left > 0 and 0 <= sector < len(fat):
            lies = inside.content(sector * unit, min(unit, left))
            if not isinstance(lies, Region):
                break
            if runs and runs[-1].start + runs[-1].size == lies.start:
                runs[-1] = self._region.part(runs[-1].start - self._region.start, runs[-1].size + lies.size)
            else:
                runs.append(lies)
            left -= unit
            sector = fat[sector]
        return runs


def recognise(head: bytes, _: Region) -> bool:
    """Tells whether a content is a compound file."""
    return head.startswith(MAGIC)
