"""The front of a hub's port: accepts connections, counts them, and passes their bytes to a server behind it.

Rules this module upholds:

- The server behind it cannot be reached otherwise. The front has no key and reads nothing: TLS passes through it from
  end to end. It knows only addresses, times and numbers.
- A connection costs the server nothing before it has begun a TLS handshake. It is ended if no server has vouched for it
  within `FIRST_CALL_SECONDS`. Until then it is the first to give way when its address, or the port, is crowded.
- Bytes are passed on only as fast as they are read, and from a client only as fast as it may send (`pace`): at most two
  buffers are held in each direction. A client that does not read is cut off, so that the server never holds unread data
  for long.
- It runs in its own process (`node.app.front_process`). On one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.errors import Overloaded
from node.wire import limits
from node.wire.crowd import Crowd, Place, Shown
from node.wire.door import bind_name
from node.wire.pace import Paces

HANDSHAKE: Final = 22
"""The first byte of every TLS connection (RFC 8446, section 5.1)."""
CROWDED: Final = "too many connections"
NOT_TLS: Final = "connections without TLS"
SILENT: Final = "connections without a request"
UNREAD: Final = "connections that do not read what is sent to them"

Told = Callable[[str, str], None]
"""Is called with an address and the limit that it exceeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The limits of a port. `stays`: whether a connection that was vouched for stays; the others end after
    `limits.VISIT_SECONDS`.
    """

    each: int
    everybody: int
    stays: bool


class _End(asyncio.BufferedProtocol):
    """One end of a connection. Bytes that arrive here are written to `other`, which pauses us while it is full."""

    def __init__(self, link: _Link, buffer: memoryview) -> None:
        self._link = link
        self._buffer = buffer
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self.full_since: float | None = None
        self._held: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(type(transport))
        self.transport = transport
        transport.set_write_buffer_limits(high=limits.FRONT_BUFFER_BYTES)
        self._link.made(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        # Shared by all: the bytes read are copied before anything else is read.
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._buffer[:nbytes])
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
            self._link.passed(self, nbytes)
        else:
            self._link.first(data)

    def eof_received(self) -> bool:
        self._link.end()
        return False

    def pause_writing(self) -> None:
        self.full_since = asyncio.get_running_loop().time()
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.full_since = None
        if self.other is not None:
            self.other.read_on()

    def hold(self, seconds: float) -> None:
        """Reads nothing more for so long, or until `release`."""
        if self.transport is not None and self._held is None:
            self.transport.pause_reading()
            self._held = asyncio.get_running_loop().call_later(seconds, self.release)

    def release(self) -> None:
        """The end of `hold`. Idempotent."""
        if self._held is not None:
            self._held.cancel()
            self._held = None
            self.read_on()

    def read_on(self) -> None:
        """Reads again, unless the other end is full, or this one is held."""
        full = self.other is not None and self.other.full_since is not None
        if self.transport is not None and not (full or self._held or self.transport.is_closing()):
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.release()
        self._link.lost()


class _Link:
    """A client's end and, once the client has sent something, the server's."""

    def __init__(self, front: Front, number: int, buffer: memoryview) -> None:
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._dialling: asyncio.Task[None] | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._upstream = _End(self, buffer)
        self.client = _End(self, buffer)
        self.number = number
        self.address = ""
        self.place: Place | None = None
        self.began = self.moved = self._loop.time()
        self.pace = front.paces.stranger(self.began)
        self.kept = False
        self.ended = False
        self._open = 0

    def made(self, end: _End) -> None:
        """One end is there."""
        self._open += 1
        if end is self.client and end.transport is not None:
            address = end.transport.get_extra_info("peername")
            self.address = str(address[0]) if address else ""
            self._front.came(self)

    def first(self, data: bytes) -> None:
        """What the client sent before there was a server's end."""
        if self.ended or self.client.transport is None:
            return
        if self._dialling is None and data[0] != HANDSHAKE:
            self._front.told(self.address, NOT_TLS)
            self.cut()
            return
        self._front.spoke(self)
        self.client.transport.pause_reading()
        self._dialling = self._loop.create_task(self._dial(data))

    async def _dial(self, data: bytes) -> None:
        try:
            await self._front.dial(self._upstream, self.number, self.address)
        except OSError:
            # The server is not there, or no longer: the client connects again.
            self.cut()
            return
        if self._upstream.transport is None or self.client.transport is None or self.ended:
            self.cut()
            return
        self._upstream.other, self.client.other = self.client, self._upstream
        self._upstream.transport.write(data)
        self.client.transport.resume_reading()
        self.passed(self.client, len(data))

    def passed(self, end: _End, size: int) -> None:
        """`size` bytes that were read at `end` went through."""
        self.moved = self._loop.time()
        if end is self.client and (seconds := self.pace.take(size, self.moved)):
            end.hold(seconds)

    def unread_for(self, now: float) -> float:
        """Seconds for which the client has not read."""
        return 0.0 if self.client.full_since is None else now - self.client.full_since

    def end(self) -> None:
        """Closes in order: buffered bytes are still written, for a moment."""
        if not self.ended:
            self._left()
            for end in (self.client, self._upstream):
                if end.transport is not None:
                    end.transport.close()
            self._ending = self._loop.call_later(limits.FRONT_CLOSING_SECONDS, self.cut)

    def lost(self) -> None:
        """One end is closed, and everything that it had to write was written or dropped."""
        self._open -= 1
        self.end()
        if self._open == 0 and self._ending is not None:
            self._ending.cancel()

    def cut(self) -> None:
        """Closes at once, and drops unwritten bytes."""
        self._left()
        if self._dialling is not None:
            self._dialling.cancel()
        if self._ending is not None:
            self._ending.cancel()
        for end in (self.client, self._upstream):
            if end.transport is not None:
                end.transport.abort()

    def _left(self) -> None:
        if not self.ended:
            self.ended = True
            self._front.went(self)


class Front:
    """For one port. `server`: the path of the socket of the server behind it. `closed`: is told the number of each
    connection that had stayed and has ended.
    """

    def __init__(
        self,
        server: str,
        rules: Rules,
        *,
        numbers: itertools.count[int],
        told: Told,
        closed: Callable[[int], None],
    ) -> None:
        self._server = server
        self._rules = rules
        self._numbers = numbers
        self._run = secrets.token_hex(8)
        self._closed = closed
        self._crowd = Crowd(each=rules.each, everybody=rules.everybody)
        self._links: dict[int, _Link] = {}
        self._buffer = memoryview(bytearray(limits.FRONT_BUFFER_BYTES))
        self.paces = Paces()
        self.told = told

    def protocol(self) -> asyncio.BaseProtocol:
        """Called for each accepted connection."""
        return _Link(self, next(self._numbers), self._buffer).client

    async def dial(self, end: _End, number: int, address: str) -> None:
        """Connects one end to the server, under a name that identifies it. Raises `OSError`."""
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            own.settimeout(0)
            own.bind("\0" + bind_name(self._run, number, address))
            await asyncio.get_running_loop().sock_connect(own, self._server)
            await asyncio.get_running_loop().create_unix_connection(lambda: end, sock=own)
        except BaseException:
            own.close()
            raise

    def came(self, link: _Link) -> None:
        """A connection was accepted: it gets a place, or is closed."""

        def give_way() -> None:
            self.told(link.address, CROWDED)
            link.cut()

        try:
            link.place = self._crowd.enter(link.address, give_way)
        except Overloaded:
            self.told(link.address, CROWDED)
            link.cut()
            return
        self._links[link.number] = link

    def spoke(self, link: _Link) -> None:
        """A handshake has begun."""
        if link.place is not None:
            self._crowd.show(link.place, Shown.SOMETHING)

    def went(self, link: _Link) -> None:
        """A connection has ended."""
        self._links.pop(link.number, None)
        if link.place is not None:
            self._crowd.leave(link.place)
        if link.kept:
            self._closed(link.number)

    def keep(self, number: int, member: str) -> None:
        """See `door.Door`, as for the next method."""
        link = self._links.get(number)
        if link is None:
            # It ended while it was vouched for.
            self._closed(number)
        elif self._rules.stays and link.place is not None:
            link.kept = True
            link.pace = self.paces.member(member, asyncio.get_running_loop().time())
            link.client.release()
            self._crowd.show(link.place, Shown.ENOUGH)

    def cut(self, number: int) -> None:
        """Ends one at once."""
        link = self._links.get(number)
        if link is not None:
            link.cut()

    async def sweep(self) -> None:
        """Closes connections whose time is up. Runs for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(limits.FRONT_SWEEP_SECONDS)
            now = loop.time()
            for link in list(self._links.values()):
                if reason := self._reason(link, now):
                    self.told(link.address, reason)
                    link.cut()

    def _reason(self, link: _Link, now: float) -> str:
        """Why a connection must end; "" if it may stay."""
        if link.unread_for(now) > limits.UNREAD_SECONDS:
            return UNREAD
        allowed = limits.FIRST_CALL_SECONDS if self._rules.stays else limits.VISIT_SECONDS
        if not link.kept and now - link.began > allowed:
            return SILENT
        return SILENT if now - link.moved > limits.FRONT_IDLE_SECONDS else ""

    def close(self) -> None:
        """Cuts every connection."""
        for link in list(self._links.values()):
            with contextlib.suppress(OSError):
                link.cut()
