"""The front of the local sockets: it says whose a call is, and passes on everything else unchanged."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from node.domain.caller import Claim
from node.errors import Unauthenticated, Unavailable, VigilError
from node.wire import control, local_front
from node.wire.local_front import LocalFront

Line = dict[str, Any]


async def items(*given: Line) -> AsyncIterator[Line]:
    for each in given:
        yield each


async def echo(_command: str, arguments: Line, given: AsyncIterator[Line], claim: Claim) -> AsyncIterator[Line]:
    yield {"uid": claim.uid, "officer": claim.officer, **arguments}
    async for item in given:
        yield item


def over(folder: Path, work: Callable[[Path], Awaitable[Any]]) -> Any:
    """What `work` gives, beside a server that echoes."""

    async def scenario() -> Any:
        server = await control.serve(folder / "s.sock", echo)
        try:
            return await work(folder / "s.sock")
        finally:
            await server.stop(None)

    return asyncio.run(scenario())


async def lines_of(path: Path, *given: Line, officer: str = "", **arguments: Any) -> list[Line]:
    return [line async for line in control.call(path, "x", arguments, items(*given), officer)]


def test_large_items_and_lines_pass_unchanged(tmp_path: Path) -> None:
    """More than all buffers hold."""
    sent = [{"number": number, "text": "x" * (number * 300_000)} for number in range(8)]

    async def work(path: Path) -> list[Line]:
        return await lines_of(path, *sent, officer="Lt. Dupont")

    assert over(tmp_path, work) == [{"uid": os.getuid(), "officer": "Lt. Dupont"}, *sent]


def test_calls_at_the_same_time_keep_apart(tmp_path: Path) -> None:
    async def work(path: Path) -> list[list[Line]]:
        return await asyncio.gather(*(lines_of(path, {"n": n}, number=n) for n in range(40)))

    found = over(tmp_path, work)
    assert [(first["number"], item["n"]) for first, item in found] == [(n, n) for n in range(40)]


def test_the_server_behind_it_refuses_who_comes_by_another_way(tmp_path: Path) -> None:
    async def work(path: Path) -> None:
        await lines_of(path.with_name("s-inner.sock"))

    with pytest.raises(VigilError) as caught:
        over(tmp_path, work)
    assert caught.value.kind == Unauthenticated.kind


def test_the_server_behind_it_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    async def work(path: Path) -> list[str]:
        return [oct(each.stat().st_mode & 0o777) for each in sorted(path.parent.iterdir())]

    assert over(tmp_path, work) == ["0o600", "0o600"]
    assert list(tmp_path.iterdir()) == [], "a stopped server leaves no socket"


@pytest.mark.parametrize(
    "peer",
    [
        "",
        "unix:",
        "unix:/tmp/x",
        "ipv4:127.0.0.1:5",
        "unix-abstract:vigil-local/{run}/1/-1",
        "unix-abstract:vigil-local/{run}/1/0x",
        "unix-abstract:vigil-local/{run}/1/00",
        "unix-abstract:vigil-local/{run}/0/0",
        "unix-abstract:vigil-local/{other}/1/0",
        "unix-abstract:x/vigil-local/{run}/1/0",
    ],
)
def test_no_other_name_of_a_peer_is_a_user(peer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda size: "ab" * size)
    front = LocalFront(tmp_path / "inner")
    assert front.uid_of(f"unix-abstract:vigil-local%2F{'ab' * 16}%2F7%2F1001") == 1001
    with pytest.raises(Unauthenticated):
        front.uid_of(peer.format(run="ab" * 16, other="cd" * 16))


def test_connections_that_send_nothing_or_nonsense_end_and_harm_nobody(tmp_path: Path) -> None:
    async def work(path: Path) -> list[Line]:
        silent, rude = (socket.socket(socket.AF_UNIX) for _ in range(2))
        with silent, rude:
            silent.connect(str(path))
            rude.connect(str(path))
            rude.sendall(b"GET / HTTP/1.0\r\n\r\n" * 1_000)
            return await lines_of(path)

    assert over(tmp_path, work) == [{"uid": os.getuid(), "officer": ""}]


def test_one_user_of_a_group_cannot_take_every_descriptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is never counted, so this test is somebody else."""
    monkeypatch.setattr(local_front, "_uid_at", lambda _writer: 4_242)
    monkeypatch.setattr(local_front, "CONNECTIONS_A_USER", 2)

    async def work(path: Path) -> Line:
        held = []
        for _ in range(2):
            reader, writer = await asyncio.open_unix_connection(path)
            held.append((reader, writer))
        with pytest.raises(Unavailable):
            await lines_of(path)
        for reader, writer in held:
            writer.close()
            await writer.wait_closed()
            assert await reader.read() == b""
        while True:  # the front learns of the end in its own time
            try:
                return (await lines_of(path))[0]
            except Unavailable:
                await asyncio.sleep(0)

    assert over(tmp_path, work)["uid"] == 4_242
