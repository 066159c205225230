"""vigil authority sign: what is shown to compare, what is signed, and that nobody is signed in unseen."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from node import app
from tests.unit.cli.conftest import Line, Node, Vigil
from tests.unit.cli.hub_lines import IN_FORCE


def petition(member: str, verdict: str, **changes: Any) -> Line:
    return {
        "member": member, "name": f"Country {member}", "verdict": verdict, "fingerprint": "bbbb 2222",
        "former_log_ends": None, "reason": None, **changes,
    }  # fmt: skip


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every signature that `app.sign_members` was asked for."""
    signed: list[dict[str, Any]] = []
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def describe(_: Path, passphrase: Callable[[], str], request: bytes) -> list[Line]:
        passphrase()
        if request == b"nothing":
            return []
        return [
            {"hub": "new", "fingerprint": "aaaa 1111", "former_fingerprint": None},
            petition("FR", "admit"),
            petition("JP", "refuse", fingerprint=None, reason="a bad proof"),
            petition("BR", "replace", former_log_ends=419),
        ]

    def sign(folder: Path, passphrase: Callable[[], str], request: bytes, **options: Any) -> bytes:
        signed.append({"folder": folder, "secret": passphrase(), "request": request, **options})
        return b"bundle"

    monkeypatch.setattr(app, "describe_request", describe)
    monkeypatch.setattr(app, "sign_members", sign)
    return signed


def sign_words(tmp_path: Path, request: bytes = b"asked") -> list[str | Path]:
    (tmp_path / "request").write_bytes(request)
    words: list[str | Path] = ["authority", "sign", "--folder", tmp_path / "stick"]
    return [*words, "--request", tmp_path / "request", "--out", tmp_path / "bundle"]


def test_every_fingerprint_is_shown_and_a_person_is_asked_before_anything_is_signed(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    ran = vigil(*sign_words(tmp_path))
    assert ran.code == 1
    assert "nothing was signed" in ran.err
    assert all(words in ran.out for words in ("HUB        aaaa 1111", "KEYS       bbbb 2222", "a bad proof"))
    assert "published under the former key: 419" in ran.out
    assert "BR are NOT replaced" in ran.err
    assert authority == []
    assert not (tmp_path / "bundle").exists()


def test_what_was_compared_is_signed_into_a_new_file(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: True)
    assert vigil(*sign_words(tmp_path), "FR", "--replace-keys", "DE").code == 0
    assert authority == [
        {
            "folder": tmp_path / "stick",
            "secret": "secret",
            "request": b"asked",
            "admit": ["FR"],
            "replace_keys": ["DE"],
            "accept_hub": True,
            "former_hub_until": None,
            "former_hub_compromised": False,
            "key_folders": [],
        }
    ]
    assert (tmp_path / "bundle").read_bytes() == b"bundle"


@pytest.mark.parametrize(
    ("hub", "words"),
    [
        ({"hub": "new", "fingerprint": "aaaa 1111", "former_fingerprint": None}, ["The first hub"]),
        (
            {"hub": "replaces", "fingerprint": "aaaa 1111", "former_fingerprint": "845d 2222"},
            ["replaces hub 845d", "did not sign for it", "845d 2222"],
        ),
        (
            {"hub": "rekey", "fingerprint": "aaaa 1111", "former_fingerprint": "845d 2222"},
            ["changes its keys", "present keys sign for the new ones", "845d 2222"],
        ),
    ],
)
def test_it_is_said_what_a_hub_is_to_the_authority(  # noqa: PLR0917 (fixtures)
    vigil: Vigil,
    node: Node,
    authority: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hub: Line,
    words: list[str],
) -> None:
    """After a loss the digits of the hub that is replaced are shown; a first hub is called so."""
    monkeypatch.setattr(app, "describe_request", lambda *_: [hub])
    given = [*sign_words(tmp_path), "--yes", "--former-hub-until", "2026-05-03T14:00", "--former-hub-compromised"]
    ran = vigil(*given)
    assert ran.code == 0
    assert all(each in ran.out for each in ["aaaa 1111", *words])
    assert (authority[0]["former_hub_until"], authority[0]["former_hub_compromised"]) == (1_777_816_800.0, True)
    assert vigil(*sign_words(tmp_path), "--former-hub-until", "yesterday").code == 2


def test_without_names_all_that_are_sound_are_meant_and_an_empty_request_is_not_asked_about(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")

    def ask(*_: object, **__: object) -> bool:
        raise AssertionError("nothing was to be compared")

    monkeypatch.setattr(typer, "confirm", ask)
    assert vigil(*sign_words(tmp_path, b"nothing")).code == 0
    assert [(each["admit"], each["accept_hub"]) for each in authority] == [(None, False)]


def test_with_the_hubs_home_the_request_is_fetched_and_the_bundle_handed_over(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PASSPHRASE", "secret")
    node.answers |= {"requests": [{"request": base64.b64encode(b"asked").decode()}], "admit": [IN_FORCE]}
    words = ["authority", "sign", "--folder", tmp_path / "stick", "--hub-home", tmp_path / "hub", "--yes", "--json"]
    ran = vigil(*words)
    assert ran.code == 0
    assert node.homes == [tmp_path / "hub"] * 2
    assert node.call("admit").arguments == {"bundle": base64.b64encode(b"bundle").decode()}
    assert ran.lines[-1] == IN_FORCE


def test_keys_on_other_sticks_are_named(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path
) -> None:
    words = [*sign_words(tmp_path), "--yes", "--key-folder", tmp_path / "second", "--key-folder", tmp_path / "third"]
    assert vigil(*words).code == 0
    assert authority[0]["key_folders"] == [tmp_path / "second", tmp_path / "third"]


def test_where_nobody_can_be_asked_nothing_is_signed(
    vigil: Vigil, node: Node, authority: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object, **__: object) -> bool:
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", ended)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    ran = vigil(*sign_words(tmp_path))
    assert ran.code == 2
    assert "--yes" in ran.err
    assert authority == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--request", "r"],
        ["--out", "o"],
        ["--hub-home", "h", "--request", "r", "--out", "o"],
        ["--hub-home", "h", "--out", "o"],
    ],
)
def test_a_request_comes_from_one_place(vigil: Vigil, node: Node, words: list[str]) -> None:
    assert vigil("authority", "sign", "--folder", "stick", *words).code == 2
    assert node.calls == []
