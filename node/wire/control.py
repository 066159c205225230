"""The local sockets: Unix sockets with gRPC over them. The owner's has mode 0600, the investigators' 0660.

Rules this module upholds:

- A user who can open a socket may run what it serves: the file system is the gate, and nothing else listens. The
  owner's socket serves every command, so its users control the node.
- From its creation a socket is open only to its owner; a group gets access before anything is served.
- Lines and items are JSON objects; `node/control` decides their meaning.
- A daemon of another version refuses, and says to restart it.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio

from node import __version__
from node.domain.caller import Caller, officer_name
from node.errors import Malformed, Misuse, Unavailable
from node.wire import status
from node.wire.local_paths import lasting, reached
from node.wire.pb import control_pb2, control_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

Line = dict[str, Any]

if TYPE_CHECKING:
    Run = Callable[[str, Line, AsyncIterator[Line], Caller], AsyncIterator[Line]]
    """Runs a command: its name, arguments and items, and its caller."""

MAX_LINE: Final = 64 * 1024 * 1024
"""Bytes of one line or item: the socket is local, and a query of a thousand pictures is a long line."""
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_LINE),
    ("grpc.max_send_message_length", MAX_LINE),
    ("grpc.enable_http_proxy", 0),
    # Two addresses can be equal and lead to two daemons (`local_paths`): channels do not share connections.
    ("grpc.use_local_subchannel_pool", 1),
)


class ControlServicer(control_pb2_grpc.ControlServicer):
    """Turns calls on the socket into calls of `run`, and its lines into messages."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def Run(
        self, request_iterator: AsyncIterator[control_pb2.Input], context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[control_pb2.Line]:
        """See control.proto."""
        try:
            call = _call(await anext(request_iterator, None))
            who = Caller(name=officer_name(call.officer)) if call.officer else Caller()
            items = _items(request_iterator)
            async for line in self._run(call.command, _load(call.arguments), items, who):
                yield control_pb2.Line(json=json.dumps(line).encode())
        except Exception as error:  # noqa: BLE001  (errors leave only here: none with an unchecked text)
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


def _load(data: bytes) -> Line:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Malformed("a message on the local socket is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("a message on the local socket is not a JSON object")
    return value


async def serve(path: Path, run: Run, *, group: int | None = None) -> grpc.aio.Server:
    """A started server on `path`, for its owner, or also for the users of `group` (an id). The caller holds the owner's
    lock, so an existing socket there is from a dead process; with a group, it has checked the folder. Raises
    `Unavailable`.
    """
    _clear(path, own_folder=group is None)
    server = grpc.aio.server(options=_OPTIONS)
    control_pb2_grpc.add_ControlServicer_to_server(ControlServicer(run), server)
    before = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix:{lasting(path)}")
        _restrict(path, group)
    except (RuntimeError, OSError) as error:
        raise Unavailable(
            "the local socket cannot be made",
            remedy="check that this user can write to its folder, and that the file system can hold a socket",
        ) from error
    finally:
        os.umask(before)
    await server.start()
    return server


def _clear(path: Path, *, own_folder: bool) -> None:
    if own_folder:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


def _restrict(path: Path, group: int | None) -> None:
    path.chmod(0o600)
    if group is not None:
        os.chown(path, -1, group)
        path.chmod(0o660)


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
    path: Path, command: str, arguments: Line, items: AsyncIterator[Line], who: Caller
) -> AsyncIterator[Line]:
    """Runs a command in the daemon behind `path`, for `who`. Raises the command's error, or the error of its items;
    `Unavailable` without a daemon.
    """
    of_the_items: list[Exception] = []

    async def inputs() -> AsyncIterator[control_pb2.Input]:
        yield control_pb2.Input(
            call=control_pb2.Call(
                command=command,
                arguments=json.dumps(arguments).encode(),
                version=__version__,
                officer=who.name,
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
