"""Streams: one reader task and a bounded queue each.

Rules this module upholds:

- No read has a deadline of its own: cancelling a gRPC read cancels the call. A `Prefetch` reads in a separate task, so
  its consumer may be cancelled, or wait with a timeout, and lose nothing.
- The queue is bounded, so a slow consumer holds the sender back through gRPC's flow control.
- The end of a stream ends both: the call with the consumer, the consumer with the call.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Final, Generic, Self, TypeVar

import grpc.aio

from node.errors import Malformed, Overloaded, Unavailable
from node.wire import status

T = TypeVar("T")


OPENED: Final = (("vigil-stream", "open"),)
"""Initial metadata of an admitted stream: a refused stream gets none, and an older hub sent none."""
Opened = Callable[[], None]


async def tell_opened(call: Any, opened: Opened) -> None:  # noqa: ANN401 (gRPC's are untyped)
    """Calls `opened` once the other side has admitted the stream; never if it ends before."""
    try:
        metadata = await call.initial_metadata()
    except (grpc.aio.AioRpcError, grpc.aio.UsageError):
        return  # the reader of the stream gets the reason
    if metadata is not None and OPENED[0] in {(key, value) for key, value in metadata}:
        opened()


class TooSlow(Overloaded):
    """A receiver does not read what it is sent. What still waits for it is dropped rather than kept."""


def too_slow() -> TooSlow:
    """Ready to be raised."""
    return TooSlow("the receiver takes its messages too slowly", remedy="reconnect")


async def written(context: status.Context, message: object, seconds: float) -> None:
    """Writes one message. Raises `TooSlow` if it is not read in time."""
    patience = asyncio.timeout(seconds)
    try:
        async with patience:
            await context.write(message)
    except TimeoutError as error:
        if not patience.expired():
            raise
        raise too_slow() from error


def reading(context: status.Context) -> "asyncio.Future[Any]":
    """The next message, as a task that may be left alone: if the call ends before it comes, the error is not reported
    twice. Do not cancel it while something must still be sent on the call, because that ends the call.
    """
    task = asyncio.ensure_future(context.read())
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


def nobody() -> None:
    """Does nothing when a stream is opened."""


class _End:
    """The last item in a queue: nothing more comes, or `error` came."""

    __slots__ = ("error",)

    def __init__(self, error: Exception | None) -> None:
        self.error = error


async def _pump(source: AsyncGenerator[T, None], queue: "asyncio.Queue[T | _End]") -> None:
    end = _End(None)
    try:
        async for item in source:
            await queue.put(item)
    except Exception as error:  # noqa: BLE001  (handed to the consumer, who raises it)
        end = _End(error)
    finally:
        await source.aclose()
    await queue.put(end)


class Prefetch(AsyncIterator[T], Generic[T]):
    """Items of `source`, read ahead by at most `depth`. Created on a running loop; reading starts at once.

    `aclose` ends the source; so does dropping the last reference to it.
    """

    def __init__(self, source: AsyncGenerator[T, None], depth: int) -> None:
        self._queue: asyncio.Queue[T | _End] = asyncio.Queue(depth)
        self._loop = asyncio.get_running_loop()
        # The task refers to the queue and not to this object, so that dropping this object is noticed.
        self._task = self._loop.create_task(_pump(source, self._queue))
        self._end: _End | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._end is None:
            item = await self._queue.get()
            if not isinstance(item, _End):
                return item
            self._end = item
        if self._end.error is not None:
            raise self._end.error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends the source, and waits for it. The consumer gets nothing more."""
        self._end = self._end or _End(None)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._queue.empty():  # a consumer may be waiting
            self._queue.put_nowait(self._end)

    def __del__(self) -> None:
        if not self._task.done() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)


def understood(message: Any) -> Any:  # noqa: ANN401  (gRPC's are untyped)
    """The message; `Malformed` for None, with which gRPC reports that it could not be parsed."""
    if message is None:
        raise Malformed("a message does not match the contract")
    return message


def raise_unless_cancelled_here() -> None:
    """In the handler of a `CancelledError`: raises `Unavailable` if the call was cancelled, and not this task.

    gRPC raises the same error for both, as when a channel is closed under its calls. A task that took the second for
    the first would end without a message.
    """
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        raise Unavailable("the connection was closed", remedy="connect again") from None


async def messages(
    call: Any,  # noqa: ANN401 (gRPC's are untyped)
    convert: Callable[[Any], T],
    opened: Opened = nobody,
) -> AsyncGenerator[T, None]:
    """The messages that a call of ours receives, converted. Closing it ends the call. Raises the call's error.

    `opened` is called once the other side has admitted us, which may be long before the first message.
    """
    told = asyncio.create_task(tell_opened(call, opened))
    try:
        while (message := await call.read()) is not grpc.aio.EOF:  # type: ignore[attr-defined]  # the stubs lack it
            yield convert(understood(message))
    except grpc.aio.AioRpcError as error:
        raise status.to_error(error) from None
    except asyncio.CancelledError:
        raise_unless_cancelled_here()
        raise
    finally:
        told.cancel()
        call.cancel()
