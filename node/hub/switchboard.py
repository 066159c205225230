"""The Switchboard: how a question finds the stream that its member holds open, wherever that stream is.

Rules this module upholds:

- The relay knows channels, never processes: with one hub process this is a dictionary, with several a table.
- Every queue is bounded. Who does not read is cut off (`Subscription.overflowed`); nobody else waits for it.
- A delivery is a hint: the answer that comes back, or the deadline, is the truth.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

QUEUE_DEPTH: Final = 256
"""Messages that may wait for one subscriber before it is cut off."""


class Subscription:
    """One reader of one channel. Iterate it; it ends when closed or when its reader was too slow."""

    def __init__(self, depth: int = QUEUE_DEPTH) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(depth + 1)
        self._depth = depth
        self.closed = False
        self.overflowed = False

    def offer(self, message: bytes) -> bool:
        """Puts a message in; False where the reader is gone or was too slow, and the subscription then ends."""
        if self.closed:
            return False
        if self._queue.qsize() >= self._depth:
            self.overflowed = True
            self.close()
            return False
        self._queue.put_nowait(message)
        return True

    def close(self) -> None:
        """Ends the iteration after what is already queued. Idempotent."""
        if not self.closed:
            self.closed = True
            self._queue.put_nowait(None)

    async def get(self) -> bytes | None:
        """The next message, or None at the end."""
        return await self._queue.get()

    async def take(self, most: int) -> list[bytes]:
        """Waits for a message, and gives all that are there: of `most` bytes together, unless one alone is larger.
        Empty at the end.
        """
        taken: list[bytes] = []
        message = await self._queue.get()
        while message is not None:
            taken.append(message)
            most -= len(message)
            if most <= 0 or self._queue.empty():
                return taken
            message = self._queue.get_nowait()
        self._queue.put_nowait(None)  # the end is told again to who takes once more
        return taken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self._queue.get()) is not None:
            yield message


class Switchboard(Protocol):
    """Named channels between the streams of one hub. Async; called on the event loop only.

    At most one live subscription a channel: a newer one ends the older (a node that reconnects wins over its ghost).
    """

    async def subscribe(self, channel: str) -> Subscription:
        """A live subscription; an older one of the same channel ends."""
        ...

    async def unsubscribe(self, channel: str, subscription: Subscription) -> None:
        """Idempotent; leaves a newer subscription of the same channel alone."""
        ...

    async def publish(self, channel: str, message: bytes) -> bool:
        """Whether somebody is believed to be listening. Never waits for a reader."""
        ...

    async def listening(self, channel: str) -> bool:
        """Whether somebody is believed to be listening."""
        ...


class LocalSwitchboard:
    """The Switchboard of a hub in one process."""

    def __init__(self) -> None:
        self._channels: dict[str, Subscription] = {}

    async def subscribe(self, channel: str) -> Subscription:
        """See `Switchboard`."""
        subscription = Subscription()
        older = self._channels.get(channel)
        if older is not None:
            older.close()
        self._channels[channel] = subscription
        return subscription

    async def unsubscribe(self, channel: str, subscription: Subscription) -> None:
        """See `Switchboard`."""
        subscription.close()
        if self._channels.get(channel) is subscription:
            del self._channels[channel]

    async def publish(self, channel: str, message: bytes) -> bool:
        """See `Switchboard`."""
        subscription = self._channels.get(channel)
        return subscription is not None and subscription.offer(message)

    async def listening(self, channel: str) -> bool:
        """See `Switchboard`."""
        subscription = self._channels.get(channel)
        return subscription is not None and not subscription.closed
