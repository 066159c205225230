"""A new file that is written in pieces and appears under its name only when it is complete.

Rules this module upholds:

- The pieces go to `FILE.part` beside it, of mode 0600. It becomes FILE after it is durable. A write that fails leaves
  neither.
- An existing file is never overwritten, also if it appears meanwhile.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from node.cli.files import cannot_write, refuse_existing
from node.cli.output import plain
from node.errors import Misuse, StoreError

_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK})
"""What a file system without hard links answers, such as exFAT on a memory stick."""


class PartFile:
    """A context manager. `finish` gives the file its name; without it nothing stays."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(path.name + ".part")

    def __enter__(self) -> Self:
        """Raises `Misuse` if the file, or an unfinished one, exists or cannot be made."""
        refuse_existing(self.path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._file = os.fdopen(os.open(self._part, flags, 0o600), "wb")
        except FileExistsError:
            raise Misuse(
                f"{plain(self._part)} exists: another command is writing it, or was interrupted",
                remedy="if no other command is writing it, delete it and try again",
            ) from None
        except OSError as error:
            raise cannot_write(self.path, error) from None
        return self

    def write(self, piece: bytes) -> None:
        """Adds bytes. Raises `StoreError`."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise self._lost(error) from None

    def finish(self) -> None:
        """Makes the file durable and gives it its name. Raises `StoreError`, and `Misuse` if the name is taken."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._name()
            # A crash before this leaves the file, or its part, or neither: a directory entry is durable only now.
            self._sync()
        except FileExistsError:
            refuse_existing(self.path)
            raise
        except OSError as error:
            raise self._lost(error) from None

    def _name(self) -> None:
        try:
            os.link(self._part, self.path)  # unlike a rename, it never replaces a file
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            refuse_existing(self.path)
            self._part.rename(self.path)
        else:
            self._part.unlink()

    def _sync(self) -> None:
        try:
            _sync(self.path.parent)
        except OSError:
            self.path.unlink(missing_ok=True)  # it is ours: `_name` has just made it
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(OSError):  # a full disk reports again what `write` has reported
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _lost(self, error: OSError) -> StoreError:
        return StoreError(
            f"{plain(self.path)} could not be written: {_why(error)}", remedy="free space, or name another folder"
        )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _why(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else "unknown reason").lower()
