"""Questions that are being asked: they go on after the page that started them was answered.

Rules this module upholds:

- A question is started by a POST, which waits until the question is stored and no longer.
- Nothing of an answer is kept here. The daemon stores it, and the page reads it there.
- If the desk stops, the daemon closes the question properly and keeps what came. The rest can be asked later.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import structlog

from node.errors import Overloaded, VigilError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from node.desk.ports import Line

MOST: Final = 200
"""Questions at one time. Each waits for seconds, and a large one for minutes."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a question has come. `part` of `parts` was sent last, 0 before the first. `wait`: seconds of the last
    wait for the budget, 0 if the question does not wait.
    """

    part: int = 0
    parts: int = 0
    wait: float = 0.0


class Running:
    """Event loop only."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, Progress] = {}

    async def start(self, lines: AsyncIterator[Line]) -> str:
        """Starts a question; the lines are those of the command `query`. Returns the question's id when it is stored.
        Raises what the command raises before that, and `Overloaded`.
        """
        if len(self._tasks) >= MOST:
            raise Overloaded("too many questions are being asked", retry_after=60.0, remedy="wait a minute")
        source = cast("AsyncGenerator[Line, None]", lines)
        try:
            query = await _stored(source)
        except BaseException:
            await source.aclose()
            raise
        self._progress[query] = Progress()
        self._tasks[query] = asyncio.create_task(self._rest(query, source))
        return query

    def progress(self, query: str) -> Progress | None:
        """How far this question has come; None if it is not being asked."""
        return self._progress.get(query)

    async def _rest(self, query: str, source: AsyncGenerator[Line, None]) -> None:
        progress = self._progress[query]
        try:
            async with aclosing(source):
                async for line in source:
                    if "part" in line:
                        progress.part, progress.parts, progress.wait = line["part"], line["parts"], 0.0
                    elif "waiting_seconds" in line:
                        progress.wait = line["waiting_seconds"]
        except VigilError as error:
            # The question is stored and not closed: its page says so, and offers to ask the rest.
            _log.warning("a question was interrupted", what=type(error).__name__)
        finally:
            del self._progress[query]
            del self._tasks[query]


async def _stored(source: AsyncGenerator[Line, None]) -> str:
    """Reads up to the plan, which comes when the question is stored."""
    async for line in source:
        if "asking" in line:
            return str(line["asking"])
    raise VigilError("the daemon sent no plan of the question", remedy="restart the daemon")
