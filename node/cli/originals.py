"""Copies of originals in the home, by content: `originals/ab/cdef...`, named by the SHA-256 of their bytes.

Rules this module upholds:

- A name stands for its bytes: a copy is hashed while it is written, and is complete and durable before it gets its
  name. A crash leaves a `.part` file, which the next copy of the same content replaces.
- An existing copy is hashed again; a corrupted copy is replaced.
- Only the owner can read the files (mode 0400, folders 0700).
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Final

from node.errors import DiskFull, MediaError, StoreError

_CHUNK: Final = 1024 * 1024
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def copy_original(source: Path, sha256: bytes, folder: Path) -> Path:
    """Stores a copy of `source` under its name, and returns its path.

    Raises `MediaError` if the source cannot be read or no longer has this SHA-256 (32 bytes), `DiskFull` or
    `StoreError` if the copy cannot be written.
    """
    name = sha256.hex()
    target = folder / name[:2] / name[2:]
    if _holds(target, sha256):
        return target
    try:
        for each in (folder, target.parent):
            each.mkdir(mode=0o700, exist_ok=True)
        part = target.with_name(target.name + ".part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    except OSError as error:
        raise _unwritable(error) from None
    try:
        _copy(source, descriptor, sha256)
        _put_in_place(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return target


def _holds(target: Path, sha256: bytes) -> bool:
    try:
        with target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest() == sha256
    except OSError:  # missing or unreadable: it is written again
        return False


def _copy(source: Path, descriptor: int, sha256: bytes) -> None:
    """Copies the file, checks that it is the fingerprinted one, and makes the copy durable."""
    digest = hashlib.sha256()
    try:
        with source.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                _write(descriptor, chunk)
    except OSError:
        raise MediaError("the file could not be read again to be copied") from None
    if digest.digest() != sha256:
        raise MediaError("the file changed while it was copied", remedy="try again when no program writes to it")
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise _unwritable(error) from None


def _write(descriptor: int, chunk: bytes) -> None:
    try:
        while chunk:
            chunk = chunk[os.write(descriptor, chunk) :]
    except OSError as error:
        raise _unwritable(error) from None


def _put_in_place(part: Path, target: Path) -> None:
    try:
        part.replace(target)
        # A crash before this leaves the copy under one of the two names; the holding is acknowledged only after it.
        for folder in (target.parent, target.parent.parent):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise _unwritable(error) from None


def _unwritable(error: OSError) -> StoreError:
    if error.errno in _NO_SPACE:
        return DiskFull(
            "the disk is full: no space for copies of originals", remedy="free space, and run the same command again"
        )
    return StoreError("the folder of originals cannot be written", remedy="check its owner, its mode and its disk")
