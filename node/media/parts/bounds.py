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
"""Bytes that are read and unpacked at a time."""
_FIRST_WINDOW: Final = 1 << 10
_LAST_WINDOW: Final = 1 << 20
"""Bytes that are searched at a time."""
_FINE: Final = 8
"""Bytes that are unpacked at a time near damage."""
_STEP: Final = 1 << 14
"""Bytes that are unpacked at a time if a failing call of the library loses its output (lzma, bz2)."""
MAX_NAME: Final = 1_000
"""The most characters of a part's name."""
TOO_MUCH_MEMORY: Final = "unpacking it takes more memory than Vigil gives a part"
OVERLAP_BYTES: Final = 1 << 20
"""How many bytes more than its size a holder may return unchanged. More means that its parts overlap."""


class Meter:
    """Counts what one holder returns. `full`: the reason why it may return no more, or ""."""

    def __init__(self, region: Region) -> None:
        self._unpacked_left = min(FREE_BYTES + MAX_RATIO * region.size, MAX_UNPACKED_BYTES)
        self._as_is_left = region.size + OVERLAP_BYTES
        self._parts_left = MAX_PARTS
        self.full = ""

    def unpacked(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yields the same pieces. Raises `MediaError` if they exceed the limit of the holder."""
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
        """Tells whether the holder may return this region of itself. If not, `full` gives the reason."""
        self._as_is_left -= region.size
        if self._as_is_left < 0:
            self.full = "the rest of an archive with members that overlap"
        return self._as_is_left >= 0

    def part(self) -> bool:
        """Tells whether the holder may return a further part. If not, `full` gives the reason."""
        self._parts_left -= 1
        if self._parts_left < 0:
            self.full = f"more than {MAX_PARTS} members"
        return self._parts_left >= 0


class Decompressor(Protocol):
    """The interface of the decompressors of `bz2` and `lzma`, and of `Inflater`."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


def find(region: Region, at: int, *signatures: bytes) -> int:
    """Returns the offset of the first of these byte strings from `at` on, or the end of the region. It reads little at
    first, so a file full of signatures is not read a million times.
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
    """zlib with the same interface. `form`: zlib's `wbits`, which states the wrapping of the data."""

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
        """Works like `bz2`. If the data are damaged, it first returns the data before the damage, which zlib would
        lose.
        """
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
    """Returns the data before the fault, at most as many bytes as the failing call was to return."""
    unpacked = bytearray()
    try:
        for at in range(0, len(data), _FINE):
            unpacked += decompressor.decompress(data[at : at + _FINE])
    except zlib.error:
        pass
    return bytes(unpacked)


def pieces(region: Region, size: int = PIECE) -> Iterator[bytes]:
    """Yields the bytes of a region in pieces."""
    for offset in range(0, region.size, size):
        piece = region.at(offset, size)
        if not piece:
            return
        yield piece


def unpack(packed: Iterator[bytes], made: Callable[[], Decompressor], again: bytes = b"") -> Iterator[bytes]:
    """Yields the unpacked data of a compressed stream. `again`: the first bytes of a further stream that may follow.
    Other following data are reported. Raises `MediaError` if the data are cut short, and the errors of the
    decompressor.
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
    """Returns what follows a stream, without the zeros that may fill up a block: at least `length` bytes if
    they exist.
    """
    while len(data := data.lstrip(b"\0")) < length and (piece := next(more, b"")):
        data += piece
    return data


def in_our_words(given: Iterable[bytes], words: str) -> Iterator[bytes]:
    """Yields the same pieces. Every error for their content becomes a `MediaError` with these words."""
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
    """Wraps a reader so that an error of a library for the content becomes an `Omission`. `kind`: with its article,
    such as "a ZIP archive".
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
    """Returns `1 encrypted member`, `3 encrypted members`."""
    return Omission(reason=f"{number} {one if number == 1 else many or one + 's'}")


def name_of(name: bytes | str, *encodings: str) -> str:
    """Returns a name as printable text, in the first encoding that fits, otherwise in UTF-8 with replacements."""
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
