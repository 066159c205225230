"""`vigil retract`: retracts one of our records, the records of a list, or all records of a case.

Rules this module upholds:

- A record is named as it is shown: the whole name, or the first digits of its leaf hash. The node finds the record.
- The output never says that a record is deleted at other members before the hub has confirmed the retraction.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common
from node.cli.consent import run_agreed
from node.cli.hashlist import read_lines
from node.cli.interruption import Interruption
from node.cli.main import ExitCode
from node.cli.output import Line, Output, plain
from node.cli.statement_words import publication_words, why_words
from node.cli.words import count, record_name
from node.errors import Misuse


class Reason(StrEnum):
    """Why a record is retracted."""

    UNSTATED = "unstated"
    MISTAKE = "mistake"
    NOT_ILLEGAL = "not-illegal"
    LEGAL_ORDER = "legal-order"
    VICTIM_REQUEST = "victim-request"
    DUPLICATE = "duplicate"


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("retract", cls=Command)(retract)


def retract(
    ctx: typer.Context,
    *,
    record: Annotated[
        str | None, typer.Argument(metavar="RECORD", parser=options.record, help=options.RECORD_HELP)
    ] = None,
    reason: Annotated[
        Reason, typer.Option("--reason", help="The reason; every member can read it.", show_default=False)
    ],
    case: Annotated[str, typer.Option("--case", metavar="REF", help="All records about holdings of this case.")] = "",
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="LIST",
            parser=options.path,
            help="A text file with one record per line; # starts a comment.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be retracted, and change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Retract more than 10 records without asking.")] = False,
) -> None:
    """Retract our own records: one, the records of a list, or all of a case. This cannot be undone.

    The contents of a record are deleted here at once, and at every member when the retraction arrives there. The log
    still shows that there was a record, but not its contents. A retraction is published when the hub has confirmed it.
    Until then the other members still have the record, and the command says so.
    """
    given = common(ctx)
    if [bool(record), bool(case), file is not None].count(True) != 1:
        raise Misuse("say which records to retract", remedy="give one RECORD, or --case REF, or --file LIST")
    arguments: Line = {"reason": reason.value, "dry_run": dry_run, "yes": yes}
    if file is not None:
        arguments["records"] = [{"record": name, "line": number} for number, name in _listed(file)]
    else:
        arguments |= {"record": record} if record else {"case": case}
    told = _Retracted(given.output)
    with given.session() as session:
        try:
            run_agreed(
                session,
                "retract",
                arguments,
                interruption=lambda: Interruption(given.output, _INTERRUPTED),
                told=told.line,
                question=lambda line: f"This would retract {count(line['would_retract'], 'record')}. Retract them?",
            )
        except KeyboardInterrupt:
            told.cut_short()
    told.end()


_INTERRUPTED: Final = "finishing the records that are being retracted (press Ctrl-C again to stop now)"
_SEE: Final = "To see what is left: vigil records --mine. Run the same command again to continue."


def _listed(file: Path) -> list[tuple[int, str]]:
    """(line, record) of a list. Raises `Misuse`, which names the lines that are not names of records."""
    names = read_lines(file, _record, "record")
    if not names:
        raise Misuse(f"{file} names no record", remedy="one record a line")
    return names


def _record(text: str) -> str:
    try:
        return options.record(text)
    except typer.BadParameter:
        raise Misuse("not the name of a record") from None


class _Retracted:
    """Prints the lines of a retraction, and keeps how it ended."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._done = 0
        self._code = ExitCode.OK

    def line(self, line: Line) -> None:
        """Prints one line: a record, a fault, or the summary."""
        if "record" in line:
            self._done += line["state"] in _GONE
            self._output.line(line, _retracted_words)
        elif "line" in line:
            self._output.line(line, lambda line: f"line {line['line']}: {plain(line['error'])}")
        else:
            self._output.line(line, _sum_words)
            self._code = ExitCode.ERROR if line["kept"] else self._code
            if line.get("interrupted"):
                self._code = ExitCode.INTERRUPTED
                self._output.note(_SEE)

    def cut_short(self) -> None:
        """Interrupted twice: the node may have finished a batch without reporting it."""
        self._output.line(
            {"retracted": self._done, "interrupted": True, "remaining": None},
            lambda line: f"Interrupted: at least {count(line['retracted'], 'record')} retracted here.",
        )
        self._output.note(_SEE)
        self._code = ExitCode.INTERRUPTED

    def end(self) -> None:
        """Ends the command with its exit code."""
        if self._code:
            raise typer.Exit(self._code)


_GONE: Final = frozenset({"retracted here", "forgotten before it left"})


def _retracted_words(line: Line) -> str:
    name, state = record_name(line["record"]), line["state"]
    if state == "forgotten before it left":
        return f"{name}: deleted. It had not left this node, so no other member had it."
    if "publication" in line:
        published = "The retraction is published: each member deletes the record when the retraction arrives."
        words = publication_words(line, published)
        others = "" if line["publication"] == "published" else " Until then the other members still have the record."
        return f"{name}: retracted here. {words}{others}"
    cases = f"  (case {plain(', '.join(line['cases']))})" if line.get("cases") else ""
    error = f": {plain(line['error'])}" if line.get("error") else ""
    return f"{name}: {plain(state)}{error}{cases}"


def _sum_words(line: Line) -> str:
    if line["would_retract"]:
        return f"{count(line['would_retract'], 'record')} would be retracted. Nothing was changed."
    words = [f"{count(line['retracted'], 'record')} retracted here."]
    if line.get("interrupted"):
        words[0] = f"Interrupted: {words[0]} {line['remaining']:,} not begun."
    if line["forgotten"]:
        words.append(f"{count(line['forgotten'], 'record')} had not left this node. They were deleted.")
    if line["kept"]:
        words.append(f"{count(line['kept'], 'record')} could not be retracted.")
    if line["retracted"]:
        waiting = line["queued"] + line["signed"]
        words.append(f"{line['published']:,} of the retractions are published, {waiting:,} wait to leave this node.")
        words += [why_words(line), "Until then the other members still have those records."] if waiting else []
    return "\n".join(words)
