"""Reading one untrusted file piece by piece: for what is too large to be held in memory.

Rules this module upholds:

- Only regular files are read, none past `MAX_STREAM_BYTES`; a pipe or a device that stands in a folder cannot block.
- A file that changes between the first and the last look at it is refused: its digests and its frames would not be of
  one thing.
- Whatever goes wrong is a `MediaError` in plain words, without the file's name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.errors import MediaError
from node.media.source import not_read

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
        self.status = os.fstat(descriptor)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.status.st_size

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
        now = os.fstat(self._descriptor)
        if at != self.size or (now.st_size, now.st_mtime_ns) != (self.size, self.status.st_mtime_ns):
            raise MediaError("the file changed while it was read", remedy="try again when no program writes to it")
        md5, sha1, sha256 = (digest.digest() for digest in taken)
        return Digests(md5=md5, sha1=sha1, sha256=sha256)


@contextmanager
def open_stream(path: Path) -> Iterator[Stream]:
    """Opens a file to be read piece by piece. Raises `MediaError`, also for what fails to be read inside the block."""
    try:
        # A reader of a named pipe would wait for its writer; O_NONBLOCK does not, and means nothing to a regular file.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise not_read(error) from None
    try:
        stream = Stream(descriptor)
        if not stat.S_ISREG(stream.status.st_mode):
            raise MediaError(
                "this is a folder, not a file" if stat.S_ISDIR(stream.status.st_mode) else "not a regular file"
            )
        yield stream
    except OSError as error:
        raise not_read(error) from None
    finally:
        os.close(descriptor)
