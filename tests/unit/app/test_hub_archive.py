"""A hub's backup is one whole file, and a hub is restored from nothing less, over nothing."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from node import app, config
from node.app import hub_archive
from node.app.hub_archive import restore
from node.app.hub_opening import open_hub
from node.config import Home
from node.errors import Misuse, NotFound, Refused, StoreError, Unavailable, VigilError
from tests.integration.processes import FEDERATION, secret


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """A hub, and its backup."""
    root = tmp_path_factory.mktemp("archive")
    app.init_authority(root / "authority", FEDERATION, secret, keys=1, threshold=1)
    home = Home(folder=root / "hub")
    public = (root / "authority" / "root.json").read_bytes()
    listen, enrolment = "127.0.0.1:7001", "127.0.0.1:7002"
    app.init_hub(home, FEDERATION, public, secret, hosts=[], listen=listen, enrolment_listen=enrolment)
    with app.session(home, secret) as session:
        list(session.run("backup", {"path": str(root / "backup")}))
    return home, root / "backup"


def contents(home: Home) -> dict[str, bytes]:
    kept = ("vigil.sqlite3", "database.mark", "owner.lock", "restored", "control.sock")
    files = [path for path in home.folder.rglob("*") if path.is_file() and not path.name.startswith(kept)]
    return {path.relative_to(home.folder).as_posix(): path.read_bytes() for path in files}


def rewritten(backup: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> Path:
    """The archive with its files changed."""
    with tarfile.open(backup) as archive:
        files = [(entry, io.BytesIO(archive.extractfile(entry).read()).getvalue()) for entry in archive]  # type: ignore[union-attr]
    change(files)
    target = backup.with_name(f"changed-{len(list(backup.parent.iterdir()))}")
    with tarfile.open(target, "w") as archive:
        for entry, data in files:
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return target


def test_a_restored_hub_is_the_hub_that_was_backed_up(made: tuple[Home, Path], tmp_path: Path) -> None:
    home, backup = made
    again = Home(folder=tmp_path / "again")
    told = restore(again, backup, newest=False)
    assert told["suspended"] == []
    assert "vigil authority bundle" in told["next"]
    assert contents(again) == contents(home)
    assert all(path.stat().st_mode & 0o077 == 0 for path in again.folder.rglob("*") if path.is_file())
    with open_hub(again, config.load(again), secret) as services:
        assert services.store.check() == []


def test_a_backup_is_taken_into_a_new_file_only(made: tuple[Home, Path]) -> None:
    home, backup = made
    before = backup.read_bytes()
    with app.session(home, secret) as session, pytest.raises(Misuse, match="exists already"):
        list(session.run("backup", {"path": str(backup)}))
    assert backup.read_bytes() == before
    assert {path.name for path in backup.parent.iterdir()} >= {"backup", "hub", "authority"}
    assert not list(backup.parent.glob("backup.*")), "nothing is left beside it"


def test_a_restored_hub_waits_until_it_has_what_the_authority_signed_last(
    made: tuple[Home, Path], tmp_path: Path
) -> None:
    home = Home(folder=tmp_path / "hub")
    restore(home, made[1], newest=False)
    with pytest.raises(Unavailable, match="restored from a backup") as refused:
        hub_archive.require_newest(home)
    assert "vigil hub admit" in refused.value.remedy
    vouched = Home(folder=tmp_path / "vouched")
    assert restore(vouched, made[1], newest=True)["next"] == "vigil hub run"
    hub_archive.require_newest(vouched)


def test_a_hub_is_never_restored_over_anything(made: tuple[Home, Path], tmp_path: Path) -> None:
    home, backup = made
    before = contents(home)
    with pytest.raises(Misuse, match="already"):
        restore(home, backup, newest=True)
    assert contents(home) == before
    rest = tmp_path / "rest"
    (rest / "keys").mkdir(parents=True)
    rest.chmod(0o700)
    (rest / "keys" / "hub.keys").write_bytes(b"the only copy")
    with pytest.raises(Misuse, match="files of a hub"):
        restore(Home(folder=rest), backup, newest=True)
    assert (rest / "keys" / "hub.keys").read_bytes() == b"the only copy"
    with pytest.raises(NotFound):
        restore(Home(folder=tmp_path / "x"), tmp_path / "nowhere", newest=True)


def drop_last(files: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    files.pop()


def bend(files: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entry, data = files[2]
    files[2] = (entry, bytes([data[0] ^ 1]) + data[1:])


def add(files: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    files.append((tarfile.TarInfo("../../escaped"), b"x"))


def link(files: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    entry = files[2][0]
    entry.type, entry.linkname = tarfile.SYMTYPE, "../../escaped"


def rename(files: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    head, data = files[0]
    files[0] = (head, data.replace(b'"keys/hub.keys"', b'"../hub.keys00"'))


def headless(files: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    del files[0]


@pytest.mark.parametrize("change", [drop_last, bend, add, link, rename, headless])
def test_what_is_no_whole_backup_makes_no_hub(
    made: tuple[Home, Path], tmp_path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]
) -> None:
    home = Home(folder=tmp_path / "hub")
    with pytest.raises((Refused, VigilError)):
        restore(home, rewritten(made[1], change), newest=True)
    assert contents(home) == {}
    assert not (tmp_path / "escaped").exists()
    assert restore(home, made[1], newest=True), "and the right one can be put there after it"


def test_a_backup_that_was_cut_or_is_something_else_makes_no_hub(made: tuple[Home, Path], tmp_path: Path) -> None:
    whole = made[1].read_bytes()
    home = Home(folder=tmp_path / "hub")
    for data in (b"", b"junk", whole[:700], whole[: len(whole) // 2]):
        (tmp_path / "bad").write_bytes(data)
        with pytest.raises(Refused):
            restore(home, tmp_path / "bad", newest=True)
    assert contents(home) == {}


def test_a_restore_that_was_cut_off_anywhere_can_be_begun_again(
    made: tuple[Home, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename_path = Path.rename
    for steps in range(8):
        home, left = Home(folder=tmp_path / f"hub-{steps}"), [steps]

        def failing(self: Path, target: Path, left: list[int] = left) -> Path:
            if not left[0]:
                raise OSError("gone")
            left[0] -= 1
            return rename_path(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", failing)
            try:
                restore(home, made[1], newest=False)
            except StoreError:
                assert not home.config.exists(), "a folder is a home once it is whole"
            else:
                assert home.config.exists()
                continue
        restore(home, made[1], newest=False)
        assert contents(home) == contents(made[0])
        assert home.restored.exists()
