"""Reading cases: the list of them, and one reference with its hits and with what lists say of it.

Rules this module upholds:

- The audit log has who looks before anything is read.
- What a list says of a case comes only on request, and under the name of the list.
- The hits shown with a case are no longer new once they were handed out (`usecases.hit_reading`).
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.case_files import CaseNote
from node.errors import Misuse
from node.usecases.access import record_access
from node.usecases.acting import caller
from node.usecases.hit_list import Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from node.domain.case_files import CaseFile, CaseStatus
    from node.domain.lists import ListedRow, ReferenceList
    from node.domain.stored_hits import HitCounts
    from node.usecases.audit import AuditLog
    from node.usecases.cases import Cases, ImportedCase, NamedCases, OwnHoldings
    from node.usecases.hit_list import HitList
    from node.usecases.list_hits import HoldingHits, ListHits
    from node.usecases.shown_hits import ShownHit

LISTED: Final = 100
"""Cases on a page of the list, and rows on a page of a case, if a person names no number."""
HITS_SHOWN: Final = 10
"""Hits on records, and holdings that match lists, that are shown with a case, the newest."""
NOTES_SHOWN: Final = 5
"""Notes that are shown with a case, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """A page of references. `after`: where the next page continues."""

    cases: Sequence[NamedCases]
    more: bool
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCase:
    """A case of this node. `notes`: how many it has. `on_lists`: how many of its holdings that match lists are shown;
    `more_on_lists`: whether there may be more.
    """

    named: NamedCases
    holdings: OwnHoldings
    counts: HitCounts
    on_lists: int
    more_on_lists: bool
    notes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOfList:
    """A case of a list. `said`: what the list says of it, "" if it says nothing or was not asked for."""

    case: ImportedCase
    named: NamedCases
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOfCase:
    """A row of the case of a list."""

    of: ReferenceList
    row: ListedRow


CaseSeen = OwnCase | CaseNote | CaseOfList | RowOfCase
"""What is told of one reference besides hits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReading:
    """For the event loop. `cases`: all of them; `hits`: stored hits on records; `list_hits`: hits on lists."""

    cases: Cases
    hits: HitList
    list_hits: ListHits
    audit: AuditLog

    async def page(self, after: str, limit: int, *, status: CaseStatus | None = None, mine: bool = False) -> CasePage:
        """At most `limit` references after `after`, in order. `status`: only cases of this node with it; `mine`: only
        those of the caller. Raises `Misuse` if nobody is the caller.
        """
        await asyncio.to_thread(record_access, self.audit, "cases", limit=limit)
        officer = _own_name() if mine else ""
        if status is None and not mine:
            found, more = await asyncio.to_thread(self.cases.page, after, limit)
        else:
            found, more = await asyncio.to_thread(self.cases.page_of, after, limit, status=status, officer=officer)
        return CasePage(cases=found, more=more, after=found[-1].reference if found else after)

    async def closed(self, limit: int, *, mine: bool = False) -> Sequence[CaseFile]:
        """At most `limit` closed cases of this node, the last changed one first: how each of them ended. `mine`: as in
        `page`.
        """
        await asyncio.to_thread(record_access, self.audit, "cases", limit=limit)
        return await asyncio.to_thread(self.cases.closed, limit, officer=_own_name() if mine else "")

    async def one(
        self, reference: str, name: str = "", *, after: int = 0, limit: int, words: bool = False
    ) -> AsyncGenerator[CaseSeen | ShownHit | HoldingHits, None]:
        """The cases of the reference: the one of this node, followed by its newest notes and its newest hits on records
        and on lists; those of lists; and rows of the case of a list, if one list is meant, with ids above `after`.
        `name`: the list that a person names; then its case alone. `words`: with what the file said. Raises `NotFound`.
        """
        await asyncio.to_thread(record_access, self.audit, "case", case=reference, list=name)
        found = await asyncio.to_thread(self.cases.named, reference)
        if name:
            await asyncio.to_thread(self.cases.chosen, reference, name)
        elif found.is_own:
            async with aclosing(self._own(found)) as own:
                async for each in own:
                    yield each
        shown = [each for each in found.imported if name in ("", each.of.name)]
        for case in shown:
            said = await asyncio.to_thread(self.cases.said, case.of, reference) if words else ""
            yield CaseOfList(case=case, named=found, said=said)
        if len(shown) == 1:
            of = shown[0].of
            for row in await asyncio.to_thread(self.cases.rows, of, reference, after, limit, words=words):
                yield RowOfCase(of=of, row=row)

    async def _own(self, found: NamedCases) -> AsyncGenerator[OwnCase | CaseNote | ShownHit | HoldingHits, None]:
        reference = found.reference
        notes, total = await asyncio.to_thread(self.cases.newest_notes, reference, NOTES_SHOWN)
        page = await asyncio.to_thread(self.hits.page, Wanted(case=reference, limit=HITS_SHOWN))
        listed = await asyncio.to_thread(self.list_hits.newest, reference, limit=HITS_SHOWN)
        yield OwnCase(
            named=found,
            holdings=await asyncio.to_thread(self.cases.own_holdings, reference),
            counts=(await asyncio.to_thread(self.hits.stand, reference)).counts,
            on_lists=len(listed.holdings),
            more_on_lists=listed.next is not None,
            notes=total,
        )
        for note in notes:
            yield note
        for hit in page.hits:
            yield hit
        await asyncio.to_thread(self.hits.shown, page.seen)
        for holding in listed.holdings:
            yield holding


def _own_name() -> str:
    """The name of the caller. Raises `Misuse` if nobody is."""
    name = caller().name
    if not name:
        raise Misuse("no officer runs this command, so no case is yours", remedy="give --officer NAME")
    return name
