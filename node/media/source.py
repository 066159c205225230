"""Reading one untrusted file: once, whole, bounded, and with its digests taken on the way.

Rules this module upholds:

- The digests and the decoder see the same bytes: they are read a single time, into memory.
- Only regular files are read, none past `MAX_FILE_BYTES`; a pipe or a device that stands in a folder cannot block.
- Whatever goes wrong is a `MediaError` in plain words, without the file's name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.errors import MediaError
from node.media.shortage import lack_of_reading

MAX_FILE_BYTES: Final = 512 * 1024 * 1024
"""The largest picture file that is read. A 200-megapixel photograph with 8 bits a channel, uncompressed, is 600 MB; as
any camera writes it, it is below 200."""
_CHUNK: Final = 1024 * 1024
"""Bytes a read: each chunk is digested while it is still in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBytes:
    """A file's bytes and their digests."""

    data: bytes
    md5: bytes
    sha1: bytes
    sha256: bytes


def read_source(path: Path) -> SourceBytes:
    """Reads a file whole. Raises `MediaError`: not there, not a regular file, empty, too large, changed meanwhile."""
    try:
        # A reader of a named pipe would wait for its writer; O_NONBLOCK does not, and means nothing to a regular file.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise not_read(error) from None
    try:
        return _read(descriptor)
    except OSError as error:
        raise not_read(error) from None
    finally:
        os.close(descriptor)


def not_read(error: OSError | ValueError) -> MediaError:
    """The error for a file that cannot be opened or read; a `Shortage` where that is for want of something of ours."""
    return lack_of_reading(error, unreadable(error)) or MediaError(unreadable(error))


def unreadable(error: OSError | ValueError) -> str:
    """Why a file or folder cannot be opened or read, in words that do not name it."""
    match error:
        case FileNotFoundError():
            return "no such file or folder"
        case PermissionError():
            return "no permission to read it"
        case OSError(errno=int(number)):
            return f"cannot be read: {os.strerror(number).lower()}"
        case _:
            return "cannot be read: no file can have such a name"


def _read(descriptor: int) -> SourceBytes:
    before = os.fstat(descriptor)
    if stat.S_ISDIR(before.st_mode):
        raise MediaError("this is a folder, not a file")
    if not stat.S_ISREG(before.st_mode):
        raise MediaError("not a regular file")
    if before.st_size > MAX_FILE_BYTES:
        raise MediaError(f"too large: {before.st_size} bytes, the limit is {MAX_FILE_BYTES}")
    digests = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256")]
    chunks: list[bytes] = []
    length = 0
    while chunk := os.read(descriptor, min(_CHUNK, MAX_FILE_BYTES + 1 - length)):
        for digest in digests:
            digest.update(chunk)
        chunks.append(chunk)
        length += len(chunk)
        if length > before.st_size:
            break  # it grows while it is read: the next lines say so
    after = os.fstat(descriptor)
    if length != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise MediaError("the file changed while it was read", remedy="try again when no program writes to it")
    if length == 0:
        raise MediaError("empty file")
    md5, sha1, sha256 = (digest.digest() for digest in digests)
    return SourceBytes(data=b"".join(chunks), md5=md5, sha1=sha1, sha256=sha256)
