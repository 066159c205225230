"""The functions of libarchive that Vigil uses: reading members, and undoing one compression.

Rules this module upholds:

- The library reads only from a `Region`, through two functions. They are made before a worker confines itself, because
  making one needs executable memory.
- Only named formats and filters are enabled, never a filter that starts a program.
- Its error texts can quote the archive, so they are not read.

Source: archive_read(3), archive_entry(3), libarchive 3.8. The library is the one in the wheel `archi`, whose own module
is not used: it reads an archive into memory as a whole.
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any, Final, Self

from node.errors import MediaError
from node.media.parts.bounds import PIECE, TOO_MUCH_MEMORY
from node.media.region import Region

_EOF, _OK, _WARN, _FAILED, _FATAL = 1, 0, -20, -25, -30
_FILE: Final = 0o100000
"""AE_IFREG."""
_STEP: Final = 1 << 16
"""Bytes that are requested at a time. A call that meets damage loses the data that it unpacked."""
_MOST_FAILURES: Final = 1_000
"""An archive is given up after this many successive headers that cannot be read."""
_READ: Final = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
_SEEK: Final = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int)


MISSING: Final = "the library that reads it cannot be loaded on this machine (libexpat1 must be installed)"
GIVEN_UP: Final = "it is damaged, or of a kind that Vigil does not read"


class Damaged(MediaError):
    """The library cannot continue: the archive is damaged, or of an unsupported kind."""


class Missing(MediaError):
    """The library cannot be loaded on this machine."""


class Locked(MediaError):
    """The archive's list of members is encrypted."""


class TooLarge(MediaError):
    """Unpacking it needs more memory than there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member. `size`: the size that the archive states, or None."""

    name: bytes
    is_file: bool
    encrypted: bool
    size: int | None


@dataclass(slots=True)
class _Source:
    """The data that the library reads while an archive is open."""

    region: Region
    buffer: Any
    position: int = 0
    fault: BaseException | None = None


_SOURCES: Final[dict[int, _Source]] = {}
"""Open sources by the number that the library receives. Archives may be open inside archives."""


def _read(_: int, number: int, out: Any) -> int:  # noqa: ANN401  (a pointer to a pointer)
    source = _SOURCES[number]
    try:
        data = source.region.at(source.position, PIECE)
    except Exception as fault:  # noqa: BLE001  (nothing can be raised through the library: it is raised behind it)
        source.fault = fault
        return _FATAL
    source.position += len(data)
    ctypes.memmove(source.buffer, data, len(data))
    out[0] = ctypes.addressof(source.buffer)
    return len(data)


def _seek(_: int, number: int, offset: int, whence: int) -> int:
    source = _SOURCES[number]
    place = (0, source.position, source.region.size)[whence] + offset
    if place < 0:
        return _FATAL
    source.position = min(place, source.region.size)
    return source.position


class _Library:
    """The functions of the library, with their types."""

    def __init__(self) -> None:
        files = metadata.files("archi") or ()
        path = next(each for each in files if each.name.startswith("libarchive-"))
        self.code = ctypes.CDLL(str(path.locate()))
        pointer, number = ctypes.c_void_p, ctypes.c_int
        for name, result, arguments in (
            ("archive_read_new", pointer, ()),
            ("archive_read_free", number, (pointer,)),
            ("archive_read_open2", number, (pointer,) * 6),
            ("archive_read_set_seek_callback", number, (pointer, _SEEK)),
            ("archive_read_next_header", number, (pointer, ctypes.POINTER(pointer))),
            ("archive_read_data", ctypes.c_ssize_t, (pointer, pointer, ctypes.c_size_t)),
            ("archive_read_has_encrypted_entries", number, (pointer,)),
            ("archive_errno", number, (pointer,)),
            ("archive_entry_pathname_utf8", ctypes.c_char_p, (pointer,)),
            ("archive_entry_pathname", ctypes.c_char_p, (pointer,)),
            ("archive_entry_filetype", number, (pointer,)),
            ("archive_entry_size", ctypes.c_int64, (pointer,)),
            ("archive_entry_size_is_set", number, (pointer,)),
            ("archive_entry_is_encrypted", number, (pointer,)),
        ):
            function = getattr(self.code, name)
            function.restype, function.argtypes = result, arguments
        self.read = _READ(_read)
        self.seek = _SEEK(_seek)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (a function of the library)
        return getattr(self.code, name)


@lru_cache(maxsize=1)
def _loaded() -> _Library | None:
    try:
        return _Library()
    except (OSError, StopIteration):  # a library that it needs is missing on this machine
        return None


def _library() -> _Library:
    library = _loaded()
    if library is None:
        raise Missing(MISSING)
    return library


def prepare() -> None:
    """Loads the library and creates the functions that it calls. It tries every format once, because some load
    tables.
    """
    library = _loaded()
    if library is None:
        return
    for name in ("7zip", "rar", "rar5", "cab", "iso9660", "ar", "cpio", "lha", "xar", "warc", "raw"):
        getattr(library, f"archive_read_support_format_{name}").argtypes = (ctypes.c_void_p,)
    for name in ("compress", "lz4", "zstd", "lzip"):
        getattr(library, f"archive_read_support_filter_{name}").argtypes = (ctypes.c_void_p,)


class Archive:
    """An open archive. `with` closes it."""

    def __init__(self, region: Region, *, formats: tuple[str, ...], filters: tuple[str, ...] = ()) -> None:
        prepare()
        self._library = _library()
        self._source = _Source(region, ctypes.create_string_buffer(PIECE))
        self._number = id(self._source)
        self._archive = self._library.archive_read_new()
        self._entry = ctypes.c_void_p()
        self._buffer = ctypes.create_string_buffer(PIECE)
        for name in formats:
            getattr(self._library, f"archive_read_support_format_{name}")(self._archive)
        for name in filters:
            getattr(self._library, f"archive_read_support_filter_{name}")(self._archive)

    def __enter__(self) -> Self:
        _SOURCES[self._number] = self._source
        return self

    def __exit__(self, *_: object) -> None:
        self._library.archive_read_free(self._archive)
        del _SOURCES[self._number]

    def members(self) -> Iterator[Member]:
        """Yields the members. `pieces` reads the last one. Raises `Damaged` or `Locked` if there is no next one."""
        library, read = self._library, ctypes.cast(self._library.read, ctypes.c_void_p)
        library.archive_read_set_seek_callback(self._archive, library.seek)
        if library.archive_read_open2(self._archive, self._number, None, read, None, None) == _FATAL:
            self._fail(GIVEN_UP)  # of an archive that is not open nothing more can be asked
        failures = 0
        while failures < _MOST_FAILURES:
            result = library.archive_read_next_header(self._archive, ctypes.byref(self._entry))
            if result == _EOF:
                return
            failures = failures + 1 if result == _FAILED else 0
            self._check(result)
            if result == _FAILED:
                continue
            yield self._member()
        raise Damaged(GIVEN_UP)

    def pieces(self) -> Iterator[bytes]:
        """Yields the bytes of the last member. Raises `Damaged` after the part that could be read."""
        while True:
            length = self._library.archive_read_data(self._archive, self._buffer, _STEP)
            if length == 0:
                return
            if length < 0 and length != _WARN:
                self._fail("its compressed data is damaged, or packed by a method that Vigil does not unpack")
            yield bytes(memoryview(self._buffer)[: max(length, 0)])

    def _member(self) -> Member:
        library, entry = self._library, self._entry
        return Member(
            name=library.archive_entry_pathname_utf8(entry) or library.archive_entry_pathname(entry) or b"",
            is_file=library.archive_entry_filetype(entry) in (_FILE, 0),
            encrypted=bool(library.archive_entry_is_encrypted(entry)),
            size=library.archive_entry_size(entry) if library.archive_entry_size_is_set(entry) else None,
        )

    def _check(self, result: int) -> None:
        if result == _FATAL:
            if self._library.archive_read_has_encrypted_entries(self._archive) == 1:
                raise Locked("its list of members is encrypted")
            self._fail(GIVEN_UP)

    def _fail(self, words: str) -> None:
        if self._source.fault is not None:
            raise self._source.fault
        if self._library.archive_errno(self._archive) == errno.ENOMEM:
            raise TooLarge(TOO_MUCH_MEMORY)
        raise Damaged(words)


def uncompressed(region: Region, *filters: str) -> Iterator[bytes]:
    """Yields the unpacked data of one compressed stream (`compress`, `lz4`, `zstd`, `lzip`). Raises `Damaged`."""
    with Archive(region, formats=("raw",), filters=filters) as archive:
        for _ in archive.members():
            yield from archive.pieces()
