"""Confirmation for many records at once: at a terminal, or with --yes.

Rules this module upholds:

- The node decides whether a person must be asked. This module asks the question and returns the answer.
- Without a terminal nothing is done, and the error says what to give.
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
    """Runs a command and prints each of its lines. If the command asks first, puts the `question` and runs it again.

    Raises `Misuse` if there is no terminal, and `Refused` if the answer is no. Nothing was done then.
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
    """The line that asks, if there is one."""
    asked = None
    with interruption() as listening:
        for line in session.run(command, arguments, listening.items()):
            if line.get("asks"):
                asked = line
            else:
                told(line)
    return asked
