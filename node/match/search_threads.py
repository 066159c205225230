"""The search threads of an index: they share the work of a batch, but not of a single probe.

Rules this module upholds:

- Only kernels run in these threads, because kernels release the GIL.
- No thread is started before there is work for it, and no thread remains after `close`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def processors() -> int:
    """Returns the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """`workers` threads, by default one for each processor that this process may use. Safe to call from any thread."""

    def __init__(self, workers: int = 0) -> None:
        self.workers = workers or processors()
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False
        self._here = threading.local()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside the block, `map` does all of this thread's work in this thread. So work without a waiting caller
        leaves the other processors to work with one.
        """
        self._here.alone = True
        try:
            yield
        finally:
            self._here.alone = False

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Returns `work` of every item, in order. The caller's thread does the first one. Raises the errors of
        `work`.
        """
        if len(items) <= 1 or getattr(self._here, "alone", False):
            return [work(item) for item in items]
        with self._lock:
            if self._pool is None and not self._closed and self.workers > 1:
                self._pool = ThreadPoolExecutor(self.workers - 1, thread_name_prefix="vigil-search")
            others = [self._pool.submit(work, item) for item in items[1:]] if self._pool is not None else []
        if not others:
            return [work(item) for item in items]
        return [work(items[0]), *(other.result() for other in others)]

    def close(self) -> None:
        """Ends the threads after their present work. Searches continue in their callers' threads."""
        with self._lock:
            pool, self._pool, self._closed = self._pool, None, True
        if pool is not None:
            pool.shutdown()
