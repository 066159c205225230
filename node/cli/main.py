"""The `vigil` command: finds the requested command, runs it, and ends with its exit code.

Rules this module upholds:

- Only the module of the requested command is imported; `COMMANDS` has a line of help for each of the others.
- Exit codes are defined only here (DESIGN section 8). Every error that Vigil raises on purpose ends in `report`:
  message and remedy on stderr, and with `--json` also a line on stdout.
- An unexpected fault of ours ends in one line that says where it happened. A traceback could contain a file name.

To add a command: write a module with a function `register(app: typer.Typer)`, and add its line to `COMMANDS`. To end
with a specific code, a command raises for example `typer.Exit(ExitCode.PARTIAL)`.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from node import __version__
from node.app.guarding import guard, take_secrets
from node.cli.common import SECRET_VARIABLES, SECRETS, common_parameters
from node.cli.output import Output, OutputLost, prepare_streams
from node.errors import Misuse, Refused, Suspended, VigilError

INVESTIGATION: Final = "Investigation"
RECORDS: Final = "Records"
ADMINISTRATION: Final = "Administration"
TRYING: Final = "Trying it out"
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "ingest": ("node.cli.ingest", INVESTIGATION, "Take files in: fingerprint, store, match."),
    "fingerprint": (
        "node.cli.fingerprint",
        INVESTIGATION,
        "Fingerprint files; needs no configuration.",
    ),
    "match": ("node.cli.search", INVESTIGATION, "Search this node for files or hashes."),
    "query": ("node.cli.query", INVESTIGATION, "Search this node, then ask the other members."),
    "watch": ("node.cli.watch", INVESTIGATION, "Watches: ask members to look for files in what they take in later."),
    "alerts": ("node.cli.alerts", INVESTIGATION, "What happened that an officer wants to know at once."),
    "queries": ("node.cli.queries", INVESTIGATION, "Show past queries and their answers, late answers included."),
    "held": ("node.cli.held", INVESTIGATION, "Decide about other members' questions that are held for an officer."),
    "hits": ("node.cli.hits", INVESTIGATION, "List the hits of our holdings on records and lists, and show one."),
    "review": ("node.cli.review", INVESTIGATION, "Decide about hits: confirm, reject, unsure."),
    "holdings": ("node.cli.holdings", INVESTIGATION, "List this node's holdings, open one, delete it."),
    "case": ("node.cli.case", INVESTIGATION, "Cases: open, assign, note, close, show; delete their holdings."),
    "categorise": ("node.cli.categorise", INVESTIGATION, "Categorise our own holdings, before anything is shared."),
    "consult": ("node.cli.consult", INVESTIGATION, "Consult other members: threads that only their members read."),
    "entity": ("node.cli.entity", INVESTIGATION, "Victims, offenders, places, devices, series, and their holdings."),
    "import": ("node.cli.import_", INVESTIGATION, "Import lists and cases of other tools: VICS, ICSE, MISP, hashes."),
    "lists": ("node.cli.lists", INVESTIGATION, "Show, change and remove the imported lists."),
    "addresses": ("node.cli.addresses", INVESTIGATION, "Share, check and export addresses of abuse material."),
    "contribute": ("node.cli.contribute", RECORDS, "Share holdings as signed records; the material stays here."),
    "correct": ("node.cli.contribute", RECORDS, "Replace what one of our records says."),
    "retract": ("node.cli.retract", RECORDS, "Retract our own records, everywhere."),
    "opine": ("node.cli.records", RECORDS, "Confirm or dispute a record."),
    "comment": ("node.cli.records", RECORDS, "Comment on a record."),
    "group": ("node.cli.group", RECORDS, "Groups for joint operations: found, invite, accept, leave, share."),
    "link": ("node.cli.links", RECORDS, "State that records show the same victim, offender, place or series."),
    "links": ("node.cli.links", RECORDS, "Show what is linked with a record, by whom, and who disputes it."),
    "records": ("node.cli.records", RECORDS, "List the records on this node."),
    "notice": ("node.cli.notice", RECORDS, "Request yellow and green notices; list those that are published."),
    "export": ("node.cli.evidence", RECORDS, "Write a record's evidence to a file."),
    "export-list": ("node.cli.export_list", RECORDS, "Write a case, a series or a list for another program."),
    "bundle": ("node.cli.bundle", RECORDS, "Write and read signed records as a file, for a unit without a line."),
    "verify": ("node.cli.evidence", RECORDS, "Check an evidence file or an exported list, offline."),
    "node": ("node.cli.node", ADMINISTRATION, "A country's node: join, run, check, back up."),
    "hub": ("node.cli.hub", ADMINISTRATION, "The federation's hub: invite, admit, suspend, run."),
    "desk": ("node.cli.desk", ADMINISTRATION, "The web desk: run it, and decide who may sign in."),
    "audit": ("node.cli.audit", ADMINISTRATION, "Show who searched, asked, answered and decided what."),
    "allow": ("node.cli.allow", ADMINISTRATION, "Manage the allow-list: known-harmless files that give no hits."),
    "mute": ("node.cli.mute", ADMINISTRATION, "Hide the hits of one member on this node."),
    "pull": ("node.cli.pull", ADMINISTRATION, "Import what a MISP, an HMA or another system of this country exports."),
    "authority": ("node.cli.authority", ADMINISTRATION, "The offline authority: decides who is a member."),
    "demo": ("node.cli.demo", TRYING, "Run a demonstration federation on this machine."),
    "exercise": ("node.cli.exercise", TRYING, "Train officers: a federation, tasks and a score on this machine."),
    "bench": ("node.cli.bench", TRYING, "Run the benchmarks, each against a named reference."),
}
"""Command: its module, its section in `vigil --help`, and one line of help."""
_HELP: Final = "see `vigil --help`, or `vigil COMMAND --help`"
_REPORT_IT: Final = "this is a fault in Vigil. Report this line to its developers; it contains no data of yours"


class ExitCode(IntEnum):
    """How a command ended (130: interrupted, as in shells)."""

    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    REFUSED = 4
    INTERRUPTED = 130


def main() -> None:
    """The entry point of the `vigil` script."""
    guard()
    SECRETS.update(take_secrets(SECRET_VARIABLES))
    prepare_streams(json="--json" in sys.argv)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code."""
    output = Output(json="--json" in arguments)
    try:
        code = build().main(list(arguments) or ["--help"], prog_name="vigil", standalone_mode=False)
        output.flush()
        if code == ExitCode.INTERRUPTED:  # typer's word for Ctrl-C inside a command
            output.error("interrupted")
        return int(code or ExitCode.OK)
    except OutputLost as error:
        output.error(str(error), error.remedy)
        return _without_output()
    except VigilError as error:
        return report(error, output)
    except typer.TyperException as error:  # the command line is wrong
        return report(Misuse(_usage(error), remedy=_HELP), output)
    except (KeyboardInterrupt, typer.Abort):
        output.error("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # the reader of our output has closed the pipe
        return _without_output()
    except Exception as error:  # noqa: BLE001  (the last resort; see the rules above)
        return report(VigilError(_unforeseen(error), remedy=_REPORT_IT), output)


def _without_output() -> ExitCode:
    """Discards buffered output: writing it at the end of the process would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.ERROR


class Vigil(TyperGroup):
    """The command tree. A command's module is imported when the command is requested; the help page needs no module."""

    in_outline = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 (as TyperGroup)
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 (as TyperGroup)
        if cmd_name not in COMMANDS:
            return None
        module, panel, summary = COMMANDS[cmd_name]
        if self.in_outline:
            return TyperCommand(cmd_name, help=summary, rich_help_panel=panel)
        app = typer.Typer(rich_markup_mode="markdown")
        importlib.import_module(module).register(app)
        return typer.main.get_group(app).commands[cmd_name]

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 (as TyperGroup)
        self.in_outline = True
        super().format_help(ctx, formatter)


def build() -> Vigil:
    """The command tree, with the options that may come before a command."""
    app = typer.Typer(cls=Vigil, name="vigil", no_args_is_help=True, add_completion=False)
    app.callback()(_federation)
    tree = typer.main.get_command(app)
    if not isinstance(tree, Vigil):
        raise TypeError("typer made another kind of command tree")
    tree.params += common_parameters()
    return tree


def report(error: VigilError, output: Output) -> ExitCode:
    """Prints the error that ends the command, and returns its exit code."""
    if output.json:
        try:
            output.line({"error": str(error), "kind": error.kind, "remedy": error.remedy})
        except (OutputLost, BrokenPipeError):
            _without_output()
    output.error(str(error), error.remedy)
    if isinstance(error, Misuse):
        return ExitCode.USAGE
    return ExitCode.REFUSED if isinstance(error, Refused | Suspended) else ExitCode.ERROR


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"vigil {__version__}\n")
        raise typer.Exit


def _federation(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Federated victim identification: the material stays home, the signed hash travels."""


def _usage(error: typer.TyperException) -> str:
    """What is wrong with a command line. An empty message means that typer has shown the help page."""
    # typer breaks lists of choices over lines, and names an exception if a value is not among them.
    words = " ".join(error.format_message().split()).replace("Value error, ", "")
    return words.rstrip(".") or "no command was given"


def _unforeseen(error: Exception) -> str:
    """The type of an unexpected error and the last of our source lines in its traceback: no values, no message."""
    place, trace = "", error.__traceback__
    root = Path(__file__).resolve().parents[2]
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(root / "node"):
            place = f" at {file.relative_to(root)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"unexpected {type(error).__name__}{place}"


if __name__ == "__main__":
    main()
