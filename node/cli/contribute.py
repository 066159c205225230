"""`vigil contribute` and `vigil correct`: statements about holdings, and who may read them.

Rules this module upholds:

- Only given values are sent to the node. For the rest, a contribution uses the node's defaults, and a correction keeps
  the former statement.
- The user names what to share: a case, holdings, or digests. Nothing is shared by default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, common, one
from node.cli.consent import run_agreed
from node.cli.interruption import Interruption
from node.cli.list_contribute import contribute_list
from node.cli.main import ExitCode
from node.cli.manifest import fault_words, manifest_rows
from node.cli.output import Line, Output, plain
from node.cli.statement_options import (
    AudienceOption,
    BaselineOption,
    CaseOption,
    CategoryOption,
    CodeOption,
    LanguageOption,
    OffenderOption,
    PurposeOption,
    RetainOption,
    SeriesOption,
    TagOption,
    VictimOption,
    handling_given,
    statement_given,
)
from node.cli.statement_words import handling_words, publication_words, statement_words, why_words
from node.cli.words import count, record_name
from node.errors import Misuse


def register(app: typer.Typer) -> None:
    """Adds the commands to the command tree."""
    app.command("contribute", cls=Command)(contribute)
    app.command("correct", cls=Command)(correct)


def contribute(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    case: CaseOption = "",
    holding: Annotated[
        list[int] | None, typer.Option("--holding", metavar="ID", min=1, help="This holding; repeatable.")
    ] = None,
    sha256: Annotated[
        list[str] | None,
        typer.Option(
            "--sha256", metavar="HEX", parser=options.sha256, help="The holding with this digest; repeatable."
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="FILE.csv",
            parser=options.path,
            help="A CSV file with one line per file or digest, and a statement about each.",
        ),
    ] = None,
    all_in_case: Annotated[
        bool, typer.Option("--all-in-case", help="Share all holdings of the case; the same as --case alone.")
    ] = False,
    list_name: Annotated[
        str,
        typer.Option("--list", metavar="NAME", help="Rows of this list instead of holdings, as the list says them."),
    ] = "",
    row: Annotated[
        list[int] | None, typer.Option("--row", metavar="N", min=1, help="This row of the list only; repeatable.")
    ] = None,
    all_categories: Annotated[
        bool,
        typer.Option(
            "--all-categories", help="Also rows of the list that it calls not illegal, not pertinent or uncategorised."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be shared, and share nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Share more than 10 records without asking.")] = False,
    category: CategoryOption = None,
    baseline: BaselineOption = None,
    series: SeriesOption = None,
    tag: TagOption = None,
    language: LanguageOption = None,
    victim_identified: VictimOption = None,
    offender_identified: OffenderOption = None,
    audience: AudienceOption = None,
    purpose: PurposeOption = None,
    handling_code: CodeOption = None,
    retain_until: RetainOption = None,
) -> None:
    """Share holdings with the federation, as signed records of their fingerprints. The material stays here.

    Each record says what `vigil categorise` said about its holding, except where you give other words here. With
    --case, the records are for the default purpose of the case, if it has one.

    Choose by --case, --holding, --sha256 or --manifest. Several filters narrow the selection: --case with --holding
    shares that holding, which must belong to the case. More than 10 records need a confirmation. A holding that was
    contributed before is skipped. If its record differs from your new statement, the difference is shown, and the exit
    code is 1.

    A manifest is a CSV file. Its first line names the columns: file (relative to the manifest), sha256 or md5; and
    category, baseline, series, victim_identified, offender_identified, tags (separated by ;), language. For an empty
    cell the options apply. If one line is wrong, nothing is shared.

    With --list, rows of an imported list are shared: the hashes, category, series and flags that the list says, under
    its handling. Rows without a hash that may be shared, rows that their file restricts, and rows of a category that is
    not illegal or not pertinent are left out and counted. A row that was shared before is not shared again. If a
    later file changes or withdraws a row, or the list is removed, its record stays until you run this command again: it
    retracts the records that the list does not say any more, after a confirmation, and shares changed rows again.

    A printed record is stored here for good. It is published when the hub has cosigned it: the last line says so.
    """
    given = common(ctx)
    if all_in_case and (not case or holding or sha256 or manifest):
        raise Misuse("--all-in-case goes with --case alone", remedy="leave it out, or name nothing beside the case")
    statement = statement_given(category, baseline, series, tag, language, victim_identified, offender_identified)
    handling = handling_given(audience, purpose, handling_code, retain_until)
    if list_name:
        of_list: Line = {"list": list_name, "rows": [str(number) for number in row or ()]}
        of_list |= {"all_categories": all_categories, "handling": handling, "dry_run": dry_run, "yes": yes}
        other = bool(case or holding or sha256 or manifest or statement)
        contribute_list(given, of_list, other=other)
        return
    if row or all_categories:
        raise Misuse("--row and --all-categories choose rows of a list", remedy="give --list NAME as well")
    arguments: Line = {
        "case": case,
        "holdings": [str(number) for number in holding or ()],
        "sha256": list(sha256 or ()),
        "rows": manifest_rows(given.output, manifest, "shared") if manifest else [],
        "statement": statement,
        "handling": handling,
        "dry_run": dry_run,
        "yes": yes,
    }
    told = _Told(given.output)
    with given.session() as session:
        try:
            run_agreed(
                session,
                "contribute",
                arguments,
                interruption=lambda: Interruption(given.output, _INTERRUPTED),
                told=told.line,
                question=_question,
            )
        except KeyboardInterrupt:
            told.cut_short()
    told.end()


_INTERRUPTED: Final = "finishing the records that are being written (press Ctrl-C again to stop now)"
_SEE: Final = "To see what was shared: vigil records --mine. Run the same command again to continue."


class _Told:
    """Prints the lines of a contribution, and keeps how it ended."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._shared = 0
        self._code = ExitCode.OK

    def line(self, line: Line) -> None:
        """Prints one line: a holding, a fault, or the summary."""
        if "holding" in line:
            self._shared += line["state"] == "contributed"
            self._output.line(line, _holding_words)
        elif "error" in line:
            self._output.line(line, fault_words)
        else:
            self._output.line(line, _summary_words)
            self._code = ExitCode.ERROR if line["differs"] else self._code
            if line.get("interrupted"):
                self._code = ExitCode.INTERRUPTED
                self._output.note(_SEE)

    def cut_short(self) -> None:
        """Interrupted twice: the node may have finished a batch without reporting it."""
        self._output.line(
            {"contributed": self._shared, "interrupted": True, "remaining": None},
            lambda line: f"Interrupted: at least {count(line['contributed'], 'record')} shared.",
        )
        self._output.note(_SEE)
        self._code = ExitCode.INTERRUPTED

    def end(self) -> None:
        """Ends the command with its exit code."""
        if self._code:
            raise typer.Exit(self._code)


def _question(line: Line) -> str:
    readers = handling_words(line["handling"])
    return f"This would share {count(line['would_contribute'], 'record')} ({readers}). Share them?"


def _holding_words(line: Line) -> str:
    words = f"holding {line['holding']:>7}  {record_name(line['record']):<12}  {plain(line['state'])}"
    words += f"  {plain(line['category'])}" if line.get("category") else ""
    if line.get("differs"):
        what = ", ".join(name.replace("_", " ") for name in line["differs"])
        says = "; ".join([*statement_words(line["says"]), handling_words(line["says"]["handling"])])
        words += f"\n    other {what}; the record says: {says}"
        words += f"\n    to change the record: vigil correct {record_name(line['record'])}"
    return words


def _summary_words(line: Line) -> str:
    skipped = f"{line['skipped']:,} skipped"
    if line.get("would_contribute"):
        return f"{count(line['would_contribute'], 'record')} would be shared, {skipped}. Nothing was shared."
    words = [f"{count(line['contributed'], 'record')} shared, {skipped}."]
    if line.get("interrupted"):
        words[0] = f"Interrupted: {words[0]} {line['remaining']:,} not begun."
    if line["contributed"]:
        waiting = line.get("queued", 0) + line.get("signed", 0)
        words.append(f"{line.get('published', 0):,} published, {waiting:,} waiting to leave this node.")
        words += [why_words(line)] if waiting else []
    if line["differs"]:
        words.append(
            f"{count(line['differs'], 'holding')} shared before with a different statement, which stays. To change "
            f"it: vigil correct."
        )
    return "\n".join(words)


def correct(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(metavar="RECORD", parser=options.record, help=options.RECORD_HELP)],
    category: CategoryOption = None,
    baseline: BaselineOption = None,
    series: SeriesOption = None,
    tag: TagOption = None,
    language: LanguageOption = None,
    victim_identified: VictimOption = None,
    offender_identified: OffenderOption = None,
    audience: AudienceOption = None,
    purpose: PurposeOption = None,
    handling_code: CodeOption = None,
    retain_until: RetainOption = None,
) -> None:
    """Replace what one of our records says, or who may read it. What you do not give stays the same.

    The record gets a new name. Its former contents are deleted everywhere.
    """
    given = common(ctx)
    statement = statement_given(category, baseline, series, tag, language, victim_identified, offender_identified)
    handling = handling_given(audience, purpose, handling_code, retain_until)
    if not statement and not handling:
        raise Misuse("no correction was given", remedy="see `vigil correct --help`")
    with given.session() as session:
        line = one(session.run("correct", {"record": record, "statement": statement, "handling": handling}))
        given.output.line(line, _corrected_words)


def _corrected_words(line: Line) -> str:
    words = f"Corrected: it is now {record_name(line['record'])}.\n  {plain(line['record'])}"
    return f"{words}\n" + publication_words(line, "Published: the hub has confirmed it.")
