"""Running a command, wherever it runs: in this process, or in the daemon behind the socket.

Rules this module upholds:

- A command is an async generator of lines (JSON objects), the very lines that `--json` prints; so the same command is
  one piece of code, alone or beside a running node.
- The command line stays synchronous: `drive` turns such a generator into an ordinary one, over a loop in a thread of
  its own, and Ctrl-C closes the generator before it goes on.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator

    from node.domain.caller import Caller

Line = dict[str, Any]
"""A JSON object."""


class Runner(Protocol):
    """Runs a command by name, for `who`. Raises `node.errors` kinds, as the command did."""

    def __call__(
        self, command: str, arguments: Line, items: AsyncIterator[Line], who: Caller
    ) -> AsyncIterator[Line]: ...


async def feed(items: Iterable[Line]) -> AsyncIterator[Line]:
    """An ordinary iterable as an async one; it is advanced in a thread, because making an item may take long."""
    iterator = iter(items)
    end = object()
    while True:
        item: Any = await asyncio.to_thread(next, iterator, end)
        if item is end:
            return
        yield item


class LoopThread:
    """An event loop in a thread of its own. A context manager; leaving it stops the loop."""

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

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 (whatever the coroutine gives)
        """Runs a coroutine on the loop and waits for what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


async def _cancel_all() -> None:
    me = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not me]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def drive(loop: LoopThread, make: Callable[[], AsyncIterator[Line]]) -> Iterator[Line]:
    """The lines of the async generator that `make` gives, one at a time, on `loop`."""
    lines = loop.call(_begin(make))
    try:
        while True:
            line = loop.call(_next(lines))
            if line is None:
                return
            yield line
    finally:
        loop.call(_close(lines))


async def _begin(make: Callable[[], AsyncIterator[Line]]) -> AsyncIterator[Line]:
    return make()


async def _next(lines: AsyncIterator[Line]) -> Line | None:
    return await anext(lines, None)


async def _close(lines: AsyncIterator[Line]) -> None:
    close = getattr(lines, "aclose", None)
    if close is not None:
        await close()
