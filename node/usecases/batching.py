"""Groups the items of a command, so that work with a cost per group (a commit, a search) is done once for many items.

Rules this module upholds:

- An item waits no longer than the given time for its group to fill. No item is lost: an error of the source is raised
  after the items that came before it.
- While one group is processed, further items are read, but at most two groups of them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

T = TypeVar("T")


async def batches(
    items: AsyncIterator[T], size: int, seconds: float, first_seconds: float | None = None
) -> AsyncGenerator[list[T], None]:
    """Groups items: up to `size`, or those that arrive within `seconds` after the first of the group (`first_seconds`
    for the first group, if given). Items are read while a group is processed.
    """
    wait = seconds if first_seconds is None else first_seconds
    queue: asyncio.Queue[T | _End] = asyncio.Queue(size * 2)

    async def pump() -> None:
        try:
            async for item in items:
                await queue.put(item)
        except Exception as error:  # noqa: BLE001  (the reader of the queue raises it again)
            await queue.put(_End(error))
        else:
            await queue.put(_End(None))

    task = asyncio.create_task(pump())
    try:
        end: _End | None = None
        while end is None:
            group: list[T] = []
            end = _put(await queue.get(), group)
            deadline = asyncio.get_running_loop().time() + wait
            wait = seconds
            while end is None and len(group) < size:
                try:
                    async with asyncio.timeout_at(deadline):
                        item = await queue.get()
                except TimeoutError:
                    break
                end = _put(item, group)
            if group:
                yield group
        if end.error is not None:
            raise end.error
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _End:
    """The source has ended, with or without an error."""

    error: BaseException | None


def _put(item: T | _End, group: list[T]) -> _End | None:
    """Adds the item to the group, or returns the end marker."""
    if isinstance(item, _End):
        return item
    group.append(item)
    return None
