"""An exercise as a workshop runs it: started, its tasks done as their hints say, scored, stopped and continued."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.config import Home
from node.demo.exercise import desk
from node.errors import Refused
from tests.integration.processes import environment, vigil

Line = dict[str, Any]
OFFICERS = ("anna", "bela", "chen")


def exercise(folder: Path, *words: str, code: int = 0) -> list[Line]:
    done = vigil(folder, "exercise", *words, "--json")
    assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    cache = pytest.MonkeyPatch()
    cache.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    made = tmp_path_factory.mktemp("workshop") / "exercise"
    try:
        *officers, summary = exercise(made, "start", "--out", str(made), "--officers", str(len(OFFICERS)))
        assert [line["officer"] for line in officers] == list(OFFICERS)
        assert [line["member"] for line in officers] == ["XA", "XB", "XC"]
        assert (summary["officers"], summary["members"]) == (3, 3)
        yield made
    finally:
        if (made / "exercise.json").exists():
            exercise(made, "stop", "--in", str(made))
        cache.undo()


def shell(folder: Path, officer: str) -> dict[str, str]:
    """What the officer's script sets, read from a shell that ran it."""
    script = folder / "officers" / officer / "enter.sh"
    run = ["sh", str(script)]
    told = subprocess.run(
        run,
        env=environment(folder) | {"SHELL": "/usr/bin/env"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)


def act(folder: Path, kept: dict[str, str], command: str) -> list[Line]:
    """Runs a command line of a hint in the officer's shell, which is in `folder`."""
    words = shlex.split(command)
    assert words[0] == "vigil"
    done = subprocess.run(
        ["vigil", *words[1:], "--json"],
        env=kept,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


def scores(folder: Path) -> dict[str, int]:
    *officers, _ = desk.score(folder)
    return {line["officer"]: line["points"] for line in officers}


def follow_the_hints(folder: Path, officer: str) -> list[str]:
    """Does every task as its hints say; the tasks in their order."""
    kept, names = shell(folder, officer), dict[str, str]()
    done: list[str] = []
    while (now := desk.task(folder, officer))["task"] is not None:
        assert now["task"] not in done, f"{now['task']} is still open after its hints"
        assert now["done"] == len(done)
        for hint in now["try"]:
            command = hint
            for word, value in names.items():
                command = command.replace(word, shlex.quote(value))
            for line in act(folder / "officers" / officer, kept, command):
                if line.get("hit") and line.get("record"):
                    names |= {"HIT": str(line["hit"]), "RECORD": str(line["record"])}
                if line.get("thread") and line.get("opener") not in (None, now["member"]):
                    names["THREAD"] = str(line["thread"])
        done.append(now["task"])
    return done


def test_who_follows_the_hints_has_all_points_and_the_others_have_none(folder: Path) -> None:
    assert set(scores(folder).values()) == {0}
    done = follow_the_hints(folder, "anna")
    assert done == ["case", "take-in", "confirm", "ask", "share", "link", "consult", "answer", "retract"]
    last = desk.task(folder, "anna")
    assert last["points"] == last["of"] == 100
    assert scores(folder) == {"anna": 100, "bela": 0, "chen": 0}


def test_an_officers_claim_is_no_act(folder: Path) -> None:
    """An act of the home's owner, and one that is refused, give the officer nothing."""
    before = scores(folder)
    home = Home(folder=folder / "XB")
    secret = (folder / "passphrase").read_text("ascii").strip()
    with app.session(home, lambda: secret) as session:
        list(session.run("case-open", {"case": "EX-BELA", "title": "By the owner", "officers": []}))
    with app.session(home, lambda: secret, officer="bela") as session, pytest.raises(Refused):
        list(session.run("officer-disable", {"name": "bela"}))
    assert scores(folder) == before


def test_the_exercise_stops_keeps_its_score_and_goes_on(folder: Path) -> None:
    before = scores(folder)
    assert exercise(folder, "stop", "--in", str(folder))[0]["stopped"] == 4
    assert exercise(folder, "stop", "--in", str(folder))[0]["stopped"] == 0
    assert not any(line["running"] for line in exercise(folder, "status", "--in", str(folder))[:-1])
    assert scores(folder) == before
    again = exercise(folder, "start", "--out", str(folder), "--officers", "9")[-1]
    assert again["officers"] == len(OFFICERS)
    assert all(line["running"] for line in exercise(folder, "status", "--in", str(folder))[:-1])
    assert scores(folder) == before


def test_only_its_user_opens_the_folder_and_no_command_shows_the_passphrase(folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "passphrase").stat().st_mode & 0o077 == 0
    secret = (folder / "passphrase").read_text("ascii").strip()
    for words in (("status",), ("score",), ("task", "bela")):
        assert secret not in json.dumps(exercise(folder, *words, "--in", str(folder)))


def test_a_real_node_refuses_the_invitation_of_an_exercise(folder: Path, tmp_path: Path) -> None:
    secret = {"VIGIL_PASSPHRASE_FILE": str(folder / "passphrase")}
    invited = vigil(folder / "hub", "hub", "invite", "XD", "--json", extra=secret)
    token = json.loads(invited.stdout)["token"]
    refused = vigil(tmp_path / "real", "node", "join", "--token", token, "--json")
    assert refused.returncode == 4
    assert "exercise" in json.loads(refused.stdout.splitlines()[-1])["error"]
    assert not (tmp_path / "real").exists()


@pytest.mark.parametrize("words", [("--officers", "27"), ("--officers", "0"), ("--pictures", ".")])
def test_what_cannot_begin_leaves_nothing(words: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "new"
    exercise(tmp_path, "start", "--out", str(out), *words, code=2)
    assert not out.exists() or not any(out.iterdir())


def test_a_folder_with_other_files_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    exercise(tmp_path, "start", "--out", str(tmp_path), code=2)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
    for words in (("status",), ("score",), ("stop", "--delete")):
        exercise(tmp_path, *words, "--in", str(tmp_path), code=1)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
