"""The Switchboard over a table of the database, for a hub in several processes.

Rules this module upholds:

- The table is the truth, a wake-up is a hint: every process reads the table from its own cursor and passes each message
  to the subscription, if it holds it.
- Presence is stated in the same table: a process says which channels it serves, again every `HEARTBEAT` seconds. A
  channel without such a row within `PRESENCE` seconds is not listening.
- If two processes serve one channel, the newer subscription wins. The row that first announced a subscription gives its
  age, in the order of the database, never by a clock.
- Messages are ephemeral: rows are deleted once every reader had `PRESENCE` seconds to see them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.hub.messages import pack_sent, unpack_sent
from node.hub.switchboard import QUEUE_DEPTH, Sent, Subscription

if TYPE_CHECKING:
    from node.domain.ports import Clock
    from node.domain.stores import HubStore

POLL: Final = 0.05
"""Seconds between two reads of the table without a wake-up."""
HEARTBEAT: Final = 2.0
PRESENCE: Final = 6.0
_BATCH: Final = 512
_PRESENCE_CHANNEL: Final = "presence"


@dataclass(slots=True)
class _Seen:
    until: float
    process: str


@dataclass(slots=True)
class _Held:
    subscription: Subscription
    since: int


class TableSwitchboard:
    """`Switchboard` over the switchboard's table of a `HubStore`. `start()` before use, `stop()` at the end.

    `process` names this process among those that share the database. Raises `StoreError` where the table fails.
    """

    def __init__(self, store: HubStore, clock: Clock, process: str) -> None:
        self._store = store
        self._clock = clock
        self._process = process
        self._local: dict[str, _Held] = {}
        self._remote: dict[str, _Seen] = {}
        self._cursor = 0
        self._trim: list[tuple[float, int]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Reads the number of the newest message and begins to follow the table from there."""
        self._cursor = await asyncio.to_thread(self._put, _PRESENCE_CHANNEL, self._presence({}))
        self._task = asyncio.create_task(self._tail())

    async def stop(self) -> None:
        """Ends the reading and every local subscription."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for held in self._local.values():
            held.subscription.close()
        self._local.clear()

    async def subscribe(self, channel: str, depth: int = QUEUE_DEPTH) -> Subscription:
        """See `Switchboard`. Other processes know of it once they have read the presence row."""
        subscription = Subscription(depth)
        older = self._local.get(channel)
        if older is not None:
            older.subscription.close()
        held = self._local[channel] = _Held(subscription, since=0)
        held.since = await asyncio.to_thread(self._put, _PRESENCE_CHANNEL, self._presence({channel: 0}))
        return subscription

    async def unsubscribe(self, channel: str, subscription: Subscription) -> None:
        """See `Switchboard`."""
        subscription.close()
        held = self._local.get(channel)
        if held is not None and held.subscription is subscription:
            del self._local[channel]
            gone = json.dumps({"process": self._process, "gone": [channel]}).encode()
            await asyncio.to_thread(self._put, _PRESENCE_CHANNEL, gone)

    async def publish(self, channel: str, message: bytes, sender: str) -> Sent:
        """See `Switchboard`. A local reader gets it at once; a remote one at its next read of the table, where the
        queue may be full by then.
        """
        local = self._local.get(channel)
        if local is not None:
            return local.subscription.offer(message, sender)
        if not await self.listening(channel):
            return Sent.NOBODY
        await asyncio.to_thread(self._put, channel, pack_sent(sender, message))
        return Sent.TAKEN

    async def listening(self, channel: str) -> bool:
        """See `Switchboard`."""
        if channel in self._local:
            return not self._local[channel].subscription.closed
        seen = self._remote.get(channel)
        return seen is not None and seen.until > self._clock()

    def _presence(self, channels: dict[str, int]) -> bytes:
        """`channels` with the row that first announced each; 0 if this very row does."""
        return json.dumps({"process": self._process, "here": channels}).encode()

    def _put(self, channel: str, message: bytes) -> int:
        with self._store.write() as tx:
            return tx.put_switchboard_message(channel, message)

    def _read(self) -> list[tuple[int, str, bytes]]:
        with self._store.read() as tx:
            return tx.switchboard_messages(self._cursor, _BATCH)

    async def _tail(self) -> None:
        beat = self._clock() + HEARTBEAT
        while True:
            rows = await asyncio.to_thread(self._read)
            for number, channel, message in rows:
                self._cursor = max(self._cursor, number)
                self._take(number, channel, message)
            now = self._clock()
            if now >= beat:
                beat = now + HEARTBEAT
                self._trim.append((now, self._cursor))
                here = {name: held.since for name, held in self._local.items() if held.since}
                await asyncio.to_thread(self._put, _PRESENCE_CHANNEL, self._presence(here))
                await self._trim_old(now)
            if not rows:
                await asyncio.sleep(POLL)

    async def _trim_old(self, now: float) -> None:
        # Every live process has seen a row older than PRESENCE: a process that has not read for that long is not alive.
        old = [mark for at, mark in self._trim if at < now - PRESENCE]
        if old:
            self._trim = [(at, mark) for at, mark in self._trim if at >= now - PRESENCE]
            await asyncio.to_thread(self._trim_below, max(old))

    def _trim_below(self, mark: int) -> None:
        with self._store.write() as tx:
            tx.trim_switchboard(mark)

    def _take(self, number: int, channel: str, message: bytes) -> None:
        if channel != _PRESENCE_CHANNEL:
            held = self._local.get(channel)
            if held is not None:
                sender, sent = unpack_sent(message)
                held.subscription.offer(sent, sender)
            return
        said = json.loads(message)
        if said["process"] == self._process:
            return
        for name, first in said.get("here", {}).items():
            self._announced(name, first or number, said["process"])
        for name in said.get("gone", ()):
            seen = self._remote.get(name)
            if seen is not None and seen.process == said["process"]:
                del self._remote[name]

    def _announced(self, name: str, since: int, process: str) -> None:
        held = self._local.get(name)
        if held is not None and (held.since == 0 or held.since > since):
            return
        if held is not None:
            # The member reconnected through another process: the newer stream wins, this one is stale.
            held.subscription.close()
            del self._local[name]
        self._remote[name] = _Seen(self._clock() + PRESENCE, process)
