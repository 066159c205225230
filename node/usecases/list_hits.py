"""Holdings that match a list: for a list that was imported after the material.

Rules this module upholds:

- A hit on a list is not stored: it is found again each time, so a changed or removed list leaves no stale hit.
- No holding that matches is missed. The hits are those that `vigil match` of the holding finds.
- The cost follows the smaller side. Few holdings are searched for as they are. Many holdings are first proposed by the
  rows of the list (`SearchIndex.concerned`). If one row is near more holdings than are proposed, all holdings are
  searched for.
- Memory is bounded: one page of rows or of holdings at a time, and the number of each proposed holding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.lists import list_owner
from node.domain.matchable import matchable_columns
from node.domain.search_ports import HOLDINGS_SOURCE
from node.errors import NotFound, Refused
from node.usecases.casework import holding_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from node.domain.holdings import Holding
    from node.domain.lists import ReferenceList
    from node.domain.ports import Store
    from node.domain.queries import Hit
    from node.domain.search_ports import SearchIndex
    from node.usecases.matching import Matcher

HOLDINGS_AT_ONCE: Final = 256
"""Holdings that are searched for together."""
ROWS_AT_ONCE: Final = 2_048
"""Rows of a list that propose holdings together."""
NOT_WHOLE: Final = "this list is being imported or removed"
MOST_OF_ROW: Final = 1_000
"""Holdings that one row proposes. If there are more, all holdings are searched for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingHits:
    """One holding that matches a list. `hits`: on its rows, best first, each with its row (`Hit.row`); `left_out`: how
    many more rows it matches. `allowed`: whether the allow-list hides it.
    """

    holding: int
    cases: tuple[str, ...]
    hits: tuple[Hit, ...]
    left_out: int = 0
    allowed: bool = False


class ListHits:
    """Blocking: never on the event loop. `radius`: the policy's, in bits."""

    def __init__(self, *, store: Store, index: SearchIndex, matcher: Matcher, radius: Callable[[], int]) -> None:
        self._store = store
        self._index = index
        self._matcher = matcher
        self.radius = radius

    def of(self, name: str, *, after: int = 0) -> Iterator[list[HoldingHits]]:
        """The holdings with numbers above `after` that match the list, ascending, in pages (a page may be empty).

        Raises `NotFound`, and `Refused` for a list that is being imported or removed.
        """
        of = self._searched(name)
        for page in self._pages(of, after):
            yield self.matching(of, page)

    def _searched(self, name: str) -> ReferenceList:
        with self._store.read() as tx:
            found = tx.list_named(name)
        if found is None:
            raise NotFound("this node has no list with this name", remedy="vigil lists shows the lists of this node")
        if not found.is_searched:
            raise Refused(NOT_WHOLE, remedy="try again when that has ended")
        return found

    # --- which holdings are searched for ------------------------------------------------------------------------------

    def _pages(self, of: ReferenceList, after: int) -> Iterator[list[Holding]]:
        with self._store.read() as tx:
            held = sum(tx.holding_levels().values())
        proposed = self._proposed(of) if held > of.rows else None
        if proposed is None:
            yield from self._all(after)
            return
        wanted = sorted(number for number in proposed if number > after)
        for start in range(0, len(wanted), HOLDINGS_AT_ONCE):
            with self._store.read() as tx:
                there = tx.holdings_by_id(wanted[start : start + HOLDINGS_AT_ONCE])
            yield [there[number] for number in sorted(there)]

    def _all(self, after: int) -> Iterator[list[Holding]]:
        while True:
            with self._store.read() as tx:
                page = tx.holdings(after=after, limit=HOLDINGS_AT_ONCE)
            if not page:
                return
            yield page
            after = page[-1].id

    def _proposed(self, of: ReferenceList) -> set[int] | None:
        """The holdings that rows of the list propose; None if one row is near too many."""
        proposed: set[int] = set()
        at = 0
        while True:
            with self._store.read() as tx:
                page = tx.list_columns(of.number, at, ROWS_AT_ONCE)
            if page is None:
                return proposed
            columns, at, _ = page
            arrived = matchable_columns(columns, self._index.floor)
            found = self._index.concerned(arrived, self.radius(), HOLDINGS_SOURCE, MOST_OF_ROW)
            if found.left_out:
                return None
            proposed.update(np.unique(found.pairs[:, 1]).tolist())

    # --- their hits ---------------------------------------------------------------------------------------------------

    def matching(self, of: ReferenceList, holdings: Sequence[Holding]) -> list[HoldingHits]:
        """Those of these holdings that match the list, in their order."""
        if not holdings:
            return []
        subjects = [holding_subject(each) for each in holdings]
        own_rows = [each.id for each in holdings]
        # The allow-list hides whole holdings: they are counted by the caller, so they are found here.
        found = self._matcher.local(subjects, self.radius(), own_rows=own_rows, show_all=True)
        hits: dict[int, list[Hit]] = {}
        for hit in found.hits:
            if hit.row is not None and hit.row.name == of.name:
                hits.setdefault(hit.subject, []).append(hit)
        owner = list_owner(of.name)
        return [
            HoldingHits(
                holding=holdings[subject].id,
                cases=holdings[subject].cases,
                hits=tuple(those),
                left_out=found.left_out.get((subject, owner), 0),
                allowed=any(hit.allowed for hit in those),
            )
            for subject, those in sorted(hits.items())
        ]
