"""The limits for the content of one file, and the storage of a part where it can be read.

Rules this module upholds:

- The unpacked size is limited by the size of its source: of the whole file, and of each container. Parts that are
  stored without compression count too, because members of an archive may overlap.
- Unpacking gets processor time by the size of the file, and so does the decoding of all parts together.
- At a limit, unpacking stops with a reason in plain words. Parts that were found before are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.errors import MediaError
from node.media.budget import SECONDS_A_MEGABYTE
from node.media.parts.part import FREE_BYTES, MAX_PART_BYTES, MAX_RATIO, MAX_UNPACKED_BYTES, Omission, Part, Reader
from node.media.region import Region
from node.media.scratch import Level
from node.media.shortage import Shortage, lack_in, shortage

READING_SECONDS: Final = 60
"""Processor time (seconds) for finding and unpacking the parts of any file."""
READ_A_SECOND: Final = 2_000_000
"""Bytes of a file for each further second. The slowest compression (LZMA, bzip2) unpacks some ten million."""
DECODING_SECONDS: Final = 600
"""Processor time (seconds) for decoding all parts of any file, in addition to `budget.SECONDS_A_MEGABYTE`."""
TOO_MUCH: Final = f"the rest of what unpacks to more than {MAX_RATIO} times its size"
TOO_LARGE: Final = f"a part of more than {MAX_PART_BYTES >> 30} GiB, and what follows it"
TOO_LONG: Final = "the rest of what takes too long to be unpacked"
DAMAGED: Final = "the rest of it, which is damaged"


def reading_seconds(size: int) -> float:
    """Returns the processor time for finding and unpacking the parts of a file of `size` bytes."""
    return READING_SECONDS + size / READ_A_SECOND


def looking_seconds(size: int) -> float:
    """Returns the processor time for decoding all parts of a file of `size` bytes."""
    return DECODING_SECONDS + SECONDS_A_MEGABYTE * size / 1_000_000


class Stop(Exception):
    """Ends the reading of this holder. The text completes "not looked at: ..."."""


@dataclass(slots=True, kw_only=True)
class Bounds:
    """The limits of one file or holder. `most`: bytes; `seconds`: of processor time; `taken` and `used`: both
    so far.
    """

    most: int
    seconds: float
    taken: int = 0
    used: float = 0.0

    @classmethod
    def of(cls, size: int) -> Bounds:
        """Returns the limits for `size` bytes."""
        return cls(
            most=min(FREE_BYTES + MAX_RATIO * size, MAX_UNPACKED_BYTES),
            seconds=reading_seconds(size),
        )

    def take(self, size: int) -> None:
        """Counts bytes. Raises `Stop` above the limit."""
        self.taken += size
        if self.taken > self.most:
            raise Stop(TOO_MUCH)

    def left(self) -> float:
        """Returns the remaining seconds."""
        return self.seconds - self.used


class Steps:
    """The steps of a reader, within the limits of its file and its own."""

    def __init__(self, reader: Reader, content: Region, file: Bounds, holder: Bounds) -> None:
        self._steps = reader(content)
        self._file = file
        self._holder = holder

    def next(self) -> Part | Omission | None:
        """Returns the next part, or None after the last. Raises `Stop` if reading cannot continue, and `Shortage` if a
        resource of ours is missing.
        """
        with _Timed(self._file):
            try:
                return next(self._steps, None)
            except Shortage:
                raise
            except Exception as error:  # noqa: BLE001  (a fault of a reader costs what follows, and nothing else)
                raise _stopped(error) from None

    def put(self, part: Part, level: Level) -> tuple[Region, str]:
        """Stores a part where it can be read. Returns its region, and what is wrong with it or "". Raises like
        `next`.
        """
        if isinstance(part.content, Region):
            self._take(part.content.size)
            return part.content, ""
        note = ""
        while True:
            with _Timed(self._file):
                try:
                    chunk = next(part.content, None)
                except Shortage:
                    raise
                except MediaError as error:
                    note = str(error)
                    break
                except Exception as error:  # noqa: BLE001  (as in `next`)
                    if lack := lack_in(error):
                        raise shortage("unpacking it", lack) from None
                    note = "it is damaged, and was unpacked in part"
                    break
            if chunk is None:
                break
            if level.size + len(chunk) > MAX_PART_BYTES:
                raise Stop(TOO_LARGE)
            self._take(len(chunk))
            level.write(chunk)
        return level.region(), note

    def pass_by(self, part: Part) -> bool:
        """Takes the pieces of a part that was examined before. Returns whether it cannot be read."""
        size = 0
        while not isinstance(part.content, Region):
            with _Timed(self._file):
                try:
                    chunk = next(part.content, None)
                except Exception:  # noqa: BLE001  (what is wrong with it was said when it was looked at)
                    return not size
            if chunk is None:
                break
            size += len(chunk)
        return False

    def _take(self, size: int) -> None:
        self._holder.take(size)
        self._file.take(size)


def _stopped(error: Exception) -> Exception:
    if lack := lack_in(error):
        return shortage("finding its parts", lack)
    return Stop(str(error) if isinstance(error, MediaError) else DAMAGED)


class _Timed:
    """Counts the processor time of a block. Raises `Stop` after it if it took too long."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.process_time()

    def __exit__(self, kind: object, *_: object) -> None:
        self._bounds.used += time.process_time() - self._began
        if self._bounds.used > self._bounds.seconds and kind is None:
            raise Stop(TOO_LONG)


def words_of(left_out: dict[str, int]) -> str:
    """Returns a note on what was not examined, each reason with its number, or ""."""
    said = [reason if number == 1 else f"{reason} ({number} times)" for reason, number in left_out.items()]
    if not said:
        return ""
    shown = said[:_MOST_REASONS]
    more = len(said) - len(shown)
    return f"not looked at: {', '.join(shown)}{f', and {more} more reasons' if more else ''}"


_MOST_REASONS: Final = 4


def chunks_of(region: Region, most: int) -> Iterator[bytes]:
    """Yields all readable bytes of a file without a stated size. Raises `MediaError` above `most` bytes."""
    offset = 0
    while chunk := region.beyond(offset):
        offset += len(chunk)
        if offset > most:
            raise MediaError(f"its size is not stated, and it has more than {most} bytes")
        yield chunk
