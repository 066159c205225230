"""The processor time of the files of a run, and the order of slow files.

Rules this module upholds:

- At first a file gets time by its size, regardless of its content. Nearly every file needs less. A file that needs more
  is postponed until every other file is done. Its result so far is kept.
- Postponed files then get their full time, shortest estimate first, while the run has time for them: `RUN_SECONDS`, or
  the time that all other files took together.
- If the run has no time left for a file, its first result stays, with a note. No result is shortened without a note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.errors import MediaError
from node.media.confine import PROCESSOR_SECONDS
from node.media.shortage import LACKED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.material import MaterialFingerprints
    from node.media.tasks import Result, Task

FLOOR_SECONDS: Final = 10
"""Processor time (seconds) that every file gets at first. A photograph of 200 million pixels takes 4."""
SECONDS_A_MEGABYTE: Final = 5
"""Seconds for each million bytes, in addition. A film from a phone takes 1, a film from the web 3. An animation that is
small in bytes and large in pixels takes a thousand times as much (11 kB, 71 s)."""
RUN_SECONDS: Final = 900
"""The least processor time (seconds) that a run has for postponed files."""
MOST_PUT_OFF: Final = 1_000
"""The most files that can be postponed. The result so far of each one stays in memory."""
CUT: Final = "this run has no time left for files that take so long: read it in a run of its own"
"""The remark on a postponed file that got no second turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Processor time in seconds, at least 1 each. `first`: up to the first frame; `moving`: for all frames of a moving
    picture; `costly`: the same if its estimate is higher anyway.
    """

    first: int
    moving: int
    costly: int


def fair(floor: int, size: int) -> int:
    """Returns the seconds that a file of `size` bytes gets at first."""
    return floor + SECONDS_A_MEGABYTE * size // 1_000_000


def limits_of_part(floor: int, size: int, left: float | None = None) -> Limits:
    """Returns the limits of a part of `size` bytes. `left`: the seconds that all parts of its file still have; None: no
    such limit.
    """
    seconds = fair(floor, size)
    return _limits(floor, seconds if left is None else max(min(seconds, int(left)), 1))


def _limits(floor: int, seconds: int) -> Limits:
    return Limits(first=min(seconds, PROCESSOR_SECONDS), moving=seconds, costly=max(min(floor, seconds), 1))


class Budget:
    """The processor time of one run. `floor` and `run`: see `FLOOR_SECONDS`, `RUN_SECONDS`."""

    def __init__(self, *, floor: int = FLOOR_SECONDS, run: int = RUN_SECONDS) -> None:
        self.floor = floor
        self._run = run
        self._others = 0.0
        self._granted = 0.0
        self._put_off: list[Task] = []

    def first_turn(self, size: int) -> Limits:
        """Returns the limits of the first turn of a file of `size` bytes."""
        return _limits(self.floor, fair(self.floor, size))

    def put_off(self, task: Task, so_far: MaterialFingerprints | None, cost: int, most: int) -> bool:
        """Postpones a file to the end of the run, with its result so far. Returns False if it had its second turn, or
        if too many files are postponed: then the result so far is final.
        """
        if task.last or len(self._put_off) >= MOST_PUT_OFF:
            return False
        task.waits, task.so_far, task.cost, task.most = True, so_far, cost, most
        self._put_off.append(task)
        return True

    def last(self) -> Iterator[Task]:
        """Yields the postponed files in the order of their second turns."""
        yield from sorted(self._put_off, key=lambda task: (task.cost, task.most))

    def second_turn(self, task: Task) -> Task:
        """Gives a postponed file its second turn, or its result if too little time is left. The granted time counts as
        used until the used time is known. The first file gets all the time that it may take. So a file that has a run
        of its own is read to its end.
        """
        task.begin_last_turn()
        left = int(max(self._run, self._others) - self._granted)
        if not self._granted:
            left = max(left, task.most)
        if left < max(min(task.cost, task.most), self.floor):
            task.result = cut(task.so_far)
            return task
        seconds = min(max(task.most, self.floor), left)
        self._granted += seconds
        task.limits = Limits(first=min(seconds, PROCESSOR_SECONDS), moving=seconds, costly=seconds)
        return task

    def took(self, task: Task, seconds: float) -> None:
        """Counts the seconds that a file took in its turn."""
        if task.last and task.limits:
            self._granted += seconds - task.limits.moving
        else:
            self._others += seconds


def cut(so_far: MaterialFingerprints | None) -> Result:
    """Returns the result of a file that got no second turn. `so_far`: the result of its first turn."""
    if so_far is None:
        return MediaError("decoding it takes too long", remedy=CUT)
    return replace(so_far, note=f"{so_far.note}; {CUT}" if so_far.note else CUT)


def is_cut(result: Result) -> bool:
    """Tells whether more of a file could be read with more time in the run, or with the resources that this machine
    lacked.
    """
    if isinstance(result, MediaError):
        return result.remedy == CUT
    return result.note.endswith((CUT, LACKED))
