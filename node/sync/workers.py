"""Threads for an event loop's blocking work, and a way back that wakes the loop once for many results.

Rules this module upholds:

- Jobs run in the order in which they came. A job that fails affects only itself.
- A job only needs a place in a queue: with many small jobs, a future for each would be a large part of the work.
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
    """`count` threads. Created on the running loop that `tell` calls back. Close it (`close`)."""

    def __init__(self, count: int, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._told: list[Callable[[], None]] = []
        self._telling = threading.Lock()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def do(self, job: Callable[[], None]) -> None:
        """Passes a job to the next free thread. From any thread."""
        self._jobs.put(job)

    def tell(self, call: Callable[[], None]) -> None:
        """Runs `call` on the loop, together with other calls that come before it wakes. From any thread.

        Nothing happens if the loop has ended: its listeners are gone.
        """
        with self._telling:
            first = not self._told
            self._told.append(call)
        if first:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._listen)

    def close(self) -> None:
        """Waits until every submitted job is done. Blocking; not from a job."""
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
            except Exception as error:  # noqa: BLE001  (the next job does not depend on it)
                _log.error("a job failed", what=type(error).__name__)
