"""The local socket: its mode, and what a command's failure looks like on the other side of it."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from node.domain.caller import Claim
from node.errors import Refused, Unavailable, VigilError
from node.wire import control

Line = dict[str, Any]


async def nothing() -> AsyncIterator[Line]:
    return
    yield


def mode_of(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


async def over_socket(path: Path, command: str) -> list[Line]:
    async def run(name: str, arguments: Line, items: AsyncIterator[Line], who: Claim) -> AsyncIterator[Line]:
        yield {"command": name, "mode": mode_of(path), "officer": who.officer, "uid": who.uid}
        if name == "refused":
            raise Refused("not today", remedy="tomorrow")
        if name == "broken":
            raise ValueError("5a5a5a5a /evidence/telltale.jpg")

    server = await control.serve(path, run)
    try:
        lines = []
        try:
            async for line in control.call(path, command, {}, nothing(), "Lt. Dupont"):
                lines.append(line)  # noqa: PERF401 (what came before an error counts)
        except VigilError as error:
            lines.append({"kind": error.kind, "text": f"{error} {error.remedy}"})
        return lines
    finally:
        await server.stop(None)


def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    assert asyncio.run(over_socket(tmp_path / "s", "fine")) == [
        {"command": "fine", "mode": "0o600", "officer": "Lt. Dupont", "uid": os.getuid()}
    ]


def test_an_error_crosses_with_its_kind_words_and_remedy(tmp_path: Path) -> None:
    assert asyncio.run(over_socket(tmp_path / "s", "refused"))[1] == {"kind": "refused", "text": "not today tomorrow"}


def test_a_fault_that_nobody_foresaw_is_told_and_logged_by_its_class_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (_, told) = asyncio.run(over_socket(tmp_path / "s", "broken"))
    assert told["kind"] == "unavailable"
    out, err = capfd.readouterr()
    seen = out + err + caplog.text + told["text"]
    assert "ValueError" in seen
    assert "telltale" not in seen
    assert "5a5a" not in seen


def test_without_a_daemon_the_socket_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async for _ in control.call(tmp_path / "nobody", "status", {}, nothing(), ""):
            raise AssertionError("nobody can have answered")

    with pytest.raises(Unavailable):
        asyncio.run(scenario())


def test_what_ends_the_items_of_a_command_is_what_is_raised(tmp_path: Path) -> None:
    """Such as a worker that cannot be started while files are read for it."""

    async def items() -> AsyncIterator[Line]:
        yield {"number": 1}
        raise Unavailable("no worker process can be started", remedy="free memory")

    async def run(_name: str, _arguments: Line, given: AsyncIterator[Line], _who: Claim) -> AsyncIterator[Line]:
        async for item in given:
            yield item

    async def scenario() -> None:
        server = await control.serve(tmp_path / "s", run)
        try:
            async for _ in control.call(tmp_path / "s", "match", {}, items(), ""):
                pass
        finally:
            await server.stop(None)

    with pytest.raises(Unavailable, match="no worker process can be started") as caught:
        asyncio.run(scenario())
    assert caught.value.remedy == "free memory"


def test_a_socket_for_a_group_is_open_to_that_group_too(tmp_path: Path) -> None:
    async def run(*_: Any) -> AsyncIterator[Line]:
        yield {}

    async def scenario() -> tuple[int, int]:
        server = await control.serve(tmp_path / "own" / "s", run, shared=(tmp_path / "s", os.getegid()))
        try:
            found = (tmp_path / "s").stat()
            return found.st_mode & 0o7777, found.st_gid
        finally:
            await server.stop(None)

    assert asyncio.run(scenario()) == (0o660, os.getegid())


def test_a_command_that_ends_before_its_items_are_read_says_why(tmp_path: Path) -> None:
    """Each time, however the client's sending and the end of the call meet."""

    async def many() -> AsyncIterator[Line]:
        for number in range(5):
            yield {"number": number}

    async def run(*_: Any) -> AsyncIterator[Line]:
        if await asyncio.to_thread(bool, 1):
            raise Refused("not for this role", remedy="ask another")
        yield {}

    async def scenario() -> None:
        server = await control.serve(tmp_path / "s", run)
        try:
            for _ in range(60):
                with pytest.raises(Refused, match="not for this role"):
                    async for _line in control.call(tmp_path / "s", "match", {}, many(), ""):
                        pass
        finally:
            await server.stop(None)

    asyncio.run(scenario())
