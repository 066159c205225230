"""The commands for groups: found, invite, remove, accept, decline, leave, close, share, list and show.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call a use case, and print its values as lines.
- An item {"stop": true} ends `group-share` between two batches.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.group_lines import group_line, member_lines, readdressed_line, said_line, share_end_line
from node.control.statements import read_consent
from node.control.stopping import stopping
from node.domain.groups import GroupStep
from node.domain.ids import member_id
from node.usecases.followed_groups import GroupShareEnd
from node.usecases.grouping import NewGroup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.ids import MemberId
    from node.usecases.followed_groups import FollowedGroups
    from node.usecases.group_reading import GroupReading


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCommands:
    """`reading`: shows groups; `following`: makes statements about them."""

    reading: GroupReading
    following: FollowedGroups

    async def group_found(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"name", "purpose", "members", "last_day"} -> {"group", "record", "state", "members", "publication",
        "why"}.
        """
        given = Arguments(arguments)
        wanted = NewGroup(
            name=given.text("name"),
            purpose=given.text("purpose"),
            invited=_members(given),
            last_day=given.whole("last_day"),
        )
        yield said_line(*await self.following.found(wanted), "founded")

    async def group_invite(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"group", "members"} -> as `group_found`."""
        given = Arguments(arguments)
        yield said_line(*await self.following.invite(given.text("group"), _members(given)), "invited")

    async def group_remove(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"group", "members"} -> as `group_found`."""
        given = Arguments(arguments)
        yield said_line(*await self.following.remove(given.text("group"), _members(given)), "removed")

    async def group_accept(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"group"} -> as `group_found`; "members" are those who can read it."""
        yield await self._said(arguments, GroupStep.ACCEPT, "accepted")

    async def group_decline(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"group"} -> as `group_accept`."""
        yield await self._said(arguments, GroupStep.DECLINE, "declined")

    async def group_leave(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"group"} -> as `group_accept`."""
        yield await self._said(arguments, GroupStep.LEAVE, "left")

    async def group_close(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"group"} -> as `group_accept`."""
        yield await self._said(arguments, GroupStep.CLOSE, "closed")

    async def _said(self, arguments: Line, step: GroupStep, state: str) -> Line:
        return said_line(*await self.following.say(Arguments(arguments).text("group"), step), state)

    async def group_share(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"group", "dry_run", "yes", "plan"} -> one line per record, then {"group", "members", "shared",
        "would_share", "kept", "queued", "signed", "published", "why", "interrupted", "remaining", "plan", "asks"}.

        More than ten records need "yes", or "plan" with the plan that was shown.
        """
        given = Arguments(arguments)
        consent, dry = read_consent(given), given.flag("dry_run")
        async with (
            stopping(items) as stop,
            aclosing(self.following.share(given.text("group"), consent, stop, dry=dry)) as steps,
        ):
            async for each in steps:
                yield share_end_line(each) if isinstance(each, GroupShareEnd) else readdressed_line(each)

    async def groups(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"past"} -> one line per group, then {"listed"}. Without "past", only the open ones."""
        views = await asyncio.to_thread(self.reading.all, past=Arguments(arguments).flag("past"))
        for view in views:
            yield group_line(view, self.reading.own)
        yield {"listed": len(views)}

    async def group_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"group"} -> the group as a line, with {"members": [{"member", "standing"}]}."""
        view = await asyncio.to_thread(self.reading.one, Arguments(arguments).text("group"))
        yield group_line(view, self.reading.own) | {"members": member_lines(view)}


def _members(given: Arguments) -> tuple[MemberId, ...]:
    return tuple(member_id(name) for name in given.texts("members"))
