"""Reading hits: the stored hits on records, and the hits on lists beside them.

Rules this module upholds:

- The audit log has who looks before the first hit is read.
- A hit counts as seen once it was handed out: if the reader leaves before the end of a page, the whole page stays
  unseen. It stays new until an officer decides about it.
- Hits of one member, and hits that nobody has seen, are on records. So hits on lists do not stand beside these.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.reviews import LISTED, ReviewState
from node.usecases.access import record_access
from node.usecases.hit_list import Page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from node.domain.lists import ReferenceList
    from node.usecases.audit import AuditLog
    from node.usecases.cases import Cases
    from node.usecases.hit_list import HitList, Standing, Wanted
    from node.usecases.list_hits import HoldingHits, ListHits, NewestHits
    from node.usecases.shown_hits import ShownHit


@dataclass(frozen=True, slots=True, kw_only=True)
class HitsSeen:
    """What a page of hits ends with. `page`: the hits on records; `standing`: the state of all hits before this page;
    `on_lists`: None if hits on lists were not looked for; `same_name`: lists that have a case of this reference too.
    """

    page: Page
    standing: Standing
    on_lists: NewestHits | None
    same_name: Sequence[ReferenceList]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHitsSeen:
    """What a page of the hits on one list ends with. `holdings`: all that match and that the allow-list does not hide;
    `hidden`: those that it hides; `rejected`: rejected hits that are not shown. `next`: the last holding shown, if
    there are more; None at the end.
    """

    holdings: int
    shown: int
    hidden: int
    next: int | None
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HitReading:
    """For the event loop. `hits`: those stored on records; `list_hits`: hits on lists, which are found again each time;
    `cases`: those of this node.
    """

    hits: HitList
    list_hits: ListHits
    cases: Cases
    audit: AuditLog

    async def newest(
        self, wanted: Wanted, lists_before: int | None = None, *, peek: bool = False
    ) -> AsyncGenerator[ShownHit | HoldingHits | HitsSeen, None]:
        """The hits on records, then the holdings that match lists, each newest first; then the summary.

        `lists_before`: continues with the holdings below this one, without hits on records. `peek`: the hits stay
        unseen: somebody sees that they are there, and not yet what they are.
        """
        await asyncio.to_thread(record_access, self.audit, "hits", limit=wanted.limit, **_about(wanted))
        page = Page(hits=[]) if lists_before else await asyncio.to_thread(self.hits.page, wanted)
        standing = await asyncio.to_thread(self.hits.stand, wanted.case)
        for hit in page.hits:
            yield hit
        if not peek:
            await asyncio.to_thread(self.hits.shown, page.seen)
        on_lists = None
        if not wanted.is_of_one and not wanted.unseen:
            on_lists = await asyncio.to_thread(
                self.list_hits.newest,
                wanted.case,
                before=lists_before,
                limit=wanted.limit,
                show_all=wanted.show_all,
                states=wanted.asked_states,
            )
            for holding in on_lists.holdings:
                yield holding
        same = await asyncio.to_thread(self.cases.lists_with, wanted.case) if wanted.case else []
        yield HitsSeen(page=page, standing=standing, on_lists=on_lists, same_name=same)

    async def of_list(
        self, name: str, *, case: str = "", after: int = 0, limit: int, show_all: bool = False
    ) -> AsyncGenerator[HoldingHits | ListHitsSeen, None]:
        """At most `limit` holdings above `after` that match the list, ascending; then the summary, which counts all of
        them. `case`: of the list; its rows alone count. Without `show_all`, holdings that the allow-list hides
        and rejected hits are counted alone. Raises `NotFound`, and `Refused` for a list that is being imported or
        removed.
        """
        await asyncio.to_thread(record_access, self.audit, "list hits", list=name, case=case, limit=limit)
        states = tuple(ReviewState) if show_all else LISTED
        pages = self.list_hits.of(name, after=after, case=case, states=states)
        holdings = shown = hidden = rejected = last = 0
        while (page := await asyncio.to_thread(_next, pages)) is not None:
            for each in page:
                rejected += each.rejected
                if not each.is_shown:
                    continue
                holdings += not each.allowed
                hidden += each.allowed
                if shown < limit and (show_all or not each.allowed):
                    shown, last = shown + 1, each.holding
                    yield each
        all_of_them = holdings + (hidden if show_all else 0)
        more = last if shown < all_of_them else None
        yield ListHitsSeen(holdings=holdings, shown=shown, hidden=hidden, next=more, rejected=rejected)


def _about(wanted: Wanted) -> dict[str, str]:
    """What the audit log says that somebody looks at."""
    return {"case": wanted.case} | ({"record": str(wanted.record)} if wanted.record else {})


def _next(pages: Iterator[list[HoldingHits]]) -> list[HoldingHits] | None:
    return next(pages, None)
