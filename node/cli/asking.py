"""Asks members a question, and prints what comes. `vigil query` and `vigil watch` use it.

Rules this module upholds:

- Unreadable files are known before anything leaves this node.
- The output ends with a table with one state per expected member, and the exit code is 3 if a member did not answer.
- Ctrl-C keeps the answers that came, and says how to continue (exit code 130).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from node.cli.main import ExitCode
from node.cli.query_words import QueryPrinter
from node.cli.subjects import count_subjects, subjects

if TYPE_CHECKING:
    from node.cli.common import Common, Session
    from node.cli.examined import Files
    from node.cli.output import Line
    from node.cli.subjects import Asked


def ask(session: Session, command: str, arguments: Line, items: list[Line], files: Files) -> None:
    """Asks, and prints what comes. Ends the command with its exit code if it was interrupted, if a file could not be
    read, or if a member did not answer.
    """
    printer = QueryPrinter(files.output, plain_question=command == "query")
    try:
        with printer:
            for line in session.run(command, arguments, items):
                printer.line(line | _counts(command, files) if "outcomes" in line else files.labels.told(line))
    except KeyboardInterrupt:
        printer.interrupted()
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if files.failed:
        raise typer.Exit(ExitCode.ERROR)
    if not printer.complete:
        raise typer.Exit(ExitCode.PARTIAL)


def _counts(command: str, files: Files) -> Line:
    """The counts of files in the summary of a query. There, "parts" means the parts of the query."""
    counts = files.line()
    renamed = {f"file_{name}" if name.startswith("parts") else name: number for name, number in counts.items()}
    return renamed if command == "query" else {}


def all_subjects(given: Common, told: Asked, files: Files, workers: int | None) -> list[Line]:
    """Every subject, made before the query is signed: unreadable files are known before anything leaves this node."""
    with given.output.progress("fingerprinting", lambda: count_subjects(told)) as advance:
        return list(subjects(told, files, workers, advance))
