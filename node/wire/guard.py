"""The wrapper of every handler of a hub's server: it identifies the caller, reads the first message, and converts
errors.

Rules this module upholds:

- Nothing is parsed and no handler runs before the caller is admitted (`Admission`). A handler that asks for its caller
  outside a guarded call gets an error, never a default.
- A call is admitted, and counted, when it is opened: for gRPC every method is a stream, so it passes a call on before
  its first message, which then has a deadline of ours.
- A handler's result is written, with a deadline, before the call's place is free again: an answer that is not read is
  the caller's own loss.
- A live stream ends when `Gate.watch` fires, when its certificate expires, and when a recheck is refused: the handshake
  may be hours old by then.
- Every exception leaves through `status.abort`; no text leaves unchecked.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from node.domain.ids import MemberId
from node.errors import Malformed, Unauthenticated, Unavailable
from node.wire import limits, status
from node.wire.admission import Admission, Admitted
from node.wire.status import Context
from node.wire.streams import TooSlow, reading, written
from node.wire.turns import LARGE_BYTES, Turns

_CALLER: Final[ContextVar[MemberId]] = ContextVar("caller")
_EOF: Final = grpc.aio.EOF  # type: ignore[attr-defined]  # the stubs lack it

Behaviour = Callable[[Any, Context], Awaitable[Any]]


def caller() -> MemberId:
    """The member whose call is being served. Raises `Unauthenticated` outside a guarded call."""
    try:
        return _CALLER.get()
    except LookupError as error:
        raise Unauthenticated("this call has no admitted member") from error


class Guard(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """Wraps every handler of a server. Without an `Admission` (behind the process of the enrolment port) it reads,
    writes and translates errors in the same way, for any caller.
    """

    def __init__(
        self,
        admission: Admission | None,
        *,
        message_seconds: float = limits.FIRST_MESSAGE_SECONDS,
        write_seconds: float = limits.WRITE_SECONDS,
    ) -> None:
        self._admission = admission
        self._message_seconds = message_seconds
        self._write_seconds = write_seconds
        self._turns = Turns()

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:  # noqa: ANN401  (gRPC's handlers are untyped)
        """GRPC asks for each call which handler serves it."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        behaviours = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
        served = _Served(
            behaviour=next(behaviour for behaviour in behaviours if behaviour is not None),
            parse=handler.request_deserializer,
            streams_up=handler.request_streaming,
            streams_down=handler.response_streaming,
            method=str(handler_call_details.method).rpartition("/")[2],
        )

        async def guarded(_messages: Any, context: Context) -> None:  # noqa: ANN401  (read from the context instead)
            await self._serve(served, context)

        # Without a deserializer gRPC passes bytes: they are parsed in `_work`, once the caller is known.
        return grpc.stream_stream_rpc_method_handler(guarded, None, handler.response_serializer)

    async def _serve(self, served: "_Served", context: Context) -> None:
        try:
            if self._admission is None:
                await self._work(served, context, None)
                return
            async with self._admission.admitted(context, served.method) as admitted:
                token = _CALLER.set(admitted.member)
                try:
                    work = self._work(served, context, admitted)
                    live = served.streams_up or served.streams_down
                    await (_until(work, self._admission.ends(admitted.member, admitted.who)) if live else work)
                except TooSlow:
                    self._admission.slow(admitted)
                    raise
                finally:
                    _CALLER.reset(token)
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001  (errors leave only here)
            await status.abort(context, error)

    async def _work(self, served: "_Served", context: Context, admitted: Admitted | None) -> None:
        if served.streams_up:
            request: Any = _Messages(context, served.parsed)
        else:
            data = await self._first(context, admitted, served.most)
            if admitted is None:
                request = served.parsed(data)
            else:
                async with self._turns.turn(admitted.member, much=len(data) >= LARGE_BYTES):
                    request = served.parsed(data)
        answer = await served.behaviour(request, context)
        if not served.streams_down:
            await written(context, answer, self._write_seconds)

    async def _first(self, context: Context, admitted: Admitted | None, most: int) -> bytes:
        """The one message of a call. Raises `Unavailable` if it does not come in time, `Malformed` if there is none, or
        if it has more than `most` bytes.
        """
        async with AsyncExitStack() as stack:
            if admitted is not None:
                await stack.enter_async_context(admitted.reading)
            message = reading(context)
            await asyncio.wait({message}, timeout=self._message_seconds)
            if not message.done():
                raise Unavailable("this call brought no message in time", remedy="look at the network, and try again")
            data = message.result()
        if data is _EOF:
            raise Malformed("a call without a message")
        if len(data) > most:
            raise Malformed(f"a message of {len(data)} bytes, and at most {most} are read in this call")
        return bytes(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """One handler: the function, the parser of its input, which sides are streams, its method's name."""

    behaviour: Behaviour
    parse: Callable[[bytes], Any]
    streams_up: bool
    streams_down: bool
    method: str

    @property
    def most(self) -> int:
        """Bytes of its first message."""
        return limits.CALL_BYTES.get(self.method, limits.OTHER_CALL_BYTES)

    def parsed(self, data: bytes) -> object:
        """The message in `data`. Raises `Malformed`."""
        try:
            return self.parse(data)
        except DecodeError as error:
            raise Malformed("a message does not match the contract") from error


class _Messages(AsyncIterator[object]):
    """The incoming messages of a stream, parsed. Not a generator: a generator that is being read cannot be closed."""

    def __init__(self, context: Context, parse: Callable[[bytes], object]) -> None:
        self._read = context.read
        self._parse = parse

    async def __anext__(self) -> object:
        data = await self._read()
        if data is _EOF:
            raise StopAsyncIteration
        return self._parse(data)


async def _until(work: Awaitable[None], end: Awaitable[None]) -> None:
    """Runs `work`, unless `end` raises first: then raises that error, with `work` cancelled and waited for."""
    working, ending = asyncio.ensure_future(work), asyncio.ensure_future(end)
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await ending
        await working
    finally:
        working.cancel()
        ending.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)
