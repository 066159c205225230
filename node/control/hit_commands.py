"""Hits on members' records and on lists, as a person reads them.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.hit_lines import hits_seen_line, holding_hits_line, stored_hit_line
from node.control.review_words import read_states
from node.usecases.hit_list import Wanted
from node.usecases.list_hits import HoldingHits
from node.usecases.shown_hits import ShownHit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.hit_reading import HitReading


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCommands:
    """`vigil hits`."""

    reading: HitReading

    async def hits_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "member", "record", "states", "unseen", "show_all", "after", "limit", "lists_after", "peek"} -> one
        line per hit on a record, then one line per holding that matches lists, each newest first; then {"hits",
        "total", "new", "confirmed", "rejected", "unsure", "unseen", "hidden", "grouped", "more_of", "muted",
        "suspended", "next", "not_matched_yet", "left_out", "lists", "same_name"}.

        "states": of the reviews; without it, all except rejected ones. "unseen" is the count before this listing.
        "peek": the hits stay unseen.
        "lists": {"holdings", "scanned", "hidden", "rejected", "next"} of the hits on lists, null where they are not
        asked for: hits of one member or record, and hits that nobody has seen, are on records. "record" is the full
        name of one version. "lists_after" continues with them below this holding, without hits on records.
        "same_name": lists that have a case of this reference too.
        """
        given = Arguments(arguments)
        wanted = Wanted(
            case=given.text("case", ""),
            member=given.text("member", ""),
            record=given.record() if given.text("record", "") else None,
            states=read_states(given.texts("states")) if given.has("states") else frozenset(),
            unseen=given.flag("unseen"),
            show_all=given.flag("show_all"),
            before=given.whole("after", 0),
            limit=given.whole("limit", 100),
        )
        lists_after, peek = given.whole("lists_after", 0) or None, given.flag("peek")
        async with aclosing(self.reading.newest(wanted, lists_after, peek=peek)) as seen:
            async for each in seen:
                if isinstance(each, ShownHit):
                    yield stored_hit_line(each)
                elif isinstance(each, HoldingHits):
                    yield holding_hits_line(each)
                else:
                    yield hits_seen_line(each)
