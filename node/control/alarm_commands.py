"""The administrator's commands for a node's alarms. Status and doctor show these alarms.

Rules this module upholds:

- Commands hold no decisions. The use case clears the alarms and records who did it and why.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.alarms import Alarms


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCommands:
    """`alarms`: of this node."""

    alarms: Alarms

    async def acknowledge(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"reason"} -> {"acknowledged": count}: a person has dealt with these alarms."""
        reason = Arguments(arguments).text("reason")
        yield {"acknowledged": await asyncio.to_thread(self.alarms.acknowledge, reason)}
