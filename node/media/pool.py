"""A pool of confined worker processes that fingerprint untrusted files.

Rules this module upholds:

- This process opens the files. A worker receives open files and sends lines, which are checked as untrusted (`replies`,
  `tasks`). A worker's requests are limited by the time and files that it was given.
- A file or part that kills, hangs or exhausts its worker affects only itself. It keeps its digests, with a note that
  gives the reason. An animation whose later frames crash the decoder also keeps the result of its first frame. Another
  worker replaces the lost one, continues after that file or part, and takes its queue.
- A file is not called bad for a lack of its worker. A file is tried once more, next and in a new worker, if it failed
  because a resource ran out, if its worker was killed, or if it crashed a worker that had read something before. The
  second result is final.
- A file that takes long for its size is postponed until all others are done (`budget`).
- Results come in the order of the files, and postponed files come last. When a file is the first in this order, its
  parts are returned at once, before the file itself. The pool holds at most `_WINDOW` more files per worker, and
  `_MOST_READY` parts of each. So memory does not grow with their number, and a slow reader slows the pool down.
- When the generator ends, is closed or is interrupted, no worker remains.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from node.media.budget import Budget
from node.media.descriptors import Identity
from node.media.tasks import Examined, Task
from node.media.walk import Found, Unreadable
from node.media.worker_process import WORKER_COMMAND
from node.media.workers import Workers

WALL_SECONDS: Final = 300.0
"""Time of one file by the clock, for waits without processor time, such as a dead network share. A request for more
processor time (moving or large content) adds `turns.WALL_A_SECOND` times that time."""
_WINDOW: Final = 32
"""Files per worker that may be in progress, or done and not yet returned because an earlier file is slow."""

File = Path | Found | Unreadable
"""A path that a person named, or a finding of the walk."""


def fingerprint_files(
    files: Iterable[File],
    *,
    workers: int | None = None,
    wall_seconds: float = WALL_SECONDS,
    command: Sequence[str] = WORKER_COMMAND,
    budget: Budget | None = None,
    previews: bool = False,
) -> Iterator[Examined]:
    """Fingerprints files in up to `workers` processes (None: one per processor). Yields the parts of a file, then the
    file. `previews`: also make previews of them.

    It reads `files` when it has room. Raises `Unavailable` if no worker can be started.
    """
    limit = workers if workers is not None else len(os.sched_getaffinity(0))
    budget = budget or Budget()
    pool = Workers(limit=max(limit, 1), wall_seconds=wall_seconds, command=tuple(command), budget=budget)
    try:
        yield from _in_order(pool, (_task(file, previews=previews) for file in files))
        yield from _in_order(pool, map(budget.second_turn, budget.last()))
    finally:
        pool.close()


def _task(item: File, *, previews: bool) -> Task:
    match item:
        case Unreadable():
            return Task(path=item.path, result=item.error)
        case Found():
            return Task(path=item.path, named=item.named, identity=Identity.of(item.status), previews=previews)
        case _:
            return Task(path=item, previews=previews)


def _in_order(pool: Workers, tasks: Iterator[Task]) -> Iterator[Examined]:
    """Yields the results of one turn of these tasks in order, except postponed ones. Parts of the first task are
    returned at once.
    """
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
        pool.collect(first=window[0])
        while window:
            task = window[0]
            while task.course.ready:
                yield task.course.ready.popleft()
            if not task.is_done:
                break
            window.popleft()
            if task.result is not None:
                yield Examined(path=task.path, result=task.result)
