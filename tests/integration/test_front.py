"""The front: who gets a connection where others hold many, what it passes on, and whom it ends."""

import asyncio
import contextlib
import itertools
import os
import socket
import struct
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench.attacks.frames import (
    FIRST_WINDOW,
    FOLLOW,
    INITIAL_WINDOW_SIZE,
    MAX_WINDOW,
    Target,
    call,
    dial,
    settings,
    window,
)
from node.domain.batch import Package
from node.domain.ids import Origin, federation_id
from node.domain.limits import Limits
from node.wire import limits
from node.wire.client import HubChannel
from node.wire.front import CROWDED, NOT_TLS, SILENT, UNREAD, Front, Rules
from node.wire.server import serve_federation
from tests.integration.wire_pki import FR, Authority, FakeGate, FakeHub, on_a_loop, spiffe

HELLO = b"\x16" + b"x" * 9
"""Begins as TLS does."""
LOG = Origin(federation_id("test.example"), FR)


@dataclass
class Before:
    """A front before an echo. `dialled`: how many connections came to it."""

    front: Front
    port: int
    told: list[tuple[str, str]]
    closed: list[int]
    one_closed: asyncio.Event
    dialled: list[int] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    async def until_ended(self, reader: asyncio.StreamReader) -> bytes:
        """What was read before the other side ended the connection."""
        try:
            return await reader.read()
        except ConnectionError:
            return b""


@asynccontextmanager
async def before(
    server: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None,
    *,
    each: int = 50,
    everybody: int = 100,
    stays: bool = True,
    path: Path | None = None,
    short: Mapping[str, float] | None = None,
) -> AsyncGenerator[Before, None]:
    """`short`: limits that the scene has shorter than they are."""
    with TemporaryDirectory(prefix="vigil-") as folder, pytest.MonkeyPatch.context() as patch:
        for name, seconds in {"FRONT_SWEEP_SECONDS": 0.02, **(short or {})}.items():
            patch.setattr(limits, name, seconds)
        told: list[tuple[str, str]] = []
        closed: list[int] = []
        one_closed = asyncio.Event()

        def forget(number: int) -> None:
            closed.append(number)
            one_closed.set()

        front = Front(
            str(path or Path(folder) / "server"),
            Rules(each=each, everybody=everybody, stays=stays),
            numbers=itertools.count(1),
            told=lambda *line: told.append(line),
            closed=forget,
        )
        scene = Before(front, 0, told, closed, one_closed)

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            scene.dialled.append(1)
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(65_536):
                    writer.write(data)
                    await writer.drain()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await (server or echo)(reader, writer)
            finally:
                writer.close()

        behind = None if path else await asyncio.start_unix_server(serve, Path(folder) / "server")
        listening = await asyncio.get_running_loop().create_server(front.protocol, "127.0.0.1", 0)
        scene.port = listening.sockets[0].getsockname()[1]
        sweeping = asyncio.create_task(front.sweep())
        try:
            yield scene
        finally:
            sweeping.cancel()
            front.close()
            listening.close()
            if behind is not None:
                behind.close()
            for writer in scene.writers:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()


@on_a_loop
async def test_bytes_come_back_as_they_went() -> None:
    async with before() as b:
        reader, writer = await b.open()
        sent = HELLO + os.urandom(5_000_000)
        writer.write(HELLO)
        await reader.readexactly(len(HELLO))
        b.front.keep(1, FR)

        async def write() -> None:
            for at in range(0, len(sent), 77_777):
                writer.write(sent[at : at + 77_777])
                await writer.drain()

        writing = asyncio.create_task(write())
        assert await reader.readexactly(len(sent)) == sent
        await writing


@on_a_loop
async def test_a_connection_that_says_nothing_costs_the_server_nothing() -> None:
    async with before() as b:
        await b.open()
        reader, writer = await b.open()
        writer.write(HELLO)
        await reader.readexactly(len(HELLO))
        assert len(b.dialled) == 1


@on_a_loop
async def test_who_does_not_speak_tls_is_ended_at_once() -> None:
    async with before() as b:
        reader, writer = await b.open()
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await b.until_ended(reader) == b""
        assert b.told == [("127.0.0.1", NOT_TLS)]
        assert b.dialled == []


@on_a_loop
async def test_silent_connections_make_room_for_one_that_speaks() -> None:
    """Three hundred of them, where there is room for fifty."""
    async with before() as b:
        for _ in range(300):
            await b.open()
        reader, writer = await b.open()
        writer.write(HELLO)
        assert await reader.readexactly(len(HELLO)) == HELLO
        for _ in range(300):
            await b.open()
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        assert ("127.0.0.1", CROWDED) in b.told


@on_a_loop
async def test_a_connection_that_nobody_vouches_for_is_ended_and_another_stays() -> None:
    async with before(short={"FIRST_CALL_SECONDS": 0.2}) as b:
        kept_reader, kept = await b.open()
        kept.write(HELLO)
        await kept_reader.readexactly(len(HELLO))
        b.front.keep(1, FR)
        reader, writer = await b.open()
        writer.write(HELLO)
        assert await b.until_ended(reader) == HELLO
        assert ("127.0.0.1", SILENT) in b.told
        kept.write(b"still here")
        assert await kept_reader.readexactly(10) == b"still here"
        assert b.closed == []
        b.front.cut(1)
        await b.until_ended(kept_reader)
        assert b.closed == [1]


@on_a_loop
async def test_a_visit_ends_even_where_somebody_vouches_for_it() -> None:
    async with before(stays=False, short={"VISIT_SECONDS": 0.1}) as b:
        reader, writer = await b.open()
        writer.write(HELLO)
        await reader.readexactly(len(HELLO))
        b.front.keep(1, FR)
        await b.until_ended(reader)
        assert b.told == [("127.0.0.1", SILENT)]


@on_a_loop
async def test_a_stranger_may_send_a_handshake_and_waits_with_more_until_it_is_vouched_for() -> None:
    """Frames without end, such as a header block that never closes, cost the server their bytes."""
    size = 3_000_000
    async with before(short={"STRANGER_BYTES_A_SECOND": 1}) as b:
        reader, writer = await b.open()
        writer.write(HELLO + bytes(size))
        came = len(await reader.readexactly(limits.STRANGER_BURST_BYTES))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                while came < size:
                    came += len(await reader.read(65_536))
        assert came <= limits.STRANGER_BURST_BYTES + limits.FRONT_BUFFER_BYTES
        b.front.keep(1, FR)
        await reader.readexactly(len(HELLO) + size - came)


@on_a_loop
async def test_all_connections_of_a_member_send_no_faster_than_one_member_may() -> None:
    burst = 1_000_000
    short = {"MEMBER_BURST_BYTES": burst, "MEMBER_BYTES_A_SECOND": 1}
    came = 0

    async def read(reader: asyncio.StreamReader) -> None:
        nonlocal came
        while data := await reader.read(65_536):
            came += len(data)

    async with before(short=short) as b:
        reading = []
        for number in (1, 2, 3):
            reader, writer = await b.open()
            writer.write(HELLO)
            await reader.readexactly(len(HELLO))
            b.front.keep(number, FR)
            writer.write(bytes(burst))
            reading.append(asyncio.create_task(read(reader)))
        other, writer = await b.open()
        writer.write(HELLO)
        await other.readexactly(len(HELLO))
        b.front.keep(4, "JP")
        writer.write(bytes(burst // 2))
        await other.readexactly(burst // 2)
        for task in reading:
            task.cancel()
        assert came <= burst + 3 * limits.FRONT_BUFFER_BYTES


@on_a_loop
async def test_who_does_not_read_is_cut_off_and_little_was_held_for_it() -> None:
    taken = [0]
    ended = asyncio.Event()

    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                taken[0] += 65_536
        ended.set()

    async with before(pour, short={"UNREAD_SECONDS": 0.2}) as b:
        plain = socket.create_connection(("127.0.0.1", b.port))
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        plain.sendall(HELLO)
        await ended.wait()
        assert ("127.0.0.1", UNREAD) in b.told
        assert taken[0] < 16 * 1024 * 1024  # what the system's own buffers hold, and two of ours
        plain.close()


@on_a_loop
async def test_a_server_that_is_not_there_ends_the_connection() -> None:
    async with before(path=Path("/nowhere")) as b:
        reader, writer = await b.open()
        writer.write(HELLO)
        assert await b.until_ended(reader) == b""


@on_a_loop
async def test_an_end_that_resets_is_the_end_of_both() -> None:
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        gone.set()

    async with before(listen) as b:
        plain = socket.create_connection(("127.0.0.1", b.port))
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plain.sendall(HELLO)
        await asyncio.sleep(0)
        plain.close()
        await gone.wait()


# --- with a hub behind it ---------------------------------------------------------------------------------------------


@dataclass
class Behind:
    """A hub of fakes behind a front."""

    authority: Authority
    hub: FakeHub
    before: Before

    def channel(self) -> HubChannel:
        return HubChannel(f"127.0.0.1:{self.before.port}", self.authority.client(spiffe("FR")))

    def target(self) -> Target:
        files = self.authority.client(spiffe("FR"))
        address = ("127.0.0.1", self.before.port)
        return Target(main=address, enrolment=address, chain=files.chain, key=files.key)


@asynccontextmanager
async def behind(
    *, write_seconds: float = 30.0, short: Mapping[str, float] | None = None
) -> AsyncGenerator[Behind, None]:
    authority, hub = Authority(), FakeHub()
    files = authority.server()
    with TemporaryDirectory(prefix="vigil-") as folder:
        path = Path(folder) / "main"
        async with before(path=path, short=short) as b:
            server = await serve_federation(
                f"unix:{path}",
                lambda: files,
                FakeGate(authority.member_spki_sha256),
                carrier=hub,
                relay=hub,
                renewal=hub,
                roster=hub,
                clock=time.time,
                allowed=lambda: Limits(connections=4),
                door=b.front,
                write_seconds=write_seconds,
            )
            try:
                yield Behind(authority, hub, b)
            finally:
                await server.stop(0)


@on_a_loop
async def test_a_members_first_call_keeps_its_connection() -> None:
    async with behind(short={"FIRST_CALL_SECONDS": 0.3}) as s, s.channel() as channel:
        assert await channel.carrier.heads([LOG])
        await asyncio.sleep(0.6)
        assert await channel.carrier.heads([LOG])
        assert s.before.told == []


@on_a_loop
async def test_one_connection_too_many_of_a_member_ends_its_oldest() -> None:
    async with behind() as s:
        channels = [s.channel() for _ in range(5)]
        oldest = channels[0].carrier.follow([])
        await s.hub.following.wait()
        for channel in channels[1:]:
            await channel.carrier.heads([LOG])
        await s.hub.ended.wait()
        with pytest.raises(Exception, match=r"reached|closed|cut"):
            await anext(oldest)
        for channel in channels:
            await channel.close()


@on_a_loop
async def test_a_stream_that_is_not_read_costs_its_member_the_connection() -> None:
    """Windows of two gigabytes, and nothing is ever taken: the stream ends, and the connection with it."""
    async with behind(write_seconds=0.3, short={"UNREAD_SECONDS": 0.3}) as s:
        for number in range(64):
            s.hub.packages.put_nowait(_package(number))
        opening = settings((INITIAL_WINDOW_SIZE, MAX_WINDOW)) + window(0, MAX_WINDOW - FIRST_WINDOW)
        connection = await asyncio.to_thread(dial, s.target().main, s.target(), opening + call(1, FOLLOW, b""))
        await s.hub.ended.wait()
        await s.before.one_closed.wait()
        assert s.before.closed == [1]
        assert s.hub.packages.qsize() > 0
        connection.close()


def _package(start: int) -> Package:
    """Of half a megabyte."""
    return Package(
        origin=LOG,
        start=start,
        entries=[b"entry"],
        nonces=[b"n" * 32],
        bodies=[bytes(limits.BODY_BYTES - 1_000)],
        handling_nonces=[b""],
        handlings=[b""],
        checkpoint=b"note",
        proof=[],
    )
