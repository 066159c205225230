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
"""The largest file that is read: 256 GiB, two days of a surveillance camera."""
EMPTY: Final = "empty file"
"""What is said of a file without a byte."""
_CHUNK: Final = 1 << 20
"""Bytes read at a time: each chunk is digested while it is still in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """MD5 (16 bytes), SHA-1 (20) and SHA-256 (32) of all bytes of a file or part."""

    md5: bytes
    sha1: bytes
    sha256: bytes


def digests_of(chunks: Iterator[bytes]) -> Digests:
    """The digests of these bytes in their order."""
    taken = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256")]
    for chunk in chunks:
        for digest in taken:
            digest.update(chunk)
    md5, sha1, sha256 = (digest.digest() for digest in taken)
    return Digests(md5=md5, sha1=sha1, sha256=sha256)


class Region:
    """`size` bytes from `start` on in the file `descriptor`. Also a binary file as libraries read one: `read`, `seek`,
    `tell`, with a position of its own.
    """

    name: Final = "material"
    """What libraries that ask for a file name are told."""

    def __init__(self, descriptor: int, start: int = 0, size: int | None = None, *, watched: bool = True) -> None:
        """`watched`: whether a change of the file is looked for; not in a file that we write to ourselves."""
        self.descriptor = descriptor
        self.start = start
        self._watched = watched
        self._held: bytes | None = None
        self._status = _status(descriptor)
        whole = max(self._status.size - start, 0)
        self.size = whole if size is None else min(size, whole)
        self._position = 0

    def at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on; b"" past the end. Raises `MediaError` where they cannot be read."""
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
        """The first bytes, at most `length`."""
        return self.at(0, length)

    def part(self, start: int, size: int | None = None) -> Region:
        """The region from `start` on within this one: at most `size` bytes (None: up to the end of this one)."""
        start = min(max(start, 0), self.size)
        most = self.size - start
        length = most if size is None else min(max(size, 0), most)
        part = Region(self.descriptor, self.start + start, length, watched=self._watched)
        part._held = None if self._held is None else self._held[start : start + length]
        return part

    def chunks(self) -> Iterator[bytes]:
        """All bytes in pieces. Raises `MediaError` where the file is shorter than it was, or changed meanwhile."""
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
        """A piece from `offset` on, whatever size the file system states; b"" at the end. Raises `MediaError`."""
        try:
            return os.pread(self.descriptor, _CHUNK, self.start + offset)
        except OSError as error:
            raise not_read(error) from None

    def all(self, most: int) -> bytes:
        """All bytes in memory. Raises `MediaError` where there are more than `most`."""
        if self.size > most:
            raise MediaError(f"too large: {self.size} bytes, the limit is {most}")
        return self._held if self._held is not None else b"".join(self.chunks())

    def hold(self) -> Digests:
        """Reads all bytes a single time, keeps them in memory until `let_go`, and gives their digests. Raises as
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
        """The digests of all bytes. Raises as `chunks`."""
        return digests_of(self.chunks())

    # ---- a binary file, for libraries

    def read(self, length: int = -1) -> bytes:
        """As `io.RawIOBase.read`."""
        data = self.at(self._position, self.size if length < 0 else length)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As `io.IOBase.seek`. Raises `OSError` for a place before the beginning."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError("a place before the beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The position."""
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
