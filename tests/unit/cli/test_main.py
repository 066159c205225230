"""The command tree: every command is there, usage errors and exit codes are exact, and nothing leaks."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node import __version__
from node.cli import main
from node.errors import (
    BadSignature,
    ConfigError,
    DiskFull,
    Misuse,
    NotFound,
    Refused,
    Suspended,
    Unavailable,
    VigilError,
)
from tests.unit.cli.conftest import Node, Vigil


def _commands(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each command by its words, with the names of its own commands: none for a leaf."""
    below = getattr(command, "commands", {})
    yield words, sorted(below)
    for name, each in below.items():
        yield from _commands((*words, name), each)


TREE = dict(each for name in main.COMMANDS for each in _commands((name,), main.build().get_command(None, name)))
GROUPS = {words: names for words, names in TREE.items() if names}
LEAVES = [list(words) for words, names in TREE.items() if not names]


def test_help_lists_every_command_without_importing_any(vigil: Vigil, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} was imported")

    monkeypatch.setattr(main, "importlib", SimpleNamespace(import_module=refuse))
    ran = vigil("--help")
    assert ran.code == 0
    assert all(name in ran.out for name in main.COMMANDS)


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_has_the_common_options_and_a_help_of_80_columns(vigil: Vigil, words: list[str]) -> None:
    ran = vigil(*words, "--help")
    assert ran.code == 0
    assert all(option in ran.out for option in ("--home", "--json", "--passphrase-file"))
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_a_group_lists_its_commands(vigil: Vigil, group: tuple[str, ...]) -> None:
    ran = vigil(*group, "--help")
    assert ran.code == 0
    assert all(name in ran.out for name in GROUPS[group])


@pytest.mark.parametrize("words", [["--version"], ["match", "sha256:00", "--json"], ["hub", "members", "--help"]])
def test_output_on_a_full_disk_is_an_error_in_words(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "node.cli.main", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ran.returncode in {main.ExitCode.ERROR, main.ExitCode.USAGE}
    assert "error: " in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr


def test_the_version_is_told(vigil: Vigil) -> None:
    assert vigil("--version").out == f"vigil {__version__}\n"


@pytest.mark.parametrize("words", [["nonsense"], ["match"], ["match", "--nonsense", "x"], ["hub"], ["hub", "nonsense"]])
def test_what_is_no_command_line_ends_with_2_and_says_so_on_stderr(vigil: Vigil, words: list[str]) -> None:
    ran = vigil(*words)
    assert ran.code == 2
    assert "error: " in ran.err


@pytest.mark.parametrize("words", [["--home", "elsewhere", "queries"], ["queries", "--home", "elsewhere"]])
def test_the_home_may_stand_before_the_command_or_after_it(vigil: Vigil, node: Node, words: list[str]) -> None:
    assert vigil(*words).code == 0
    assert node.homes == [Path("elsewhere").absolute()]


def test_the_later_home_wins(vigil: Vigil, node: Node) -> None:
    vigil("--home", "one", "queries", "--home", "two")
    assert node.homes == [Path("two").absolute()]


def test_a_home_that_is_called_like_a_command_is_still_a_home(vigil: Vigil, node: Node) -> None:
    vigil("--home", "fingerprint", "queries")
    assert [call.command for call in node.calls] == ["queries"]


@pytest.mark.parametrize("words", [["--json", "queries"], ["queries", "--json"]])
def test_json_may_stand_before_the_command_or_after_it(vigil: Vigil, node: Node, words: list[str]) -> None:
    node.answers["queries"] = [{"query": "00", "asked_at": 0, "closed_at": None, "purpose": "x"}]
    assert vigil(*words).lines == node.answers["queries"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VigilError("x"), 1),
        (NotFound("x"), 1),
        (Unavailable("x"), 1),
        (DiskFull("x"), 1),
        (BadSignature("x"), 1),
        (Misuse("x"), 2),
        (ConfigError("x"), 2),
        (Refused("x"), 4),
        (Suspended("x"), 4),
    ],
)
def test_each_kind_of_error_has_its_exit_code(vigil: Vigil, node: Node, error: VigilError, code: int) -> None:
    def fail(*_: object) -> list[dict[str, object]]:
        raise error

    node.answers["queries"] = fail
    assert vigil("queries").code == code


def test_an_error_says_what_to_do_on_stderr_and_its_kind_in_json(vigil: Vigil, node: Node) -> None:
    def fail(*_: object) -> list[dict[str, object]]:
        raise Refused("policy forbids it", remedy="ask the authority")

    node.answers["queries"] = fail
    ran = vigil("queries", "--json")
    assert ran.err == "error: policy forbids it\nto do: ask the authority\n"
    assert ran.lines == [{"error": "policy forbids it", "kind": "refused", "remedy": "ask the authority"}]
    assert vigil("queries").out == ""


def test_all_faults_of_a_configuration_are_told_once(vigil: Vigil, node: Node) -> None:
    def fail(*_: object) -> list[dict[str, object]]:
        faults = ("hub: missing", "budgte: no such setting")
        raise ConfigError("it cannot be used:\n  " + "\n  ".join(faults), faults=faults)

    node.answers["queries"] = fail
    assert vigil("queries").err.count("budgte") == 1


def test_a_fault_of_ours_is_one_line_that_names_no_value(vigil: Vigil, node: Node) -> None:
    def fail(*_: object) -> list[dict[str, object]]:
        raise KeyError("/evidence/secret.jpg")

    node.answers["queries"] = fail
    ran = vigil("queries")
    assert ran.code == 1
    assert "KeyError" in ran.err
    assert "secret" not in ran.err
    assert "Traceback" not in ran.err


def test_an_interruption_ends_with_130(vigil: Vigil, node: Node) -> None:
    def interrupt(*_: object) -> list[dict[str, object]]:
        raise KeyboardInterrupt

    node.answers["queries"] = interrupt
    assert vigil("queries").code == 130


def test_a_foreign_text_in_an_error_cannot_steer_the_terminal(vigil: Vigil, node: Node) -> None:
    def fail(*_: object) -> list[dict[str, object]]:
        raise Refused("suspended: \x1b[2J\u202egone")

    node.answers["queries"] = fail
    ran = vigil("queries")
    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err
