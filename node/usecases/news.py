"""News for people who have a page open: waits until something happened, or for some time.

Rules this module upholds:

- However many people wait, the store is looked at once in `LOOK_SECONDS`.
- A listener that asks with its last mark misses nothing, after whatever break.
- A mark from another database (a restored one) is ahead of ours: it counts as now, not as news.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from node.domain.news import Mark, News

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.stores import NodeStore

LOOK_SECONDS: Final = 0.4
"""Between a hit and its news lies at most this time and one look."""
MAX_WAIT: Final = 25.0
"""Seconds. Proxies cut a connection that is silent for longer."""


class NewsDesk:
    """Of one node. Event loop only. `now`: monotonic seconds."""

    def __init__(self, *, store: NodeStore, now: Callable[[], float], look_seconds: float = LOOK_SECONDS) -> None:
        self._store = store
        self._look_seconds = look_seconds
        self._now = now
        self._mark = Mark()
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def wait(self, since: Mark | None, seconds: float) -> News:
        """What came since this mark, as soon as something came; after `seconds` without it, empty news. None: the
        present mark at once.
        """
        if since is None:
            return News(mark=await self._newest())
        deadline = self._now() + min(max(seconds, 0.0), MAX_WAIT)
        while True:
            newest = await self._newest()
            known = Mark(
                hits=min(since.hits, newest.hits),
                alerts=min(since.alerts, newest.alerts),
                outcomes=min(since.outcomes, newest.outcomes),
            )
            if known != newest:
                news = await asyncio.to_thread(self._since, known)
                if not news.is_empty:
                    return news
                since = news.mark
            left = deadline - self._now()
            if left <= 0:
                return News(mark=newest)
            await asyncio.sleep(min(self._look_seconds, left))

    async def _newest(self) -> Mark:
        async with self._looking:
            if self._now() - self._looked_at >= self._look_seconds:
                self._mark = await asyncio.to_thread(self._look)
                self._looked_at = self._now()
            return self._mark

    def _look(self) -> Mark:
        with self._store.read() as tx:
            return tx.newest()

    def _since(self, mark: Mark) -> News:
        with self._store.read() as tx:
            return tx.news_since(mark)
