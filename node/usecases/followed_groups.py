"""What we say about groups, followed until the hub has cosigned it.

Rules this module upholds:

- A statement is called published only after the hub has cosigned it (`publication`).
- A dry run of `share`, and a command without the necessary consent, only show the plan.
- A person can stop `share` between two batches. The end says what was done and how much remains.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.usecases.consent import asks
from node.usecases.in_threads import Batches, Stop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from node.domain.groups import GroupStep
    from node.domain.ids import MemberId, RecordId
    from node.usecases.consent import Consent
    from node.usecases.group_sharing import GroupSharing, Readdressed, ShareFate
    from node.usecases.grouping import Grouping, GroupSaid, NewGroup
    from node.usecases.publication import Publishing, Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShareEnd:
    """The end of `share`: how many records had each fate. `would`: records that it would share, if it shared none;
    `members`: for whom; `remaining`: records that it did not come to; `asks`: whether a person has to agree. `settled`:
    None if nothing was done.
    """

    group: RecordId
    members: tuple[MemberId, ...]
    plan: str
    fates: Mapping[ShareFate, int]
    asks: bool = False
    would: int = 0
    remaining: int = 0
    settled: Settled | None = None


class FollowedGroups:
    """For the event loop. Raises as `Grouping` and `GroupSharing`."""

    def __init__(self, *, grouping: Grouping, sharing: GroupSharing, publishing: Publishing) -> None:
        self._grouping = grouping
        self._sharing = sharing
        self._publishing = publishing

    async def found(self, wanted: NewGroup) -> tuple[GroupSaid, Settled]:
        """A new group."""
        return await self._followed(await asyncio.to_thread(self._grouping.found, wanted))

    async def invite(self, name: str, members: Sequence[MemberId]) -> tuple[GroupSaid, Settled]:
        """More members are invited."""
        return await self._followed(await asyncio.to_thread(self._grouping.invite, name, members))

    async def remove(self, name: str, members: Sequence[MemberId]) -> tuple[GroupSaid, Settled]:
        """These members are not invited any more."""
        return await self._followed(await asyncio.to_thread(self._grouping.remove, name, members))

    async def say(self, name: str, step: GroupStep) -> tuple[GroupSaid, Settled]:
        """Accepts, declines, leaves or closes."""
        return await self._followed(await asyncio.to_thread(self._grouping.say, name, step))

    async def _followed(self, said: GroupSaid) -> tuple[GroupSaid, Settled]:
        return said, await self._publishing.follow([said.record])

    async def share(
        self, name: str, consent: Consent, stop: Stop, *, dry: bool = False
    ) -> AsyncGenerator[Readdressed | GroupShareEnd, None]:
        """Each record, in a dry run without doing anything; and the end."""
        plan = await asyncio.to_thread(self._sharing.plan, name)
        if dry or asks(consent, len(plan.planned)):
            for each in plan.planned if dry else ():
                yield each
            yield GroupShareEnd(
                group=plan.group,
                members=plan.members,
                plan=plan.digest,
                fates={},
                asks=not dry,
                would=len(plan.planned),
            )
            return
        told: list[Readdressed] = []
        async for each in Batches(self._sharing.carry_out(plan, consent), stop).each():
            told.append(each)
            yield each
        said = [each.correction for each in told if each.correction is not None]
        yield GroupShareEnd(
            group=plan.group,
            members=plan.members,
            plan=plan.digest,
            fates=Counter(each.fate for each in told),
            remaining=len(plan.planned) - len(told),
            settled=await self._publishing.follow(said, wait=not stop.asked),
        )
