"""Blocking steps of a use case, taken one at a time in threads, so that the event loop stays free.

Rules this module upholds:

- One step runs at a time, and only when somebody asks for the next value.
- Whoever asks to stop waits for the step that runs. No step is cut: what it has stored is reported.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator

T = TypeVar("T")
_END: Final = object()


class Stop:
    """Whether a person wants a command to end before its next batch."""

    def __init__(self) -> None:
        self.asked = False


async def in_threads(steps: Iterable[T]) -> AsyncGenerator[T, None]:
    """The values of a blocking iterable."""
    iterator = iter(steps)
    while (step := await _next(iterator)) is not _END:
        yield step


class Batches(Generic[T]):
    """The batches that a blocking iterator makes, until its end or until the person stops. `ended`: it was the end."""

    def __init__(self, made: Iterator[list[T]], stop: Stop) -> None:
        self._made = made
        self._stop = stop
        self.ended = False

    async def each(self) -> AsyncGenerator[T, None]:
        """The items of all batches. Each batch is durable before its first item is given."""
        while not self._stop.asked:
            batch = await _next(self._made)
            if batch is _END:
                self.ended = True
                return
            for item in batch:
                yield item


async def _next(iterator: Iterator[Any]) -> Any:  # noqa: ANN401 (the value of any iterator, or `_END`)
    return await asyncio.to_thread(next, iterator, _END)
