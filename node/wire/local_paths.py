"""Paths of Unix sockets that Linux and gRPC accept, for any path of the folder.

Rules this module upholds:

- A socket lies in the given folder, never in another one: a folder for temporary files can differ between a service and
  a user's commands.
- The folder is opened, and the socket is reached through `/proc/self/fd`. So the path is short (Linux allows 107 bytes,
  unix(7)), and gRPC's address, which is a URI, contains nothing of the folder's name: `#`, `?`, `,` and `%` have a
  meaning there.
- The name of the socket itself has only safe characters: the caller ensures that.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN: Final = Path("/proc/self/fd")


def lasting(path: Path) -> Path:
    """`path` as this process can serve on it. Its folder stays open until the process ends, because gRPC removes the
    socket by this path at an unknown time: one descriptor per call. Raises OSError if the folder cannot be opened.
    """
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return _through(folder, path)


@contextmanager
def reached(path: Path) -> Iterator[Path]:
    """`path` as this process can connect to it while the block runs. Raises OSError as `lasting` does."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield _through(folder, path)
    finally:
        os.close(folder)


def _through(folder: int, path: Path) -> Path:
    # Without /proc (a bare chroot) only plain and short paths work.
    return _OWN / str(folder) / path.name if _OWN.is_dir() else path
