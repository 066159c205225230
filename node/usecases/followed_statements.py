"""Our own statements about single records, followed until the hub has cosigned them.

Rules this module upholds:

- A statement is called published only after the hub has cosigned it (`publication`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.domain.ids import RecordId
    from node.domain.statements import Comment, Opinion
    from node.domain.wording import Terms, Wording
    from node.usecases.publication import Publishing, Settled
    from node.usecases.saying import Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Our entry `record`, the record that it is `about`, and how far it has come."""

    record: RecordId
    about: RecordId | None
    settled: Settled


class FollowedStatements:
    """Makes statements (`saying`) and waits for the hub, at most as long as a command waits."""

    def __init__(self, *, saying: Saying, publishing: Publishing) -> None:
        self._saying = saying
        self._publishing = publishing

    async def correct(self, name: str, wording: Wording, terms: Terms) -> Stated:
        """The new head of a record of ours (`about` is None). Raises as `Saying.correct`."""
        record = await asyncio.to_thread(self._saying.correct, name, wording, terms)
        return Stated(record=record, about=None, settled=await self._publishing.follow([record]))

    async def opine(self, name: str, opinion: Opinion, terms: Terms | None = None) -> Stated:
        """Raises as `Saying.opine`."""
        record, about = await asyncio.to_thread(self._saying.opine, name, opinion, terms)
        return Stated(record=record, about=about, settled=await self._publishing.follow([record]))

    async def comment(self, name: str, comment: Comment, terms: Terms | None = None) -> Stated:
        """Raises as `Saying.comment`."""
        record, about = await asyncio.to_thread(self._saying.comment, name, comment, terms)
        return Stated(record=record, about=about, settled=await self._publishing.follow([record]))
