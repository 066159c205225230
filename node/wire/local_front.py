"""The front of the local sockets: takes each connection, asks the kernel whose it is, and passes its bytes to the gRPC
server behind it.

Rules this module upholds:

- The account behind a call is the one that the kernel names (SO_PEERCRED, unix(7)). gRPC for Python does not hand it
  on, so the front binds its own end of each connection to a name with the user's id, which gRPC shows as the peer of
  each call. No client can choose that name, and a call from elsewhere is refused.
- The front reads nothing of what it passes on. It passes bytes on only as fast as they are read.
- A socket is open only to its owner from its creation on; a group gets access before anybody can connect.
- One user of a group cannot take all descriptors of the daemon: the connections of each are counted.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import struct
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import structlog

from node.errors import Unauthenticated
from node.wire.local_paths import reached

if TYPE_CHECKING:
    from pathlib import Path

CONNECTIONS_A_USER: Final = 128
"""Connections that one user may hold at a time. The owner of the daemon and root are not counted."""
_BUFFER: Final = 256 * 1024
"""Bytes that are read at once, and held at most twice in each direction."""
_BACKLOG: Final = 128
_CREDENTIALS: Final = struct.Struct("iII")
"""`struct ucred`: process id, user id, group id."""
_PEER: Final = "unix-abstract:"
_NAME: Final = re.compile(r"vigil-local/([0-9a-f]{32})/[1-9][0-9]*/(0|[1-9][0-9]{0,9})")
_ROOT: Final = 0
_log = structlog.get_logger(__name__)


class LocalFront:
    """`server`: the socket of the server behind it, which only this process's own user can open. Event loop only."""

    def __init__(self, server: Path) -> None:
        self._server = server
        # Nobody can take the names of our ends before we bind them.
        self._run = secrets.token_hex(16)
        self._numbers = count(1)
        self._listening: list[asyncio.Server] = []
        self._passing: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._held: Counter[int] = Counter()

    async def listen(self, path: Path, group: int | None) -> None:
        """Takes connections at `path`, from its owner, or also from the users of `group` (an id). Raises OSError."""
        own = _bound(path, group)
        self._listening.append(await asyncio.start_server(self._take, sock=own, limit=_BUFFER, backlog=_BACKLOG))

    def uid_of(self, peer: str) -> int:
        """The user behind a call, by gRPC's name of its peer. Raises `Unauthenticated` for a call from elsewhere."""
        found = _NAME.fullmatch(unquote(peer.removeprefix(_PEER))) if peer.startswith(_PEER) else None
        if found is None or not secrets.compare_digest(found[1], self._run):
            raise Unauthenticated(
                "this call did not come over a socket of Vigil", remedy="use the vigil command of this machine"
            )
        return int(found[2])

    async def close(self) -> None:
        """Takes no further connection, and ends those that are left."""
        for each in self._listening:
            each.close()
        for writer in self._passing.values():
            writer.transport.abort()
        await asyncio.gather(*self._passing)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        task = asyncio.current_task()
        if task is not None:
            self._passing[task] = writer
            task.add_done_callback(self._passing.pop)
        uid = _uid_at(writer)
        counted = uid not in (os.geteuid(), _ROOT)
        if counted and self._held[uid] >= CONNECTIONS_A_USER:
            _log.warning("a user has too many connections to the local socket")
            writer.close()
            return
        self._held[uid] += 1
        try:
            # A client that only looks whether a daemon answers sends nothing.
            if first := await reader.read(_BUFFER):
                await self._pass_on(uid, first, reader, writer)
        except OSError:
            # The client or the server has closed its end.
            _log.debug("a local connection broke")
        finally:
            writer.close()
            self._held[uid] -= 1
            if not self._held[uid]:
                del self._held[uid]

    async def _pass_on(
        self, uid: int, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        answers, server = await self._dial(uid)
        try:
            server.write(first)
            ways = [asyncio.create_task(_copy(reader, server)), asyncio.create_task(_copy(answers, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            server.close()

    async def _dial(self, uid: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            own.settimeout(0)
            own.bind(f"\0vigil-local/{self._run}/{next(self._numbers)}/{uid}")
            with reached(self._server) as short:
                await asyncio.get_running_loop().sock_connect(own, str(short))
            return await asyncio.open_unix_connection(sock=own, limit=_BUFFER)
        except BaseException:
            own.close()
            raise


def _bound(path: Path, group: int | None) -> socket.socket:
    """A socket at `path`. It does not listen, so nobody can connect before its mode is right. Raises OSError."""
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            with reached(path) as short:
                own.bind(str(short))
        finally:
            os.umask(before)
        if group is not None:
            os.chown(path, -1, group)
            path.chmod(0o660)
    except BaseException:
        own.close()
        raise
    return own


def _uid_at(writer: asyncio.StreamWriter) -> int:
    """The user who connected: of the moment of connect(2)."""
    told = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(told)
    return int(uid)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes bytes on until one end is closed."""
    with suppress(ConnectionError):
        while data := await reader.read(_BUFFER):
            writer.write(data)
            await writer.drain()
