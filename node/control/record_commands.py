"""The commands for single records: correct, opine, comment, records, evidence.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call a use case, and print its values as lines.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.record_lines import published_line, record_line
from node.control.statements import read_terms, read_verdict, read_wording
from node.domain.ids import member_id
from node.domain.statements import Comment, Opinion
from node.usecases.record_reading import PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.followed_statements import FollowedStatements, Stated
    from node.usecases.record_reading import RecordReading


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCommands:
    """`reading`: shows records; `stating`: makes statements about one."""

    reading: RecordReading
    stating: FollowedStatements

    async def correct(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "statement", "handling"} -> {"record": the new head, "state", "publication", "why"}. Fields that
        are not given keep their values.
        """
        given = Arguments(arguments)
        wording = read_wording(Arguments(given.object("statement")))
        terms = read_terms(Arguments(given.object("handling")))
        yield _stated_line(await self.stating.correct(given.text("record"), wording, terms))

    async def opine(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "verdict", "note", "handling"} -> {"record", "about", "state", "publication", "why"}. Without
        "audience" in "handling", it is for all who may read the record.
        """
        given = Arguments(arguments)
        opinion = Opinion(verdict=read_verdict(given.text("verdict")), note=given.text("note", ""))
        terms = read_terms(Arguments(given.object("handling")))
        yield _stated_line(await self.stating.opine(given.text("record"), opinion, terms))

    async def comment(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "text", "language", "handling"} -> as `opine`."""
        given = Arguments(arguments)
        comment = Comment(text=given.text("text"), language=given.text("language", ""))
        terms = read_terms(Arguments(given.object("handling")))
        yield _stated_line(await self.stating.comment(given.text("record"), comment, terms))

    async def records(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member", "mine", "after", "limit"} -> one line per record, newest last, then {"records", "total", "next"}.
        {"record"} -> only the line of that record, in full: with "fingerprints", "remarks", "versions" (its history,
        the first version first), "confirmed_by" and "disputed_by".
        """
        given = Arguments(arguments)
        if given.text("record", ""):
            yield record_line(await asyncio.to_thread(self.reading.one, given.text("record")), whole=True)
            return
        page = await asyncio.to_thread(
            self.reading.page,
            member=member_id(given.text("member")) if given.text("member", "") else None,
            mine=given.flag("mine"),
            after=given.whole("after", 0),
            limit=given.whole("limit", PAGE),
        )
        for shown in page.shown:
            yield record_line(shown, whole=False)
        yield {"records": len(page.shown), "total": page.total, "next": page.next}

    async def evidence(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record"} -> {"record", "size", "evidence": base64 of the proof file}."""
        name = Arguments(arguments).text("record")
        record, size, data = await asyncio.to_thread(self.reading.evidence, name)
        yield {"record": str(record), "size": size, "evidence": base64.b64encode(data).decode("ascii")}


def _stated_line(of: Stated) -> Line:
    about = {"about": str(of.about), "state": "said"} if of.about else {"state": "corrected"}
    return {"record": str(of.record), **about, **published_line(of.record, of.settled)}
