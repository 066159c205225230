"""A process of Vigil keeps its secrets to itself, and a home is its user's alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.app.guarding import take_secrets
from node.app.ownership import owning, require_private
from node.config import Home
from node.errors import Refused
from tests.conftest import absent

_GUARDED = """
import ctypes, os, resource, sys
from pathlib import Path
from node.app.guarding import guard, take_secrets
os.umask(0)
guard()
taken = take_secrets(["VIGIL_PASSPHRASE", "VIGIL_NEW_PASSPHRASE"])
assert taken == {"VIGIL_PASSPHRASE": "a secret\\udcff"}, taken
assert "VIGIL_PASSPHRASE" not in os.environ
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0
Path("made").touch()
Path("folder").mkdir()
assert Path("made").stat().st_mode & 0o777 == 0o600
assert Path("folder").stat().st_mode & 0o777 == 0o700
sys.stdout.buffer.write(Path("/proc/self/environ").read_bytes() if os.getuid() == 0 else b"OTHER=stays")
"""


def test_a_process_is_guarded_from_its_beginning(tmp_path: Path) -> None:
    environment = os.environ | {"VIGIL_PASSPHRASE": "a secret\udcff", "OTHER": "stays"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", _GUARDED], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"a secret" not in done.stdout
    assert b"OTHER=stays" in done.stdout


def test_where_nothing_secret_is_given_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGIL_PASSPHRASE", raising=False)
    assert take_secrets(["VIGIL_PASSPHRASE"]) == {}


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o777, 0o770])
def test_a_home_that_is_open_to_others_is_refused_and_left_as_it_is(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(Refused, match=f"its mode is {mode:04o}") as caught, owning(Home(folder=tmp_path)):
        pass
    assert "chmod 700" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []
    assert tmp_path.stat().st_mode & 0o777 == mode


def test_a_home_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        absent("only root can give a folder away")
    tmp_path.chmod(0o700)
    os.chown(tmp_path, 12_345, 12_345)
    with pytest.raises(Refused, match="belongs to a different user") as caught:
        require_private(tmp_path)
    assert "chown" in caught.value.remedy


def test_a_home_of_our_own_is_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with owning(Home(folder=tmp_path)):
        assert [path.name for path in tmp_path.iterdir()] == ["owner.lock"]
    (tmp_path / "link").symlink_to(tmp_path)
    require_private(tmp_path / "link")
