"""The `vigil` command: finds the command that was asked for, runs it, and ends with its exit code.

Rules this module upholds:

- Only the module of the command that was asked for is imported; of the others a line of help stands in `COMMANDS`.
- Exit codes live here once (DESIGN section 8). Every error that Vigil raises on purpose ends in `report`: words and
  remedy on stderr, and with `--json` a line on stdout too.
- A fault of ours that nobody foresaw ends in one line that says where. A traceback could hold a file's name.

To add a command: a module with a function `register(app: typer.Typer)`, and its line in `COMMANDS`. To end with a code
of its own, a command raises `typer.Exit(ExitCode.PARTIAL)` and the like.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final

import typer

from node.cli.output import Output
from node.errors import ConfigError, Misuse, Refused, VigilError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "fingerprint": ("node.cli.fingerprint", "Fingerprint pictures; folders are walked. Needs no configuration."),
}
"""Command: the module that registers it, and what it does in a line of `vigil --help`."""
_HELP: Final = "see `vigil --help`, or `vigil COMMAND --help`"
_REPORT_IT: Final = "this is a fault in Vigil: report this line, which holds nothing of your data"


class ExitCode(IntEnum):
    """How a command ended (130 as shells say of an interrupt)."""

    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    REFUSED = 4
    INTERRUPTED = 130


def main() -> None:
    """The entry point of the `vigil` script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code."""
    output = Output(json="--json" in arguments)
    try:
        code = build(arguments)(list(arguments) or ["--help"], prog_name="vigil", standalone_mode=False)
        sys.stdout.flush()
        return int(code or ExitCode.OK)
    except VigilError as error:
        return report(error, output)
    except typer.TyperException as error:  # what was typed is no command line of ours
        return report(Misuse(_usage(error), remedy=_HELP), output)
    except (KeyboardInterrupt, typer.Abort):
        output.error("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has enough; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except Exception as error:  # noqa: BLE001  (the last resort; see the rules above)
        return report(VigilError(_unforeseen(error), remedy=_REPORT_IT), output)


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command tree: of the command that `arguments` names first its module, of the others an outline."""
    app = typer.Typer(name="vigil", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_federation)
    asked = next((argument for argument in arguments if argument in COMMANDS), "")
    for name, (module, summary) in COMMANDS.items():
        if name == asked:
            importlib.import_module(module).register(app)
        else:
            app.command(name, help=summary)(_federation)
    return app


def report(error: VigilError, output: Output) -> ExitCode:
    """Tells of an error that ends the command, and gives the exit code it ends with."""
    if output.json:
        output.line({"error": str(error), "kind": error.kind, "remedy": error.remedy})
    faults = "".join(f"\n  {fault}" for fault in error.faults) if isinstance(error, ConfigError) else ""
    output.error(str(error) + faults, error.remedy)
    if isinstance(error, Misuse):
        return ExitCode.USAGE
    return ExitCode.REFUSED if isinstance(error, Refused) else ExitCode.ERROR


def _federation() -> None:
    """Federated victim identification: the material stays home, the signed hash travels."""


def _usage(error: typer.TyperException) -> str:
    """What is wrong with a command line. An empty message is typer's way of having shown the help page."""
    return error.format_message().rstrip(".") or "no command was given"


def _unforeseen(error: Exception) -> str:
    """An unexpected error as its kind and the last line of ours that it went through: no values, no message."""
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
