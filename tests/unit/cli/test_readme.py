"""What the README and the operations page tell a person to type is what the program takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.cli import main
from tests.unit.cli.conftest import Vigil

ROOT = Path(__file__).parents[3]
PAGES = ("README.md", "docs/OPERATIONS.md", "certs/CEREMONIES.md")
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`vigil ([^`]+)`")


def shell_lines() -> Iterator[str]:
    """Every command line of the shell blocks, continuations joined."""
    for page in PAGES:
        for block in SHELL.findall((ROOT / page).read_text("utf-8")):
            yield from block.replace("\\\n", " ").splitlines()


LINES = sorted({line for line in shell_lines() if line.startswith("vigil ")})


def mentioned() -> Iterator[list[str]]:
    """Every command named in running text, without its placeholders."""
    for page in PAGES:
        for text in INLINE.findall((ROOT / page).read_text("utf-8")):
            yield text.split()


def leaf(words: list[str]) -> tuple[Any, list[str], list[str]]:
    """The command that words name, its own name in words, and what is left for it."""
    command: Any = main.build()
    context = command.make_context("vigil", [], resilient_parsing=True)
    names: list[str] = []
    while words and hasattr(command, "get_command") and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]!r}"
        command = found
        names.append(words[0])
        words = words[1:]
        if hasattr(command, "get_command"):
            context = command.make_context(names[-1], [], resilient_parsing=True)
    return command, names, words


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_of_a_page_is_one_that_the_program_takes(vigil: Vigil, line: str) -> None:
    words = shlex.split(line)[1:]
    if words == ["--help"]:
        assert vigil("--help").code == 0
        return
    command, names, rest = leaf(words)
    command.make_context(names[-1], list(rest))
    shown = vigil(*names, "--help").out
    assert all(word in shown for word in rest if word.startswith("--"))


@pytest.mark.parametrize("words", sorted({tuple(words) for words in mentioned()}), ids=" ".join)
def test_a_command_named_in_the_text_is_there_with_its_options(vigil: Vigil, words: tuple[str, ...]) -> None:
    if words[0].startswith("-"):
        names: list[str] = []
    else:
        _, names, _ = leaf(list(words))
    shown = vigil(*names, "--help").out
    assert all(word in shown for word in words if word.startswith("--"))


def test_the_readme_shows_every_command() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in main.COMMANDS if f"vigil {name}" not in text and f"make {name}" not in text] == []


def test_every_make_target_that_the_readme_names_is_there() -> None:
    targets = set(re.findall(r"\bmake ([a-z]+)", (ROOT / "README.md").read_text("utf-8")))
    rules = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert targets
    assert targets <= rules


def test_every_page_that_the_readme_names_is_there() -> None:
    pages = re.findall(r"`((?:docs|certs|proto)/[\w./]*)`", (ROOT / "README.md").read_text("utf-8"))
    assert [page for page in pages if not (ROOT / page).exists()] == []
