"""`vigil exercise`: a training federation on this machine, tasks for its officers, and their score.

Rules this module upholds:

- Commands hold no decisions: `node.demo.exercise` prepares, checks and counts.
- The exercise is the one in the given folder, else the one of the present folder, else the one of VIGIL_HOME. So an
  officer's shell needs no option.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from textwrap import fill
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, Common, common, new_group
from node.cli.output import Line, plain
from node.cli.words import WIDTH, count, new_table

_OFFICERS: Final = 10
_MOST: Final = 26
InOption = Annotated[
    Path | None,
    typer.Option(
        "--in",
        metavar="DIR",
        parser=options.path,
        help="The folder of the exercise. Default: this folder, or the one of your officer's shell.",
    ),
]

group = new_group("Train officers: a federation on this machine, tasks, and a score from what happened.")


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="exercise")


@group.command("start", cls=Command)
def start(
    ctx: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", parser=options.path, help="A new folder for the exercise.", show_default=False
        ),
    ],
    officers: Annotated[int, typer.Option("--officers", min=1, max=_MOST, help="How many officers take part.")] = (
        _OFFICERS
    ),
    pictures: Annotated[
        Path | None,
        typer.Option(
            "--pictures",
            metavar="FOLDER",
            parser=options.path,
            help="Your own harmless pictures. Default: photographs that vigil demo fetched before, else drawn ones.",
        ),
    ] = None,
) -> None:
    """Start an exercise: a hub, three countries that do not exist, and their officers, all on this machine.

    It needs no network. Its federation and keys are its own: a real hub, node or authority refuses all that comes from
    it. Put no real material into it. The hub and the nodes run until vigil exercise stop. In a folder with an exercise,
    the command starts what does not run.
    """
    from node.demo.exercise import desk

    given = common(ctx)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vigil"
    lines = desk.start(
        out.absolute(),
        officers=officers,
        pictures=pictures.absolute() if pictures else None,
        cache=cache,
        tell=lambda text: given.output.note(plain(text)),
    )
    for line in lines:
        given.output.line(line, _started_words)


@group.command("status", cls=Command)
def status(ctx: typer.Context, folder: InOption = None) -> None:
    """Show whether the hub and the nodes of the exercise run."""
    from node.demo.exercise import desk

    given = common(ctx)
    for line in desk.status(_folder(given, folder)):
        given.output.line(line, _status_words)


@group.command("task", cls=Command)
def task(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="[OFFICER]", help="Default: --officer, else VIGIL_OFFICER.", show_default=False),
    ] = "",
    folder: InOption = None,
) -> None:
    """Show the next task of an officer, with commands to try."""
    from node.demo.exercise import desk

    given = common(ctx)
    given.output.line(desk.task(_folder(given, folder), name or given.officer), _task_words)


@group.command("score", cls=Command)
def score(ctx: typer.Context, folder: InOption = None) -> None:
    """Show the points of each officer. They are computed from the audit logs and the signed records of the nodes."""
    from node.demo.exercise import desk

    given = common(ctx)
    lines = list(desk.score(_folder(given, folder)))
    for line in lines:
        given.output.line(line)
    if not given.output.json:
        _print_score(given, lines)


@group.command("stop", cls=Command)
def stop(
    ctx: typer.Context,
    folder: InOption = None,
    delete: Annotated[bool, typer.Option("--delete", help="Also delete the folder of the exercise.")] = False,
) -> None:
    """Stop the hub and the nodes. The score can still be shown, and start continues the exercise."""
    from node.demo.exercise import desk

    given = common(ctx)
    given.output.line(desk.stop(_folder(given, folder), delete=delete), _stopped_words)


def _folder(given: Common, folder: Path | None) -> Path:
    from node.demo.exercise.plan import FILE

    if folder is not None:
        return folder.absolute()
    here = Path.cwd()
    return here if (here / FILE).exists() else given.home.folder.absolute().parent


def _started_words(line: Line) -> str:
    if "officer" in line:
        return f"{plain(line['officer'])} of {plain(line['country'])}: sh {plain(line['enter'])}"
    return (
        f"{plain(line['federation'])} runs: {line['members']} countries, "
        f"{count(line['officers'], 'officer')}, ready after {line['seconds']} s.\n"
        "Each officer runs the script above in a terminal, and then: vigil exercise task\n"
        f"For you: vigil exercise score --in {plain(line['exercise'])}"
    )


def _status_words(line: Line) -> str:
    if "home" in line:
        name = f"{plain(line['home'])} ({plain(line['name'])})" if line["name"] else plain(line["home"])
        return f"{name}: {'runs' if line['running'] else 'does not run'}"
    words = f"{plain(line['federation'])} with {count(line['officers'], 'officer')}."
    if line["running"] < line["homes"]:
        words += f" To start what does not run: vigil exercise start --out {plain(line['exercise'])}"
    return words


def _task_words(line: Line) -> str:
    points = f"{line['points']} of {line['of']} points"
    if line["task"] is None:
        return f"All {line['tasks']} tasks are done: {points}."
    tried = "\n".join(f"  {plain(each)}" for each in line["try"])
    return (
        f"Task {line['done'] + 1} of {line['tasks']}: {plain(line['title'])} ({line['worth']} points; you have "
        f"{points})\n{fill(plain(line['text']), WIDTH)}\nTry:\n{tried}"
    )


def _print_score(given: Common, lines: Iterable[Line]) -> None:
    table = new_table("Officer", "Country", "Points", "Still open", folds=("Still open",))
    for line in lines:
        if "officer" in line:
            points = f"{line['points']} of {line['of']}"
            table.add_row(plain(line["officer"]), plain(line["member"]), points, ", ".join(line["open"]) or "nothing")
        else:
            given.output.say(table)
            given.output.say(f"Together: {line['points']} of {line['of']} points.")


def _stopped_words(line: Line) -> str:
    after = " Its folder was deleted." if line["deleted"] else ""
    return f"The exercise has stopped; {count(line['stopped'], 'daemon')} ended.{after}"
