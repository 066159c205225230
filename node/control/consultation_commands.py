"""`vigil consult`: threads between members.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call a use case, and print its values as lines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.consultation_lines import listed_thread_line, message_line, shown_thread_line, told_line
from node.control.statements import read_reason, read_terms
from node.domain.ids import member_id
from node.usecases.consulting import Question
from node.usecases.thread_list import LISTED
from node.usecases.thread_reading import SHOWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.followed_consulting import FollowedConsulting
    from node.usecases.thread_list import ThreadList
    from node.usecases.thread_reading import ThreadReading


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationCommands:
    """`saying`: makes statements; `listing` and `reading`: show threads. "thread" is any message of a thread."""

    saying: FollowedConsulting
    listing: ThreadList
    reading: ThreadReading

    async def consult_open(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"subject", "text", "handling", "about": [record], "query", "language", "case"} -> as `told_line`."""
        given = Arguments(arguments)
        asked = Question(
            subject=given.text("subject"),
            text=given.text("text"),
            terms=read_terms(Arguments(given.object("handling"))),
            about=given.texts("about"),
            query=given.query_id() if given.has("query") else b"",
            language=given.text("language", ""),
            case=given.text("case", ""),
        )
        yield told_line(await self.saying.open(asked))

    async def consult_reply(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread", "text", "about": [record], "language"} -> as `told_line`."""
        given = Arguments(arguments)
        about, language = given.texts("about"), given.text("language", "")
        yield told_line(await self.saying.reply(given.text("thread"), given.text("text"), about, language))

    async def consult_close(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread", "text"} -> as `told_line`."""
        given = Arguments(arguments)
        yield told_line(await self.saying.close(given.text("thread"), given.text("text", "")))

    async def consult_reopen(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread"} -> as `told_line`."""
        yield told_line(await self.saying.reopen(Arguments(arguments).text("thread")))

    async def consult_retract(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"message", "reason"} -> as `told_line`."""
        given = Arguments(arguments)
        reason = read_reason(given.text("reason", "unstated"))
        yield told_line(await self.saying.retract(given.text("message"), reason))

    async def consult_add(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread", "members": [member]} -> as `told_line`."""
        given = Arguments(arguments)
        members = [member_id(each) for each in given.texts("members")]
        yield told_line(await self.saying.add(given.text("thread"), members))

    async def consult_remove(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread", "members": [member]} -> as `told_line`."""
        given = Arguments(arguments)
        members = [member_id(each) for each in given.texts("members")]
        yield told_line(await self.saying.remove(given.text("thread"), members))

    async def consult_share(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread"} -> as `told_line`."""
        yield told_line(await self.saying.share(Arguments(arguments).text("thread")))

    async def consult_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"unread", "closed", "after", "limit"} -> one line per thread, then {"listed", "next"}. "next" is the "after"
        of the next page.
        """
        given = Arguments(arguments)
        page = await asyncio.to_thread(
            self.listing.page,
            unread=given.flag("unread"),
            closed=given.flag("closed"),
            after=given.text("after", ""),
            limit=given.whole("limit", LISTED),
        )
        for thread in page.threads:
            yield listed_thread_line(thread)
        yield {"listed": len(page.threads), "next": str(page.next) if page.next else None}

    async def consult_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread", "after": number, "limit", "peek"} -> one line per message, then the line of the thread
        (`shown_thread_line`). Without "after", the newest messages, or from the first unread one on. What is shown is
        read then, unless "peek" is set.
        """
        given = Arguments(arguments)
        page = await asyncio.to_thread(
            self.reading.page,
            given.text("thread"),
            given.whole("after") if given.has("after") else None,
            given.whole("limit", SHOWN),
            peek=given.flag("peek"),
        )
        for message in page.messages:
            yield message_line(message)
        yield shown_thread_line(page)

    async def consult_mark_read(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread"} -> {"thread", "read": how many messages were unread}."""
        root, read = await asyncio.to_thread(self.reading.mark_read, Arguments(arguments).text("thread"))
        yield {"thread": str(root), "read": read}

    async def consult_leave(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread", "rejoin"} -> {"thread", "muted"}."""
        given = Arguments(arguments)
        muted = not given.flag("rejoin")
        root = await asyncio.to_thread(self.reading.set_muted, given.text("thread"), muted=muted)
        yield {"thread": str(root), "muted": muted}

    async def consult_case(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"thread", "case"} -> the same, with the full name of the thread."""
        given = Arguments(arguments)
        case = given.text("case")
        root = await asyncio.to_thread(self.reading.put_in_case, given.text("thread"), case)
        yield {"thread": str(root), "case": case}
