"""One process owns a node's or a hub's database and keys.

Rules this module upholds:

- The kernel holds the lock (`flock`) and releases it when the process ends in any way: there is no stale lock to clear.
- The file stays. It names the owner, for people and for whoever wants to stop it. Who owns the folder never depends on
  its content.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from node.errors import AlreadyRunning, StoreError

LOCK_NAME: Final = "owner.lock"
_MAX_PID_TEXT: Final = 20


@contextmanager
def own(folder: Path) -> Iterator[None]:
    """Owns `folder` while the block runs. Raises `AlreadyRunning` at once if another process (or block) owns it, and
    `StoreError` if the folder cannot be used.
    """
    try:
        # Closed on exec: a spawned worker must not keep the lock of a daemon that died.
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"the folder's lock cannot be opened ({error.strerror})", remedy="check that it exists and who owns it"
        ) from None
    try:
        _lock(descriptor)
        # The lock holds without the name too: a full disk must not lock out an owner who comes to make room.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        try:
            yield
        finally:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def owner_of(folder: Path) -> int | None:
    """The process that owns `folder` now; None if nobody does; 0 if the process has not said. Raises `StoreError`."""
    if not (folder / LOCK_NAME).exists():
        return None
    try:
        with own(folder):
            return None
    except AlreadyRunning:
        pid = (folder / LOCK_NAME).read_text("ascii", "replace")[:_MAX_PID_TEXT].strip()
        return int(pid) if pid.isdigit() else 0


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise StoreError(
                f"the folder cannot be locked ({error.strerror})", remedy="keep it on a local disk"
            ) from None
        pid = os.pread(descriptor, _MAX_PID_TEXT, 0).decode("ascii", "replace").strip()
        who = f"process {pid}" if pid.isdigit() else "another process"
        raise AlreadyRunning(
            f"{who} owns this folder",
            remedy="use the commands of the running daemon, or stop it first",
        ) from None
