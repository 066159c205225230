"""How the turn of a file ends: with a result, by being put off, by being tried again.

Rules this module upholds:

- What a worker can say before its reply, it can say once a file, and within what the file was given. A worker that was
  taken over could go on for ever.
- A file is blamed for what it did, not for what its worker lacked (`pool`), and what was read of it is kept.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from node.errors import MediaError
from node.media import replies
from node.media.allowance import grace
from node.media.budget import Budget, cut
from node.media.confine import PROCESSOR_SECONDS
from node.media.tasks import Result, Task, left_of
from node.media.worker_process import WorkerProcess, cause

if TYPE_CHECKING:
    from node.media.replies import Before

WALL_A_SECOND: Final = 4
"""Seconds by the clock for each of processor time: a machine has other things to do."""


def heard_before(worker: WorkerProcess, task: Task, said: Before) -> bool:
    """Takes a line that stands before a reply. False where no honest worker would have said it."""
    match said:
        case replies.MoreTime() if not worker.asked and task.limits and task.status:
            given = max(task.limits.moving, task.limits.costly) + grace(task.status.size)
            if said.seconds > given:
                return False
            worker.asked, worker.seconds, worker.so_far = True, said.seconds, said.so_far
            worker.deadline += WALL_A_SECOND * said.seconds
        case replies.Costly() if worker.asked and worker.costly is None:
            worker.costly = said
        case replies.Spent() if not worker.spent:
            worker.spent, worker.short = True, said.short
        case _:
            return False
    return True


def conclude(
    budget: Budget, task: Task, result: Result, *, took: float = 0.0, costly: replies.Costly | None = None
) -> None:
    """Ends the turn of a file. `took`: seconds of processor time; `costly`: what it wants beyond what it got, None
    where it had enough.
    """
    task.close()
    budget.took(task, took)
    if costly is None or isinstance(result, MediaError):
        task.result = result
    elif not budget.put_off(task, result, costly.cost, costly.most):
        task.result = cut(result)


def is_tried_again(worker: WorkerProcess, task: Task, status: int) -> bool:
    """Whether the file of a worker that has ended by itself deserves a new worker: it was killed, or it crashed and had
    read other files before. `status`: its exit status (negative: the signal).
    """
    crashed = status not in {-signal.SIGKILL, -signal.SIGXCPU} and worker.served > 0
    return not task.again and (status == -signal.SIGKILL or crashed)


def blame(budget: Budget, worker: WorkerProcess, task: Task, reason: str, status: int) -> None:
    """Ends the turn of a file whose worker was lost. `reason`: why it was stopped; "" where it ended by itself."""
    # What was killed or stopped may do better another time; what crashed will crash again.
    left = None if reason or status == -signal.SIGKILL else worker.so_far or task.so_far
    seconds = worker.seconds or (task.limits.first if task.limits else PROCESSOR_SECONDS)
    result = left_of(left, MediaError(reason) if reason else cause(status, seconds))
    so_far = None if isinstance(result, MediaError) else result
    if not reason and status == -signal.SIGXCPU and budget.put_off(task, so_far, seconds, seconds + PROCESSOR_SECONDS):
        task.close()
        budget.took(task, seconds)
    else:
        conclude(budget, task, result, took=seconds)
