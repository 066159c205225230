"""The space for unpacked parts: one file without a name for each worker, used as a stack.

Rules this module upholds:

- The command opens the file and removes its name before a worker gets it. So no data remains on the disk, even if the
  worker or the command is killed.
- An unpacked part is stored on top of its container, and is removed before the next part is stored.
- All workers together use at most half of the free space of the disk, so a file that unpacks to very much data cannot
  stop the node. A full disk is a lack of this machine (`Shortage`), not damage of the file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from node.errors import Unavailable
from node.media.parts.part import MAX_UNPACKED_BYTES
from node.media.region import Region
from node.media.shortage import Shortage

_FOLDERS: Final = ("/tmp", "/var/tmp")  # noqa: S108  (a file without a name; never the working folder: it may be evidence)
FULL: Final = "needs more space to be unpacked than the temporary folder has"
_REMEDY: Final = "free space on the disk of the temporary folder, or set TMPDIR to a folder on another disk"


def open_scratch() -> int:
    """Creates a new file for one worker. It has no name, and no process inherits it unless it is passed explicitly.
    Raises `Unavailable`.
    """
    number = 0
    for folder in (os.environ.get("TMPDIR", ""), *_FOLDERS):
        try:
            if folder:
                with tempfile.TemporaryFile(dir=folder) as file:  # 0600, O_TMPFILE or its name removed at once
                    return os.dup(file.fileno())
        except OSError as error:
            number = error.errno or 0
    raise Unavailable(f"no file can be made in the temporary folder: {os.strerror(number).lower()}", remedy=_REMEDY)


def room(scratch: int, *, workers: int) -> int:
    """Returns the bytes that the file of one of `workers` workers may take."""
    disk = os.fstatvfs(scratch)
    return min(disk.f_bavail * disk.f_frsize // 2 // workers, MAX_UNPACKED_BYTES)


@dataclass(slots=True)
class Scratch:
    """A stack of parts. `descriptor`: the open file; `top`: bytes in use."""

    descriptor: int
    top: int = 0

    @contextmanager
    def level(self) -> Iterator[Level]:
        """Opens a level on top of the stack for the duration of the block."""
        start = self.top
        try:
            yield Level(scratch=self, start=start)
        finally:
            self.top = start
            os.ftruncate(self.descriptor, start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The data that are unpacked at one level."""

    scratch: Scratch
    start: int

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.scratch.top - self.start

    def write(self, chunk: bytes) -> None:
        """Appends bytes. Raises `Shortage` if the disk is full."""
        left = memoryview(chunk)
        while left:
            try:
                written = os.pwrite(self.scratch.descriptor, left, self.scratch.top)
            except OSError:  # ENOSPC, EDQUOT, EFBIG: in each case there is no more room for it
                raise Shortage(FULL, remedy=_REMEDY) from None
            self.scratch.top += written
            left = left[written:]

    def region(self) -> Region:
        """Returns the whole level as a region."""
        return Region(self.scratch.descriptor, self.start, self.size, watched=False)
