"""A helper process is greeted, heard, started again, and given up; and it is handed nothing of ours."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from node.app import helpers
from node.app.helpers import Helper
from node.app.ports import listen
from node.errors import Unavailable
from tests.integration.wire_pki import on_a_loop

ECHO = """
import json, os, sys
greeting = json.loads(sys.stdin.readline())
print(json.dumps({"ready": True}), flush=True)
ours = [name for name in os.environ if name.startswith("VIGIL_")]
print(json.dumps({"greeting": greeting, "pid": os.getpid(), "ours": ours}), flush=True)
for line in sys.stdin:
    said = json.loads(line)
    if said.get("end"):
        sys.exit(0)
    if said.get("long"):
        print(json.dumps({"long": "x" * 100_000}), flush=True)
    print(json.dumps({"said": said}), flush=True)
"""
ENDS = "raise SystemExit(1)"


@dataclass
class Scene:
    helper: Helper
    heard: "asyncio.Queue[dict[str, Any]]"
    running: "asyncio.Task[None]"
    ends: list[int] = field(default_factory=list)


@asynccontextmanager
async def helping(program: str) -> AsyncGenerator[Scene, None]:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkey:
        (Path(folder) / "helper_of_a_test.py").write_text(program)
        monkey.setenv("PYTHONPATH", folder)
        monkey.setenv("VIGIL_PASSPHRASE", "not for helpers")
        monkey.setattr(helpers, "FIRST_PAUSE", 0.01)
        monkey.setattr(helpers, "STARTS", 3)
        heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        ends: list[int] = []
        helper = Helper(
            "helper_of_a_test",
            greeting=lambda: {"hello": len(ends)},
            heard=heard.put_nowait,
            ended=lambda: ends.append(1),
        )
        scene = Scene(helper, heard, asyncio.create_task(helper.run()), ends)
        try:
            yield scene
        finally:
            scene.running.cancel()
            await asyncio.gather(scene.running, return_exceptions=True)


@on_a_loop
async def test_it_is_greeted_and_heard_and_has_no_setting_of_ours() -> None:
    async with helping(ECHO) as s:
        await s.helper.ready()
        first = await s.heard.get()
        assert first == {"greeting": {"hello": 0}, "pid": s.helper.pid, "ours": []}
        s.helper.say({"keep": 7})
        assert await s.heard.get() == {"said": {"keep": 7}}


@on_a_loop
async def test_one_that_ends_is_started_again_and_greeted_anew() -> None:
    async with helping(ECHO) as s:
        first = await s.heard.get()
        s.helper.say({"end": True})
        again = await s.heard.get()
        assert again["greeting"] == {"hello": 1}
        assert again["pid"] != first["pid"]
        await s.helper.ready()


@on_a_loop
async def test_one_that_says_too_much_at_once_is_ended() -> None:
    async with helping(ECHO) as s:
        first = await s.heard.get()
        s.helper.say({"long": True})
        assert (await s.heard.get())["pid"] != first["pid"]


@on_a_loop
async def test_one_that_cannot_stay_up_is_given_up() -> None:
    async with helping(ENDS) as s:
        with pytest.raises(Unavailable, match="cannot stay up"):
            await s.running
        assert len(s.ends) == 3
        s.helper.say({"keep": 1})  # to nobody


@on_a_loop
async def test_it_ends_with_who_started_it() -> None:
    async with helping(ECHO) as s:
        pid = (await s.heard.get())["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Unavailable, match="cannot listen"):
        listen(f"127.0.0.1:{taken.getsockname()[1]}")


def test_a_name_is_listened_on_at_every_address_that_this_machine_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    opened = listen(f"localhost:{port}")
    assert "127.0.0.1" in {own.getsockname()[0] for own in opened}
    for own in opened:
        own.close()


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(Unavailable, match="cannot listen"):
        listen("192.0.2.1:7443")
