"""The publisher: sends this member's acknowledged statements to the hub.

Rules this module upholds:

- Every round begins with the hub's head of our log. After each start, nothing is signed before that log was compared.
- The hub's answer is verified before anything counts as published. A hub that accepts nothing is left alone for a
  while.
- It never gives up: after a failure it waits for a time that doubles and has a random part.
- If the hub has entries of our log that this node lacks, an alarm is raised before they are adopted. At the first
  comparison after a start, this database is an older one; later, someone else writes with our key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from node.domain.log_ports import LogState
from node.domain.ports import Clock
from node.domain.services import Carrier, Head
from node.errors import Conflict, Overloaded, PeerFault, Unavailable, VigilError, WrongDatabase
from node.sync.attempts import Attempts, loggable
from node.sync.exchange import BACKOFF_CAP, Compare, Publish, adopt_step, backoff, own_step
from node.sync.streams import reading
from node.usecases.ownlog import OwnLog, Standing

ADOPT_SECONDS: Final = 60.0
"""How long the hub may take to send the next package of our own entries, which it says it has."""
_log = structlog.get_logger(__name__)


class Publisher:
    """Runs on the event loop; the own log's work goes to threads.

    `drawn()` returns a float in [0, 1); `pause(seconds)` waits. `attempts`: the state. `idle` is set while the hub has
    everything that was acknowledged when the last round began. `looked` is set once the hub's head of our log was
    compared, and this database is not known to be an older one. `adopted` counts own entries that came back from the
    hub.

    `on_behind(size, hub_size)`: at the first comparison the hub has more of our log. It raises `WrongDatabase` if that
    was unexpected; then nothing is adopted, and `run` ends. `on_foreign(size, hub_size)`: entries that were not written
    here were appended while we ran. `on_rolled_back(own, head)`: the hub shows less of our log than it has cosigned;
    called before it is submitted again. All are called in a thread.
    """

    def __init__(
        self,
        *,
        own: OwnLog,
        carrier: Carrier,
        drawn: Callable[[], float],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Clock = time.time,
        on_behind: Callable[[int, int], None] = lambda _size, _hub_size: None,
        on_foreign: Callable[[int, int], None] = lambda _size, _hub_size: None,
        on_rolled_back: Callable[[LogState, Head], None] = lambda _own, _head: None,
    ) -> None:
        self._own = own
        self._carrier = carrier
        self._drawn = drawn
        self._pause = pause
        self.attempts = Attempts(clock)
        self._on_behind = on_behind
        self._on_foreign = on_foreign
        self._on_rolled_back = on_rolled_back
        self._began = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work = asyncio.Event()
        self.idle = asyncio.Event()
        self._over = asyncio.Event()
        self.looked = asyncio.Event()
        self.adopted = 0
        self._confirmed = False

    @property
    def trouble(self) -> str:
        """Why the last round failed, "" if it did not."""
        return self.attempts.fault

    def wake(self) -> None:
        """There may be something to publish. From any thread.

        Also called by a job about once a minute: each round reads the hub's head of our log, and so detects entries
        that someone else appends with a stolen key.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._work.set)

    async def changed(self) -> None:
        """Returns at the end of the round that runs now or comes next, however it ends."""
        await self._over.wait()

    async def run(self) -> None:
        """Publishes until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        self._work.set()
        attempt = 0
        while True:
            await self._work.wait()
            self._work.clear()
            self.idle.clear()
            try:
                await self.round()
            except WrongDatabase:
                raise
            except VigilError as error:
                if self.attempts.failed(error):
                    _log.warning("publishing stands still", kind=error.kind, reason=loggable(error))
                self._tell()
                told = min(error.retry_after, BACKOFF_CAP) if isinstance(error, Overloaded) else 0.0
                await self.attempts.wait(max(told, backoff(attempt, self._drawn())), self._pause)
                attempt += 1
                self._work.set()
            else:
                self.attempts.worked()
                attempt = 0
                self.idle.set()
                self._tell()

    async def round(self) -> None:
        """Compares, places, signs and submits until the hub has everything. Raises what stops it."""
        if not self._confirmed:
            await self._confirm_former()
        head, held = await self._head(), None
        own = await asyncio.to_thread(self._own.state)
        if head.cosigned_size < own.cosigned_size:
            # Stored before we submit again what the hub has lost: afterwards nothing would show that it had it.
            await asyncio.to_thread(self._on_rolled_back, own, head)
        while True:
            own = await asyncio.to_thread(self._own.state)
            # Every head is compared with our log once, also one of a size that we have: it may be of another history.
            match own_step(own, compared=self._own.compared and head == held, head=head):
                case Compare(head=shown):
                    head = held = await self._compare(shown)
                case Publish(start=start):
                    head = await self._submit(start)
                case None:
                    placed = await asyncio.to_thread(self._own.place_and_sign)
                    if placed.size == own.size and placed.checkpoint_size == own.checkpoint_size:
                        return

    async def _confirm_former(self) -> None:
        """Once per start: fetches the hub's cosignatures on our former logs if its answer never came."""
        former = await asyncio.to_thread(self._own.unconfirmed)
        for head in await self._carrier.heads(former) if former else ():
            await asyncio.to_thread(self._own.confirm, head)
        self._confirmed = True

    async def _head(self) -> Head:
        heads = await self._carrier.heads([self._own.origin])
        nothing = Head(origin=self._own.origin, size=0, cosigned=b"", cosigned_size=0)
        return next((each for each in heads if each.origin == self._own.origin), nothing)

    async def _compare(self, head: Head) -> Head:
        """The head that our log was compared with. It differs from the one shown if entries had to be adopted first."""
        try:
            standing = await asyncio.to_thread(self._own.reconcile, head)
        except VigilError:
            self.looked.set()
            raise
        if standing is not Standing.HUB_AHEAD:
            self._began = True
            self.looked.set()
            return head
        own = await asyncio.to_thread(self._own.state)
        if self._began:
            _log.error("foreign append", meaning="the hub holds entries of our log that were not written here")
        # Reported and stored before anything is adopted: afterwards the entries could not be told from our own.
        await asyncio.to_thread(self._on_foreign if self._began else self._on_behind, own.size, head.cosigned_size)
        self.looked.set()
        await self._adopt(head.cosigned_size)
        return await self._compare(await self._head())

    async def _submit(self, start: int) -> Head:
        package = await asyncio.to_thread(self._own.run_from, start)
        if package is None:
            return await self._head()
        try:
            head = await self._carrier.submit(package)
        except Conflict:
            # Someone else submitted a run, or our last answer was lost: the hub's new head decides.
            head = await self._head()
        if head.size <= start:
            raise PeerFault("the hub accepted our entries but does not have them", remedy="ask the hub's operator")
        return head

    async def _adopt(self, size: int) -> None:
        """Adopts our own log from the hub, up to `size`."""
        own = await asyncio.to_thread(self._own.state)
        follow = adopt_step(own, await self._carrier.heads([]))
        packages = self._carrier.follow(follow.cursors)
        async with reading(packages):
            at = own.size
            while at < size:
                try:
                    async with asyncio.timeout(ADOPT_SECONDS):
                        package = await anext(packages)
                except (TimeoutError, StopAsyncIteration) as error:
                    raise Unavailable("the hub does not send the entries of our log that it says it has") from error
                if package.origin == self._own.origin:
                    verified = await asyncio.to_thread(self._own.adopt, package)
                    self.adopted += len(package.entries)
                    at = verified.batch.size
        _log.warning("own entries taken back from the hub", entries=at - own.size)

    def _tell(self) -> None:
        over, self._over = self._over, asyncio.Event()
        over.set()
