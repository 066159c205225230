"""The commands for single records: correct, opine, comment, records, evidence.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use cases, and print their values as lines.
- The audit log records who looks before anything is shown.
- A statement is reported as published only after the hub has cosigned it.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.record_lines import published_line, record_line
from node.control.statements import read_terms, read_verdict, read_wording
from node.domain.envelope import Kind
from node.domain.ids import member_id
from node.domain.statements import Comment, Opinion
from node.errors import NotFound
from node.usecases.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.ids import RecordId
    from node.domain.ports import Clock
    from node.usecases.audit import AuditLog
    from node.usecases.publication import Publications, Sender
    from node.usecases.recordlist import RecordList
    from node.usecases.saying import Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCommands:
    """`evidence_of` builds a proof file of a record: (log size that it covers, bytes). `sender`: the publisher that
    sends our log to the hub, None if no daemon runs.
    """

    list: RecordList
    saying: Saying
    publications: Publications
    sender: Callable[[], Sender | None]
    audit: AuditLog
    clock: Clock
    evidence_of: Callable[[RecordId], tuple[int, bytes]]

    async def correct(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "statement", "handling"} -> {"record": the new head, "state", "publication", "why"}. Fields that
        are not given keep their values.
        """
        given = Arguments(arguments)
        wording, terms = (
            read_wording(Arguments(given.object("statement"))),
            read_terms(Arguments(given.object("handling"))),
        )
        record = await asyncio.to_thread(self.saying.correct, given.text("record"), wording, terms)
        yield {"record": str(record), "state": "corrected", **await self._published(record)}

    async def opine(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "verdict", "note"} -> {"record", "about", "state", "publication", "why"}."""
        given = Arguments(arguments)
        opinion = Opinion(verdict=read_verdict(given.text("verdict")), note=given.text("note", ""))
        said, about = await asyncio.to_thread(self.saying.opine, given.text("record"), opinion)
        yield {"record": str(said), "about": str(about), "state": "said", **await self._published(said)}

    async def comment(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record", "text", "language"} -> as `opine`."""
        given = Arguments(arguments)
        comment = Comment(text=given.text("text"), language=given.text("language", ""))
        said, about = await asyncio.to_thread(self.saying.comment, given.text("record"), comment)
        yield {"record": str(said), "about": str(about), "state": "said", **await self._published(said)}

    async def _published(self, record: RecordId) -> Line:
        return published_line(record, await self.publications.settle([record], self.sender()))

    async def records(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member", "mine", "after", "limit"} -> one line per record, newest last, then {"records", "total", "next"}.
        {"record"} -> only the line of that record, in full.
        """
        given = Arguments(arguments)
        if given.text("record", ""):
            yield await self._one(given.text("record"))
            return
        limit, after = given.whole("limit", 100), given.whole("after", 0)
        member = member_id(given.text("member")) if given.text("member", "") else None
        mine = given.flag("mine")
        await self._looks("records", member=member or "", mine=mine, limit=limit)
        page = await asyncio.to_thread(self.list.page, member=member, mine=mine, after=after, limit=limit)
        for shown in page.shown:
            yield record_line(shown, whole=False)
        yield {"records": len(page.shown), "total": page.total, "next": page.next}

    async def _one(self, name: str) -> Line:
        target = await asyncio.to_thread(self.list.resolve, name)
        await self._looks("record", record=str(target))
        shown = await asyncio.to_thread(self.list.one, target)
        if shown is None:
            raise NotFound("this record is not here", remedy="vigil records lists the records")
        return record_line(shown, whole=True)

    async def evidence(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"record"} -> {"record", "size", "evidence": base64 of the proof file}."""
        target = await asyncio.to_thread(self.list.resolve, Arguments(arguments).text("record"))
        await self._looks("evidence", record=str(target))
        size, data = await asyncio.to_thread(self.evidence_of, target)
        yield {"record": str(target), "size": size, "evidence": base64.b64encode(data).decode("ascii")}

    async def _looks(self, what: str, **at: object) -> None:
        body = {"what": what, **at, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=body))
