"""Files with keys and metadata: written completely or not at all, readable only by their owner.

Rules this module upholds:

- Persist, then speak: a write is flushed, renamed and its folder flushed before `write_atomic` returns.
- A crash leaves the old file or the new one, and perhaps a temporary file that nobody reads.
- No error names a file or folder: only the command in which the user typed a path shows it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from node.errors import DiskFull, NotFound, StoreError

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700


def _store_error(error: OSError, doing: str) -> StoreError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"no space left while {doing}", remedy="free some space and run the command again")
    return StoreError(
        f"the disk failed while {doing}: {error.strerror}",
        remedy="check the folder's owner, its permissions and the disk",
    )


@contextlib.contextmanager
def store_errors(doing: str) -> Iterator[None]:
    """Raises `StoreError` and `DiskFull` in place of the errors of a library's own writing."""
    try:
        yield
    except OSError as error:
        raise _store_error(error, doing) from error


def make_folder(folder: Path) -> None:
    """Makes `folder` and its parents; only the owner can read the folder itself. Raises `StoreError`."""
    with store_errors("making a folder"):
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Makes a file that other code wrote durable, and its name. Raises `StoreError`."""
    with store_errors("writing a file"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)


def write_atomic(path: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Durable once it returns. A crash before the rename leaves the old file. Raises `StoreError`, `DiskFull`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise _store_error(error, "writing a file") from error


def read_bounded(path: Path, limit: int, *, what: str) -> bytes:
    """The bytes of `path`, at most `limit`. Raises `NotFound`, which names `what`, or `StoreError`."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise NotFound(f"there is no {what} here") from error
    except OSError as error:
        raise _store_error(error, f"reading {what}") from error
    if len(data) > limit:
        raise StoreError(f"the {what} here is longer than {limit} bytes")
    return data
