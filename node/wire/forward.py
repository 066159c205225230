"""The enrolment port: TLS for unauthenticated clients; their requests are passed to the daemon unchanged.

Rules this module upholds:

- It runs in its own process (`node.app.enrolment_process`), with only the key of the hub's TLS certificate, no database
  and a memory limit: an attack on it affects nothing else.
- Nothing is parsed here. A message has a size limit and a few seconds to arrive, and is passed to the daemon whole; so
  are its answer and its error.
- Clients are counted by address. A silent call is the first to give way to another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Final, cast

import grpc
import grpc.aio

from node.errors import Overloaded, Unavailable
from node.wire import limits, status, tls
from node.wire.crowd import Crowd, Place, Shown
from node.wire.door import peer_of
from node.wire.local_paths import lasting
from node.wire.notices import Notices, Tell
from node.wire.server import WireServer, started
from node.wire.status import Context
from node.wire.streams import reading, written

SERVICE: Final = "vigil.federation.v1.Enrolment"
METHODS: Final = frozenset(f"/{SERVICE}/{name}" for name in ("Join", "Challenge", "RenewExpired", "Metadata"))
CROWDED: Final = "too many calls of enrolment at once"
_EOF: Final = grpc.aio.EOF  # type: ignore[attr-defined]  # the stubs lack it


class Forwarder(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs alone
    """Serves `METHODS` from a channel to the daemon."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        notices: Notices,
        *,
        message_seconds: float = limits.ENROLMENT_MESSAGE_SECONDS,
        write_seconds: float = limits.WRITE_SECONDS,
    ) -> None:
        self._notices = notices
        self._crowd = Crowd(each=limits.ENROLMENT_CALLS_AN_ADDRESS, everybody=limits.ENROLMENT_CALLS)
        self._message_seconds = message_seconds
        self._write_seconds = write_seconds
        self._ask = {method: channel.unary_unary(method, None, None) for method in METHODS}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:  # noqa: ANN401  (gRPC's are untyped)
        """GRPC asks for each call which handler serves it; it sees each method as a stream, so that a call comes here
        before its message.
        """
        ask = self._ask.get(str(handler_call_details.method))
        if ask is None:
            return None

        async def behaviour(_messages: Any, context: Context) -> None:  # noqa: ANN401  (read from the context instead)
            try:
                await self._pass_on(ask, context)
            except grpc.aio.AbortError:
                raise
            except Exception as error:  # noqa: BLE001  (errors leave only here)
                await status.abort(context, error)

        return grpc.stream_stream_rpc_method_handler(behaviour)

    async def _pass_on(self, ask: Callable[..., Awaitable[Any]], context: Context) -> None:
        address = peer_of(context.peer()).address
        gave_way = asyncio.Event()
        try:
            place = self._crowd.enter(address, gave_way.set)
        except Overloaded:
            self._notices.note(address, CROWDED)
            raise Overloaded(
                "the enrolment port serves too many at this moment", retry_after=limits.ENROLMENT_MESSAGE_SECONDS
            ) from None
        try:
            message = await self._message(context, place, gave_way, address)
            try:
                answer = await ask(
                    message, timeout=limits.UNARY_SECONDS, metadata=((limits.ADDRESS_KEY, address or "-"),)
                )
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details() or "", _fault(error))
            await written(context, answer, self._write_seconds)
        finally:
            self._crowd.leave(place)

    async def _message(self, context: Context, place: Place, gave_way: asyncio.Event, address: str) -> bytes:
        """The call's message. Raises `Unavailable` if it did not come before its deadline or another client's claim."""
        message = reading(context)
        ending = asyncio.ensure_future(gave_way.wait())
        try:
            await asyncio.wait({message, ending}, timeout=self._message_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
        if gave_way.is_set():
            self._notices.note(address, CROWDED)
        if gave_way.is_set() or not message.done() or message.result() is _EOF:
            raise Unavailable("this call brought no message in time", remedy="look at the network, and try again")
        self._crowd.show(place, Shown.ENOUGH)
        return bytes(message.result())


def _fault(error: grpc.aio.AioRpcError) -> tuple[tuple[str, str | bytes], ...]:
    """The part of the daemon's error that is meant for the caller; nothing else."""
    trailers = cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ())
    return tuple((key, value) for key, value in trailers if key == status.TRAILER)


async def serve_forwarding(
    address: str,
    load: Callable[[], tls.ServerFiles],
    daemon: Path,
    *,
    tell: Tell,
    message_seconds: float = limits.ENROLMENT_MESSAGE_SECONDS,
) -> tuple[WireServer, grpc.aio.Channel]:
    """The enrolment port, started, and its channel to the daemon's socket. `address`: as for `serve_federation`.
    `tell`: logs clients that exceed a limit.
    """
    channel = grpc.aio.insecure_channel(f"unix:{lasting(daemon)}", options=limits.CLIENT_OPTIONS)
    server = grpc.aio.server(options=limits.ENROLMENT_OPTIONS, maximum_concurrent_rpcs=2 * limits.ENROLMENT_CALLS)
    server.add_generic_rpc_handlers((Forwarder(channel, Notices(tell), message_seconds=message_seconds),))
    return await started(server, address, tls.plain_server_credentials(load), ("Enrolment",)), channel
