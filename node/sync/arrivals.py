"""Matches arriving records in the background, at a pace that leaves room for other work.

Rules this module upholds:

- Never on the event loop, and never under the lock that changes of bodies take: a retraction does not wait for it.
- While records arrive it works a quarter of the time, in one thread; otherwise all of the time. So a node that receives
  a long log continues to follow.
- A failure ends a round and not the node: it is reported, and tried again.
- When the node stops, it stops between two pieces of work; the next start does what was not stored.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from node.errors import VigilError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BUSY_SECONDS: Final = 1.0
"""For this long after records were stored, more are expected."""
REST_SHARE: Final = 3.0
"""Seconds of rest per second of work, while records arrive."""
LOOK_SECONDS: Final = 30.0
"""Rows that wait apart from the logs (a late body, a holding that an interrupted ingest left) wake no thread: the store
is checked for them this often."""
_log = structlog.get_logger(__name__)


class Steps(Protocol):
    """Work in steps. `trouble`: why a part of it does not go on; "" in normal operation."""

    @property
    def trouble(self) -> str: ...

    def step(self, pace: Callable[[], bool], /) -> bool:
        """One piece of work, resting and stopping at `pace`; False if nothing is left to do."""
        ...


class Pacer:
    """The pace of the matching thread. `stored()`: a number that changes whenever records were stored."""

    def __init__(self, stored: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._stored = stored
        self._clock = clock
        self._ended = threading.Event()
        self._known = stored()
        self._since = clock()
        self._busy_until = self._since

    def begin(self) -> None:
        """A round begins: the time before it was not work."""
        self._since = self._clock()

    def __call__(self) -> bool:
        """Rests in proportion to the work since the last call; False if it was stopped."""
        now = self._clock()
        if (stored := self._stored()) != self._known:
            self._known, self._busy_until = stored, now + BUSY_SECONDS
        rest = (now - self._since) * REST_SHARE if now < self._busy_until else 0.0
        ended = self._ended.wait(rest) if rest else self._ended.is_set()
        self._since = self._clock()
        return not ended

    def end(self) -> None:
        """Ends the current round at its next piece."""
        self._ended.set()


class ArrivalMatcher:
    """Runs on the event loop. `changed()` returns when records were stored. `trouble` says why the last round failed,
    "" if it did not. `what`: the work, as the log names it.
    """

    def __init__(
        self,
        *,
        arrivals: Steps,
        changed: Callable[[], Awaitable[None]],
        pacer: Pacer,
        look: float = LOOK_SECONDS,
        what: str = "arriving records",
    ) -> None:
        self._arrivals = arrivals
        self._changed = changed
        self._pacer = pacer
        self._look = look
        self._what = what
        self._finished = asyncio.Event()
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.trouble = ""

    def wake(self) -> None:
        """Records came that the follower did not bring. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def finished(self) -> None:
        """Returns at the end of a round that began after this was called."""
        self._finished.clear()
        await self._finished.wait()

    async def run(self) -> None:
        """Matches until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            # Subscribed before the round: records stored while it runs start the next one.
            changed, woken = asyncio.ensure_future(self._changed()), asyncio.ensure_future(self._woken.wait())
            try:
                await self._round()
                self._finished.set()
                await asyncio.wait({changed, woken}, timeout=self._look, return_when=asyncio.FIRST_COMPLETED)
                self._woken.clear()
            finally:
                changed.cancel()
                woken.cancel()

    async def _round(self) -> None:
        work = asyncio.ensure_future(asyncio.to_thread(self._work))
        try:
            trouble = await asyncio.shield(work)
        except asyncio.CancelledError:
            # A thread cannot be cancelled: it ends by itself, and the store must not be closed before.
            self._pacer.end()
            await asyncio.gather(work, return_exceptions=True)
            raise
        if trouble and trouble != self.trouble:
            _log.error(f"{self._what} were not matched", reason=trouble)
        self.trouble = trouble

    def _work(self) -> str:
        """One round; returns why it failed."""
        self._pacer.begin()
        try:
            while self._arrivals.step(self._pacer):
                pass
        except VigilError as error:
            return f"{error.kind}: {error}"
        except Exception as error:  # noqa: BLE001  (a traceback can name a file; the node continues without it)
            return type(error).__name__
        return self._arrivals.trouble
