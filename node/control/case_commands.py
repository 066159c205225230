"""The cases of this node: its own, and those that came with lists.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- Each line says where its case is from. What a list says of a case is shown under the name of the list.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.case_lines import case_line, note_line, read_status, standing_line
from node.control.hit_lines import holding_hits_line, stored_hit_line
from node.control.list_lines import listed_line
from node.domain.case_files import CaseNote
from node.usecases.case_reading import LISTED, CaseOfList, OwnCase, RowOfCase
from node.usecases.shown_hits import ShownHit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.case_reading import CaseReading, CaseSeen
    from node.usecases.cases import ImportedCase, NamedCases
    from node.usecases.list_hits import HoldingHits


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCommands:
    """`vigil case`."""

    reading: CaseReading

    async def cases(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"after", "limit", "status", "mine"} -> one line per case, in the order of the references: of this node
        {"case", "list": null, "holdings", "same_name", "status", "title", "lead", "opened"}, of a list {"case", "list",
        "provider", "references", "same_name"}; then {"listed", "more", "after"}. "listed" counts references. "status"
        and "mine" choose among the cases of this node.
        """
        given = Arguments(arguments)
        page = await self.reading.page(
            given.text("after", ""),
            given.whole("limit", LISTED),
            status=read_status(given.text("status")) if given.has("status") else None,
            mine=given.flag("mine"),
        )
        for each in page.cases:
            for line in _named_lines(each):
                yield line
        yield {"listed": len(page.cases), "more": page.more, "after": page.after}

    async def cases_closed(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"limit", "mine"} -> the closed cases of this node as lines of `case_lines.case_line`, the last changed one
        first: how each of them ended.
        """
        given = Arguments(arguments)
        for case in await self.reading.closed(given.whole("limit", LISTED), mine=given.flag("mine")):
            yield case_line(case)

    async def case_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "list", "after", "limit", "words"} -> the cases of the reference, as lines of `cases` with more: of
        this node {"levels", "shared", "hits", "new_hits", "list_hits", "notes"} and what officers wrote about it
        (`case_lines.case_line`), followed by its newest notes, and its newest hits on records and on lists, as lines of
        `hits-list`; of a list {"said"}. Then rows of the case of a list, if one list is meant, with
        ids above `after`. "words": with what the file said. Raises `NotFound`.
        """
        given = Arguments(arguments)
        reading = self.reading.one(
            given.text("case"),
            given.text("list", ""),
            after=given.whole("after", 0),
            limit=given.whole("limit", LISTED),
            words=given.flag("words"),
        )
        async with aclosing(reading) as seen:
            async for each in seen:
                yield _seen_line(each)


def _seen_line(seen: CaseSeen | ShownHit | HoldingHits) -> Line:
    match seen:
        case OwnCase():
            return _own_line(seen.named) | _of_own_line(seen)
        case CaseNote():
            return note_line(seen)
        case CaseOfList():
            return _imported_line(seen.case, seen.named) | {"said": seen.said or None}
        case RowOfCase():
            return listed_line(seen.row, seen.of.head) | {"list": seen.of.name}
        case ShownHit():
            return stored_hit_line(seen)
        case _:
            return holding_hits_line(seen)


def _named_lines(found: NamedCases) -> list[Line]:
    own = [_own_line(found)] if found.is_own else []
    return own + [_imported_line(each, found) for each in found.imported]


def _own_line(found: NamedCases) -> Line:
    same = found.is_ambiguous
    own = {"case": found.reference, "list": None, "provider": None, "holdings": found.holdings, "same_name": same}
    return own | standing_line(found.file)


def _of_own_line(own: OwnCase) -> Line:
    """What is known of the holdings of a case of this node."""
    return {
        "levels": {level.spelled: count for level, count in own.holdings.levels.items()},
        "shared": own.holdings.shared,
        "hits": own.counts.hits,
        "new_hits": own.counts.new,
        "list_hits": {"holdings": own.on_lists, "more": own.more_on_lists},
        "notes": own.notes,
    } | (case_line(own.named.file) if own.named.file else {})


def _imported_line(each: ImportedCase, found: NamedCases) -> Line:
    return {
        "case": each.reference,
        "list": each.of.name,
        "provider": each.of.provider or None,
        "references": each.rows,
        "same_name": found.is_ambiguous,
    }
