"""`vigil exercise`: which exercise a command is about, and what people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from node.demo.exercise import desk
from node.demo.exercise.plan import FILE
from tests.unit.cli.conftest import Line, Node, Vigil

TASK: Line = {
    "officer": "anna", "member": "XA", "points": 5, "of": 100, "done": 1, "tasks": 9, "task": "take-in",
    "title": "Take the pictures in", "text": "word " * 60, "try": ["vigil ingest pictures"], "worth": 10,
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the commands asked of `desk`."""
    made: list[Any] = []

    def task(folder: Path, name: str) -> Line:
        made.append((folder, name))
        return TASK

    def score(folder: Path) -> list[Line]:
        made.append(folder)
        officer = {"officer": "anna", "member": "XA", "points": 5, "of": 100, "done": ["case"], "open": ["ask"]}
        return [officer, {"officers": 1, "points": 5, "of": 100}]

    monkeypatch.setattr(desk, "task", task)
    monkeypatch.setattr(desk, "score", score)
    return made


def test_an_officers_shell_needs_no_option(
    vigil: Vigil, node: Node, asked: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIGIL_HOME", str(tmp_path / "XA"))
    monkeypatch.setenv("VIGIL_OFFICER", "anna")
    assert vigil("exercise", "task", "--json").lines == [TASK]
    assert asked == [(tmp_path, "anna")]


def test_the_exercise_is_the_named_one_else_the_one_of_this_folder(
    vigil: Vigil, node: Node, asked: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / FILE).touch()
    monkeypatch.chdir(here)
    monkeypatch.setenv("VIGIL_HOME", str(tmp_path / "home" / "XA"))
    vigil("exercise", "task", "bela")
    vigil("exercise", "task", "bela", "--in", there)
    (here / FILE).unlink()
    vigil("exercise", "task", "bela")
    assert asked == [(here, "bela"), (there, "bela"), (tmp_path / "home", "bela")]


def test_a_task_fits_a_terminal_and_says_what_to_type(vigil: Vigil, node: Node, asked: list[Any]) -> None:
    said = vigil("exercise", "task", "anna").out
    assert max(map(len, said.splitlines())) <= 80
    assert "Task 2 of 9" in said
    assert "vigil ingest pictures" in said


def test_the_score_is_a_table_or_lines(vigil: Vigil, node: Node, asked: list[Any]) -> None:
    assert "5 of 100" in vigil("exercise", "score").out
    assert [line["points"] for line in vigil("exercise", "score", "--json").lines] == [5, 5]
