"""How the turn of a file ends: with a result, a postponement, or a second try.

Rules this module upholds:

- A worker may send each message before a result once per subject, and within the limits of the subject. Otherwise a
  worker that an attacker controls could continue for ever.
- An error blames a file for its own fault, not for a lack of its worker (`pool`), and partial results are kept. A part
  that ends a worker is blamed alone: another worker continues after it, `MAX_LOST` times.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from node.domain.material import MaterialFingerprints
from node.errors import Malformed, MediaError
from node.media import replies
from node.media.allowance import MAX_COST, grace
from node.media.budget import Budget, cut, limits_of_part
from node.media.confine import PROCESSOR_SECONDS
from node.media.course import Opened, noted
from node.media.shortage import LACKED
from node.media.subject_replies import Begun, Done
from node.media.tasks import Result, Task, left_of
from node.media.unpacking import looking_seconds, reading_seconds
from node.media.worker_process import WorkerProcess, cause

if TYPE_CHECKING:
    from node.media.budget import Limits

WALL_A_SECOND: Final = 4
"""Seconds by the clock for each second of processor time, because a machine has other work."""
MAX_LOST: Final = 8
"""Workers that one file may end before the rest of it is given up."""
_LOST: Final = "not looked at: what follows, because its parts ended too many workers"


class Turns:
    """Processes what workers report of their files, and judges lost workers. `wall`: seconds by the clock for a step
    without processor time.
    """

    def __init__(self, budget: Budget, wall: float) -> None:
        self._budget = budget
        self._wall = wall

    def first_step(self, task: Task) -> float:
        """Returns the seconds by the clock in which a file must have its digests, or continue among its parts."""
        return self._wall + WALL_A_SECOND * (grace(task.status.size) if task.status else 0)

    def most_waiting(self, task: Task) -> float:
        """Returns the seconds by the clock that the pool may wait for a file in all. Each step has its own limit. This
        one stops a worker that was taken over and invents part after part.
        """
        size = task.status.size if task.status else 0
        processor = looking_seconds(size) + reading_seconds(size) + 2 * MAX_COST
        return self._wall + WALL_A_SECOND * processor

    def hear(self, worker: WorkerProcess, task: Task, said: replies.Said) -> None:
        """Processes one line. Raises `Malformed` if no honest worker would send it."""
        match said:
            case replies.MoreTime() | replies.Spent() | replies.Costly() | replies.Previewed():
                self._before(worker, task, said)
            case Begun():
                if worker.spent:
                    raise Malformed("a worker continues after it asked for its replacement")
                task.begin(said)
                worker.step(self._wall)
            case Done():
                self._end(worker, task, said.note)
                worker.leaves = worker.spent
            case MediaError():
                self._fail(worker, task, said)
                worker.leaves = worker.spent
            case _:
                self._settle(worker, task, said)

    def _before(self, worker: WorkerProcess, task: Task, said: replies.Before) -> None:
        """Processes a message before a result, or before an end."""
        looked_at = task.course.top if task.course.looks else None
        match said:
            case replies.MoreTime() if looked_at and not worker.asked:
                limits = self._limits(task, looked_at)
                if said.seconds > max(limits.moving, limits.costly) + grace(looked_at.digests.size):
                    raise Malformed("a worker asks for more time than it was given")
                worker.asked, worker.seconds, worker.so_far = True, said.seconds, said.so_far
                worker.prolong(WALL_A_SECOND * said.seconds)
            case replies.Costly() if worker.asked and worker.costly is None and not task.course.is_in_part:
                worker.costly = said
            case replies.Previewed() if looked_at and task.previews and not looked_at.previews and said.previews:
                looked_at.previews = said.previews
            case replies.Spent() if not worker.spent:
                worker.spent, worker.short = True, said.short
            case _:
                raise Malformed("a worker repeats a message, or has no reason to send it")

    def _limits(self, task: Task, opened: Opened) -> Limits:
        """Returns the greatest limits of the subject."""
        if opened.place is None and task.limits:
            return task.limits
        size = opened.digests.size
        return limits_of_part(self._budget.floor, size)

    def _settle(self, worker: WorkerProcess, task: Task, result: MaterialFingerprints) -> None:
        """Processes a result. A result with a lack of our resources is not accepted the first time (`Spent`)."""
        worker.served += 1
        worker.leaves = worker.spent
        if worker.short and not task.again:
            task.course.take_back()
            task.again = True
            return
        opened = task.course.settle(result)
        task.again = False
        if worker.costly:
            task.wish = (worker.costly.cost, worker.costly.most)
        if worker.leaves and not opened.begun.holds:  # its end will not be said
            self._end(worker, task, "")
        worker.step(self.first_step(task))

    def _end(self, worker: WorkerProcess, task: Task, note: str) -> None:
        """Ends a subject."""
        result = task.course.finish(note)
        worker.step(self.first_step(task))
        if result is not None:
            task.taken += worker.took()
            self.conclude(task, result, left_out=note)

    def _fail(self, worker: WorkerProcess, task: Task, error: MediaError) -> None:
        """Ends a file that cannot be read, or not further."""
        worker.served += 1
        if worker.short and not task.again:
            task.course.take_back()
            task.again = True
            return
        task.taken += worker.took()
        result = task.course.finish_all(f"not looked at: the rest: {error}")
        self.conclude(task, error if result is None else result)

    def conclude(self, task: Task, result: Result, *, left_out: str = "", is_left: bool = False) -> None:
        """Ends the turn of a file. `left_out`: the note on its parts; `is_left`: the result comes from an
        earlier turn.
        """
        if not isinstance(result, MediaError):
            result = result if is_left else noted(result, task.left_out)
            result = task.judge(result)
        task.close()
        self._budget.took(task, task.taken)
        task.taken = 0.0
        if task.wish is None or isinstance(result, MediaError):
            task.result = result
        elif self._budget.put_off(task, result, *task.wish):
            task.parts, task.left_out = False, left_out
        else:
            task.result = cut(result)

    # ---- the loss of a worker

    def _is_tried_again(self, worker: WorkerProcess, task: Task, status: int) -> bool:
        """Tells whether the subject of a worker that ended by itself gets a new worker: the worker was killed, or it
        crashed and had read other files before. `status`: its exit status (negative: the signal).
        """
        crashed = status not in {-signal.SIGKILL, -signal.SIGXCPU} and worker.served > 0
        return not task.again and (status == -signal.SIGKILL or crashed)

    def lose(self, worker: WorkerProcess, task: Task, reason: str, status: int) -> None:
        """Processes the loss of a worker with its file. `reason`: why it was stopped, or "" if it ended by itself."""
        task.taken += worker.took()
        if not reason and self._is_tried_again(worker, task, status):
            task.course.take_back()
            task.again = task.anew = True
            return
        task.again = False
        task.lost += 1
        seconds = worker.seconds or (task.limits.first if task.limits else PROCESSOR_SECONDS)
        error = MediaError(reason) if reason else cause(status, seconds)
        if status == -signal.SIGKILL and not reason:
            error = MediaError(f"{error}; {LACKED}", remedy=error.remedy)
        opened = task.course.top
        if opened is None:
            self.conclude(task, left_of(task.so_far, error), is_left=True)
        elif opened.result is None:
            self._blame_look(worker, task, opened, error, wants=seconds if status == -signal.SIGXCPU else 0)
        else:
            self._ended(task, f"not looked at: what follows in it: {error}")
        if not task.is_done and task.lost >= MAX_LOST:
            self.give_up(task, _LOST)
        task.anew = not task.is_done

    def stop(self, task: Task, error: MediaError) -> None:
        """Ends a file that cannot continue."""
        result = task.course.finish_all(f"not looked at: the rest: {error}")
        left = left_of(task.so_far, error)
        self.conclude(task, left if result is None else result, is_left=result is None)

    def _blame_look(self, worker: WorkerProcess, task: Task, opened: Opened, error: MediaError, *, wants: int) -> None:
        """Ends the subject that was decoded, with its result so far."""
        earlier = task.so_far if opened.place is None else None
        left = left_of(worker.so_far or earlier or opened.digests, error)
        opened.result = opened.digests if isinstance(left, MediaError) else left
        if wants and opened.place is None and not task.last:
            task.wish = (wants, wants + PROCESSOR_SECONDS)
        if not opened.begun.holds:
            self._ended(task, "")

    def _ended(self, task: Task, note: str) -> None:
        result = task.course.finish(note)
        if result is not None:
            self.conclude(task, result, left_out=note)

    def give_up(self, task: Task, note: str) -> None:
        """Ends all open subjects of a file."""
        result = task.course.finish_all(note)
        if result is not None:
            self.conclude(task, result, left_out=note)
