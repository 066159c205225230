"""The process of the desk: its address, its TLS, and the daemon that it speaks to.

Rules this module upholds:

- It opens no database and no key of the federation: it reaches the daemon by the local socket, as every command does.
- It listens on the loopback address unless the administrator says otherwise.
- The headers of a proxy count for nothing: the client is the one that connects.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from node.app import desk_tls, logs
from node.app.group_socket import check_before_use
from node.app.sessions import socket_path
from node.desk.application import Desk
from node.desk.pace import Pace
from node.desk.ports import Daemon
from node.errors import Misuse
from node.wire import control

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path
    from types import FrameType

    from starlette.applications import Starlette

    from node.config import Home

Line = dict[str, Any]

MAX_CONNECTIONS: Final = 1_000
MAX_HEAD: Final = 32 * 1024
"""Bytes of the head of a request."""
KEEP_ALIVE_SECONDS: Final = 30
HTTPS_PORT: Final = 443
"""The port that an address does not name (RFC 9110, 4.2.2)."""
GRACE_SECONDS: Final = 2
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """What an administrator says of a desk. `socket`: of the daemon; None: that of `home`. `listen`: HOST:PORT; port 0
    takes a free one. `name`: the host in browsers' addresses. `folder`: of a certificate of the desk's own making.
    `certificate`, `key`: the agency's; both or neither. `client_ca`: of officers' certificates.
    """

    home: Home
    folder: Path
    socket: Path | None = None
    listen: str = "127.0.0.1:8443"
    name: str = "localhost"
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    log_level: str = "info"


class SocketDaemon(Daemon):
    """The daemon behind a local socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def call(
        self, command: str, arguments: Line, token: bytes = b"", items: Iterable[Line] = ()
    ) -> AsyncIterator[Line]:
        return control.call(self._path, command, arguments, _each(items), "", session=token)


async def _each(items: Iterable[Line]) -> AsyncIterator[Line]:
    for each in items:
        yield each


class _Protocol(H11Protocol):
    """HTTP/1.1 that tells the application which certificate TLS has verified; uvicorn does not (0.54)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        verified = transport.get_extra_info("ssl_object")
        certificate = verified.getpeercert(binary_form=True) if verified is not None else None
        self.app_state = {**self.app_state, "client_certificate": certificate or b""}


def run(settings: DeskSettings, ready: Callable[[Line], None]) -> None:
    """See `app.run_desk`."""
    logs.configure(settings.log_level)
    path = settings.socket or socket_path(settings.home)
    if settings.socket is not None:
        check_before_use(path)
    tls = _tls(settings)
    host, _, port = settings.listen.rpartition(":")
    server = _Server(settings, tls, (host.strip("[]"), int(port)), SocketDaemon(path), ready)
    server.run()


def _tls(settings: DeskSettings) -> desk_tls.DeskTls:
    if settings.certificate is not None and settings.key is not None:
        return desk_tls.given(settings.certificate, settings.key, settings.client_ca)
    host = settings.listen.rpartition(":")[0].strip("[]")
    hosts = list(dict.fromkeys((settings.name, host)))
    return desk_tls.own(settings.folder, hosts, settings.client_ca)


class _Server(uvicorn.Server):
    """Makes the application when the port is known, because the application has to know its own address."""

    def __init__(
        self,
        settings: DeskSettings,
        tls: desk_tls.DeskTls,
        address: tuple[str, int],
        daemon: Daemon,
        ready: Callable[[Line], None],
    ) -> None:
        self._settings = settings
        self._tls = tls
        self._daemon = daemon
        self._ready = ready
        self._app: Starlette | None = None
        super().__init__(
            uvicorn.Config(
                self._answer,
                host=address[0],
                port=address[1],
                interface="asgi3",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                h11_max_incomplete_event_size=MAX_HEAD,
                ssl_context_factory=lambda _config, _usual: tls.context,
            )
        )

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (ASGI)
        if self._app is not None:
            await self._app(scope, receive, send)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (of uvicorn)
        """A signal ends the desk as it ends a daemon: cleanly, with the exit code 0. uvicorn would raise it again."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[Any] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn ends the process where it cannot listen
            where = self._settings.listen
            raise Misuse(
                f"the desk cannot listen on {where}", remedy="another program uses the port, or the address is not here"
            ) from None
        if not self.started:
            return
        port = self.servers[0].sockets[0].getsockname()[1]
        origin = f"https://{self._settings.name}" + (f":{port}" if port != HTTPS_PORT else "")
        self._app = Desk(daemon=self._daemon, origin=origin, pace=Pace(time.monotonic)).application()
        self._ready(
            {"event": "ready", "address": origin, "certificate": self._tls.digest.hex(), "own": self._tls.is_own}
        )
