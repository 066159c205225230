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
"""Processor time in which the parts of any file are found and unpacked."""
READ_A_SECOND: Final = 2_000_000
"""Bytes of a file for which there is another second: the slowest packing (LZMA, bzip2) gives some ten million."""
DECODING_SECONDS: Final = 600
"""Processor time in which all parts of any file are decoded; `budget.SECONDS_A_MEGABYTE` comes on top."""
TOO_MUCH: Final = f"the rest of what unpacks to more than {MAX_RATIO} times its size"
TOO_LARGE: Final = f"a part of more than {MAX_PART_BYTES >> 30} GiB, and what follows it"
TOO_LONG: Final = "the rest of what takes too long to be unpacked"
DAMAGED: Final = "the rest of it, which is damaged"


def reading_seconds(size: int) -> float:
    """Processor time in which the parts of a file of `size` bytes are found and unpacked."""
    return READING_SECONDS + size / READ_A_SECOND


def looking_seconds(size: int) -> float:
    """Processor time in which all parts of a file of `size` bytes are decoded."""
    return DECODING_SECONDS + SECONDS_A_MEGABYTE * size / 1_000_000


class Stop(Exception):
    """Nothing more is taken from this holder. The text completes "not looked at: ..."."""


@dataclass(slots=True, kw_only=True)
class Bounds:
    """What may be taken from one file or holder. `most`: bytes; `seconds`: of processor time; `taken` and `used`: of
    both so far.
    """

    most: int
    seconds: float
    taken: int = 0
    used: float = 0.0

    @classmethod
    def of(cls, size: int) -> Bounds:
        """Of what has `size` bytes."""
        return cls(
            most=min(FREE_BYTES + MAX_RATIO * size, MAX_UNPACKED_BYTES),
            seconds=reading_seconds(size),
        )

    def take(self, size: int) -> None:
        """Counts bytes. Raises `Stop` past the limit."""
        self.taken += size
        if self.taken > self.most:
            raise Stop(TOO_MUCH)

    def left(self) -> float:
        """Seconds."""
        return self.seconds - self.used


class Steps:
    """The steps of a reader, one by one, within the bounds of its file and its own."""

    def __init__(self, reader: Reader, content: Region, file: Bounds, holder: Bounds) -> None:
        self._steps = reader(content)
        self._file = file
        self._holder = holder

    def next(self) -> Part | Omission | None:
        """The next part, None behind the last. Raises `Stop` where there is no going on, `Shortage` where that is for
        want of something of ours.
        """
        with _Timed(self._file):
            try:
                return next(self._steps, None)
            except Shortage:
                raise
            except Exception as error:  # noqa: BLE001  (a fault of a reader costs what follows, and nothing else)
                raise _stopped(error) from None

    def put(self, part: Part, level: Level) -> tuple[Region, str]:
        """A part where it can be read, and what is wrong with it, "" where nothing is. Raises as `next`."""
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
        """Takes the pieces of a part that was looked at before. Returns whether it cannot be read at all."""
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
    """Counts the processor time of a block. Raises `Stop` behind it where too much was taken."""

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
    """A note on what was not looked at, each reason with its number; "" where nothing was left out."""
    said = [reason if number == 1 else f"{reason} ({number} times)" for reason, number in left_out.items()]
    if not said:
        return ""
    shown = said[:_MOST_REASONS]
    more = len(said) - len(shown)
    return f"not looked at: {', '.join(shown)}{f', and {more} more reasons' if more else ''}"


_MOST_REASONS: Final = 4


def chunks_of(region: Region, most: int) -> Iterator[bytes]:
    """All that can be read of a file whose size is not stated. Raises `MediaError` past `most` bytes."""
    offset = 0
    while chunk := region.beyond(offset):
        offset += len(chunk)
        if offset > most:
            raise MediaError(f"its size is not stated, and it has more than {most} bytes")
        yield chunk
