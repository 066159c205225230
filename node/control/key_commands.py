"""The change of a node's keys, as the daemon carries it out for a command.

Rules this module upholds:

- Commands hold no decisions: `usecases.own_keys` makes them, and `app` owns the key files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.own_keys import OwnKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCommands:
    """`keys`: of this node."""

    keys: OwnKeys

    async def rekey(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"token"} -> {"step": "keys", ...}, {"step": "petition", "state"}. The daemon switches to the new keys by
        itself.
        """
        async for each in self.keys.rekey(Arguments(arguments).text("token", "")):
            yield {"step": "petition", "state": each} if isinstance(each, str) else {**each}

    async def rekeying(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"state": "none" or "pending", "epoch", "coming"}."""
        yield {**await self.keys.standing()}

    async def rekey_cancel(self, _arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> {"step": "done", "state": "cancelled", "epoch"}."""
        yield {**await self.keys.cancel()}
