"""The daemons and commands keep their secrets to themselves, as a user runs them under the most open umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.integration.pictures import picture
from tests.integration.processes import PASSPHRASE, Federation, federation, vigil


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A hub and a node, both running, with a holding that is contributed."""
    before = os.umask(0)
    try:
        with federation(tmp_path_factory.mktemp("open"), "NOR") as running:
            yield running
    finally:
        os.umask(before)


def test_every_file_is_its_owners_alone_under_any_umask(made: Federation, tmp_path: Path) -> None:
    home, written = made.root / "NOR", tmp_path / "written"
    written.mkdir(mode=0o700)
    taken = picture(tmp_path / "a.jpg", 1)
    for words in (
        ("ingest", str(taken), "--case", "C-1", "--copy-originals"),
        ("contribute", "--case", "C-1"),
        ("node", "backup", str(written / "node.backup")),
    ):
        done = vigil(home, *words)
        assert done.returncode == 0, (words, done.stderr)
    done = vigil(made.root / "hub", "hub", "backup", str(written / "hub.backup"))
    assert done.returncode == 0, done.stderr
    assert len(list(written.iterdir())) >= 2
    assert [(str(path), oct(mode)) for path, mode in open_to_others(home, made.root / "hub", written)] == []


def open_to_others(*folders: Path) -> list[tuple[Path, int]]:
    """Whatever the group or others may touch."""
    found = []
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            mode = stat.S_IMODE(path.lstat().st_mode)
            # A link has no mode of its own. The hub was founded in the test's own process, which nothing guards, and
            # python-tuf made this folder there, within a home that is closed.
            if mode & 0o077 and not path.is_symlink() and path.name != "root_history":
                found.append((path, mode))
    return found


@pytest.mark.parametrize("name", ["hub", "NOR"])
def test_a_daemon_leaves_no_core_and_no_passphrase_to_be_read(made: Federation, name: str) -> None:
    process = Path(f"/proc/{made.daemons[name].process.pid}")
    (cores,) = [line for line in (process / "limits").read_text().splitlines() if line.startswith("Max core file size")]
    assert cores.split()[4:6] == ["0", "0"]
    assert (process / "environ").stat().st_uid == 0  # what it is of a process that nobody may look into
    try:
        shown = (process / "environ").read_bytes()
    except PermissionError:
        absent("only root may look into a daemon")
    assert b"VIGIL_HOME=" in shown
    assert PASSPHRASE.encode() not in shown


def test_a_home_that_was_opened_to_others_is_refused_until_it_is_closed(made: Federation) -> None:
    made.stop("NOR")
    home = made.root / "NOR"
    home.chmod(0o755)
    done = vigil(home, "node", "status")
    assert done.returncode == 4
    assert "its mode is 0755" in done.stderr
    assert "chmod 700" in done.stderr
    done = vigil(home, "node", "run")
    assert done.returncode == 4
    home.chmod(0o700)
    assert vigil(home, "node", "status").returncode == 0
    made.start("NOR")
