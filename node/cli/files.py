"""Files that a person names: read completely within a limit, and only written if they do not exist yet.

Rules this module upholds:

- When a write returns, the file is complete and durable, and only its owner can read it. It never replaces a file.
- If a file cannot be read or written, the user must fix it: `Misuse`, without a traceback.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from node.cli.output import plain
from node.errors import Misuse, StoreError

_NAME_ANOTHER: Final = "name another file: an existing file is never overwritten"


def read_input(path: Path, limit: int, what: str) -> bytes:
    """The bytes of a file of at most `limit`. Raises `Misuse`; `what` names it in the error."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Misuse(f"the {what} {plain(path)} cannot be read: {_why(error)}") from None
    if len(data) > limit:
        raise Misuse(f"the {what} {plain(path)} is larger than any {what}: the limit is {limit} bytes")
    return data


def refuse_existing(path: Path) -> None:
    """Raises `Misuse` if `write_new` would. Call it before long work whose result goes to this file."""
    if path.exists():
        raise _exists(path)


def write_new(path: Path, data: bytes) -> None:
    """Writes a new file of mode 0600. Raises `Misuse` if it exists, `StoreError` if it cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise cannot_write(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StoreError(f"{plain(path)} could not be written: {_why(error)}") from None


def cannot_write(path: Path, error: OSError) -> Misuse:
    """Says that a file cannot be made, and what to do."""
    remedy = "make its folder first, or name another one" if error.errno == errno.ENOENT else "name another folder"
    return Misuse(f"{plain(path)} cannot be written: {_why(error)}", remedy=remedy)


def _exists(path: Path) -> Misuse:
    return Misuse(f"{plain(path)} exists already", remedy=_NAME_ANOTHER)


def _why(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else "unknown reason").lower()
