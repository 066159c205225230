"""`vigil demo`: shows a whole federation on this machine.

Rules this module upholds:

- Text for people goes to stdout. With `--json` it goes to stderr, and the summary is the last line on stdout.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from node.cli.common import Command, common
from node.cli.main import ExitCode
from node.cli.output import Output, plain
from node.cli.words import new_table


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("demo", cls=Command)(demo)


def demo(
    ctx: typer.Context,
    pictures: Annotated[
        Path | None,
        typer.Option("--pictures", metavar="FOLDER", help="Your own pictures. Default: photographs of landscapes."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder with the four homes.")] = False,
    desk: Annotated[
        bool, typer.Option("--desk", help="Start the desks of the federation for a browser, until Ctrl-C.")
    ] = False,
) -> None:
    """Run a hub and three countries on this machine, with real photographs, from enrolment to verified evidence.

    It stops everything that it started. Exit code 1: a step failed.
    """
    from node.demo import desks
    from node.demo.scenario import Telling
    from node.demo.show import run

    output = common(ctx).output
    tell = Telling(say=lambda text: _say(output, text), table=lambda *table: _table(output, *table))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vigil"
    if desk:
        folder = pictures.absolute() if pictures else None
        desks.run(pictures=folder, cache=cache, tell=tell, ready=output.line, wait=threading.Event().wait)
        return
    summary = run(pictures=pictures.absolute() if pictures else None, keep=keep, cache=cache, tell=tell)
    output.line(summary)
    if tell.faults:
        raise typer.Exit(ExitCode.ERROR)


def _say(output: Output, text: str) -> None:
    (output.note if output.json else output.say)(plain(text))


def _table(output: Output, heading: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    _say(output, heading)
    table = new_table(*columns, folds=columns)
    for row in rows:
        table.add_row(*map(plain, row))
    (output.note if output.json else output.say)(table)
