"""The worker processes of a pool: which file each one has, which are read, which are overdue, and their replacement.

Rules this module upholds:

- A worker's messages are checked as untrusted (`replies`, `turns`). A worker that sends an invalid message is stopped.
- If a worker is lost, its file continues in a new worker before all other files. So no file waits for a file that is
  queued after it.
- If a file has many parts that cannot be returned yet, its worker is not read, so it waits. Its time limit waits too.
"""

from __future__ import annotations

import os
import selectors
import time
from collections import deque
from typing import Final

from node.errors import Malformed, MediaError, Unavailable
from node.media import replies
from node.media.budget import Budget
from node.media.descriptors import not_read
from node.media.tasks import Task, left_of
from node.media.turns import MAX_LOST, Turns
from node.media.worker_process import UNCONFINED, WorkerProcess, start

_STARTS: Final = 3
"""The pool gives up after this many successive failed starts."""
_DEPTH: Final = 2
"""Files that a worker has at a time. The second one is in its socket, so the worker never waits for the pool."""
_MOST_READY: Final = 256
"""Parts of a file that are kept while an earlier file is not done."""
_READ_BYTES: Final = 65536
_NONSENSE: Final = "the worker that read it sent an invalid reply and was stopped"


class Workers:
    """Up to `limit` worker processes, and the tasks without a worker (`_backlog`: those of workers that died)."""

    def __init__(self, *, limit: int, wall_seconds: float, command: tuple[str, ...], budget: Budget) -> None:
        self.limit = limit
        self._wall_seconds = wall_seconds
        self._command = command
        self._budget = budget
        self._turns = Turns(budget, wall_seconds)
        self._workers: list[WorkerProcess] = []
        self._backlog: deque[Task] = deque()
        self._failed_starts = 0
        self._selector = selectors.DefaultSelector()

    def has_room(self) -> bool:
        """Tells whether one more file can be given to a worker, running or new."""
        if self._backlog:
            return False
        return len(self._workers) < self.limit or any(len(worker.tasks) < _DEPTH for worker in self._workers)

    def collect(self, *, first: Task) -> None:
        """Reads the messages of workers, and stops overdue workers. `first`: the file whose results are returned next.
        If it has none yet, the call waits for a message.

        It reads messages before it checks deadlines, because the consumer of our results may have been slow.
        """
        self._pause(first)
        now = time.monotonic()
        wait = not first.is_done and not first.course.ready
        nearest = min((worker.deadline for worker in self._listened_to() if worker.busy), default=now)
        heard = self._selector.select(max(nearest - now, 0.0) if wait else 0.0)
        self._count_waiting(time.monotonic() - now)
        for key, _events in heard:
            self._hear(key.data)
        now = time.monotonic()
        for worker in self._listened_to():
            if worker.busy and worker.deadline <= now:
                self._lose(worker, f"reading and decoding it took longer than {worker.allowed:g} seconds")
            elif worker.tasks and worker.tasks[0].waited > self._turns.most_waiting(worker.tasks[0]):
                worker.tasks[0].lost = MAX_LOST  # nothing more of it is looked at
                self._lose(worker, "reading everything inside it takes too long")
        while self._backlog and any(len(worker.tasks) < _DEPTH for worker in self._workers):
            self.hand_out(self._backlog.popleft())

    def _count_waiting(self, seconds: float) -> None:
        """Adds the waiting time to the file of each worker that is read."""
        for worker in self._listened_to():
            if worker.tasks:
                worker.tasks[0].waited += seconds

    def _listened_to(self) -> list[WorkerProcess]:
        return [worker for worker in self._workers if not worker.paused]

    def _pause(self, first: Task) -> None:
        """Stops reading workers whose file has many parts that cannot be returned yet, and reads the others again. The
        worker that delays the first file is always read.
        """
        taken = any(first in worker.tasks for worker in self._workers)  # else it waits until a worker has room
        for worker in self._workers:
            full = bool(worker.tasks) and len(worker.tasks[0].course.ready) >= _MOST_READY
            if full and taken and first not in worker.tasks:
                if not worker.paused:
                    worker.paused = time.monotonic()
                    self._selector.unregister(worker.back)
            elif worker.paused:
                worker.deadline += time.monotonic() - worker.paused
                worker.paused = 0.0
                self._selector.register(worker.back, selectors.EVENT_READ, worker)

    def close(self) -> None:
        """Ends every worker at once. None has anything to save."""
        for worker in self._workers:
            worker.process.kill()
        for worker in list(self._workers):
            self._bury(worker)
        self._selector.close()

    def hand_out(self, task: Task) -> None:
        """Gives a task to the worker with the fewest tasks, or to a new one if all have some. A task that needs a new
        worker gets one; the caller has made room for it.
        """
        try:
            file, status = task.open()
        except MediaError as error:
            self._turns.conclude(task, left_of(task.so_far, error), is_left=True)
            return
        task.limits = task.limits or self._budget.first_turn(status.size)
        worker = None if task.anew else min(self._workers, key=lambda worker: len(worker.tasks), default=None)
        if worker is None or (worker.tasks and len(self._workers) < self.limit):
            try:
                worker = self._start()
            except Unavailable as error:
                if not self._workers:
                    raise
                if task.anew:  # the others go on
                    self._turns.stop(task, MediaError(f"it failed, and {error}", remedy=error.remedy))
                    return
                worker = min(self._workers, key=lambda worker: len(worker.tasks))
        task.anew = False
        try:
            worker.hand(file, task.orders(task.limits, self._budget.floor))
        except OSError as error:
            self._turns.stop(task, not_read(error))
            return
        worker.tasks.append(task)
        if len(worker.tasks) == 1 and worker.ready:
            worker.begin(self._turns.first_step(task))

    def _start(self) -> WorkerProcess:
        worker = start(self._command, workers=self.limit)
        self._workers.append(worker)
        self._selector.register(worker.back, selectors.EVENT_READ, worker)
        return worker

    def _hear(self, worker: WorkerProcess) -> None:
        """Reads the messages of a worker. It replaces the worker at its end, or after an invalid message."""
        said = os.read(worker.back, _READ_BYTES)
        worker.heard += said
        while (end := worker.heard.find(b"\n")) >= 0:
            line = bytes(worker.heard[: end + 1])
            del worker.heard[: end + 1]
            try:
                self._understand(worker, line)
            except Malformed:
                self._lose(worker, _NONSENSE)
                return
            if worker.leaves:
                self._replace(worker)
                return
        if len(worker.heard) > replies.MAX_REPLY_BYTES:
            self._lose(worker, _NONSENSE)
        elif not said:
            self._lose(worker, "")

    def _understand(self, worker: WorkerProcess, line: bytes) -> None:
        """Processes a line. Raises `Malformed` if no honest worker would send it."""
        if not worker.ready:
            worker.ready = line == replies.READY
            self._failed_starts = 0
        elif worker.tasks:
            task = worker.tasks[0]
            self._turns.hear(worker, task, replies.read_reply(line))
            if not task.is_done:
                return
            worker.tasks.popleft()
        else:
            raise Malformed("a worker without a task sent a message")
        if not worker.ready:
            raise Malformed("a worker's first message does not say that it is ready")
        if worker.tasks:
            worker.begin(self._turns.first_step(worker.tasks[0]))

    def _replace(self, worker: WorkerProcess) -> None:
        """Ends a worker that requested it. If its file is not done, another worker continues with it."""
        if worker.tasks and worker.tasks[0].was_begun:
            worker.tasks[0].taken += worker.took()
            worker.tasks[0].anew = True
        worker.process.kill()
        self._bury(worker)
        self._pass_on(worker.tasks)

    def _lose(self, worker: WorkerProcess, reason: str) -> None:
        """Removes a worker, blames its subject or has it tried again, and passes its queue to other workers. `reason`:
        why the worker must go, or "" if it ended by itself.
        """
        if reason:
            worker.process.kill()
        status = self._bury(worker)
        if not worker.ready:
            self._count_failed_start(status)
        elif worker.tasks:
            task = worker.tasks[0]
            self._turns.lose(worker, task, reason, status)
            if task.is_done:
                worker.tasks.popleft()
        self._pass_on(worker.tasks)

    def _count_failed_start(self, status: int) -> None:
        """Counts a failed start. Raises `Unavailable` if no worker starts."""
        if status == UNCONFINED:
            raise Unavailable(
                "the worker processes cannot confine themselves on this machine, so no file is read",
                remedy="use Linux on x86-64 or aarch64 with seccomp; a container has to allow seccomp(2)",
            )
        self._failed_starts += 1
        if self._failed_starts >= _STARTS:
            raise Unavailable(
                "the worker processes that read files cannot be started",
                remedy="check that memory is free and that the installation is whole (make setup)",
            )

    def _pass_on(self, tasks: deque[Task]) -> None:
        """Passes on the tasks of a worker that was removed. If the first one continues in a new worker, that worker
        takes the place of the lost one.
        """
        if tasks and tasks[0].anew:
            self.hand_out(tasks.popleft())
        self._backlog.extendleft(reversed(tasks))
        if self._backlog and not self._workers:
            self.hand_out(self._backlog.popleft())

    def _bury(self, worker: WorkerProcess) -> int:
        if not worker.paused:
            self._selector.unregister(worker.back)
        self._workers.remove(worker)
        return worker.end()
