"""The commands for sheets of holdings.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from node.control.arguments import Arguments
from node.control.lines import statement_line
from node.control.statements import read_category
from node.domain.reviews import ReviewState
from node.domain.sheets import Choice, Decided, Hits, MediaKind, media_kind
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.sheets import Sheets, Tile

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCommands:
    """What the desk's sheets show."""

    sheets: Sheets

    async def sheet_choose(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "kind": picture|video|other, "decided": undecided|decided, "category": SCHEME:VERSION:CODE, "hits":
        none|any|new|confirmed, "member"}; each is optional -> {"choice", "total", "sheets"}. The choice stays as it is,
        whatever is decided later.
        """
        given = Arguments(arguments)
        choice = Choice(
            case=given.text("case", ""),
            kind=_word(given, "kind", MediaKind),
            decided=_word(given, "decided", Decided),
            category=str(read_category(given.text("category"))) if given.text("category", "") else "",
            hits=_word(given, "hits", Hits),
            member=given.text("member", ""),
        )
        made = await asyncio.to_thread(self.sheets.choose, choice)
        yield {"choice": made.choice, "total": made.total, "sheets": made.sheets}

    async def sheet(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"choice", "sheet": from 0} -> one line per holding {"place", "holding", "kind", "media_type", "size",
        "level", "added_at", "cases", "record", "says", "version", "officer", "hits": {state: count}}, then {"choice",
        "sheet", "sheets", "total", "deleted": places}. Raises `NotFound` if the choice is not remembered.
        """
        given = Arguments(arguments)
        seen = await asyncio.to_thread(self.sheets.sheet, given.text("choice"), given.whole("sheet", 0))
        for tile in seen.tiles:
            yield tile_line(tile)
        yield {
            "choice": seen.choice,
            "sheet": seen.number,
            "sheets": seen.sheets,
            "total": seen.total,
            "deleted": list(seen.deleted),
        }

    async def sheet_next(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"choice", "after": a place, -1 for the start} -> {"place"} of the next holding without a category, from the
        start again after the last; null if all have one.
        """
        given = Arguments(arguments)
        after = given.whole("after", 0) if given.has("after") else -1
        yield {"place": await asyncio.to_thread(self.sheets.next_undecided, given.text("choice"), after)}


def tile_line(tile: Tile) -> Line:
    """One holding on a sheet, without its fingerprints and paths."""
    holding, said = tile.holding, tile.said
    says = said if said is not None and said.says_something else None
    return {
        "place": tile.place,
        "holding": holding.id,
        "kind": media_kind(holding.media_type).value,
        "media_type": holding.media_type,
        "size": holding.size,
        "level": holding.level.spelled,
        "added_at": holding.added_at,
        "cases": list(holding.cases),
        "record": str(holding.record) if holding.record else None,
        "says": statement_line(says.statement) if says else None,
        "version": said.version if said else 0,
        "officer": (says.officer or None) if says else None,
        "hits": {state.name.lower(): tile.hits[state] for state in ReviewState if tile.hits.get(state)},
    }


def _word(given: Arguments, name: str, kind: type[Word]) -> Word | None:
    text = given.text(name, "")
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise Misuse(f"no such {name}", remedy="one of: " + ", ".join(kind)) from None
