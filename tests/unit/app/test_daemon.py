"""How a daemon comes to own its home."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from node.app import daemon
from node.app.sessions import socket_path
from node.config import Home
from node.errors import AlreadyRunning
from node.store.lock import own


def test_a_daemon_waits_for_a_command_that_works_on_its_home(tmp_path: Path) -> None:
    home, begun, ended = Home(folder=tmp_path), threading.Event(), threading.Event()

    def command() -> None:
        with own(tmp_path):
            begun.set()
            ended.wait()

    other = threading.Thread(target=command)
    other.start()
    begun.wait()
    threading.Timer(0.05, ended.set).start()
    with daemon.owned(home):
        assert ended.is_set()
    other.join()


def test_a_daemon_does_not_wait_for_another_daemon(tmp_path: Path) -> None:
    home = Home(folder=tmp_path)
    with own(tmp_path):
        socket_path(home).touch()
        with pytest.raises(AlreadyRunning), daemon.owned(home):
            pass


def test_a_daemon_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "OWN_SECONDS", 0.0)
    with own(tmp_path), pytest.raises(AlreadyRunning), daemon.owned(Home(folder=tmp_path)):
        pass
