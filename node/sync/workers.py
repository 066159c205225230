"""Threads that do the blocking work of an event loop, and a way back that wakes the loop once for many.

Rules this module upholds:

- Jobs are done in the order they came. A job that fails ends nothing but itself.
- Nothing is made for a job but a place in a queue: of many small jobs, a future each would be a good part of the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger(__name__)


class Workers:
    """`count` threads. Made on the running loop that `tell` speaks to. Close it (`close`)."""

    def __init__(self, count: int, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._told: list[Callable[[], None]] = []
        self._telling = threading.Lock()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def do(self, job: Callable[[], None]) -> None:
        """Has a job done by the next thread that is free. From any thread."""
        self._jobs.put(job)

    def tell(self, call: Callable[[], None]) -> None:
        """Has `call` run on the loop, together with what others tell until it wakes. From any thread.

        Nothing happens where the loop has ended: who would have been told is gone.
        """
        with self._telling:
            first = not self._told
            self._told.append(call)
        if first:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._listen)

    def close(self) -> None:
        """Waits until every job is done that was handed in. Blocking; not from a job."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _listen(self) -> None:
        with self._telling:
            told, self._told = self._told, []
        for call in told:
            call()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001  (the next job has nothing to do with it)
                _log.error("a job failed", what=type(error).__name__)
