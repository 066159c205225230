"""The investigators' socket: off by default, and only where nobody can put another in its place."""

from __future__ import annotations

import grp
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from node.app.group_socket import check_before_use, group_socket
from node.config import Config, parse
from node.errors import ConfigError, Refused, Unavailable

OURS = grp.getgrgid(os.getegid()).gr_name
TABLE = {"role": "node", "federation": "test.vigil", "member": "FR", "hub": "h:1", "enrolment": "h:2"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "run"
    made.mkdir()
    made.chmod(0o755)
    return made


def settings(path: Path, group: str = OURS) -> Config:
    return parse({**TABLE, "investigator_socket": str(path), "investigator_group": group}, {})


def test_without_a_setting_there_is_none() -> None:
    assert group_socket(parse(TABLE, {})) is None


def test_a_folder_of_ours_that_no_other_writes_to_is_taken(folder: Path) -> None:
    assert group_socket(settings(folder / "socket")) == (folder / "socket", os.getegid())


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"investigator_socket": "/run/vigil/socket"}, "set both"),
        ({"investigator_group": "users"}, "set both"),
        ({"investigator_socket": "run/socket", "investigator_group": "users"}, "absolute path"),
        ({"investigator_socket": "/" + "x" * 100, "investigator_group": "users"}, "absolute path"),
        ({"investigator_socket": "/run/socket", "investigator_group": "a b"}, "name of a group"),
        ({"role": "hub", "investigator_socket": "/run/socket", "investigator_group": "users"}, "only a node"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(given: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        parse({**TABLE, **given}, {})


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_a_folder_that_others_write_to_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(ConfigError, match="can write to a folder"):
        group_socket(settings(folder / "socket"))


def test_a_folder_above_that_others_write_to_is_refused(folder: Path) -> None:
    (folder / "below").mkdir()
    folder.chmod(0o777)
    with pytest.raises(ConfigError, match="can write to a folder"):
        group_socket(settings(folder / "below" / "socket"))
    folder.chmod(0o1777)
    assert group_socket(settings(folder / "below" / "socket"))


def test_a_folder_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(folder, 12_345, -1)
    else:
        monkeypatch.setattr("os.geteuid", lambda: 12_345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        group_socket(settings(folder / "socket"))


def test_a_folder_that_the_group_cannot_enter_is_refused(folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(ConfigError, match="cannot enter"):
        group_socket(settings(folder / "socket"))


def test_what_stands_in_its_place_is_not_removed(folder: Path) -> None:
    (folder / "socket").write_text("kept")
    with pytest.raises(ConfigError, match="is not a socket"):
        group_socket(settings(folder / "socket"))
    (folder / "socket").unlink()
    (folder / "socket").symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match="is not a socket"):
        group_socket(settings(folder / "socket"))


def test_a_folder_or_a_group_that_does_not_exist_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        group_socket(settings(folder / "gone" / "socket"))
    with pytest.raises(ConfigError, match="no group no-such-group"):
        group_socket(replace(settings(folder / "socket"), investigator_group="no-such-group"))


def test_a_user_checks_the_socket_before_anything_is_sent(folder: Path) -> None:
    with pytest.raises(Unavailable, match="no node answers"):
        check_before_use(folder / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        check_before_use(folder / "socket")
        folder.chmod(0o777)
        with pytest.raises(Refused, match="not safe"):
            check_before_use(folder / "socket")
