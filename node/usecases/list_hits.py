"""Holdings that match lists: one list with all holdings, or some holdings with all lists.

Rules this module upholds:

- A hit on a list is not stored: it is found again each time, so a changed or removed list leaves no stale hit.
- No holding that matches is missed. The hits are those that `vigil match` of the holding finds.
- The cost follows the smaller side. Few holdings are searched for as they are. Many holdings are first proposed by the
  rows of the list (`SearchIndex.concerned`). If one row is near more holdings than are proposed, all holdings are
  searched for.
- Memory is bounded: one page of rows or of holdings at a time, and the number of each proposed holding.
- Beside stored hits, the newest holdings come first, and one look searches for a bounded number of them. It says where
  the next look continues.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.lists import list_owner
from node.domain.matchable import matchable_columns
from node.domain.reviews import LISTED
from node.domain.search_ports import HOLDINGS_SOURCE
from node.errors import NotFound, Refused
from node.usecases.casework import holding_subject
from node.usecases.list_reviews import in_states

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from node.domain.holdings import Holding
    from node.domain.lists import ReferenceList
    from node.domain.queries import Hit
    from node.domain.reviews import ReviewState
    from node.domain.search_ports import SearchIndex
    from node.domain.stores import NodeStore
    from node.usecases.matching import Matcher

HOLDINGS_AT_ONCE: Final = 256
"""Holdings that are searched for together."""
ROWS_AT_ONCE: Final = 2_048
"""Rows of a list that propose holdings together."""
NOT_WHOLE: Final = "this list is being imported or removed"
MOST_OF_ROW: Final = 1_000
"""Holdings that one row proposes. If there are more, all holdings are searched for."""


SCANNED: Final = 2_000
"""Holdings that one look searches for beside stored hits: one or two seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingHits:
    """One holding that matches one list or several. `hits`: on their rows, best first, each with its row (`Hit.row`);
    `left_out`: how many more rows it matches. `allowed`: whether the allow-list hides it. `states`: of the reviews of
    the hits, in their order; `rejected`: how many rejected hits are not among them.
    """

    holding: int
    cases: tuple[str, ...]
    hits: tuple[Hit, ...]
    left_out: int = 0
    allowed: bool = False
    states: tuple[ReviewState, ...] = ()
    rejected: int = 0

    @property
    def is_shown(self) -> bool:
        """Whether there is a hit to show, or one that is not given."""
        return bool(self.hits or self.left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestHits:
    """Holdings that match any list, the newest first. `scanned`: how many holdings were searched for; `next`: the
    holding below which the next look continues, None at the end; `hidden`: holdings that the allow-list hides;
    `rejected`: rejected hits that are not shown.
    """

    holdings: tuple[HoldingHits, ...]
    scanned: int = 0
    next: int | None = None
    hidden: int = 0
    rejected: int = 0


class ListHits:
    """Blocking: never on the event loop. `radius`: the policy's, in bits."""

    def __init__(self, *, store: NodeStore, index: SearchIndex, matcher: Matcher, radius: Callable[[], int]) -> None:
        self._store = store
        self._index = index
        self._matcher = matcher
        self.radius = radius

    def of(
        self, name: str, *, after: int = 0, case: str = "", states: Collection[ReviewState] = LISTED
    ) -> Iterator[list[HoldingHits]]:
        """The holdings with numbers above `after` that match the list, ascending, in pages (a page may be empty).
        `case`: that match rows of this case of the list; `states`: of the hits that are given. A holding may have none
        of these.

        Raises `NotFound`, and `Refused` for a list that is being imported or removed.
        """
        of = self._searched(name)
        for page in self._pages(of, after, case):
            found = self.matching(of, page)
            wanted = found if not case else list(filter(None, (_of_case(each, case) for each in found)))
            yield self._in_states(wanted, states)

    def newest(
        self,
        case: str = "",
        *,
        before: int | None = None,
        limit: int,
        show_all: bool = False,
        states: Collection[ReviewState] = LISTED,
    ) -> NewestHits:
        """At most `limit` holdings that match any list, with numbers below `before`; of a case of this node, if given;
        with their hits in these `states`. Without `show_all` those that the allow-list hides are counted alone.
        """
        with self._store.read() as tx:
            is_any = any(each.is_searched and each.rows for each in tx.lists())
            at = before or tx.last_holding() + 1
        found: list[HoldingHits] = []
        scanned = hidden = rejected = 0
        more = is_any
        while more and len(found) < limit and scanned < SCANNED:
            with self._store.read() as tx:
                page = tx.holdings(case=case, before=at, limit=HOLDINGS_AT_ONCE)
            for each in sorted(self._in_states(list(self._of_lists(page)), states), key=lambda each: -each.holding):
                hidden += each.allowed
                rejected += each.rejected
                if each.is_shown and (show_all or not each.allowed):
                    found.append(each)
            more = len(page) == HOLDINGS_AT_ONCE
            scanned += len(page)
            at = page[-1].id if page else at
        if len(found) > limit:
            at, more = found[limit - 1].holding, True
        return NewestHits(
            holdings=tuple(found[:limit]),
            scanned=scanned,
            next=at if more else None,
            hidden=hidden,
            rejected=rejected,
        )

    def _in_states(self, found: Sequence[HoldingHits], states: Collection[ReviewState]) -> list[HoldingHits]:
        with self._store.read() as tx:
            return in_states(tx, found, states)

    def _searched(self, name: str) -> ReferenceList:
        with self._store.read() as tx:
            found = tx.list_named(name)
        if found is None:
            raise NotFound("this node has no list with this name", remedy="vigil lists shows the lists of this node")
        if not found.is_searched:
            raise Refused(NOT_WHOLE, remedy="try again when that has ended")
        return found

    # --- which holdings are searched for ------------------------------------------------------------------------------

    def _pages(self, of: ReferenceList, after: int, case: str) -> Iterator[list[Holding]]:
        with self._store.read() as tx:
            held = sum(tx.holding_levels().values())
        proposed = self._proposed(of, case) if held > of.rows or case else None
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

    def _proposed(self, of: ReferenceList, case: str) -> set[int] | None:
        """The holdings that rows of the list propose; None if one row is near too many."""
        proposed: set[int] = set()
        at = 0
        while True:
            with self._store.read() as tx:
                page = tx.list_columns(of.number, at, ROWS_AT_ONCE, case)
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
        return list(self._found(holdings, of.name))

    def _of_lists(self, holdings: Sequence[Holding]) -> Iterator[HoldingHits]:
        """Those of these holdings that match any list, in their order."""
        return self._found(holdings, "")

    def _found(self, holdings: Sequence[Holding], name: str) -> Iterator[HoldingHits]:
        """`name`: of the list, "" for all."""
        if not holdings:
            return
        subjects = [holding_subject(each) for each in holdings]
        # The allow-list hides whole holdings: they are counted by the caller, so they are found here.
        found = self._matcher.local(subjects, self.radius(), show_all=True, only_lists=True)
        hits: dict[int, list[Hit]] = {}
        for hit in found.hits:
            if hit.row is not None and name in ("", hit.row.name):
                hits.setdefault(hit.subject, []).append(hit)
        left_out: Counter[int] = Counter()
        for (subject, owner), number in found.left_out.items():
            left_out[subject] += number if not name or owner == list_owner(name) else 0
        for subject, those in sorted(hits.items()):
            yield HoldingHits(
                holding=holdings[subject].id,
                cases=holdings[subject].cases,
                hits=tuple(those),
                left_out=left_out[subject],
                allowed=any(hit.allowed for hit in those),
            )


def _of_case(found: HoldingHits, case: str) -> HoldingHits | None:
    """The hits on rows of a case of the list; None if there are none. Of a holding that matches more rows than are
    given, none of which is of the case, all stay: the case may be among the others.
    """
    hits = tuple(hit for hit in found.hits if hit.row is not None and hit.row.case == case)
    if hits:
        return replace(found, hits=hits)
    return found if found.left_out else None
