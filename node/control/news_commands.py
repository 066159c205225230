"""The command that waits for news.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.domain.news import Mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.news import NewsDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsCommands:
    """What an open page listens to."""

    desk: NewsDesk

    async def news(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"since": a mark, "wait": seconds} -> {"mark", "hits", "alerts", "answers"}: how much came since, as soon as
        something came, or after the time. Without "since": the present mark at once.
        """
        given = Arguments(arguments)
        since = Mark.parse(given.text("since")) if given.text("since", "") else None
        news = await self.desk.wait(since, given.number("wait", 0))
        yield {"mark": str(news.mark), "hits": news.hits, "alerts": news.alerts, "answers": news.answers}
