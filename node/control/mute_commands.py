"""The administrator's commands for members whose hits this node hides.

Rules this module upholds:

- Commands hold no decisions. The use case decides, and records who did it and why.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.domain.ids import member_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.sources import Muting


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteCommands:
    """`muting`: of this node."""

    muting: Muting

    async def mute(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member", "reason"} -> {"member", "reason", "at", "muted": true}."""
        given = Arguments(arguments)
        member = member_id(given.text("member"))
        done = await asyncio.to_thread(self.muting.mute, member, given.text("reason", ""))
        yield {"member": done.member, "reason": done.reason or None, "at": done.at, "muted": True}

    async def mute_lift(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"member"} -> {"member", "muted": false}."""
        member = member_id(Arguments(arguments).text("member"))
        await asyncio.to_thread(self.muting.lift, member)
        yield {"member": member, "muted": False}

    async def mute_list(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> one line per muted member: {"member", "reason", "at", "muted": true}."""
        for each in await asyncio.to_thread(self.muting.mutes):
            yield {"member": each.member, "reason": each.reason or None, "at": each.at, "muted": True}
