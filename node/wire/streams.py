"""Streams: one reader task and a bounded queue each.

Rules this module upholds:

- Nobody waits on a read with a deadline of its own: cancelling a gRPC read cancels the call. A `Prefetch` reads in a
  task of its own, so that its consumer may be cancelled, or wait with a timeout, and lose nothing.
- The queue is bounded, so that a consumer that lags holds the sender back, by gRPC's flow control.
- Whatever ends a stream ends both: the call with the consumer, the consumer with the call.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Final, Generic, Self, TypeVar

import grpc.aio

from node.errors import Malformed, Overloaded, Unavailable
from node.wire import status

T = TypeVar("T")


OPENED: Final = (("vigil-stream", "open"),)
"""Initial metadata of a stream that was let in: whoever is refused gets none, and a hub of before sent none."""
Opened = Callable[[], None]


async def tell_opened(call: Any, opened: Opened) -> None:  # noqa: ANN401 (gRPC's are untyped)
    """Calls `opened` once the other side has let the stream in; never where it ends before that."""
    try:
        metadata = await call.initial_metadata()
    except (grpc.aio.AioRpcError, grpc.aio.UsageError):
        return  # who reads the stream is told why
    if metadata is not None and OPENED[0] in {(key, value) for key, value in metadata}:
        opened()


class TooSlow(Overloaded):
    """A receiver does not take what it is sent. Whatever still waits for it is better dropped than kept."""


def too_slow() -> TooSlow:
    """Ready to be raised."""
    return TooSlow("the receiver takes its messages too slowly", remedy="reconnect")


async def written(context: status.Context, message: object, seconds: float) -> None:
    """Writes one message. Raises `TooSlow` where it is not taken in time."""
    patience = asyncio.timeout(seconds)
    try:
        async with patience:
            await context.write(message)
    except TimeoutError as error:
        if not patience.expired():
            raise
        raise too_slow() from error


def reading(context: status.Context) -> "asyncio.Future[Any]":
    """The next message, as a task that may be left alone: where the call ends before it comes, nobody is told of that
    twice. It is not to be cancelled as long as something is still to be said on the call, which that would end.
    """
    task = asyncio.ensure_future(context.read())
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


def nobody() -> None:
    """Is told that a stream was opened where nobody wants to know."""


class _End:
    """The last thing in a queue: nothing more comes, or `error` came."""

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
    """Items of `source`, read ahead by at most `depth`. Made on a running loop; reading starts at once.

    `aclose` ends the source; so does dropping the last reference to it.
    """

    def __init__(self, source: AsyncGenerator[T, None], depth: int) -> None:
        self._queue: asyncio.Queue[T | _End] = asyncio.Queue(depth)
        self._loop = asyncio.get_running_loop()
        # The task knows the queue and not this object, so that dropping this object is noticed.
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
        if self._queue.empty():  # somebody may be waiting
            self._queue.put_nowait(self._end)

    def __del__(self) -> None:
        if not self._task.done() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)


def understood(message: Any) -> Any:  # noqa: ANN401  (gRPC's are untyped)
    """The message; `Malformed` for None, which is how gRPC says that it could not be parsed."""
    if message is None:
        raise Malformed("a message is not what the contract says")
    return message


def raise_unless_cancelled_here() -> None:
    """In the handler of a `CancelledError`: raises `Unavailable` where not this task but the call was cancelled.

    gRPC raises the same for both, as when a channel is closed under its calls; a task that took the second for the
    first would end without a word.
    """
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        raise Unavailable("the connection was closed", remedy="connect again") from None


async def messages(
    call: Any,  # noqa: ANN401 (gRPC's are untyped)
    convert: Callable[[Any], T],
    opened: Opened = nobody,
) -> AsyncGenerator[T, None]:
    """What a call of ours receives, converted. Ends the call when it is closed. Raises what the call failed with.

    `opened` is called once the other side has let us in, which may be long before there is a message.
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
