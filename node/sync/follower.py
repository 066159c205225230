"""The follower: reads every other member's log from the hub's stream into the store and the index.

Rules this module upholds:

- Constant memory: a bounded queue in front, one group being verified, one being stored. A slow disk slows the stream.
- Verified progress is kept: when the stream is cut, verified packages are stored before the next attempt.
- Reading the stream, verifying and storing overlap; verifying and storing run in threads, never on the event loop.
- It never gives up. A stopped log is tried again with a new stream, less and less often; a paused log, when there may
  be room for it again.
- It follows from the moment in which the hub accepted its stream (`opened`), also while there is nothing new.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from node.domain.batch import Package
from node.domain.ports import Clock
from node.domain.queries import LogView
from node.domain.services import Carrier
from node.errors import Unavailable, VigilError
from node.sync.attempts import Attempts, loggable
from node.sync.copies import Copies
from node.sync.exchange import GROUP_SECONDS, backoff, group_is_full
from node.sync.streams import reading
from node.usecases.replica import Verified

QUEUE: Final = 4
"""Packages that wait to be verified: at most 4 MiB."""
STALLED: Final = 4
"""A stopped log is first tried again after the same time as a connection that failed this many times."""
_log = structlog.get_logger(__name__)


class Follower:
    """Runs on the event loop. `drawn()` returns a float in [0, 1); `pause(seconds)` waits. `attempts`: the state."""

    def __init__(
        self,
        *,
        copies: Copies,
        carrier: Carrier,
        drawn: Callable[[], float],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Clock = time.time,
    ) -> None:
        self._copies = copies
        self._carrier = carrier
        self._drawn = drawn
        self._pause = pause
        self.attempts = Attempts(clock)
        self._changed = asyncio.Event()
        self._stalls = 0

    @property
    def trouble(self) -> str:
        """Why the last stream ended, "" while one is open."""
        return self.attempts.fault

    def opened(self) -> None:
        """The hub accepted the stream. Called by the owner of the connection, on the event loop."""
        self.attempts.worked()
        self._tell()

    async def changed(self) -> None:
        """Returns when a group was stored, a log was stopped or paused, or a stream has ended."""
        await self._changed.wait()

    async def run(self) -> None:
        """Follows until it is cancelled."""
        attempt = 0
        while True:
            before = sum(each.size for each in self._copies.progress.values())
            try:
                await self._stream()
            except VigilError as error:
                if self.attempts.failed(error):
                    _log.warning("stream ended", kind=error.kind, reason=loggable(error))
                self._tell()
            attempt = 0 if sum(each.size for each in self._copies.progress.values()) > before else attempt + 1
            await self.attempts.wait(backoff(attempt, self._drawn()), self._pause)

    async def _stream(self) -> None:
        """One stream, until an error ends it. The error is raised once the verified packages are stored."""
        cursors = await asyncio.to_thread(self._copies.open)
        queue: asyncio.Queue[Package | VigilError] = asyncio.Queue(QUEUE)
        receiver = asyncio.create_task(self._receive(cursors, queue))
        digest = _Digest(self._copies, queue, self._committed, self._stall, self._tell)
        try:
            await digest.run()
        finally:
            receiver.cancel()
            await asyncio.gather(receiver, return_exceptions=True)
            await digest.close()

    async def _receive(self, cursors: Sequence[LogView], queue: asyncio.Queue[Package | VigilError]) -> None:
        try:
            async with reading(self._carrier.follow(cursors)) as packages:
                async for package in packages:
                    await queue.put(package)
            await queue.put(Unavailable("the hub ended the stream"))
        except VigilError as error:
            await queue.put(error)
        except Exception as error:  # noqa: BLE001  (the queue's reader must learn of any error)
            await queue.put(VigilError(f"the stream failed internally ({type(error).__name__})"))

    def _committed(self) -> None:
        self.attempts.worked()
        self._tell()
        if not self._copies.stopped:
            self._stalls = 0

    def _tell(self) -> None:
        waiting, self._changed = self._changed, asyncio.Event()
        waiting.set()

    def _stall(self) -> float:
        """A log was stopped: after how many seconds the stream is opened again."""
        self._stalls += 1
        self._tell()
        return backoff(STALLED + self._stalls - 1, self._drawn())


class _Digest:
    """Reads packages from the queue into groups, and groups into the store, one after the other."""

    def __init__(
        self,
        copies: Copies,
        queue: asyncio.Queue[Package | VigilError],
        committed: Callable[[], None],
        stall: Callable[[], float],
        told: Callable[[], None],
    ) -> None:
        self._copies = copies
        self._queue = queue
        self._committed = committed
        self._stall = stall
        self._told = told
        self._clock = asyncio.get_running_loop().time
        self._group: list[Verified] = []
        self._size = 0
        self._began = 0.0
        self._getter: asyncio.Task[Package | VigilError] | None = None
        self._commit: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self._resume: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Ends only by an error, with every verified package stored, or about to be when storing failed."""
        while True:
            if self._resume is None and self._copies.paused:
                self._resume = asyncio.create_task(asyncio.sleep(self._copies.resume_in()))
                self._told()
            item = await self._next()
            if isinstance(item, Package):
                await self._take([item, *self._waiting()])
            over = item if isinstance(item, VigilError) else None
            if self._group and (over or group_is_full(self._size, self._clock() - self._began)):
                await self._store()
            if over is not None:
                await self._finish()
                raise over
            if self._again is None and self._copies.stopped:
                self._again = asyncio.create_task(asyncio.sleep(self._stall()))

    async def close(self) -> None:
        """Waits for the commit under way: its thread cannot be cancelled."""
        for task in (self._getter, self._again, self._resume):
            if task is not None:
                task.cancel()
        tasks = [each for each in (self._getter, self._again, self._resume, self._commit) if each is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _next(self) -> Package | VigilError | None:
        """The next package of the queue; None when the group's time is up. Raises what a commit raised meanwhile."""
        self._getter = self._getter or asyncio.create_task(self._queue.get())
        left = max(0.0, GROUP_SECONDS - (self._clock() - self._began)) if self._group else None
        watched = [each for each in (self._getter, self._commit, self._again, self._resume) if each is not None]
        await asyncio.wait(watched, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if self._commit is not None and self._commit.done():
            await self._finish()
        if self._getter.done():
            item, self._getter = self._getter.result(), None
            return item
        if self._again is not None and self._again.done():
            return Unavailable("a stopped log is tried again")
        if self._resume is not None and self._resume.done():
            return Unavailable("a paused log is checked again")
        return None

    def _waiting(self) -> list[Package]:
        """Further packages that fit the group; an error waits for its turn."""
        more: list[Package] = []
        while not self._queue.empty() and len(more) < QUEUE:
            item = self._queue.get_nowait()
            if isinstance(item, VigilError):
                self._getter = asyncio.create_task(_given(item))
                break
            more.append(item)
        return more

    async def _take(self, packages: Sequence[Package]) -> None:
        good = await asyncio.to_thread(self._copies.verify, packages)
        if good and not self._group:
            self._began = self._clock()
        self._group += good
        self._size += sum(_bytes(each) for each in good)

    async def _store(self) -> None:
        """Passes the group to a thread, once the previous one is stored."""
        await self._finish()
        group, self._group, self._size = self._group, [], 0
        self._commit = asyncio.create_task(asyncio.to_thread(self._copies.commit, group))

    async def _finish(self) -> None:
        commit, self._commit = self._commit, None
        if commit is not None:
            await commit
            self._committed()


async def _given(item: Package | VigilError) -> Package | VigilError:
    return item


def _bytes(verified: Verified) -> int:
    batch = verified.batch
    return sum(sum(map(len, each)) for each in (batch.entries, batch.bodies, batch.handlings))
