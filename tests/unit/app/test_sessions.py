"""Where the daemon's socket lies: in its home, whatever path that has."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from node.app.sessions import answers, socket_path
from node.config import Home
from node.wire.local_paths import lasting, reached

NAMES = ("plain", "case#1", "q?x", "a,b", "50%41", "a & b", "two\nlines", "h" * 200, "caf\udce9", "\u202eevil", "-x")


@pytest.mark.parametrize("name", NAMES)
def test_a_socket_lies_in_its_home_and_is_reached_there(tmp_path: Path, name: str) -> None:
    home = Home(folder=tmp_path / name)
    home.folder.mkdir()
    path = socket_path(home)
    assert path == home.folder / "control.sock"
    assert not asyncio.run(answers(path))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(lasting(path)))
        server.listen()
        assert path.is_socket()
        assert asyncio.run(answers(path))


def test_a_path_to_connect_to_is_short_and_ends_with_its_block(tmp_path: Path) -> None:
    before = list(Path("/proc/self/fd").iterdir())
    with reached(tmp_path / "x.sock") as short:
        assert len(os.fsencode(short)) < 40
        assert short.parent.resolve() == tmp_path.resolve()
    assert len(list(Path("/proc/self/fd").iterdir())) == len(before)


def test_no_daemon_answers_in_a_home_that_is_not_there(tmp_path: Path) -> None:
    assert not asyncio.run(answers(socket_path(Home(folder=tmp_path / "absent"))))
