"""The states of a file in the pool: found, opened, given to a worker, concluded.

Rules this module upholds:

- A file is open only while a worker has it, so the number of open files does not grow with the number of files.
- A worker's result is compared with the file itself: its size, and that it has not changed since it was opened.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from node.domain.material import DigestFingerprints, MaterialFingerprints
from node.errors import Malformed, MediaError
from node.media.budget import Limits
from node.media.course import Course, noted
from node.media.course import Examined as Examined  # noqa: PLC0414  (told further)
from node.media.course import Result as Result  # noqa: PLC0414  (told further)
from node.media.descriptors import Identity, Status, changed_meanwhile, not_read, open_found, status_of
from node.media.orders import Orders
from node.media.subject_replies import Begun


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """A file, and its result when there is one. `named`: a person named this path; `identity`: the file that was found
    there; `again`: its current subject was tried before; `anew`: a new worker must take it.

    `limits`: of this turn; `cost` and `most`: the estimated and the greatest processor time in seconds; `wish`: the
    same for a file that wants a second turn; `waits`: it is postponed, with the result `so_far`, if any; `last`: this
    is its second turn.

    `previews`: whether previews are made; `parts`: whether its parts are examined in this turn; `left_out`: the
    note on them afterwards; `lost`: workers that it ended; `taken`: seconds of processor time that they used for
    it; `waited`: seconds by the clock that the pool waited for them.
    """

    path: Path
    named: bool = True
    identity: Identity | None = None
    result: Result | None = None
    again: bool = False
    anew: bool = False
    limits: Limits | None = None
    cost: int = 0
    most: int = 0
    wish: tuple[int, int] | None = None
    waits: bool = False
    last: bool = False
    so_far: MaterialFingerprints | None = None
    parts: bool = True
    previews: bool = False
    left_out: str = ""
    lost: int = 0
    taken: float = 0.0
    waited: float = 0.0
    file: int | None = None
    status: Status | None = None
    course: Course = field(init=False)

    def __post_init__(self) -> None:
        self.course = Course(path=self.path)

    @property
    def is_done(self) -> bool:
        """Whether this turn is finished."""
        return self.waits or self.result is not None

    @property
    def was_begun(self) -> bool:
        """Whether a worker has reported something of it in this turn that is still valid, or it is tried again."""
        return bool(self.course.opened) or self.again

    def begin_last_turn(self) -> None:
        """Begins the second turn of a postponed file."""
        self.waits, self.last, self.again, self.anew, self.wish = False, True, False, False, None
        self.course = Course(path=self.path)

    def open(self) -> tuple[int, Status]:
        """Returns the open file, and its status when it was opened. Raises `MediaError`."""
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

    def orders(self, limits: Limits, floor: int) -> Orders:
        """Returns the orders for the next worker."""
        course = self.course
        return Orders(
            limits=limits, floor=floor, parts=self.parts, previews=self.previews, at=course.at, count=course.count
        )

    def begin(self, begun: Begun) -> None:
        """Begins a subject of the file. Raises `Malformed` if no honest worker would report it."""
        stated = self.status.size if self.status else 0
        if begun.index is None and stated and begun.digests.size != stated:
            raise Malformed("a worker's reply states a wrong size of the file")
        self.course.begin(begun)

    def judge(self, result: Result) -> Result:
        """Returns the result of the file itself, after a comparison with the present file."""
        if isinstance(result, MediaError) or self.file is None or self.status is None:
            return result
        return result if status_of(self.file) == self.status else changed_meanwhile()


def left_of(left: MaterialFingerprints | None, error: MediaError) -> Result:
    """Returns the result of a subject whose worker was lost. `left`: the partial result: its digests, the first picture
    of an animation, or the result of its first turn.
    """
    if left is None:
        return error
    if isinstance(left, DigestFingerprints) or left.note:
        return noted(left, str(error))
    return replace(left, note=f"only its first frame was read: {error}")
