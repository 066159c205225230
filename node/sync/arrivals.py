"""What arrives is matched beside everything else: woken by what was stored, at a pace that leaves room for it.

Rules this module upholds:

- Never on the event loop, and never under the lock of what changes bodies: a retraction does not wait for it.
- While records arrive it works a quarter of the time, in one thread; when they do not, all of the time. So a node that
  takes in a long log stays a node that follows.
- A failure ends a round and not the node: it is said, and tried again.
- At the node's end it stops between two pieces of work; what was not written is done at the next start.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Final

import structlog

from node.errors import VigilError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from node.usecases.arrivals import Arrivals

BUSY_SECONDS: Final = 1.0
"""After records were stored it is held that more are coming for so long."""
REST_SHARE: Final = 3.0
"""Seconds of rest a second of work, while records arrive."""
LOOK_SECONDS: Final = 30.0
"""What waits apart from the logs (a late body, a holding that an interrupted ingest left) wakes nobody: it is looked
for so often."""
_log = structlog.get_logger(__name__)


class Pacer:
    """The pace of the thread that matches. `stored()`: a number that changes whenever records were stored."""

    def __init__(self, stored: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._stored = stored
        self._clock = clock
        self._ended = threading.Event()
        self._known = stored()
        self._since = clock()
        self._busy_until = self._since

    def begin(self) -> None:
        """A round begins: what passed before was no work."""
        self._since = self._clock()

    def __call__(self) -> bool:
        """Rests as is due for what was done since the last time; False once it was ended."""
        now = self._clock()
        if (stored := self._stored()) != self._known:
            self._known, self._busy_until = stored, now + BUSY_SECONDS
        rest = (now - self._since) * REST_SHARE if now < self._busy_until else 0.0
        ended = self._ended.wait(rest) if rest else self._ended.is_set()
        self._since = self._clock()
        return not ended

    def end(self) -> None:
        """Ends the round that is under way at its next piece."""
        self._ended.set()


class ArrivalMatcher:
    """Runs on the event loop. `changed()` returns when records were stored. `trouble` says why the last round failed,
    "" where it did not.
    """

    def __init__(
        self, *, arrivals: Arrivals, changed: Callable[[], Awaitable[None]], pacer: Pacer, look: float = LOOK_SECONDS
    ) -> None:
        self._arrivals = arrivals
        self._changed = changed
        self._pacer = pacer
        self._look = look
        self._finished = asyncio.Event()
        self.trouble = ""

    async def finished(self) -> None:
        """Returns at the end of a round that began after this was called."""
        self._finished.clear()
        await self._finished.wait()

    async def run(self) -> None:
        """Matches until it is cancelled."""
        while True:
            # Listened to from before the round: what is stored while it runs starts the next.
            changed = asyncio.ensure_future(self._changed())
            try:
                await self._round()
                self._finished.set()
                await asyncio.wait({changed}, timeout=self._look)
            finally:
                changed.cancel()

    async def _round(self) -> None:
        work = asyncio.ensure_future(asyncio.to_thread(self._work))
        try:
            trouble = await asyncio.shield(work)
        except asyncio.CancelledError:
            # No thread can be called back: it ends by itself, and the store must not be closed before.
            self._pacer.end()
            await asyncio.gather(work, return_exceptions=True)
            raise
        if trouble and trouble != self.trouble:
            _log.error("arriving records were not matched", reason=trouble)
        self.trouble = trouble

    def _work(self) -> str:
        """One round; why it failed."""
        self._pacer.begin()
        try:
            while self._arrivals.step(self._pacer):
                pass
        except VigilError as error:
            return f"{error.kind}: {error}"
        except Exception as error:  # noqa: BLE001  (a traceback can name a file; the node goes on without it)
            return type(error).__name__
        return self._arrivals.trouble
