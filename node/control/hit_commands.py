"""Hits on members' records and on lists, as a person reads them.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- The audit log records who looks at hits before anything is shown. A hit stops being new once its line was read.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.hit_lines import aside_line, left_out_lines, stored_hit_line
from node.control.list_hit_commands import holding_hits_line
from node.domain.envelope import Kind
from node.usecases.audit import AuditEntry
from node.usecases.hit_list import Page, Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.ports import Clock
    from node.usecases.audit import AuditLog
    from node.usecases.cases import Cases
    from node.usecases.hit_list import HitList
    from node.usecases.list_hits import ListHits, NewestHits


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCommands:
    """`hits`: the stored hits of this node; `list_hits`: hits on lists, which are found again each time; `cases`: those
    of this node.
    """

    hits: HitList
    list_hits: ListHits
    cases: Cases
    audit: AuditLog
    clock: Clock

    async def hits_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "member", "new", "show_all", "after", "limit", "lists_after"} -> one line per hit on a record, then
        one line per holding that matches lists, each newest first; then {"hits", "total", "new", "hidden", "grouped",
        "more_of", "muted", "suspended", "next", "not_matched_yet", "left_out", "lists", "same_name"}.

        "new" is the count before this listing. "lists": {"holdings", "scanned", "hidden", "next"} of the hits on lists,
        null where they are not asked for: hits of one member and new hits are on records. "lists_after" continues with
        them below this holding, without hits on records. "same_name": lists that have a case of this reference too.
        """
        given = Arguments(arguments)
        wanted = Wanted(
            case=given.text("case", ""),
            member=given.text("member", ""),
            new=given.flag("new"),
            show_all=given.flag("show_all"),
            before=given.whole("after", 0),
            limit=given.whole("limit", 100),
        )
        look = {"what": "hits", "case": wanted.case, "limit": wanted.limit, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=look))
        lists_after = given.whole("lists_after", 0)
        page = Page(hits=[]) if lists_after else await asyncio.to_thread(self.hits.page, wanted)
        stand = await asyncio.to_thread(self.hits.stand, wanted.case)
        for each in page.hits:
            yield stored_hit_line(each)
        await asyncio.to_thread(self.hits.shown, page.seen)
        listed = None
        if not wanted.member and not wanted.new:
            listed = await asyncio.to_thread(self._of_lists, wanted, lists_after or None)
            for found in listed.holdings:
                yield holding_hits_line(found)
        same = await asyncio.to_thread(self.cases.lists_with, wanted.case) if wanted.case else []
        yield {
            "hits": len(page.hits),
            "total": stand.counts.hits,
            "new": stand.counts.new,
            "hidden": stand.counts.hidden,
            "grouped": page.grouped,
            "more_of": dict(page.more_of),
            **aside_line(stand.aside, stand.standing),
            "next": page.next,
            "not_matched_yet": stand.behind,
            "left_out": left_out_lines(stand.left_out),
            "lists": None if listed is None else _lists_line(listed),
            "same_name": [{"list": each.name, "provider": each.provider or None} for each in same],
        }

    def _of_lists(self, wanted: Wanted, before: int | None) -> NewestHits:
        return self.list_hits.newest(wanted.case, before=before, limit=wanted.limit, show_all=wanted.show_all)


def _lists_line(found: NewestHits) -> Line:
    counts = {"scanned": found.scanned, "hidden": found.hidden, "next": found.next}
    return {"holdings": len(found.holdings)} | counts
