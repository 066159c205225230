"""The holdings that match a list, as a person reads them.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- The audit log records who looks at hits before anything is shown.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.control.arguments import Arguments
from node.control.lines import hit_line
from node.domain.envelope import Kind
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.ports import Clock
    from node.usecases.audit import AuditLog
    from node.usecases.list_hits import HoldingHits, ListHits


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHitCommands:
    """`found`: the hits on lists of this node."""

    found: ListHits
    audit: AuditLog
    clock: Clock

    async def list_hits(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"list", "case", "after", "limit", "show_all"} -> one line per holding that matches the list, ascending, then
        {"list", "case", "holdings", "shown", "hidden", "next"}. "case": of the list; its rows alone count.

        "holdings" counts all with numbers above "after"; "hidden" those that the allow-list hides, which have no line
        without "show_all"; "next" is the last holding shown, if there are more. Raises `NotFound`, `Refused`.
        """
        given = Arguments(arguments)
        name, limit, show_all = given.text("list"), given.whole("limit", 100), given.flag("show_all")
        case = given.text("case", "")
        look = {"what": "list hits", "list": name, "case": case, "limit": limit, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=look))
        pages = self.found.of(name, after=given.whole("after", 0), case=case)
        holdings = shown = hidden = last = 0
        while (page := await asyncio.to_thread(_next, pages)) is not None:
            for each in page:
                holdings += not each.allowed
                hidden += each.allowed
                if shown < limit and (show_all or not each.allowed):
                    shown, last = shown + 1, each.holding
                    yield holding_hits_line(each)
        all_of_them = holdings + (hidden if show_all else 0)
        more = last if shown < all_of_them else None
        counts = {"holdings": holdings, "shown": shown, "hidden": hidden, "next": more}
        yield {"list": name, "case": case or None} | counts


def _next(pages: Any) -> list[HoldingHits] | None:  # noqa: ANN401 (an iterator, whose end is None)
    return next(pages, None)


def holding_hits_line(found: HoldingHits) -> Line:
    """A holding that matches lists: its number, its cases, and its hits, best first. A list's row is signed by no
    member: "signed" is false.
    """
    return {
        "holding": found.holding,
        "cases": list(found.cases),
        "allowed": found.allowed,
        "hits": [hit_line(None, hit) | {"signed": False} for hit in found.hits],
        "left_out": found.left_out,
    }
