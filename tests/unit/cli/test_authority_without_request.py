"""vigil authority extend, release and bundle: what the authority gives out without a request."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from node import app
from tests.unit.cli.conftest import Line, Node, Vigil
from tests.unit.cli.hub_lines import IN_FORCE


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the authority was asked to decide without a request."""
    seen: list[tuple[Any, ...]] = []
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def extend(folder: Path, passphrase: Callable[[], str], *, key_folders: list[Path]) -> bytes:
        seen.append(("extend", folder, passphrase(), key_folders))
        return b"extended"

    def release(folder: Path, passphrase: Callable[[], str], member: str, *, key_folders: list[Path]) -> bytes:
        seen.append(("release", folder, passphrase(), member, key_folders))
        return b"released"

    def last(folder: Path) -> bytes:
        seen.append(("bundle", folder))
        return b"last"

    def changed(_folder: Path) -> list[Line]:
        return [{"policy": 3, "former_version": 2, "changed": [{"name": "log_entries", "from": 10_000, "to": 9_000}]}]

    monkeypatch.setattr(app, "policy_change", changed)
    monkeypatch.setattr(app, "extend_members", extend)
    monkeypatch.setattr(app, "release_member", release)
    monkeypatch.setattr(app, "last_bundle", last)
    return seen


@pytest.mark.parametrize(
    ("words", "bundle"),
    [("extend", b"extended"), ("release FR --yes", b"released"), ("bundle", b"last")],
)
def test_what_needs_no_request_is_written_to_a_file_or_handed_over(  # noqa: PLR0917 (fixtures)
    vigil: Vigil, node: Node, decided: list[tuple[Any, ...]], tmp_path: Path, words: str, bundle: bytes
) -> None:
    node.answers["admit"] = [IN_FORCE]
    whole = ["authority", *words.split(), "--folder", tmp_path / "stick"]
    assert vigil(*whole).code == 2
    assert vigil(*whole, "--out", tmp_path / "bundle", "--hub-home", tmp_path / "hub").code == 2
    assert decided == []
    ran = vigil(*whole, "--out", tmp_path / "bundle")
    assert ran.code == 0
    assert ("log_entries: 10,000 becomes 9,000" in ran.err) == (words != "bundle")
    assert (tmp_path / "bundle").read_bytes() == bundle
    assert vigil(*whole, "--hub-home", tmp_path / "hub", "--json").lines == [IN_FORCE]
    assert node.call("admit").arguments == {"bundle": base64.b64encode(bundle).decode()}


def test_a_member_is_not_released_unless_a_person_says_so(
    vigil: Vigil, node: Node, decided: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    ran = vigil("authority", "release", "FR", "--folder", tmp_path / "stick", "--out", tmp_path / "bundle")
    assert ran.code == 1
    assert decided == []
