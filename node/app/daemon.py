"""What both daemons do alike: signals, supervised tasks, the order of an end.

Rules this module upholds:

- SIGTERM and SIGINT end a daemon in order; a second one changes nothing.
- A task that was meant to run for ever and does not ends the daemon with an error: a node that half works is worse than
  one that its service manager starts again.
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

_log = structlog.get_logger(__name__)

MARK_SECONDS: Final = 10.0
"""How often a running daemon remembers how far its database has come, and looks whether it is still there."""
OWN_SECONDS: Final = 20.0
"""How long a daemon that starts waits for a command that works on its home at this moment."""
_LOOK_SECONDS: Final = 0.1
_COLLECT_AT = (10_000, 20, 50)
"""The collector's thresholds: a burst of answers makes thousands of objects that die by themselves."""


@contextmanager
def owned(home: Home) -> Iterator[None]:
    """Owns a home for a daemon. A command without a daemon owns it for a moment: that is waited for.

    Raises `AlreadyRunning` where another daemon serves the home, or where the wait was too long; `Refused` where the
    home is not this user's alone.
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
    """Tells the garbage collector that what a start has made stays: some 200,000 objects, which it would go through
    again and again. Once, when a daemon is ready.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AT)


async def watch_database(database: OpenDatabase) -> None:
    """Remembers every few seconds how far the database has come. Raises `DatabaseMissing` once its file was removed or
    replaced, and saves what this process still holds of it first.
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
        """Runs a task that is meant never to end."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._done)
        self._tasks.append(task)

    def end(self) -> None:
        """Ends the daemon in order, as a signal does. On the event loop."""
        self._ended.set()

    @property
    def ended(self) -> bool:
        """Whether a signal came, or a task broke."""
        return self._ended.is_set()

    async def unless_ended(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work`, which a signal or a broken task ends before its time."""
        working, ending = asyncio.ensure_future(work), asyncio.ensure_future(self._ended.wait())
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not working.done():
            working.cancel()
        await asyncio.gather(working, return_exceptions=self._ended.is_set())

    async def until_ended(self) -> None:
        """Waits for a signal. Raises `VigilError` where a task broke instead."""
        await self._ended.wait()
        if self._broken is not None:
            raise self._broken

    async def stop(self) -> None:
        """Cancels what runs, and waits for it."""
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
