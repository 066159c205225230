"""A pool of confined worker processes that fingerprint untrusted files.

Rules this module upholds:

- The files are opened here; a worker is sent open files and sends lines, which are checked as untrusted (`replies`,
  `tasks`). What a worker can ask for is bounded by what it was given.
- A file that kills, hangs or exhausts its worker costs only itself: it gets a `MediaError` (an animation whose later
  frames crash their decoder keeps what was told of its first), the worker is replaced, and whatever was queued behind
  the file is given to another.
- A file is not blamed for what its worker lacked. What failed for want of a resource, was killed, or crashed a worker
  that had read other files before, is tried once more, as the first file of a new worker; what is said then stands.
- A file that takes long for its size is put off until all others are done (`budget`).
- Results come in the order of the files, those that were put off behind all others. At most `_WINDOW` files a worker
  are held besides, so memory does not grow with the number of files, and a slow reader of the results slows the pool
  down.
- When the generator ends, is closed or is interrupted, no worker is left.
"""

from __future__ import annotations

import os
import selectors
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from node.errors import Malformed, MediaError, Unavailable
from node.media import replies
from node.media.budget import Budget
from node.media.descriptors import Identity, not_read
from node.media.tasks import Examined, Result, Task, left_of
from node.media.turns import WALL_A_SECOND, blame, conclude, heard_before, is_tried_again
from node.media.walk import Found, Unreadable
from node.media.worker_process import UNCONFINED, WORKER_COMMAND, WorkerProcess, start

WALL_SECONDS: Final = 300.0
"""Time of one file by the clock, for what takes no processor time: a dead network share. What asks for more
processor time (what moves, or may) gets `turns.WALL_A_SECOND` times that on top."""
_STARTS: Final = 3
"""Workers in a row that may fail to start before the pool gives up."""
_DEPTH: Final = 2
"""Files handed to a worker at a time: the second waits in its socket, so that it never waits for us."""
_WINDOW: Final = 32
"""Files a worker that may be in flight or done and not yet handed on, because an earlier one is slow."""
_READ_BYTES: Final = 65536
_NONSENSE: Final = "the worker that read it answered nonsense and was stopped"

File = Path | Found | Unreadable
"""A path that a person named, or what a walk found."""


def fingerprint_files(
    files: Iterable[File],
    *,
    workers: int | None = None,
    wall_seconds: float = WALL_SECONDS,
    command: Sequence[str] = WORKER_COMMAND,
    budget: Budget | None = None,
) -> Iterator[Examined]:
    """Fingerprints files in up to `workers` processes (None: one a processor). Yields the parts of a
    file, then the file.

    `files` is read as there is room. Raises `Unavailable` where no worker can be started at all.
    """
    limit = workers if workers is not None else len(os.sched_getaffinity(0))
    budget = budget or Budget()
    pool = _Pool(limit=max(limit, 1), wall_seconds=wall_seconds, command=tuple(command), budget=budget)
    try:
        yield from _in_order(pool, map(_task, files))
        yield from _in_order(pool, map(budget.second_turn, budget.last()))
    finally:
        pool.close()


def _task(item: File) -> Task:
    match item:
        case Unreadable():
            return Task(path=item.path, result=item.error)
        case Found():
            return Task(path=item.path, named=item.named, identity=Identity.of(item.status))
        case _:
            return Task(path=item)


def _in_order(pool: _Pool, tasks: Iterator[Task]) -> Iterator[Examined]:
    """The results of one turn of these, but for those that are put off."""
    window: deque[Task] = deque()
    exhausted = False
    while True:
        while not exhausted and len(window) < pool.limit * _WINDOW and pool.has_room():
            task = next(tasks, None)
            exhausted = task is None
            if task is not None:
                window.append(task)
                if not task.is_done:
                    pool.hand_out(task)
        if not window:
            return
        pool.collect(wait=not window[0].is_done)
        while window and window[0].is_done:
            task = window.popleft()
            if task.result is not None:
                yield Examined(path=task.path, result=task.result)


class _Pool:
    """The workers, and the tasks that no worker has yet (`_backlog`: those of workers that died)."""

    def __init__(self, *, limit: int, wall_seconds: float, command: tuple[str, ...], budget: Budget) -> None:
        self.limit = limit
        self._wall_seconds = wall_seconds
        self._command = command
        self._budget = budget
        self._workers: list[WorkerProcess] = []
        self._backlog: deque[Task] = deque()
        self._failed_starts = 0
        self._selector = selectors.DefaultSelector()

    def has_room(self) -> bool:
        """Whether one more file can be handed to a worker, now or newly started."""
        if self._backlog:
            return False
        return len(self._workers) < self.limit or any(len(worker.tasks) < _DEPTH for worker in self._workers)

    def collect(self, *, wait: bool) -> None:
        """Takes in what workers have said, waiting for the first of them where asked; stops those that are overdue.

        What was said is heard before anyone is called overdue: the reader of our results may have taken its time.
        """
        now = time.monotonic()
        nearest = min((worker.deadline for worker in self._workers if worker.busy), default=now)
        for key, _events in self._selector.select(max(nearest - now, 0.0) if wait else 0.0):
            self._hear(key.data)
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.busy and worker.deadline <= now:
                allowed = self._wall_seconds + WALL_A_SECOND * worker.seconds
                self._lose(worker, f"reading and decoding it took longer than {allowed:g} seconds")
        while self._backlog and any(len(worker.tasks) < _DEPTH for worker in self._workers):
            self.hand_out(self._backlog.popleft())

    def close(self) -> None:
        """Ends every worker at once; none has anything to save."""
        for worker in self._workers:
            worker.process.kill()
        for worker in list(self._workers):
            self._bury(worker)
        self._selector.close()

    def hand_out(self, task: Task) -> None:
        """Gives a task to the worker that has least to do, or to a new one where all have something; one that is tried
        again to a new one, for which its caller has made room.
        """
        try:
            file, status = task.open()
        except MediaError as error:
            conclude(self._budget, task, left_of(task.so_far, error))
            return
        task.limits = task.limits or self._budget.first_turn(status.size)
        worker = None if task.again else min(self._workers, key=lambda worker: len(worker.tasks), default=None)
        if worker is None or (worker.tasks and len(self._workers) < self.limit):
            try:
                worker = self._start()
            except Unavailable as error:
                if not self._workers:
                    raise
                if task.again:  # the others go on
                    conclude(self._budget, task, MediaError(f"it failed, and {error}", remedy=error.remedy))
                    return
                worker = min(self._workers, key=lambda worker: len(worker.tasks))
        try:
            worker.hand(file, task.limits)
        except OSError as error:
            conclude(self._budget, task, not_read(error))
            return
        worker.tasks.append(task)
        if len(worker.tasks) == 1 and worker.ready:
            worker.begin(self._wall_seconds)

    def _start(self) -> WorkerProcess:
        worker = start(self._command, workers=self.limit)
        self._workers.append(worker)
        self._selector.register(worker.back, selectors.EVENT_READ, worker)
        return worker

    def _hear(self, worker: WorkerProcess) -> None:
        """Reads what a worker has said; at its end, or when it talks nonsense, it is replaced."""
        said = os.read(worker.back, _READ_BYTES)
        worker.heard += said
        while (end := worker.heard.find(b"\n")) >= 0:
            line = bytes(worker.heard[: end + 1])
            del worker.heard[: end + 1]
            before = worker.served
            if not self._understood(worker, line):
                self._lose(worker, _NONSENSE)
                return
            if worker.spent and worker.served > before:
                self._replace(worker)
                return
        if len(worker.heard) > replies.MAX_REPLY_BYTES:
            self._lose(worker, _NONSENSE)
        elif not said:
            self._lose(worker, "")

    def _understood(self, worker: WorkerProcess, line: bytes) -> bool:
        if not worker.ready:
            worker.ready = line == replies.READY
            self._failed_starts = 0
            worker.begin(self._wall_seconds)
            return worker.ready
        if not worker.tasks or len(line) > replies.MAX_REPLY_BYTES:
            return False
        task = worker.tasks[0]
        try:
            said = replies.read_reply(line)
            if isinstance(said, replies.Before):
                return heard_before(worker, task, said)
            result = task.judge(said)
        except Malformed:
            return False
        self._take_in(worker, result)
        return True

    def _take_in(self, worker: WorkerProcess, result: Result) -> None:
        """A reply: the result of the file that the worker worked on, unless that is to be tried again (`_replace`)."""
        task = worker.tasks[0]
        if worker.short and not task.again:
            task.again = True
        else:
            conclude(self._budget, worker.tasks.popleft(), result, took=worker.took(), costly=worker.costly)
        worker.served += 1
        worker.begin(self._wall_seconds)

    def _replace(self, worker: WorkerProcess) -> None:
        """Ends a worker that asked for it."""
        worker.process.kill()
        self._bury(worker)
        self._pass_on(worker.tasks)

    def _lose(self, worker: WorkerProcess, reason: str) -> None:
        """Buries a worker, blames the file that it worked on or has it tried again, and lets others have what was
        queued behind. `reason`: why it has to go; "" where it has gone by itself.
        """
        if reason:
            worker.process.kill()
        status = self._bury(worker)
        if not worker.ready:
            if status == UNCONFINED:
                raise Unavailable(
                    "the worker processes cannot confine themselves on this machine, so no file is read",
                    remedy="use Linux on x86-64 or aarch64 with seccomp; a container has to let seccomp(2) pass",
                )
            self._failed_starts += 1
            if self._failed_starts >= _STARTS:
                raise Unavailable(
                    "the worker processes that read files cannot be started",
                    remedy="check that memory is free and that the installation is whole (make setup)",
                )
        elif worker.tasks and not reason and is_tried_again(worker, worker.tasks[0], status):
            worker.tasks[0].again = True
        elif worker.tasks:
            blame(self._budget, worker, worker.tasks.popleft(), reason, status)
        self._pass_on(worker.tasks)

    def _pass_on(self, tasks: deque[Task]) -> None:
        """Lets others have the tasks of a worker that was buried. Where the first is tried again, a new worker takes
        that worker's place.
        """
        if tasks and tasks[0].again:
            self.hand_out(tasks.popleft())
        self._backlog.extendleft(reversed(tasks))
        if self._backlog and not self._workers:
            self.hand_out(self._backlog.popleft())

    def _bury(self, worker: WorkerProcess) -> int:
        self._selector.unregister(worker.back)
        self._workers.remove(worker)
        return worker.end()
