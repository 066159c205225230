"""A range of bytes in an open file: the whole file, or a part that is stored in it without compression.

Rules this module upholds:

- Nothing is read after the region's end. Reading at an offset does not move the file's own position, so two regions of
  one file do not affect each other.
- A file that changes between the first and the last read is refused, because its digests and its pictures would come
  from different contents.
- Digests are computed piece by piece, so memory does not grow with the size of a file. Only content that is decoded in
  memory is held there (`hold`), from the same read as its digests.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from node.errors import MediaError
from node.media.descriptors import Status, changed_meanwhile, not_read, status_of

MAX_FILE_BYTES: Final = 1 << 38
"""The most bytes of a file that is read: 256 GiB, two days of a surveillance camera."""
EMPTY: Final = "empty file"
"""The words for an empty file."""
_CHUNK: Final = 1 << 20
"""Bytes that are read at a time. Each chunk is digested while it is in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """MD5 (16 bytes), SHA-1 (20) and SHA-256 (32) of all bytes of a file or part."""

    md5: bytes
    sha1: bytes
    sha256: bytes


def digests_of(chunks: Iterator[bytes]) -> Digests:
    """Returns the digests of these bytes in order."""
    taken = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256")]
    for chunk in chunks:
        for digest in taken:
            digest.update(chunk)
    md5, sha1, sha256 = (digest.digest() for digest in taken)
    return Digests(md5=md5, sha1=sha1, sha256=sha256)


class Region:
    """`size` bytes from `start` in the file `descriptor`.

    It is also a binary file for libraries: `read`, `seek`, `tell`, with a position of its own.
    """

    name: Final = "material"
    """The name for libraries that ask for a file name."""

    def __init__(self, descriptor: int, start: int = 0, size: int | None = None, *, watched: bool = True) -> None:
        """`watched`: whether a change of the file is an error. It is false for a file that we write ourselves."""
        self.descriptor = descriptor
        self.start = start
        self._watched = watched
        self._held: bytes | None = None
        self._status = _status(descriptor)
        whole = max(self._status.size - start, 0)
        self.size = whole if size is None else min(size, whole)
        self._position = 0

    def at(self, offset: int, length: int) -> bytes:
        """Returns at most `length` bytes from `offset` on, and b"" after the end. Raises `MediaError` if they cannot be
        read.
        """
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        if self._held is not None:
            return self._held[offset : offset + length]
        try:
            return os.pread(self.descriptor, length, self.start + offset)
        except OSError as error:
            raise not_read(error) from None

    def head(self, length: int) -> bytes:
        """Returns the first bytes, at most `length`."""
        return self.at(0, length)

    def part(self, start: int, size: int | None = None) -> Region:
        """Returns the region from `start` on inside this one: at most `size` bytes (None: up to the end of
        this one).
        """
        start = min(max(start, 0), self.size)
        most = self.size - start
        length = most if size is None else min(max(size, 0), most)
        part = Region(self.descriptor, self.start + start, length, watched=self._watched)
        part._held = None if self._held is None else self._held[start : start + length]
        return part

    def chunks(self) -> Iterator[bytes]:
        """Yields all bytes in pieces. Raises `MediaError` if the file has become shorter, or has changed."""
        offset = 0
        while offset < self.size:
            chunk = self.at(offset, _CHUNK)
            if not chunk:
                break
            offset += len(chunk)
            yield chunk
        if offset != self.size or (self._watched and _status(self.descriptor) != self._status):
            raise changed_meanwhile()

    def beyond(self, offset: int) -> bytes:
        """Returns a piece from `offset` on, whatever size the file system states, and b"" at the end. Raises
        `MediaError`.
        """
        try:
            return os.pread(self.descriptor, _CHUNK, self.start + offset)
        except OSError as error:
            raise not_read(error) from None

    def all(self, most: int) -> bytes:
        """Returns all bytes. Raises `MediaError` if there are more than `most`."""
        if self.size > most:
            raise MediaError(f"too large: {self.size} bytes, the limit is {most}")
        return self._held if self._held is not None else b"".join(self.chunks())

    def hold(self) -> Digests:
        """Reads all bytes once, keeps them in memory until `let_go`, and returns their digests. Raises like
        `chunks`.
        """
        held: list[bytes] = []

        def kept() -> Iterator[bytes]:
            for chunk in self.chunks():
                held.append(chunk)
                yield chunk

        digests = digests_of(kept())
        self._held = held[0] if len(held) == 1 else b"".join(held)
        return digests

    def let_go(self) -> None:
        """Frees what `hold` keeps."""
        self._held = None

    def digests(self) -> Digests:
        """Returns the digests of all bytes. Raises like `chunks`."""
        return digests_of(self.chunks())

    # ---- a binary file, for libraries

    def read(self, length: int = -1) -> bytes:
        """Works like `io.RawIOBase.read`."""
        data = self.at(self._position, self.size if length < 0 else length)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Works like `io.IOBase.seek`. Raises `OSError` for a position before the beginning."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError("a place before the beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Returns the position."""
        return self._position

    def seekable(self) -> bool:
        """Always true."""
        return True

    def readable(self) -> bool:
        """Always true."""
        return True

    def writable(self) -> bool:
        """Never."""
        return False

    def close(self) -> None:
        """Does nothing: the file belongs to whoever opened it."""

    @property
    def closed(self) -> bool:
        """Never."""
        return False

    def flush(self) -> None:
        """Does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _status(descriptor: int) -> Status:
    try:
        return status_of(descriptor)
    except OSError as error:
        raise not_read(error) from None
