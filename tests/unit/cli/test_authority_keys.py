"""vigil authority init and rotate: how many keys there are, and the fingerprint of the root."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from node import app
from tests.unit.cli.conftest import Line, Node, Vigil


def test_authority_init_shows_the_roots_fingerprint(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def init(folder: Path, federation: str, _: object, **options: Any) -> Line:
        asked.append((folder, federation, options))
        return {
            "federation": federation, "root": "root.json", "root_version": 1, "root_fingerprint": "aaaa", "keys": 3,
            "threshold": 2,
        }  # fmt: skip

    monkeypatch.setattr(app, "init_authority", init)
    monkeypatch.chdir(tmp_path)
    ran = vigil(
        "authority", "init", "--folder", "stick", "--federation", "vigil.example", "--keys", "3", "--threshold", "2"
    )
    assert asked == [(tmp_path / "stick", "vigil.example", {"keys": 3, "threshold": 2, "exercise": False})]
    assert "ROOT 1     aaaa" in ran.out
    assert "3 root and 3 targets keys; 2 of each must sign" in ran.out
    assert vigil("authority", "init", "--folder", "stick").code == 2


def test_authority_rotate_shows_the_new_root_and_hands_the_bundle_over(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def rotate(folder: Path, passphrase: Callable[[], str], **options: Any) -> tuple[Line, bytes]:
        asked.append((folder, passphrase(), options))
        made: Line = {
            "federation": "f.example",
            "root_version": 4,
            "root_fingerprint": "dddd",
            "keys": 1,
            "threshold": 1,
        }
        return made, b"rotated"

    monkeypatch.setattr(app, "rotate_authority", rotate)
    monkeypatch.setattr(app, "policy_change", lambda _: [])
    words = ["authority", "rotate", "--folder", tmp_path / "stick", "--out", tmp_path / "bundle", "--keys", "3"]
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    assert vigil(*words).code == 1
    assert asked == []
    ran = vigil(*words, "--yes", "--key-folder", tmp_path / "second")
    assert asked == [
        (tmp_path / "stick", "secret", {"keys": 3, "threshold": None, "key_folders": [tmp_path / "second"]})
    ]
    assert "ROOT 4     dddd" in ran.out
    assert "1 root and 1 targets key; 1 of each must sign" in ran.out
    assert (tmp_path / "bundle").read_bytes() == b"rotated"
