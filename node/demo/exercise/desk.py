"""What `vigil exercise` shows: an exercise started, its state, an officer's next task, the score, and its end.

Rules this module upholds:

- Values are lines, as every command prints them. The passphrase of the exercise is in none of them.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from node.demo.exercise import plan, preparing, running, scoring
from node.demo.exercise.plan import FEDERATION, NAMES
from node.demo.stage import Stage
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from node.demo.exercise.plan import Exercise, Officer
    from node.demo.exercise.scoring import Standing
    from node.demo.stage import Line


def start(
    folder: Path, *, officers: int, pictures: Path | None, cache: Path, tell: Callable[[str], None]
) -> Iterator[Line]:
    """Starts an exercise: a line for each officer, then the summary. Raises `Misuse`, `Unavailable`."""
    began = time.monotonic()
    exercise = preparing.begin(folder, officers, pictures, cache, tell)
    for officer in exercise.officers:
        yield _officer_line(exercise, officer)
    yield {
        "exercise": str(folder),
        "federation": FEDERATION,
        "members": len(NAMES),
        "officers": len(exercise.officers),
        "seconds": round(time.monotonic() - began, 1),
    }


def status(folder: Path) -> Iterator[Line]:
    """A line for each home, then the summary. Raises `NotFound`."""
    exercise = plan.load(folder)
    here = running.running(exercise)
    for name in running.HOMES:
        yield {"home": name, "name": NAMES.get(name), "running": name in here}
    yield {
        "exercise": str(folder),
        "federation": FEDERATION,
        "officers": len(exercise.officers),
        "running": len(here),
        "homes": len(running.HOMES),
    }


def task(folder: Path, name: str) -> Line:
    """The officer's next task. "task" is null if all are done. Raises `NotFound`, `Misuse` without a name."""
    if not name:
        raise Misuse(
            "which officer?", remedy="name the officer, or enter the officer's shell: sh officers/NAME/enter.sh"
        )
    exercise = plan.load(folder)
    officer = exercise.officer(name)
    (standing,) = _standings(exercise, officer)
    line: Line = {
        "officer": officer.name,
        "member": officer.member,
        "points": standing.points,
        "of": standing.most,
        "done": len(standing.done),
        "tasks": len(standing.tasks),
        "task": None,
    }
    following = standing.next
    if following is None:
        return line
    return line | {
        "task": following.id,
        "title": following.title,
        "text": following.text,
        "try": list(following.commands),
        "worth": following.points,
    }


def score(folder: Path) -> Iterator[Line]:
    """A line for each officer, the best first, then the summary. Raises `NotFound`."""
    exercise = plan.load(folder)
    standings = _standings(exercise, *exercise.officers)
    for standing in sorted(standings, key=lambda each: (-each.points, each.officer.name)):
        yield {
            "officer": standing.officer.name,
            "member": standing.officer.member,
            "points": standing.points,
            "of": standing.most,
            "done": [task.id for task in standing.tasks if task.id in standing.done],
            "open": [task.id for task in standing.tasks if task.id not in standing.done],
        }
    yield {
        "officers": len(standings),
        "points": sum(standing.points for standing in standings),
        "of": sum(standing.most for standing in standings),
    }


def stop(folder: Path, *, delete: bool) -> Line:
    """Stops the hub and the nodes. `delete`: also deletes the folder. Raises `NotFound`, `Unavailable`."""
    exercise = plan.load(folder)
    stopped = running.stop(exercise)
    if delete:
        shutil.rmtree(folder)
    return {"exercise": str(folder), "stopped": stopped, "deleted": delete}


def _standings(exercise: Exercise, *officers: Officer) -> list[Standing]:
    stage = Stage(exercise.folder, exercise.passphrase.read_text("ascii").strip())
    return scoring.standings(exercise, officers, scoring.gather(stage))


def _officer_line(exercise: Exercise, officer: Officer) -> Line:
    return {
        "officer": officer.name,
        "member": officer.member,
        "country": NAMES[officer.member],
        "case": officer.case,
        "pictures": str(exercise.pictures(officer)),
        "enter": str(exercise.script(officer)),
    }
