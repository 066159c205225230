"""The local sockets: Unix sockets with gRPC over them. The owner's has mode 0600, the investigators' 0660.

Rules this module upholds:

- Who may open a socket is the file system's decision, and nothing else listens. Who calls is what the kernel says of
  the account (`local_front`); a name in a call is only a claim. `run` decides what the account may do.
- The server itself is on a socket that only the owner can open, and serves only what came through the front.
- Lines and items are JSON objects; `node/control` decides their meaning.
- A daemon of another version refuses, and says to restart it.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio

from node import __version__
from node.domain.caller import Claim, officer_name
from node.errors import Malformed, Misuse, Unavailable
from node.wire import status
from node.wire.local_front import LocalFront
from node.wire.local_paths import lasting, reached
from node.wire.pb import control_pb2, control_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

Line = dict[str, Any]

if TYPE_CHECKING:
    Run = Callable[[str, Line, AsyncIterator[Line], Claim], AsyncIterator[Line]]
    """Runs a command: its name, arguments and items, and who calls."""

MAX_LINE: Final = 64 * 1024 * 1024
"""Bytes of one line or item: the socket is local, and a query of a thousand pictures is a long line."""
_DRAIN_SECONDS: Final = 2.0
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_LINE),
    ("grpc.max_send_message_length", MAX_LINE),
    ("grpc.enable_http_proxy", 0),
    # Two addresses can be equal and lead to two daemons (`local_paths`): channels do not share connections.
    ("grpc.use_local_subchannel_pool", 1),
)


class ControlServicer(control_pb2_grpc.ControlServicer):
    """Turns calls on the socket into calls of `run`, and its lines into messages."""

    def __init__(self, run: Run, uid_of: Callable[[str], int]) -> None:
        self._run = run
        self._uid_of = uid_of

    async def Run(
        self, request_iterator: AsyncIterator[control_pb2.Input], context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[control_pb2.Line]:
        """See control.proto."""
        try:
            uid = self._uid_of(context.peer())
            call = _call(await anext(request_iterator, None))
            claim = Claim(
                uid=uid,
                officer=officer_name(call.officer) if call.officer else "",
                session=call.session if call.HasField("session") else None,
            )
            items = _items(request_iterator)
            async for line in self._run(call.command, _load(call.arguments), items, claim):
                yield control_pb2.Line(json=json.dumps(line).encode())
        except Exception as error:  # noqa: BLE001  (errors leave only here: none with an unchecked text)
            await _drain(request_iterator)
            await status.abort(context, error, local=True)


def _call(first: control_pb2.Input | None) -> control_pb2.Call:
    if first is None or not first.HasField("call"):
        raise Malformed("the first message on the local socket is a call")
    if first.call.version != __version__:
        raise Misuse(
            f"the running daemon is version {__version__}, this command {first.call.version}",
            remedy="restart the daemon",
        )
    return first.call


async def _items(requests: AsyncIterator[control_pb2.Input]) -> AsyncIterator[Line]:
    async for request in requests:
        yield _load(request.item)


async def _drain(requests: AsyncIterator[control_pb2.Input]) -> None:
    """Reads what the client still sends, for a moment. A client of gRPC for Python that sends while its call ends loses
    the reason why it ended.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in requests:
                pass


def _load(data: bytes) -> Line:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Malformed("a message on the local socket is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("a message on the local socket is not a JSON object")
    return value


class ControlServer:
    """A started server and its sockets."""

    def __init__(self, server: grpc.aio.Server, front: LocalFront, sockets: Sequence[Path]) -> None:
        self._server = server
        self._front = front
        self._sockets = sockets

    async def stop(self, grace: float | None) -> None:
        """Gives running calls `grace` seconds, then ends all connections and removes the sockets."""
        await self._server.stop(grace)
        await self._front.close()
        for each in self._sockets:
            each.unlink(missing_ok=True)


async def serve(path: Path, run: Run, *, shared: tuple[Path, int] | None = None) -> ControlServer:
    """A started server on `path`, for its owner. `shared`: a second socket for the users of a group, and its id. The
    caller holds the owner's lock, so existing sockets there are from a dead process, and has checked the folder of the
    shared one. Raises `Unavailable`.
    """
    inner = path.with_name(f"{path.stem}-inner{path.suffix}")
    front = LocalFront(inner)
    server = grpc.aio.server(options=_OPTIONS)
    control_pb2_grpc.add_ControlServicer_to_server(ControlServicer(run, front.uid_of), server)
    sockets = [inner, path] if shared is None else [inner, path, shared[0]]
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in sockets:
            each.unlink(missing_ok=True)
        _bind(server, inner)
        await server.start()
        await front.listen(path, None)
        if shared is not None:
            await front.listen(*shared)
    except (RuntimeError, OSError) as error:
        await front.close()
        await server.stop(None)
        raise Unavailable(
            "the local socket cannot be made",
            remedy="check that this user can write to its folder, and that the file system can hold a socket",
        ) from error
    return ControlServer(server, front, sockets)


def _bind(server: grpc.aio.Server, path: Path) -> None:
    before = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix:{lasting(path)}")
    finally:
        os.umask(before)
    path.chmod(0o600)


@asynccontextmanager
async def _channel(path: Path) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the daemon behind `path`. Raises `Unavailable` if the folder does not exist."""
    with ExitStack() as opened:
        try:
            short = opened.enter_context(reached(path))
        except OSError:
            raise Unavailable("no daemon answers: the folder of its socket cannot be opened") from None
        async with grpc.aio.insecure_channel(f"unix:{short}", options=_OPTIONS) as channel:
            yield channel


async def call(
    path: Path,
    command: str,
    arguments: Line,
    items: AsyncIterator[Line],
    officer: str,
    *,
    session: bytes | None = None,
) -> AsyncIterator[Line]:
    """Runs a command in the daemon behind `path`, for `officer` ("": for the account's own). `session`: of the desk
    (`Claim`). Raises the command's error, or the error of its items; `Unavailable` without a daemon.
    """
    of_the_items: list[Exception] = []

    async def inputs() -> AsyncIterator[control_pb2.Input]:
        yield control_pb2.Input(
            call=control_pb2.Call(
                command=command,
                arguments=json.dumps(arguments).encode(),
                version=__version__,
                officer=officer,
                session=session,
            )
        )
        try:
            async for item in items:
                yield control_pb2.Input(item=json.dumps(item).encode())
        except Exception as error:  # gRPC would cancel the call and drop the error
            of_the_items.append(error)
            raise

    async with _channel(path) as channel:
        stub = control_pb2_grpc.ControlStub(channel)
        lines = stub.Run(inputs())
        try:
            async for line in lines:
                yield _load(line.json)
        except asyncio.CancelledError:
            if of_the_items:
                raise of_the_items[0] from None
            raise
        except grpc.aio.AioRpcError as error:
            if of_the_items:
                raise of_the_items[0] from None
            raise status.to_error(error, local=True) from None
        finally:
            lines.cancel()
