"""Where the daemon's socket lies: where nobody else can put one in its place."""

from pathlib import Path

import pytest

from node.app.sessions import socket_path
from node.config import Home
from node.errors import Refused


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose path is too long for a socket."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    return Home(folder=tmp_path / ("h" * 100))


def test_a_home_with_a_short_path_holds_its_socket() -> None:
    assert socket_path(Home(folder=Path("/srv/vigil"))) == Path("/srv/vigil/control.sock")


def test_a_home_with_a_long_path_has_it_in_a_folder_of_this_users_alone(far: Home) -> None:
    path = socket_path(far)
    assert socket_path(far) == path
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert socket_path(Home(folder=far.folder / "other")) != path


def test_a_folder_that_others_may_write_to_is_refused(far: Home) -> None:
    folder = socket_path(far).parent
    folder.chmod(0o777)
    with pytest.raises(Refused, match="this user's alone"):
        socket_path(far)


def test_a_link_in_place_of_the_folder_is_refused(far: Home, tmp_path: Path) -> None:
    folder = socket_path(far).parent
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused):
        socket_path(far)


def test_a_folder_of_another_user_is_refused(far: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    folder = socket_path(far).parent
    mine = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: mine + 1)
    folder.rename(folder.with_name(f"vigil-{mine + 1}"))
    with pytest.raises(Refused):
        socket_path(far)
