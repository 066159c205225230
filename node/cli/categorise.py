"""`vigil categorise`: gives own holdings a category and other words, before anything is shared.

Rules this module upholds:

- Only given words are sent. The rest of what was said about a holding stays.
- The user names what to categorise: holdings, a case, or a list. Nothing is categorised by default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common
from node.cli.interruption import Interruption
from node.cli.main import ExitCode
from node.cli.manifest import fault_words, manifest_rows
from node.cli.output import Line, plain
from node.cli.statement_options import (
    BaselineOption,
    CaseOption,
    CategoryOption,
    LanguageOption,
    OffenderOption,
    SeriesOption,
    TagOption,
    VictimOption,
    statement_given,
)
from node.cli.statement_words import statement_words
from node.cli.words import count, record_name

_INTERRUPTED: Final = "finishing the holdings that are being written (press Ctrl-C again to stop now)"


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("categorise", cls=Command)(categorise)


def categorise(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    holding: Annotated[
        list[int] | None,
        typer.Argument(metavar="[HOLDING]...", min=1, help="The numbers of holdings.", show_default=False),
    ] = None,
    case: CaseOption = "",
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE.csv",
            parser=options.path,
            help="A CSV file with one line per file or digest, and what is said about each; as for contribute.",
        ),
    ] = None,
    category: CategoryOption = None,
    baseline: BaselineOption = None,
    series: SeriesOption = None,
    tag: TagOption = None,
    language: LanguageOption = None,
    victim_identified: VictimOption = None,
    offender_identified: OffenderOption = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take back everything that was said about them.")] = False,
) -> None:
    """Say what holdings show: their category, series, tags. It stays on this node until you contribute them.

    `vigil contribute` takes each holding's own category and words; its options win. A category is checked against the
    schemes of the federation's policy. Words that you do not give stay as they were. Each change is kept with your
    name: `vigil holdings N` shows the history. A holding that is shared already keeps its record; use `vigil correct`
    to change the record.
    """
    given = common(ctx)
    words = statement_given(category, baseline, series, tag, language, victim_identified, offender_identified)
    arguments: Line = {
        "case": case,
        "holdings": [str(number) for number in holding or ()],
        "rows": manifest_rows(given.output, manifest, "categorised") if manifest else [],
        "statement": words,
        "clear": clear,
    }
    interrupted = False
    with given.session() as session, Interruption(given.output, _INTERRUPTED) as listening:
        for line in session.run("categorise", arguments, listening.items()):
            given.output.line(line, _words)
            interrupted |= line.get("interrupted") is True
    if interrupted:
        given.output.note("Run the same command again to continue.")
        raise typer.Exit(ExitCode.INTERRUPTED)


def _words(line: Line) -> str:
    if "error" in line:
        return fault_words(line)
    if "holding" not in line:
        left = f" Interrupted: {line['remaining']:,} not begun." if line["interrupted"] else ""
        shared = (
            f" {line['shared']:,} are shared: to change their records, use vigil correct." if line["shared"] else ""
        )
        return f"{count(line['changed'], 'holding')} categorised, {line['unchanged']:,} unchanged.{shared}{left}"
    says = "; ".join(statement_words(line["says"])) or "nothing is said"
    words = f"holding {line['holding']:>7}  {plain(line['state'])}: {says}"
    if line["record"] and line["state"] == "changed":
        words += f"\n    its record still says what it said: vigil correct {record_name(line['record'])}"
    return words
