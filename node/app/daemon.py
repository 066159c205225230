"""The common code of both daemons: signals, supervised tasks, orderly shutdown.

Rules this module upholds:

- SIGTERM and SIGINT start an orderly shutdown; a second signal changes nothing.
- If a permanent task ends, the daemon ends with an error: a restart by the service manager is better than a node that
  works only in part.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import structlog

from node.app.ownership import owning
from node.app.sessions import socket_path
from node.errors import AlreadyRunning, DatabaseMissing, VigilError, WrongDatabase

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from typing import Any

    from node.app.homes import OpenDatabase
    from node.config import Home
    from node.domain.stores import LogStore

_log = structlog.get_logger(__name__)

MARK_SECONDS: Final = 10.0
"""How often a running daemon stores the progress of its database, and checks that the file is still there."""
OWN_SECONDS: Final = 20.0
"""How long a starting daemon waits for a command that is working on its home."""
_LOOK_SECONDS: Final = 0.1
_COLLECT_AT = (10_000, 20, 50)
"""The garbage collector's thresholds: a burst of answers makes thousands of objects that reference counting frees."""


@contextmanager
def owned(home: Home) -> Iterator[None]:
    """Owns a home for a daemon. Waits if a command owns it for a moment.

    Raises `AlreadyRunning` if another daemon serves the home, or if the wait was too long; `Refused` if other users can
    use the home.
    """
    deadline = time.monotonic() + OWN_SECONDS
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(owning(home))
                break
            except AlreadyRunning:
                if socket_path(home).exists() or time.monotonic() > deadline:
                    raise
            time.sleep(_LOOK_SECONDS)
        yield


def settle() -> None:
    """Tells the garbage collector that the objects of the start stay: about 200,000 objects, which it would scan again
    and again. Called once, when a daemon is ready, or a command begins to read the rows of a file.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AT)


async def watch_database(database: OpenDatabase[LogStore]) -> None:
    """Stores every few seconds the progress of the database. If its file was removed or replaced, first saves the copy
    that this process still has open, then raises `DatabaseMissing`.
    """
    while True:
        await asyncio.sleep(MARK_SECONDS)
        try:
            database.require_in_place()
        except DatabaseMissing:
            await asyncio.to_thread(database.rescue)
            raise
        await asyncio.to_thread(database.mark)


class Supervisor:
    """Made on a running loop, in the main thread."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._broken: VigilError | None = None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)

    def run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs a task that must never end."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._done)
        self._tasks.append(task)

    def end(self) -> None:
        """Starts an orderly shutdown, like a signal. On the event loop."""
        self._ended.set()

    @property
    def ended(self) -> bool:
        """Whether a signal came, or a task failed."""
        return self._ended.is_set()

    async def unless_ended(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work`; a signal or a failed task stops it early."""
        working, ending = asyncio.ensure_future(work), asyncio.ensure_future(self._ended.wait())
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not working.done():
            working.cancel()
        await asyncio.gather(working, return_exceptions=self._ended.is_set())

    async def until_ended(self) -> None:
        """Waits for a signal. Raises `VigilError` if a task fails instead."""
        await self._ended.wait()
        if self._broken is not None:
            raise self._broken

    async def stop(self) -> None:
        """Cancels the running tasks, and waits for them."""
        for task in self._tasks:
            task.remove_done_callback(self._done)
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        what = type(error).__name__ if error else "an early end"
        self._broken = self._broken or (
            error
            if isinstance(error, WrongDatabase)
            else VigilError(
                f"the task {task.get_name()} stopped ({what})",
                remedy="read the log of the daemon; the service manager may start it again",
            )
        )
        _log.error("task broke", task=task.get_name(), what=what)
        self._ended.set()
