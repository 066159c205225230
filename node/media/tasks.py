"""A file on its way through the pool: found, opened, handed to a worker, concluded.

Rules this module upholds:

- A file is open only while a worker has it, so the number of open files does not grow with the number of files.
- A worker's word is held against the file itself: its size, and that it is what it was when it was opened.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from node.domain.fingerprints import MaterialFingerprints
from node.domain.parts import Place
from node.errors import Malformed, MediaError
from node.media.budget import Limits
from node.media.descriptors import Identity, Status, changed_meanwhile, not_read, open_found, status_of

Result = MaterialFingerprints | MediaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What became of one subject: of the file at `path` itself (`place` None), or of a part that lies in it."""

    path: Path
    place: Place | None = None
    result: Result


@dataclass(slots=True, kw_only=True)
class Task:
    """A file, and its result once there is one. `named`: a person named this path; `identity`: what was found in its
    place. `again`: it was tried before, and a new worker has to try it.

    `limits`: what it gets in this turn; `cost` and `most`: what it is estimated to take, and may take, in seconds of
    processor time; `waits`: it was put off, and `so_far` is what was read of it, if anything; `last`: this is its
    second turn.
    """

    path: Path
    named: bool = True
    identity: Identity | None = None
    result: Result | None = None
    again: bool = False
    limits: Limits | None = None
    cost: int = 0
    most: int = 0
    waits: bool = False
    last: bool = False
    so_far: MaterialFingerprints | None = None
    file: int | None = None
    status: Status | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing more is awaited in this turn."""
        return self.waits or self.result is not None

    def open(self) -> tuple[int, Status]:
        """The open file, and what it was like when it was opened. Raises `MediaError`."""
        if self.file is None or self.status is None:
            self.file = open_found(self.path, named=self.named, identity=self.identity)
            try:
                found, self.status = os.fstat(self.file), status_of(self.file)
            except OSError as error:
                raise not_read(error) from None
            self.identity = Identity.of(found)
        return self.file, self.status

    def close(self) -> None:
        """Closes the file, if it is open."""
        if self.file is not None:
            os.close(self.file)
            self.file = self.status = None

    def judge(self, result: Result) -> Result:
        """What a worker replied, held against the file as it is now. Raises `Malformed` where no honest worker would
        have said it.
        """
        if isinstance(result, MediaError) or self.file is None or self.status is None:
            return result
        if result.size != self.status.size:
            raise Malformed("a worker's reply states another size than the file has")
        return result if status_of(self.file) == self.status else changed_meanwhile()


def left_of(left: MaterialFingerprints | None, error: MediaError) -> Result:
    """The result of a file whose worker was lost. `left`: what may stand of it: the picture that an animation begins
    with, or what was read in its first turn.
    """
    if left is None:
        return error
    return replace(left, note=f"{left.note}; {error}" if left.note else f"only its first frame was read: {error}")
