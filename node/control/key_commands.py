"""The change of a node's keys, as the daemon carries it out for a command.

Rules this module upholds:

- Commands hold no decisions. The change itself is in `app`, which owns the key files.
- The audit log records an administrator's act before it is done, and its outcome after it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from node.control.arguments import Arguments
from node.domain.token import parse_token
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.token import Token
    from node.usecases.audit import AuditLog
    from node.usecases.roster import OwnLine


class Work(Protocol):
    """A change of keys, under way or about to begin (`app.rekeying.Rekeying`). All but `ask` block."""

    def begin(self, token: Token | None) -> Line:
        """New keys and their petition, or the existing ones; the digits to read to the authority."""
        ...

    async def ask(self) -> str:
        """Sends the petition, or asks for its state."""
        ...

    def standing(self) -> Line:
        """What is under way."""
        ...

    def own_line(self) -> OwnLine:
        """The keys that the next roster is checked against."""
        ...

    def cancel(self) -> Line:
        """Gives the new keys up."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCommands:
    """`own`: is told the keys that rosters may give this node from now on."""

    audit: AuditLog
    work: Callable[[], Work]
    own: Callable[[OwnLine], None]

    async def rekey(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"token"} -> {"step": "keys", ...}, {"step": "petition", "state"}. The daemon switches to the new keys by
        itself.
        """
        text = Arguments(arguments).text("token", "")
        token = parse_token(text) if text else None
        work = await asyncio.to_thread(self.work)
        yield await asyncio.to_thread(
            lambda: perform(self.audit, "rekey", lambda: self._begin(work, token), keys_lost=False)
        )
        yield {"step": "petition", "state": await work.ask()}

    def _begin(self, work: Work, token: Token | None) -> Line:
        line = work.begin(token)
        # Before the petition is sent: this node must be prepared when the roster that answers it arrives.
        self.own(work.own_line())
        return line

    async def rekeying(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"state": "none" or "pending", "epoch", "coming"}."""
        yield await asyncio.to_thread(lambda: self.work().standing())

    async def rekey_cancel(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"step": "done", "state": "cancelled", "epoch"}."""
        work = await asyncio.to_thread(self.work)
        line = await asyncio.to_thread(lambda: perform(self.audit, "rekey-cancel", work.cancel))
        self.own(await asyncio.to_thread(work.own_line))
        yield line
