"""Reading one untrusted file piece by piece: for what is too large to be held in memory.

Rules this module upholds:

- No file past `MAX_STREAM_BYTES` is read.
- A file that changes between the first and the last look at it is refused: its digests and its frames would not be of
  one thing.
- Whatever goes wrong is a `MediaError` in plain words.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from node.errors import MediaError
from node.media.descriptors import changed_meanwhile, not_read, status_of

MAX_STREAM_BYTES: Final = 1 << 38
"""The largest file that is read piece by piece: 256 GiB, two days of a surveillance camera."""
_CHUNK: Final = 1 << 20
"""Bytes a read: each chunk is digested while it is still in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """Of a whole file."""

    md5: bytes
    sha1: bytes
    sha256: bytes


class Stream:
    """An open file as PyAV reads one: `read`, `seek` and `tell`, and a name that says nothing."""

    name: Final = "material"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._status = status_of(descriptor)

    @property
    def size(self) -> int:
        """Bytes."""
        return self._status.size

    def read(self, length: int) -> bytes:
        """At most `length` bytes; b"" at the end."""
        return os.read(self._descriptor, length)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As `io.IOBase.seek`."""
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        """The position."""
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def head(self, length: int) -> bytes:
        """The first bytes, whatever the position."""
        return self.at(0, length)

    def at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on, whatever the position; b"" past the end."""
        return os.pread(self._descriptor, length, offset) if offset < self.size else b""

    def digests(self) -> Digests:
        """Of everything, read once more. Raises `MediaError` where the file is not what it was when it was opened."""
        taken = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256")]
        at = 0
        while chunk := os.pread(self._descriptor, _CHUNK, at):
            at += len(chunk)
            if at > self.size:
                break  # it grows while it is read
            for digest in taken:
                digest.update(chunk)
        if at != self.size or status_of(self._descriptor) != self._status:
            raise changed_meanwhile()
        md5, sha1, sha256 = (digest.digest() for digest in taken)
        return Digests(md5=md5, sha1=sha1, sha256=sha256)


@contextmanager
def streamed(descriptor: int) -> Iterator[Stream]:
    """An open file, to be read piece by piece from its beginning. Raises `MediaError`, also for what fails to be read
    inside the block.
    """
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)  # a worker that failed may have left it anywhere
        stream = Stream(descriptor)
        if stream.size > MAX_STREAM_BYTES:
            raise MediaError(f"too large: {stream.size} bytes, the limit is {MAX_STREAM_BYTES}")
        yield stream
    except OSError as error:
        raise not_read(error) from None
