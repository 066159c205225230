"""Runs a command in this process, or in the daemon behind the socket.

Rules this module upholds:

- A command is an async generator of lines (JSON objects), the same lines that `--json` prints. So one piece of code
  serves both a process of its own and a running node.
- The command line stays synchronous: `drive` turns the generator into an ordinary one, over an event loop in a separate
  thread. Ctrl-C cancels the current step, waits until it has ended, and then closes the generator.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator

Line = dict[str, Any]
"""A JSON object."""


class Runner(Protocol):
    """Runs a command by name, for `officer` ("": for the account's own). Raises the `node.errors` kinds that the
    command raised.
    """

    def __call__(
        self, command: str, arguments: Line, items: AsyncIterator[Line], officer: str
    ) -> AsyncIterator[Line]: ...


async def feed(items: Iterable[Line]) -> AsyncIterator[Line]:
    """Wraps an ordinary iterable as an async one. A thread advances it, because making an item may take long."""
    iterator = iter(items)
    end = object()
    while True:
        item: Any = await asyncio.to_thread(next, iterator, end)
        if item is end:
            return
        yield item


class LoopThread:
    """An event loop in a separate thread. A context manager; leaving it stops the loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="loop", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.call(_cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 (the coroutine's result has any type)
        """Runs a coroutine on the loop and waits for its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


async def _cancel_all() -> None:
    me = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not me]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def drive(loop: LoopThread, make: Callable[[], AsyncIterator[Line]]) -> Iterator[Line]:
    """The lines of the async generator that `make` returns, one at a time, on `loop`."""
    driven = _Driven(make)
    try:
        while (line := loop.call(driven.next())) is not None:
            yield line
    finally:
        loop.call(driven.close())


class _Driven:
    """A generator of lines, advanced one step at a time. Each step is a task of the loop, so it can be cancelled."""

    def __init__(self, make: Callable[[], AsyncIterator[Line]]) -> None:
        self._make = make
        self._lines: AsyncIterator[Line] | None = None
        self._step: asyncio.Task[Any] | None = None

    async def next(self) -> Line | None:
        """The next line; None at the end."""
        self._step = asyncio.current_task()
        if self._lines is None:
            self._lines = self._make()
        return await anext(self._lines, None)

    async def close(self) -> None:
        """Cancels the current step, if any (its caller was interrupted), then closes the generator."""
        if self._step is not None and not self._step.done():
            self._step.cancel()
            # A running generator cannot be closed.
            await asyncio.wait({self._step})
        close = getattr(self._lines, "aclose", None)
        if close is not None:
            await close()
