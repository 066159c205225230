"""Hits that are kept, as a person reads them.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- Who looks at hits is in the audit log before anything is shown. A hit is new no more once its line was taken.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.hit_lines import left_out_lines, stored_hit_line
from node.domain.envelope import Kind
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.ports import Clock
    from node.usecases.audit import AuditLog
    from node.usecases.hit_list import HitList


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCommands:
    """`hits`: those of this node."""

    hits: HitList
    audit: AuditLog
    clock: Clock

    async def hits_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "new", "show_all", "after", "limit"} -> a line a hit, the newest first, then {"hits", "total",
        "new", "hidden", "next", "not_matched_yet", "left_out"}. "new" counts as it was before this was shown.
        """
        given = Arguments(arguments)
        case, limit = given.text("case", ""), given.whole("limit", 100)
        look = {"what": "hits", "case": case, "limit": limit, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=look))
        page = await asyncio.to_thread(
            self.hits.page,
            case=case,
            new=given.flag("new"),
            hidden=given.flag("show_all"),
            before=given.whole("after", 0),
            limit=limit,
        )
        stand = await asyncio.to_thread(self.hits.stand, case)
        for each in page:
            yield stored_hit_line(each)
        await asyncio.to_thread(self.hits.shown, [each.hit for each in page])
        yield {
            "hits": len(page),
            "total": stand.counts.hits,
            "new": stand.counts.new,
            "hidden": stand.counts.hidden,
            "next": page[-1].hit.id if len(page) == limit else None,
            "not_matched_yet": stand.behind,
            "left_out": left_out_lines(stand.left_out),
        }
