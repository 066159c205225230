"""News: the newest numbers, and how much came since.

Rules this module upholds:

- No number is used again, so what comes later is always above a mark, also after rows were deleted.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BindParameter, bindparam, exists, func, select

from node.domain.news import Mark, News
from node.domain.reviews import ReviewState
from node.store.statements import Repository
from node.store.tables.hits import hits
from node.store.tables.holdings import allowed, holdings
from node.store.tables.queries import outcomes
from node.store.tables.watches import alerts

_SINCE: Final[BindParameter[int]] = bindparam("since")
_NEWEST: Final = tuple(select(func.coalesce(func.max(table.c.id), 0)) for table in (hits, alerts, outcomes))
_HIDDEN: Final = exists().where(holdings.c.id == hits.c.holding_id, allowed.c.sha256 == holdings.c.sha256)
_HITS: Final = select(func.count()).where(
    hits.c.id > _SINCE, hits.c.ended == 0, hits.c.state == int(ReviewState.NEW), ~_HIDDEN
)
_ALERTS: Final = select(func.count()).where(alerts.c.id > _SINCE, alerts.c.seen_at == 0)
_OUTCOMES: Final = select(func.count()).where(outcomes.c.id > _SINCE)


class NewsRows(Repository):
    """`NewsReader` inside one transaction."""

    def newest(self) -> Mark:
        found = [self._connection.scalar(each) or 0 for each in _NEWEST]
        return Mark(hits=found[0], alerts=found[1], outcomes=found[2])

    def news_since(self, mark: Mark) -> News:
        now = self.newest()
        counted = (
            self._connection.scalar(statement, {"since": since}) or 0 if newest > since else 0
            for statement, since, newest in (
                (_HITS, mark.hits, now.hits),
                (_ALERTS, mark.alerts, now.alerts),
                (_OUTCOMES, mark.outcomes, now.outcomes),
            )
        )
        new_hits, new_alerts, answers = counted
        return News(mark=now, hits=new_hits, alerts=new_alerts, answers=answers)
