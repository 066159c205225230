"""Our own messages in threads, followed until the hub has cosigned them.

Rules this module upholds:

- A message is called published only after the hub has cosigned it (`publication`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.ids import MemberId
    from node.domain.statements import Reason
    from node.usecases.consulting import Consulting, Question
    from node.usecases.own_threads import Told
    from node.usecases.publication import Publishing, Settled
    from node.usecases.thread_members import ThreadMembers


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedTold:
    """What was said in a thread, and how far it has come."""

    told: Told
    settled: Settled


class FollowedConsulting:
    """Says something (`consulting`, `members`) and waits for the hub, at most as long as a command waits."""

    def __init__(self, *, consulting: Consulting, members: ThreadMembers, publishing: Publishing) -> None:
        self._consulting = consulting
        self._members = members
        self._publishing = publishing

    async def open(self, asked: Question) -> FollowedTold:
        """As `Consulting.open`."""
        return await self._follow(lambda: self._consulting.open(asked))

    async def reply(self, name: str, text: str, about: tuple[str, ...], language: str) -> FollowedTold:
        """As `Consulting.reply`."""
        return await self._follow(lambda: self._consulting.reply(name, text, about=about, language=language))

    async def close(self, name: str, text: str) -> FollowedTold:
        """As `Consulting.close`."""
        return await self._follow(lambda: self._consulting.close(name, text))

    async def reopen(self, name: str) -> FollowedTold:
        """As `Consulting.reopen`."""
        return await self._follow(lambda: self._consulting.reopen(name))

    async def retract(self, name: str, reason: Reason) -> FollowedTold:
        """As `Consulting.retract`."""
        return await self._follow(lambda: self._consulting.retract(name, reason))

    async def add(self, name: str, members: Sequence[MemberId]) -> FollowedTold:
        """As `ThreadMembers.add`."""
        return await self._follow(lambda: self._members.add(name, members))

    async def remove(self, name: str, members: Sequence[MemberId]) -> FollowedTold:
        """As `ThreadMembers.remove`."""
        return await self._follow(lambda: self._members.remove(name, members))

    async def share(self, name: str) -> FollowedTold:
        """As `ThreadMembers.share`."""
        return await self._follow(lambda: self._members.share(name))

    async def _follow(self, act: Callable[[], Told]) -> FollowedTold:
        told = await asyncio.to_thread(act)
        return FollowedTold(told=told, settled=await self._publishing.follow(told.records))
