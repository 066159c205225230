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
"""Processor time that any file gets at first: a photograph of 200 million pixels takes 4."""
SECONDS_A_MEGABYTE: Final = 5
"""On top of it for each million bytes. A film from a phone takes 1, one from the web 3; an animation that is small and
large at once (11 kB, 71 s) a thousand times as much."""
RUN_SECONDS: Final = 900
"""Processor time that a run has for files that were put off, at least."""
MOST_PUT_OFF: Final = 1_000
"""Files that can be put off: what was read of each is held until then."""
CUT: Final = "this run has no time left for files that take so long: read it in a run of its own"
"""What is said of a file that was put off and had no second turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Processor time in seconds that a file gets: up to its first frame, for what moves, and for what moves where that
    is estimated to take longer anyway. All are at least 1.
    """

    first: int
    moving: int
    costly: int


def fair(floor: int, size: int) -> int:
    """Seconds that a file of `size` bytes gets at first."""
    return floor + SECONDS_A_MEGABYTE * size // 1_000_000


def limits_of_part(floor: int, size: int, left: float | None = None) -> Limits:
    """What a part of `size` bytes gets where all parts of its file still have `left` seconds; None: at the most."""
    seconds = fair(floor, size)
    return _limits(floor, seconds if left is None else max(min(seconds, int(left)), 1))


def _limits(floor: int, seconds: int) -> Limits:
    return Limits(first=min(seconds, PROCESSOR_SECONDS), moving=seconds, costly=max(min(floor, seconds), 1))


class Budget:
    """Of one run. `floor` and `run`: see `FLOOR_SECONDS`, `RUN_SECONDS`."""

    def __init__(self, *, floor: int = FLOOR_SECONDS, run: int = RUN_SECONDS) -> None:
        self.floor = floor
        self._run = run
        self._others = 0.0
        self._granted = 0.0
        self._put_off: list[Task] = []

    def first_turn(self, size: int) -> Limits:
        """What a file of `size` bytes gets at first."""
        return _limits(self.floor, fair(self.floor, size))

    def put_off(self, task: Task, so_far: MaterialFingerprints | None, cost: int, most: int) -> bool:
        """Keeps a file for the end, with what was read of it. False where it had its second turn, or where too many are
        kept: then what was read stands.
        """
        if task.last or len(self._put_off) >= MOST_PUT_OFF:
            return False
        task.waits, task.so_far, task.cost, task.most = True, so_far, cost, most
        self._put_off.append(task)
        return True

    def last(self) -> Iterator[Task]:
        """The files that were put off, in the order of their second turns."""
        yield from sorted(self._put_off, key=lambda task: (task.cost, task.most))

    def second_turn(self, task: Task) -> Task:
        """Gives a file that was put off its second turn, or its result where too little time is left. What it gets
        counts as taken until it is known what it took. The first one gets all that it may take: so one that is in a run
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
        """A file has taken so many seconds in its turn."""
        if task.last and task.limits:
            self._granted += seconds - task.limits.moving
        else:
            self._others += seconds


def cut(so_far: MaterialFingerprints | None) -> Result:
    """The result of a file that had no second turn, given what was read of it in its first."""
    if so_far is None:
        return MediaError("decoding it takes too long", remedy=CUT)
    return replace(so_far, note=f"{so_far.note}; {CUT}" if so_far.note else CUT)


def is_cut(result: Result) -> bool:
    """Whether a file would have been read further, had the run had time for it, or this machine what it lacked."""
    if isinstance(result, MediaError):
        return result.remedy == CUT
    return result.note.endswith((CUT, LACKED))
