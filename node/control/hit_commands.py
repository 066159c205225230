"""Stored hits, as a person reads them.

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
from node.domain.envelope import Kind
from node.usecases.audit import AuditEntry
from node.usecases.hit_list import Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.ports import Clock
    from node.usecases.audit import AuditLog
    from node.usecases.hit_list import HitList


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCommands:
    """`hits`: the hits of this node."""

    hits: HitList
    audit: AuditLog
    clock: Clock

    async def hits_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "member", "new", "show_all", "after", "limit"} -> one line per hit, newest first, then {"hits",
        "total", "new", "hidden", "grouped", "more_of", "muted", "suspended", "next", "not_matched_yet", "left_out"}.
        "new" is the count before this listing.
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
        page = await asyncio.to_thread(self.hits.page, wanted)
        stand = await asyncio.to_thread(self.hits.stand, wanted.case)
        for each in page.hits:
            yield stored_hit_line(each)
        await asyncio.to_thread(self.hits.shown, page.seen)
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
        }
