"""The holdings that match a list, as a person reads them.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.hit_lines import holding_hits_line
from node.usecases.list_hits import HoldingHits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.hit_reading import HitReading, ListHitsSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHitCommands:
    """`vigil lists hits`."""

    reading: HitReading

    async def list_hits(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"list", "case", "after", "limit", "show_all"} -> one line per holding that matches the list, ascending, then
        {"list", "case", "holdings", "shown", "hidden", "rejected", "next"}. "case": of the list; its rows alone count.

        "holdings" counts all with numbers above "after"; "hidden" those that the allow-list hides, and "rejected" the
        rejected hits, which have no line without "show_all"; "next" is the last holding shown, if there are more.
        Raises `NotFound`, `Refused`.
        """
        given = Arguments(arguments)
        name, case = given.text("list"), given.text("case", "")
        reading = self.reading.of_list(
            name,
            case=case,
            after=given.whole("after", 0),
            limit=given.whole("limit", 100),
            show_all=given.flag("show_all"),
        )
        async with aclosing(reading) as seen:
            async for each in seen:
                if isinstance(each, HoldingHits):
                    yield holding_hits_line(each)
                else:
                    yield {"list": name, "case": case or None} | _counts_line(each)


def _counts_line(seen: ListHitsSeen) -> Line:
    return {
        "holdings": seen.holdings,
        "shown": seen.shown,
        "hidden": seen.hidden,
        "rejected": seen.rejected,
        "next": seen.next,
    }
