"""Files that a person names: read whole within a limit, written new or not at all.

Rules this module upholds:

- What is written is durable and whole when this returns, readable by its owner alone, and never replaces a file.
- A file that cannot be read or written is the person's to mend: `Misuse`, without a traceback.
"""

from __future__ import annotations

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
    """Raises `Misuse` where `write_new` would: before work that should not be done for nothing."""
    if path.exists():
        raise _exists(path)


def write_new(path: Path, data: bytes) -> None:
    """Writes a new file of mode 0600. Raises `Misuse` where it exists, `StoreError` where it cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise Misuse(f"{plain(path)} cannot be written: {_why(error)}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StoreError(f"{plain(path)} could not be written: {_why(error)}") from None


def _exists(path: Path) -> Misuse:
    return Misuse(f"{plain(path)} exists already", remedy=_NAME_ANOTHER)


def _why(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else "unknown reason").lower()
