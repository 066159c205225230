"""Items of a command, grouped, so that what costs a step a group (a commit, a search) is done once for many.

Rules this module upholds:

- No item waits for a group to fill for longer than it was told, and none is lost: an error of the source comes after
  the items that came before it.
- Items are taken in while a group is worked on, and no more than two groups of them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line


async def batches(
    items: AsyncIterator[Line], size: int, seconds: float, first_seconds: float | None = None
) -> AsyncIterator[list[Line]]:
    """Groups items: up to `size`, or what has come `seconds` after the first of the group (`first_seconds` of the
    first group, where it is another). Items are taken in while a group is worked on.
    """
    wait = seconds if first_seconds is None else first_seconds
    queue: asyncio.Queue[Line | BaseException | None] = asyncio.Queue(size * 2)

    async def pump() -> None:
        try:
            async for item in items:
                await queue.put(item)
        except Exception as error:  # noqa: BLE001  (raised again by the reader of the queue)
            await queue.put(error)
        else:
            await queue.put(None)

    task = asyncio.create_task(pump())
    try:
        end: _End | None = None
        while end is None:
            group: list[Line] = []
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
    """The source has ended, well or with an error."""

    error: BaseException | None


def _put(item: Line | BaseException | None, group: list[Line]) -> _End | None:
    """Puts an item into the group; the end where it was none."""
    if item is None or isinstance(item, BaseException):
        return _End(item)
    group.append(item)
    return None
