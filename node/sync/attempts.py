"""The state of one connection task to the hub: whether it works, since when, and when it is tried again.

Rules this module upholds:

- The present state is shown: the task works from the moment in which the hub accepted us, not from the next event.
- `hurry` ends a pause between two attempts early when success is likely now, but never so early that two failing tasks
  could keep each other running.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from node.errors import Suspended, VigilError

if TYPE_CHECKING:
    from node.domain.ports import Clock

OK: Final = "OK"
CONNECTING: Final = "connecting"
Pause = Callable[[float], Awaitable[None]]

LEAST_SECONDS: Final = 1.0
"""Least time between two attempts, however often the next one is hurried."""


class Attempts:
    """Event loop only. `works`: whether it works now. `fault`: why the last attempt failed, "" once one works. `since`:
    Unix seconds of the last change. `next_try`: Unix seconds, None while no attempt is planned.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._hurried = asyncio.Event()
        self.works = False
        self.fault = ""
        self.since = clock()
        self.next_try: float | None = None
        self.on_fault: Callable[[VigilError], None] = lambda _: None

    def worked(self) -> None:
        """It works from now on."""
        if not self.works or self.fault:
            self.since = self._clock()
        self.works, self.fault, self.next_try = True, "", None

    def failed(self, error: VigilError) -> bool:
        """It does not work, and why; returns whether the reason is new. `on_fault` is told each time."""
        self.on_fault(error)
        return self.stopped(f"{error.kind}: {error}")

    def stopped(self, fault: str = "") -> bool:
        """It no longer works, "" without a fault; returns whether the reason is new."""
        if self.works or (fault and not self.fault):
            self.since = self._clock()
        changed, self.works, self.fault = fault != self.fault, False, fault
        return changed

    async def wait(self, seconds: float, pause: Pause = asyncio.sleep) -> None:
        """The pause before the next attempt; it ends early when it is hurried."""
        self.next_try = self._clock() + seconds
        self._hurried.clear()
        waits = [asyncio.ensure_future(pause(seconds)), asyncio.ensure_future(self._hurry())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        self.next_try = None

    async def _hurry(self) -> None:
        await asyncio.gather(self._hurried.wait(), asyncio.sleep(LEAST_SECONDS))

    def hurry(self) -> None:
        """An attempt may succeed now."""
        self._hurried.set()

    @property
    def state(self) -> str:
        """OK, or why it does not work."""
        return OK if self.works else self.fault or CONNECTING

    def line(self) -> dict[str, Any]:
        """What status shows of it."""
        return {"works": self.works, "since": self.since, "fault": self.fault or None, "next_try": self.next_try}


def loggable(error: VigilError) -> str:
    """An error's text for the log; empty for a suspension, because its reason is a person's own words."""
    return "" if isinstance(error, Suspended) else str(error)
