"""Passphrases: where they come from, in which order, and never from the command line. Who runs a command."""

from pathlib import Path

import pytest

from node.cli.common import Passphrase, one
from node.errors import Misuse, VigilError
from tests.unit.cli.conftest import Node, Vigil


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text("of the file\nsecond line\n")
    return file


def test_the_option_comes_before_the_variables(secret: Path) -> None:
    environment = {"VIGIL_PASSPHRASE_FILE": "/nowhere", "VIGIL_PASSPHRASE": "of the variable"}
    assert Passphrase(file=secret, environment=environment)() == "of the file"


def test_the_file_named_by_a_variable_comes_before_the_variable(secret: Path) -> None:
    environment = {"VIGIL_PASSPHRASE_FILE": str(secret), "VIGIL_PASSPHRASE": "of the variable"}
    assert Passphrase(environment=environment)() == "of the file"
    assert Passphrase(environment={"VIGIL_PASSPHRASE": "of the variable"})() == "of the variable"


def test_without_any_and_without_a_terminal_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Misuse) as caught:
        Passphrase(environment={})()
    assert "--passphrase-file" in caught.value.remedy


@pytest.mark.parametrize("contents", [b"", b"\n", b"\xff\xfe\n"])
def test_a_file_without_a_passphrase_is_refused(tmp_path: Path, contents: bytes) -> None:
    file = tmp_path / "empty"
    file.write_bytes(contents)
    with pytest.raises(Misuse):
        Passphrase(file=file, environment={})()


def test_a_missing_file_is_refused_without_being_named(tmp_path: Path) -> None:
    with pytest.raises(Misuse) as caught:
        Passphrase(file=tmp_path / "missing", environment={})()
    assert "missing" not in str(caught.value)


def test_the_option_reaches_the_session(vigil: Vigil, node: Node, secret: Path) -> None:
    node.ask_passphrase = True
    assert vigil("queries", "--passphrase-file", secret).code == 0
    assert vigil("--passphrase-file", secret, "queries").code == 0
    assert node.passphrases == ["of the file"] * 2


def test_a_socket_is_the_options_then_the_variables_unless_a_home_is_named(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vigil("queries")
    monkeypatch.setenv("VIGIL_SOCKET", "/run/vigil/a.sock")
    vigil("queries")
    vigil("queries", "--socket", "/run/vigil/b.sock")
    vigil("queries", "--home", tmp_path / "home")
    vigil("queries", "--home", tmp_path / "home", "--socket", "/run/vigil/b.sock")
    a, b = Path("/run/vigil/a.sock"), Path("/run/vigil/b.sock")
    assert node.sockets == [None, a, b, None, b]


def test_originals_are_not_copied_by_who_has_no_access_to_the_home(vigil: Vigil, node: Node, tmp_path: Path) -> None:
    refused = vigil("ingest", tmp_path, "--case", "C", "--copy-originals", "--socket", "/run/vigil/a.sock")
    assert refused.code == 4
    assert "--copy-originals" in refused.err
    assert node.calls == []


AUDITED = {
    "of a node": ("queries",),
    "of a node's administrator": ("allow", "list"),
    "of a hub": ("hub", "members"),
    "that reads the audit log": ("audit",),
}


@pytest.mark.parametrize("name", AUDITED)
def test_every_command_takes_the_name_of_the_officer(vigil: Vigil, node: Node, name: str) -> None:
    assert vigil(*AUDITED[name], "--officer", " Lt. Dupont ").code == 0
    assert vigil("--officer", "Lt. Dupont", *AUDITED[name]).code == 0
    assert set(node.officers) == {"Lt. Dupont"}


def test_the_officer_is_the_options_then_the_variables_then_that_of_the_account(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    vigil("queries")
    monkeypatch.setenv("VIGIL_OFFICER", "Sgt. Sato")
    vigil("queries")
    vigil("--officer", "Lt. Dupont", "queries")
    assert node.officers == ["", "Sgt. Sato", "Lt. Dupont"]


@pytest.mark.parametrize("name", ["", "two\nlines", "\x1b[31m", "x" * 129])
def test_what_is_no_name_is_a_usage_error(vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert vigil("queries", "--officer", name).code == 2
    monkeypatch.setenv("VIGIL_OFFICER", name or " ")
    assert vigil("queries").code == 2
    assert node.calls == []


def test_a_command_that_gives_another_number_of_lines_is_a_fault() -> None:
    assert one([{"a": 1}]) == {"a": 1}
    for number in (0, 2):
        with pytest.raises(VigilError):
            one([{}] * number)
