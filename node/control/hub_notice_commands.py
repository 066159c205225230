"""The hub operator's commands for notices: what waits, and publishing, refusing and withdrawing.

Rules this module upholds:

- Commands hold no decisions: `usecases.notice_review` decides. No line has a hash.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.notice_commands import notice_view_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.notice_review import NoticeReview


@dataclass(frozen=True, slots=True, kw_only=True)
class HubNoticeCommands:
    """Those of the hub's operator."""

    review: NoticeReview

    async def notices(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"waiting"} -> one line per request, then {"notices", "left_out": {member: number}}."""
        found = await asyncio.to_thread(self.review.listed, waiting=Arguments(arguments).flag("waiting"))
        for view in found.views:
            yield notice_view_line(view)
        yield {"notices": len(found.views), "left_out": dict(found.left_out)}

    async def notices_publish(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"notice", "reason"} -> the notice as it now is."""
        given = Arguments(arguments)
        view = await asyncio.to_thread(self.review.publish, given.text("notice"), given.text("reason", ""))
        yield notice_view_line(view)

    async def notices_refuse(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"notice", "reason"} -> the notice as it now is."""
        given = Arguments(arguments)
        view = await asyncio.to_thread(self.review.refuse, given.text("notice"), given.text("reason", ""))
        yield notice_view_line(view)

    async def notices_withdraw(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"notice", "reason"} -> the notice as it now is."""
        given = Arguments(arguments)
        view = await asyncio.to_thread(self.review.withdraw, given.text("notice"), given.text("reason", ""))
        yield notice_view_line(view)
