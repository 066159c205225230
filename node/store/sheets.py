"""What sheets show of holdings.

Rules this module upholds:

- A choice is one query that gives ids alone: the ids of 100,000 holdings are less than a megabyte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, exists, func, not_, select

from node.domain.reviews import LISTED, ReviewState
from node.domain.sheets import Choice, Decided, Hits, MediaKind
from node.store.categorisations import categorised
from node.store.statements import Repository, chunks
from node.store.tables.categorisations import categorisations
from node.store.tables.hits import hits
from node.store.tables.holdings import allowed, cases, holdings

_STATES: Final[Mapping[Hits, Sequence[ReviewState]]] = {
    Hits.NONE: LISTED,
    Hits.ANY: LISTED,
    Hits.NEW: (ReviewState.NEW,),
    Hits.CONFIRMED: (ReviewState.CONFIRMED,),
}
_PICTURES: Final = holdings.c.media_type.like("image/%")
_VIDEOS: Final = holdings.c.media_type.like("video/%")
_KINDS: Final[Mapping[MediaKind, ColumnElement[bool]]] = {
    MediaKind.PICTURE: _PICTURES,
    MediaKind.VIDEO: _VIDEOS,
    MediaKind.OTHER: not_(_PICTURES | _VIDEOS),
}
_HAS_CATEGORY: Final = exists().where(
    categorisations.c.holding_id == holdings.c.id, categorisations.c.present == 1, categorisations.c.category != ""
)
_IS_HIDDEN: Final = exists().where(allowed.c.sha256 == holdings.c.sha256)
"""The allow-list hides the hits of a holding."""


class SheetRows(Repository):
    """`SheetReader` inside one transaction."""

    def chosen(self, choice: Choice) -> list[int]:
        rows = select(holdings.c.id).order_by(holdings.c.id)
        if choice.case:
            rows = rows.join(cases, cases.c.holding_id == holdings.c.id).where(cases.c.reference == choice.case)
        if choice.kind is not None:
            rows = rows.where(_KINDS[choice.kind])
        if choice.decided is not None:
            rows = rows.where(_HAS_CATEGORY if choice.decided is Decided.DECIDED else ~_HAS_CATEGORY)
        if choice.category:
            rows = categorised(rows, choice.category)
        if choice.hits is not None or choice.member:
            rows = self._with_hits(rows, choice)
        return list(self._connection.scalars(rows))

    def _with_hits(self, rows: Select[Any], choice: Choice) -> Select[Any]:
        states = _STATES[choice.hits or Hits.ANY]
        known = select(hits.c.holding_id).where(hits.c.ended == 0, hits.c.state.in_([int(each) for each in states]))
        if choice.member:
            known = known.where(hits.c.log_no.in_(self._logs_of({choice.member})))
        have = holdings.c.id.in_(known)
        return rows.where(~have | _IS_HIDDEN if choice.hits is Hits.NONE else have & ~_IS_HIDDEN)

    def hit_states(self, holdings: Sequence[int]) -> Mapping[int, Mapping[ReviewState, int]]:
        found: dict[int, dict[ReviewState, int]] = {}
        for some in chunks(dict.fromkeys(holdings)):
            counted = (
                select(hits.c.holding_id, hits.c.state, func.count())
                .where(hits.c.holding_id.in_(some), hits.c.ended == 0, hits.c.holding_id.not_in(self._hidden(some)))
                .group_by(hits.c.holding_id, hits.c.state)
            )
            for holding, state, count in self._connection.execute(counted):
                found.setdefault(holding, {})[ReviewState(state)] = count
        return found

    def _hidden(self, ids: Sequence[int]) -> Select[Any]:
        return select(holdings.c.id).where(holdings.c.id.in_(ids), _IS_HIDDEN)

    def undecided(self, holdings: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for some in chunks(holdings):
            found.update(self._connection.scalars(_undecided(some)))
        return found


def _undecided(ids: Sequence[int]) -> Select[Any]:
    return select(holdings.c.id).where(holdings.c.id.in_(ids), ~_HAS_CATEGORY)
