"""News of the store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.news import Mark, News
from node.domain.reviews import ReviewState

if TYPE_CHECKING:
    from tests.simulator.memory_hits import HitTables
    from tests.simulator.memory_tables import Place
    from tests.simulator.memory_watches import WatchTables


class MemoryNews:
    """`NewsReader` over hits, alerts and outcomes."""

    def __init__(self, place: Place, hits: HitTables, watches: WatchTables) -> None:
        self._told, self._told_hits, self._told_alerts = place, hits, watches

    def newest(self) -> Mark:
        hits, alerts = self._told_hits.hits, self._told_alerts.alerts
        return Mark(hits=max(hits, default=0), alerts=max(alerts, default=0), outcomes=len(self._told.outcomes))

    def news_since(self, mark: Mark) -> News:
        hits = [
            each
            for number, each in self._told_hits.hits.items()
            if number > mark.hits and not each.ended and each.state is ReviewState.NEW
            if self._told.holdings[each.holding].sha256 not in self._told.allowed
        ]
        alerts = [
            each for number, each in self._told_alerts.alerts.items() if number > mark.alerts and not each.seen_at
        ]
        answers = max(0, len(self._told.outcomes) - mark.outcomes)
        return News(mark=self.newest(), hits=len(hits), alerts=len(alerts), answers=answers)
