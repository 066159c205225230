"""The administrator changes this node's keys while the daemon runs.

Rules this module upholds:

- The audit log records the act before it is done, and its outcome after it.
- This node accepts a roster with the new keys before the petition for them is sent.
- The change itself is made by whoever owns the key files (`KeyChange`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from node.domain.token import parse_token
from node.usecases.acts import perform

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from node.domain.token import Token
    from node.usecases.audit import AuditLog
    from node.usecases.roster import OwnLine

    Standing = Mapping[str, Any]


class KeyChange(Protocol):
    """A change of keys, under way or about to begin (`app.rekeying.Rekeying`). All but `ask` block."""

    def begin(self, token: Token | None) -> Standing:
        """New keys and their petition, or the existing ones; the digits to read to the authority."""
        ...

    async def ask(self) -> str:
        """Sends the petition, or asks for its state."""
        ...

    def standing(self) -> Standing:
        """What is under way."""
        ...

    def own_line(self) -> OwnLine:
        """The keys that the next roster is checked against."""
        ...

    def cancel(self) -> Standing:
        """Gives the new keys up."""
        ...


class OwnKeys:
    """`change`: makes the change of keys; blocking. `own`: is told the keys that rosters may give this node from now
    on.
    """

    def __init__(self, *, audit: AuditLog, change: Callable[[], KeyChange], own: Callable[[OwnLine], None]) -> None:
        self._audit = audit
        self._change = change
        self._own = own

    async def rekey(self, token: str) -> AsyncGenerator[Standing | str, None]:
        """New keys, or those that wait already; then the state of the petition for them, which this sends. `token`: of
        the hub's operator if the former keys are lost, or "". Raises `Misuse`, `Malformed`, `Refused`, `NotFound`, and
        what the hub raises.
        """
        given = parse_token(token) if token else None
        change = await asyncio.to_thread(self._change)

        def work() -> Standing:
            told = change.begin(given)
            # Before the petition is sent: this node must be prepared when the roster that answers it arrives.
            self._own(change.own_line())
            return told

        yield await asyncio.to_thread(perform, self._audit, "rekey", work, keys_lost=False)
        yield await change.ask()

    async def standing(self) -> Standing:
        """What is under way."""
        return await asyncio.to_thread(lambda: self._change().standing())

    async def cancel(self) -> Standing:
        """Gives the new keys up."""
        change = await asyncio.to_thread(self._change)
        told = await asyncio.to_thread(perform, self._audit, "rekey-cancel", change.cancel)
        self._own(await asyncio.to_thread(change.own_line))
        return told
