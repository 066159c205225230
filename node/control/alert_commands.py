"""The commands that show alerts, and mark them as seen.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.alerts import Alert
    from node.usecases.alerting import AlertReading

LISTED = 100
"""Default number of alerts that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCommands:
    """`vigil alerts`."""

    reading: AlertReading

    async def alerts(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"new", "case", "before", "limit"} -> one line per alert, the newest first."""
        given = Arguments(arguments)
        found = await asyncio.to_thread(
            self.reading.listed,
            new=given.flag("new"),
            case=given.text("case", ""),
            before=given.whole("before", 0),
            limit=given.whole("limit", LISTED),
        )
        for alert in found:
            yield alert_line(alert)

    async def alerts_seen(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"alerts": numbers as text} -> {"seen": those that nobody had seen before}."""
        numbers = Arguments(arguments).texts("alerts")
        if not all(number.isdecimal() for number in numbers):
            raise Misuse("the argument alerts is not a list of numbers")
        yield {"seen": await asyncio.to_thread(self.reading.see, [int(number) for number in numbers])}


def alert_line(alert: Alert) -> Line:
    """An alert. Times in Unix seconds; `seen_at` and `seen_by` are null before it is seen."""
    return {
        "alert": alert.id,
        "what": alert.raised.kind.value,
        "about": alert.raised.about or None,
        "case": alert.raised.case or None,
        "member": alert.raised.member or None,
        "count": alert.count,
        "first_at": alert.first_at,
        "at": alert.at,
        "state": "seen" if alert.seen_at else "new",
        "seen_at": alert.seen_at or None,
        "seen_by": alert.seen_by or None,
    }
