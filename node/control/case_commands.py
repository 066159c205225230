"""The cases of this node: its own, and those that came with lists.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- The audit log records who looks before anything is shown.
- Each line says where its case is from. What a list says of a case is shown under the name of the list.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.hit_lines import holding_hits_line, stored_hit_line
from node.control.holding_commands import LISTED, level_name
from node.control.list_lines import listed_line
from node.domain.envelope import Kind
from node.usecases.audit import AuditEntry
from node.usecases.hit_list import Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.lists import ReferenceList
    from node.domain.ports import Clock
    from node.usecases.audit import AuditLog
    from node.usecases.cases import Cases, ImportedCase, NamedCases
    from node.usecases.hit_list import HitList
    from node.usecases.list_hits import ListHits, NewestHits

HITS_SHOWN = 10
"""Hits on records, and holdings that match lists, that are shown with a case, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCommands:
    """`known`: all cases; `hits`: stored hits on records; `list_hits`: hits on lists."""

    known: Cases
    hits: HitList
    list_hits: ListHits
    audit: AuditLog
    clock: Clock

    async def cases(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"after", "limit"} -> one line per case, in the order of the references: of this node {"case", "list": null,
        "holdings", "same_name"}, of a list {"case", "list", "provider", "references", "same_name"}; then {"listed",
        "more", "after"}. "listed" counts references.
        """
        given = Arguments(arguments)
        limit, after = given.whole("limit", LISTED), given.text("after", "")
        await self._looks("cases", limit=limit)
        found, more = await asyncio.to_thread(self.known.page, after, limit)
        for each in found:
            for line in _named_lines(each):
                yield line
        yield {"listed": len(found), "more": more, "after": found[-1].reference if found else after}

    async def case_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "list", "after", "limit", "words"} -> the cases of the reference, as lines of `cases` with more: of
        this node {"levels", "shared", "hits", "new_hits", "list_hits"}, followed by its newest hits on records and on
        lists, as lines of `hits-list`; of a list {"said"}. Then rows of the case of a list, if one list is meant, with
        ids above `after`. "words": with what the file said. Raises `NotFound`.
        """
        given = Arguments(arguments)
        reference, name = given.text("case"), given.text("list", "")
        await self._looks("case", case=reference, list=name)
        found = await asyncio.to_thread(self.known.named, reference)
        if name:
            await asyncio.to_thread(self.known.chosen, reference, name)
        words = given.flag("words")
        if found.holdings and not name:
            page = await asyncio.to_thread(self.hits.page, Wanted(case=reference, limit=HITS_SHOWN))
            listed = await asyncio.to_thread(self._of_lists, reference)
            own = _own_line(found) | await asyncio.to_thread(self._of_holdings, reference)
            yield own | {"list_hits": {"holdings": len(listed.holdings), "more": listed.next is not None}}
            for hit in page.hits:
                yield stored_hit_line(hit)
            await asyncio.to_thread(self.hits.shown, page.seen)
            for holding in listed.holdings:
                yield holding_hits_line(holding)
        shown = [each for each in found.imported if name in ("", each.of.name)]
        for each in shown:
            said = await asyncio.to_thread(self.known.said, each.of, reference) if words else None
            yield _imported_line(each, found) | {"said": said or None}
        if len(shown) == 1:
            limit, after = given.whole("limit", LISTED), given.whole("after", 0)
            for line in await asyncio.to_thread(self._rows, shown[0].of, reference, (after, limit), words=words):
                yield line

    def _of_lists(self, reference: str) -> NewestHits:
        return self.list_hits.newest(reference, limit=HITS_SHOWN)

    def _rows(self, of: ReferenceList, reference: str, page: tuple[int, int], *, words: bool) -> list[Line]:
        rows = self.known.rows(of, reference, *page, words=words)
        return [listed_line(row, of.head) | {"list": of.name} for row in rows]

    def _of_holdings(self, reference: str) -> Line:
        """What is known of the holdings of a case."""
        own = self.known.own_holdings(reference)
        levels = {level_name(level): count for level, count in own.levels.items()}
        counts = self.hits.stand(reference).counts
        return {"levels": levels, "shared": own.shared, "hits": counts.hits, "new_hits": counts.new}

    async def _looks(self, what: str, **at: object) -> None:
        body = {"what": what, **at, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=body))


def _named_lines(found: NamedCases) -> list[Line]:
    own = [_own_line(found)] if found.holdings else []
    return own + [_imported_line(each, found) for each in found.imported]


def _own_line(found: NamedCases) -> Line:
    same = found.is_ambiguous
    return {"case": found.reference, "list": None, "provider": None, "holdings": found.holdings, "same_name": same}


def _imported_line(each: ImportedCase, found: NamedCases) -> Line:
    return {
        "case": each.reference,
        "list": each.of.name,
        "provider": each.of.provider or None,
        "references": each.rows,
        "same_name": found.is_ambiguous,
    }
