"""vigil hub init, rekey, backup and restore: how a hub is made, gets new keys and is copied."""

from pathlib import Path
from typing import Any

import pytest

from node import app
from node.config import Home
from tests.unit.cli.conftest import Line, Node, Vigil


def test_hub_init_hands_over_the_root_and_the_addresses(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def init(home: Home, federation: str, root: bytes, _: object, **options: Any) -> Line:
        asked.append((home.folder, federation, root, options))
        return {
            "federation": federation,
            "home": str(home.folder),
            "ca_fingerprint": "aaaa",
            "hub_fingerprint": "bbbb",
            "root_fingerprint": "cccc",
            "next": "vigil authority sign",
        }

    monkeypatch.setattr(app, "init_hub", init)
    (tmp_path / "root.json").write_bytes(b"root")
    words = ["--federation", "vigil.example", "--root", tmp_path / "root.json", "--listen", "0.0.0.0:8443"]
    ran = vigil("hub", "init", *words, "--enrolment-listen", "0.0.0.0:8444", "--host", "hub.example", "--host", "h2")
    assert ran.code == 0
    options = {
        "listen": "0.0.0.0:8443",
        "enrolment_listen": "0.0.0.0:8444",
        "hosts": ["hub.example", "h2"],
        "exercise": False,
    }
    assert asked == [(tmp_path / "home", "vigil.example", b"root", options)]
    assert all(digits in ran.out for digits in ("aaaa", "bbbb", "cccc"))


def test_new_keys_of_the_hub_are_shown_with_what_comes_next(vigil: Vigil, node: Node) -> None:
    waiting: Line = {
        "rekey": "waiting",
        "hub_fingerprint": "aaaa 1111",
        "former_fingerprint": "bbbb 2222",
        "compromised": True,
        "next": "vigil hub requests --out FILE",
    }
    node.answers["rekey"] = [waiting]
    ran = vigil("hub", "rekey", "--compromised")
    assert node.call("rekey").arguments == {"compromised": True, "drop": False}
    assert all(each in ran.out for each in ("aaaa 1111", "bbbb 2222", "vigil hub requests", "Nothing is cosigned"))
    node.answers["rekey"] = [{"rekey": "dropped"}]
    assert vigil("hub", "rekey", "--drop").out == "The new keys are deleted.\n"
    node.answers["rekey"] = [{"rekey": "none waited"}]
    assert vigil("hub", "rekey", "--drop").out == "No new keys were waiting.\n"


def test_a_hub_is_backed_up_into_a_file_and_restored_from_one(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    node.answers["backup"] = [{"path": str(tmp_path / "copy"), "files": 12, "roster_version": 3}]
    assert "12 files" in vigil("hub", "backup", "copy").out
    assert node.call("backup").arguments == {"path": str(tmp_path / "copy")}
    asked: list[Any] = []

    def restore(home: Home, archive: Path, *, newest: bool) -> Line:
        asked.append((home.folder, archive, newest))
        about = {"federation": "vigil.example", "taken": 1_700_000_000, "roster_version": 3, "suspended": ["FR"]}
        return {"restored": str(home.folder), **about, "next": "vigil hub run"}

    monkeypatch.setattr(app, "restore_hub", restore)
    ran = vigil("hub", "restore", "copy")
    assert all(each in ran.out for each in ("vigil.example", "2023-11-1", "suspended then: FR", "vigil hub run"))
    vigil("hub", "restore", "copy", "--newest")
    assert asked == [(tmp_path / "home", tmp_path / "copy", newest) for newest in (False, True)]
