"""A TCP proxy on loopback that treats a connection as badly as a network may: it cuts, ends, stalls, delays, repeats
and flips, at a byte that the test names.

Rules this module upholds:

- It knows nothing of what passes: a place is a direction and a number of bytes of one connection.
- Nothing happens by chance: what befalls which connection is said beforehand, by the connection's number.
- What it did is on record (`happened`), so that a test can tell that its fault came.

Runs in a thread of its own, so that the test beside it may block; every method may be called from any thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

CHUNK: Final = 16_384
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends a reset."""


class Way(Enum):
    """`UP`: from who dialled to the target; `DOWN`: back."""

    UP = "up"
    DOWN = "down"


class Ill(Enum):
    """What befalls a connection.

    CUT: both sides get a reset. END: this way ends in order, and what comes after is swallowed. STALL: nothing passes
    this way any more until the weather clears. DELAY: this way waits so many seconds. REPEAT: the bytes at this place
    come twice. FLIP: one bit of the byte at this place is turned over.
    """

    CUT = "cut"
    END = "end"
    STALL = "stall"
    DELAY = "delay"
    REPEAT = "repeat"
    FLIP = "flip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`ill` befalls the connection once `after` bytes have passed `way`. `seconds`: of a DELAY."""

    ill: Ill
    way: Way
    after: int = 0
    seconds: float = 0.0


Weather = Callable[[int], Sequence[Fault]]
"""The faults of the n-th connection, counted from 0."""


def clear(_number: int) -> Sequence[Fault]:
    """Nothing befalls anybody."""
    return ()


@dataclass
class Proxy:
    """Made by `proxy`. `passed`: bytes let through each way; `connections`: how many there were; `refusing`: new ones
    are reset at once.
    """

    target: tuple[str, int]
    weather: Weather = clear
    refusing: bool = False
    connections: int = 0
    happened: list[Fault] = field(default_factory=list)
    passed: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))
    address: tuple[str, int] = ("", 0)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _cleared: asyncio.Event = field(default_factory=asyncio.Event)
    _held: set[Way] = field(default_factory=set)

    @property
    def named(self) -> str:
        """HOST:PORT to dial."""
        return f"{self.address[0]}:{self.address[1]}"

    def brew(self, weather: Weather) -> None:
        """From the next connection on this weather holds; connections are counted from 0 again."""
        self._do(self._brew(weather))

    def clear(self) -> None:
        """Fair weather: nothing befalls a new connection, and what was stalled goes on."""
        self._do(self._clear())

    def hold(self, way: Way) -> None:
        """From now on nothing passes this way, of any connection, until the weather clears."""
        self._do(self._hold(way))

    def cut_all(self) -> None:
        """Resets every connection that is open now."""
        self._do(self._cut_all())

    def refuse(self) -> None:
        """Resets what is open and whatever comes, until `clear`."""
        self._do(self._refuse())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _brew(self, weather: Weather) -> None:
        self.weather, self.connections = weather, 0

    async def _hold(self, way: Way) -> None:
        self._held.add(way)

    async def _clear(self) -> None:
        self.weather, self.refusing = clear, False
        self._held.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def _cut_all(self) -> None:
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _refuse(self) -> None:
        self.refusing = True
        await self._cut_all()

    # --- one connection -----------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        task = asyncio.current_task()
        if task is None or self.refusing:
            _reset(writer)
            return
        self._open.add(task)
        there: asyncio.StreamWriter | None = None
        try:
            from_there, there = await asyncio.open_connection(*self.target)
            faults = self.weather(number)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(Way.UP, reader, there, faults))
                group.create_task(self._pump(Way.DOWN, from_there, writer, faults))
        except (asyncio.CancelledError, OSError, ExceptionGroup):
            # Cut, here or by one of the two sides: the other one learns of it in the same way.
            _reset(writer)
            if there is not None:
                _reset(there)
        finally:
            self._open.discard(task)
            for each in (writer, there):
                if each is not None:
                    each.close()

    async def _pump(
        self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, faults: Sequence[Fault]
    ) -> None:
        """Lets one way through to its end, with what befalls it."""
        waiting = sorted((each for each in faults if each.way is way), key=lambda each: each.after)
        at, swallowing = 0, False
        while data := await reader.read(CHUNK):
            while waiting and waiting[0].after < at + len(data):
                fault = waiting.pop(0)
                ahead = fault.after - at
                if not swallowing:
                    await self._pass(way, writer, data[:ahead])
                at, data = fault.after, data[ahead:]
                self.happened.append(fault)
                swallowing |= fault.ill is Ill.END
                data = await self._befall(fault, writer, data)
            if not swallowing:
                await self._pass(way, writer, data)
            at += len(data)
        if not swallowing and writer.can_write_eof():
            writer.write_eof()

    async def _pass(self, way: Way, writer: asyncio.StreamWriter, data: bytes) -> None:
        while way in self._held:
            await self._cleared.wait()
        writer.write(data)
        self.passed[way] += len(data)
        await writer.drain()

    async def _befall(self, fault: Fault, writer: asyncio.StreamWriter, data: bytes) -> bytes:
        """What is left to let through after the fault."""
        match fault.ill:
            case Ill.CUT:
                raise ConnectionResetError
            case Ill.END:
                writer.write_eof()
            case Ill.STALL:
                await self._cleared.wait()
            case Ill.DELAY:
                await asyncio.sleep(fault.seconds)
            case Ill.REPEAT:
                writer.write(data)
            case Ill.FLIP:
                data = bytes([data[0] ^ 1]) + data[1:]
        return data


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


@contextmanager
def proxy(target: str, weather: Weather = clear) -> Iterator[Proxy]:
    """A proxy in front of `target` (HOST:PORT) as long as the block runs."""
    host, _, port = target.rpartition(":")
    made = Proxy((host, int(port)), weather)
    ready = threading.Event()

    async def serve() -> None:
        server = await asyncio.start_server(made._serve, "127.0.0.1", 0)
        made.address = server.sockets[0].getsockname()[:2]
        ready.set()
        try:
            await server.serve_forever()
        except asyncio.CancelledError:
            server.close()
            await made._cut_all()

    serving = made._loop.create_task(serve())

    def live() -> None:
        asyncio.set_event_loop(made._loop)
        with contextlib.suppress(asyncio.CancelledError):
            made._loop.run_until_complete(serving)
        made._loop.close()

    thread = threading.Thread(target=live, name="proxy")
    thread.start()
    ready.wait(10)
    try:
        yield made
    finally:
        made._loop.call_soon_threadsafe(serving.cancel)
        thread.join(10)
