"""The Switchboard: routes a question to the stream that its member holds open, in any process.

Rules this module upholds:

- The relay knows channels, never processes: with one hub process this is a dictionary, with several a table.
- Every queue is bounded and fair among senders: each is served in turn, and if a queue is full, the newest message of
  its heaviest sender is dropped. So a sender that floods a queue fills only its own share, and never ends the stream
  behind it.
- A delivery is a hint: only the returned answer or the deadline counts.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

QUEUE_DEPTH: Final = 256
"""Most messages that may wait for one subscriber, if they are small."""
MESSAGE_WEIGHT: Final = 128 << 10
"""The least weight of a message, in bytes: so `QUEUE_DEPTH` messages together have at most 32 MiB."""


class Sent(Enum):
    """The result of sending a message. `TAKEN`: a reader is believed to be there. `FULL`: its sender has too many
    waiting.
    """

    TAKEN = "taken"
    FULL = "full"
    NOBODY = "nobody"


class _Share:
    """One sender's messages in a queue, oldest first, and their total weight."""

    __slots__ = ("messages", "weight")

    def __init__(self) -> None:
        # A list, not a deque: most senders have one message at a time, and no share is long.
        self.messages: list[bytes] = []
        self.weight = 0


class Subscription:
    """One reader of one channel. Iterate it; it ends when it is closed. `depth`: how many small messages it holds."""

    def __init__(self, depth: int = QUEUE_DEPTH) -> None:
        self._room = depth * MESSAGE_WEIGHT
        self._shares: OrderedDict[str, _Share] = OrderedDict()
        # A future, not an event: there is one reader, and a wake-up costs about as much as the rest of a message.
        self._waiting: asyncio.Future[None] | None = None
        self.closed = False
        self.dropped = 0
        """Messages that found no room, or were dropped for another sender's."""

    def offer(self, message: bytes, sender: str = "") -> Sent:
        """Adds a message. If there is no room, the newest message of the sender with the most messages is dropped."""
        if self.closed:
            return Sent.NOBODY
        weight = _weight(message)
        if self._room < weight and not self._make_room(weight, sender):
            return Sent.FULL
        share = self._shares.get(sender)
        if share is None:
            share = self._shares[sender] = _Share()
        share.messages.append(message)
        share.weight += weight
        self._room -= weight
        if self._waiting is not None:
            self._wake()
        return Sent.TAKEN

    def _wake(self) -> None:
        """Wakes the reader, if it waits."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _make_room(self, weight: int, sender: str) -> bool:
        """Drops messages of senders that have more in the queue than `sender` would have. Returns whether that was
        enough for a message of this weight.
        """
        own = self._shares[sender].weight if sender in self._shares else 0
        while self._room < weight:
            heaviest = max(self._shares, key=lambda each: self._shares[each].weight, default=sender)
            self.dropped += 1
            if heaviest == sender or self._shares[heaviest].weight <= own + weight:
                return False
            share = self._shares[heaviest]
            self._took(share, share.messages.pop())
            if not share.messages:
                del self._shares[heaviest]
        return True

    def _took(self, share: _Share, message: bytes) -> None:
        weight = _weight(message)
        share.weight -= weight
        self._room += weight

    def _next(self) -> bytes | None:
        """The oldest message of the sender whose turn it is, or None if nothing waits."""
        if not self._shares:
            return None
        sender, share = self._shares.popitem(last=False)
        message = share.messages.pop(0)
        self._took(share, message)
        if share.messages:
            self._shares[sender] = share
        return message

    def close(self) -> None:
        """Ends the iteration after the queued messages. Idempotent."""
        self.closed = True
        self._wake()

    async def get(self) -> bytes | None:
        """The next message, or None at the end."""
        while (message := self._next()) is None and not self.closed:
            waiting = self._waiting = asyncio.get_running_loop().create_future()
            await waiting
        return message

    async def take(self, most: int) -> list[bytes]:
        """Waits for a message, and returns all that are there: of `most` bytes together, unless one alone is larger.
        Empty at the end.
        """
        taken: list[bytes] = []
        message = await self.get()
        while message is not None:
            taken.append(message)
            most -= len(message)
            if most <= 0:
                break
            message = self._next()
        return taken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self.get()) is not None:
            yield message


def _weight(message: bytes) -> int:
    size = len(message)
    return size if size > MESSAGE_WEIGHT else MESSAGE_WEIGHT  # noqa: FURB136  (this runs three times per message)


class Switchboard(Protocol):
    """Named channels between the streams of one hub. Async; called on the event loop only.

    At most one live subscription per channel: a newer one ends the older (a reconnected node replaces its old stream).
    """

    async def subscribe(self, channel: str, depth: int = QUEUE_DEPTH) -> Subscription:
        """A live subscription; an older one of the same channel ends."""
        ...

    async def unsubscribe(self, channel: str, subscription: Subscription) -> None:
        """Idempotent; leaves a newer subscription of the same channel alone."""
        ...

    async def publish(self, channel: str, message: bytes, sender: str) -> Sent:
        """Sends a message; returns the result. Never waits for a reader."""
        ...

    async def listening(self, channel: str) -> bool:
        """Whether a reader is believed to be listening."""
        ...


class LocalSwitchboard:
    """The Switchboard of a hub in one process."""

    def __init__(self) -> None:
        self._channels: dict[str, Subscription] = {}

    async def subscribe(self, channel: str, depth: int = QUEUE_DEPTH) -> Subscription:
        """See `Switchboard`."""
        subscription = Subscription(depth)
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

    async def publish(self, channel: str, message: bytes, sender: str) -> Sent:
        """See `Switchboard`."""
        subscription = self._channels.get(channel)
        return Sent.NOBODY if subscription is None else subscription.offer(message, sender)

    async def listening(self, channel: str) -> bool:
        """See `Switchboard`."""
        subscription = self._channels.get(channel)
        return subscription is not None and not subscription.closed
