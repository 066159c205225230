"""Functions for every reader: limits for unpacked data, names as text, and the handling of faults in one place.

Rules this module upholds:

- The size of a container limits its parts: all its unpacked data together is at most `MAX_RATIO` times its size plus
  `FREE_BYTES`, and all its uncompressed parts together are at most its own size. A bomb exceeds one of these at once.
- Data is unpacked piece by piece: a decompressor returns at most `PIECE` bytes at a time.
- A reader raises only if our own resources are missing or the file cannot be read. An exception of a library about the
  content becomes an `Omission` in our words.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, Final, Protocol

from node.errors import MediaError
from node.media.parts.part import FREE_BYTES, MAX_PART_BYTES, MAX_PARTS, MAX_RATIO, MAX_UNPACKED_BYTES, Omission, Part
from node.media.parts.part import Reader as Reader  # noqa: PLC0414  (readers import it from here with the rest)
from node.media.region import Region
from node.media.shortage import lack_in, shortage

PIECE: Final = 1 << 18
"""Bytes that are unpacked at a time, and that are read at a time to be unpacked."""
_FIRST_WINDOW: Final = 1 << 10
_LAST_WINDOW: Final = 1 << 20
"""Bytes that are searched at a time."""
_FINE: Final = 8
"""Bytes that are unpacked at a time close to damage."""
_STEP: Final = 1 << 14
"""Bytes that are unpacked at a time where the library loses what a failing call had unpacked (lzma, bz2)."""
MAX_NAME: Final = 1_000
"""Characters of a part's name that are kept."""
TOO_MUCH_MEMORY: Final = "unpacking it takes more memory than Vigil gives a part"
OVERLAP_BYTES: Final = 1 << 20
"""Bytes beside its size that a holder may give of itself as they are. More means that its parts overlap."""


class Meter:
    """Counts what one holder gives. `full`: why it gives no more, "" as long as it may."""

    def __init__(self, region: Region) -> None:
        self._unpacked_left = min(FREE_BYTES + MAX_RATIO * region.size, MAX_UNPACKED_BYTES)
        self._as_is_left = region.size + OVERLAP_BYTES
        self._parts_left = MAX_PARTS
        self.full = ""

    def unpacked(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces. Raises `MediaError` where they are more than the holder may give."""
        left = MAX_PART_BYTES
        for piece in pieces:
            if len(piece) > min(self._unpacked_left, left):
                most = f"unpacks to more than {MAX_RATIO} times the size of its archive"
                self.full = "the rest of an archive that " + most
                raise MediaError(
                    f"it {most}" if len(piece) <= left else "it unpacks to more than Vigil reads of a part"
                )
            self._unpacked_left -= len(piece)
            left -= len(piece)
            yield piece

    def as_is(self, region: Region) -> bool:
        """Whether the holder may give this region of itself. Where not, `full` says why."""
        self._as_is_left -= region.size
        if self._as_is_left < 0:
            self.full = "the rest of an archive with members that overlap"
        return self._as_is_left >= 0

    def part(self) -> bool:
        """Whether the holder may give a further part. Where not, `full` says why."""
        self._parts_left -= 1
        if self._parts_left < 0:
            self.full = f"more than {MAX_PARTS} members"
        return self._parts_left >= 0


class Decompressor(Protocol):
    """What `bz2`, `lzma` and `Inflater` have."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


def find(region: Region, at: int, *signatures: bytes) -> int:
    """Where the next of these byte strings stands from `at` on; the region's end where there is none. Reads little at
    first: a file that is full of signatures is not read a million times over.
    """
    overlap, window = max(map(len, signatures)) - 1, _FIRST_WINDOW
    while at < region.size:
        data = region.at(at, window + overlap)
        found = [place for place in map(data.find, signatures) if place >= 0]
        if found:
            return at + min(found)
        at += window
        window = min(2 * window, _LAST_WINDOW)
    return region.size


class Inflater:
    """zlib in the same form. `form`: zlib's `wbits`, which says what stands around the data."""

    def __init__(self, form: int = -zlib.MAX_WBITS) -> None:
        self._inner = zlib.decompressobj(form)
        self._fault: zlib.error | None = None
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        """As `bz2` has it. Where the data is damaged, what comes before is given first: zlib would lose it."""
        if self._fault is not None:
            raise self._fault
        data = self._inner.unconsumed_tail + data
        before = self._inner.copy()
        try:
            unpacked = self._inner.decompress(data, max(max_length, 0))
        except zlib.error as fault:
            self._fault, self.needs_input = fault, False
            return _up_to_the_fault(before, data)
        self.needs_input = not self._inner.unconsumed_tail and (max_length < 0 or len(unpacked) < max_length)
        return unpacked


def _up_to_the_fault(decompressor: Any, data: bytes) -> bytes:  # noqa: ANN401  (zlib does not name its type)
    """What is unpacked before the data is at fault. No more than the call that failed was to give."""
    unpacked = bytearray()
    try:
        for at in range(0, len(data), _FINE):
            unpacked += decompressor.decompress(data[at : at + _FINE])
    except zlib.error:
        pass
    return bytes(unpacked)


def pieces(region: Region, size: int = PIECE) -> Iterator[bytes]:
    """The bytes of a region, a few at a time."""
    for offset in range(0, region.size, size):
        piece = region.at(offset, size)
        if not piece:
            return
        yield piece


def unpack(packed: Iterator[bytes], made: Callable[[], Decompressor], again: bytes = b"") -> Iterator[bytes]:
    """What a compressed stream unpacks to. `again`: with what a further stream begins that may follow it; what follows
    besides is said. Raises `MediaError` where the data is cut short, and whatever the decompressor raises.
    """
    decompressor, data = made(), b""
    step = PIECE if isinstance(decompressor, Inflater) else _STEP
    while True:
        unpacked = decompressor.decompress(data, step)
        if unpacked:
            yield unpacked
        data = b""
        if decompressor.eof:
            data = _behind(decompressor.unused_data, packed, len(again))
            if not again or not data:
                return
            if not data.startswith(again):
                raise MediaError("the data after its compressed data was not examined")
            decompressor = made()
        elif decompressor.needs_input:
            data = next(packed, b"")
            if not data:
                raise MediaError("its compressed data is cut short")


def _behind(data: bytes, more: Iterator[bytes], length: int) -> bytes:
    """What follows a stream, without the zeros that may fill up a block: at least `length` bytes where there are."""
    while len(data := data.lstrip(b"\0")) < length and (piece := next(more, b"")):
        data += piece
    return data


def in_our_words(given: Iterable[bytes], words: str) -> Iterator[bytes]:
    """The same pieces; whatever is raised for their content becomes a `MediaError` of these words."""
    try:
        yield from given
    except MediaError:
        raise
    except Exception as error:  # noqa: BLE001  (decoders raise anything)
        if lack := lack_in(error):
            raise shortage("unpacking it", lack) from None
        if isinstance(error, lzma.LZMAError) and "emory" in str(error):  # the limit that it was given
            raise MediaError(TOO_MUCH_MEMORY) from None
        raise MediaError(words) from None


def careful(kind: str) -> Callable[[Reader], Reader]:
    """Makes a reader keep its word: what a library raises for the content becomes an `Omission`. `kind`: with its
    article, such as "a ZIP archive".
    """

    def made(reader: Reader) -> Reader:
        @wraps(reader)
        def read(region: Region) -> Iterator[Part | Omission]:
            try:
                yield from reader(region)
            except MediaError:
                raise
            except Exception as error:  # noqa: BLE001  (decoders raise anything)
                if lack := lack_in(error):
                    raise shortage("looking for what lies in it", lack) from None
                yield Omission(reason=f"the rest of {kind}, which is damaged")

        return read

    return made


def counted(number: int, one: str, many: str = "") -> Omission:
    """`1 encrypted member`, `3 encrypted members`."""
    return Omission(reason=f"{number} {one if number == 1 else many or one + 's'}")


def name_of(name: bytes | str, *encodings: str) -> str:
    """A name as printable text: by the first encoding that fits, else as UTF-8 with replacements."""
    if isinstance(name, bytes):
        name = _decoded(name[: 4 * MAX_NAME], encodings or ("utf-8",))
    return "".join(each if each.isprintable() else "\ufffd" for each in name[:MAX_NAME])


def _decoded(name: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            return name.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return name.decode("utf-8", "replace")
