"""A yes for many records at once: asked for at a terminal, or given as --yes.

Rules this module upholds:

- Whether anybody has to be asked, the node decides. Here the question is put, and the answer carried back.
- Where nobody can be asked nothing is done, and the error says what to give.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from node.cli.output import plain_lines
from node.errors import Misuse, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.cli.common import Session
    from node.cli.interruption import Interruption
    from node.cli.output import Line


def run_agreed(
    session: Session,
    command: str,
    arguments: Line,
    *,
    interruption: Callable[[], Interruption],
    told: Callable[[Line], None],
    question: Callable[[Line], str],
) -> None:
    """Runs a command and tells each of its lines; where it asks first, puts the `question` and runs it once more.

    Raises `Misuse` where nobody can be asked, `Refused` where the answer is no: nothing was done then.
    """
    asked = _run(session, command, arguments, interruption, told)
    if asked is None:
        return
    if not sys.stdin.isatty():
        raise Misuse(
            f"{question(asked)} Nothing was done: there is no terminal to ask at",
            remedy="look at them with --dry-run; then give --yes",
        )
    if not typer.confirm(plain_lines(question(asked)), default=False, err=True):
        raise Refused("nothing was done: the answer was no", remedy="look at them with --dry-run")
    _run(session, command, arguments | {"plan": asked["plan"]}, interruption, told)


def _run(
    session: Session,
    command: str,
    arguments: Line,
    interruption: Callable[[], Interruption],
    told: Callable[[Line], None],
) -> Line | None:
    """The line that asks, where there is one."""
    asked = None
    with interruption() as listening:
        for line in session.run(command, arguments, listening.items()):
            if line.get("asks"):
                asked = line
            else:
                told(line)
    return asked
