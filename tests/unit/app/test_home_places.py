"""Where a home can be: anywhere, or the command that would make it says why not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from node import app, config
from node.app.homes import make_home
from node.config import Home
from node.errors import ConfigError, Misuse

NAMES = ("case#1", "q?x", "a,b", "50%41", "a & b", "two\nlines", "h" * 200, "caf\udce9")


@pytest.mark.parametrize("name", NAMES)
def test_a_home_is_made_whatever_its_name(tmp_path: Path, name: str) -> None:
    home = Home(folder=tmp_path / "above" / name)
    make_home(home)
    assert home.folder.stat().st_mode & 0o777 == 0o700
    assert list(home.folder.iterdir()) == []
    make_home(home)  # again changes nothing


@pytest.mark.parametrize(("name", "why"), [("h" * 300, "file name too long"), ("file/sub", "not a directory")])
def test_a_place_where_no_home_can_be_is_refused_by_the_command_that_would_make_it(
    tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "file").touch()
    home = Home(folder=tmp_path / name)
    with pytest.raises(Misuse, match=f"the home cannot be made here: {why}"):
        app.init_hub(home, "a.b", b"{}", lambda: "", listen="127.0.0.1:1", enrolment_listen="127.0.0.1:2", hosts=[])
    with pytest.raises(ConfigError) as caught:
        config.load(home)
    assert name not in str(caught.value)


def test_a_file_system_without_sockets_holds_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(_: socket.socket, _address: str) -> None:
        raise PermissionError(1, "x")

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(Misuse, match="operation not permitted"):
        make_home(Home(folder=tmp_path / "home"))


def test_a_home_of_a_user_whom_nobody_knows_is_a_folder_of_that_name() -> None:
    found = config.find_home(Path("~nobody-of-that-name/x"), {})
    assert found.folder == Path(os.getcwd()) / "~nobody-of-that-name" / "x"  # noqa: PTH109 (as Path.absolute does)


@pytest.mark.parametrize("path", ["run/x.sock", "/run/vigil/", "/run/vigil/a#b", "/run/vigil/a b"])
def test_the_investigators_socket_has_a_plain_name_in_any_folder(path: str) -> None:
    settings = {"role": "node", "federation": "a.b", "member": "FR", "hub": "h:1", "enrolment": "h:2"}
    shared = {"investigator_group": "users", "investigator_socket": "/srv/case#1 " + "h" * 200 + "/vigil.sock"}
    assert config.parse({**settings, **shared}, {}).investigator_socket == shared["investigator_socket"]
    with pytest.raises(ConfigError, match="investigator_socket: expected an absolute path that ends in a name"):
        config.parse({**settings, **shared, "investigator_socket": path}, {})
