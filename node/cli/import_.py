"""`vigil import`: takes lists and cases of other tools and agencies in, as lists of this node.

Rules this module upholds:

- A file is read here; the node receives its rows. A list that is known is read twice: a file that is not well-formed
  changes nothing. A new list is read once, and is dropped if its file turns out not to be well-formed.
- A list has the name that the person gives. A file name becomes no name of a list and is in no message.
- Each file has an outcome of its own: the others are taken in even if one is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from node.app.daemon import settle
from node.cli import options
from node.cli.common import Command, Session, common
from node.cli.import_lines import ACCEPTED, REFUSED, REJECTED, examined_line, failed_line
from node.cli.import_words import file_words
from node.cli.ingest import Level
from node.cli.list_files import ListFile, Pass, examine, opened
from node.cli.list_maps import columns_of
from node.cli.list_sending import Into, send_file
from node.cli.main import ExitCode
from node.cli.output import Line, Output
from node.cli.statement_options import HandlingCode
from node.control.list_lines import reference_line
from node.domain.fingerprint_kinds import FingerprintKind
from node.domain.references import Reference
from node.errors import Misuse
from node.interop.reading import Broken, Choices, Unwelcome

_TERMS: Final = "What is stated about the list"
_READING: Final = "How the file is read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Settings of the whole command. `form`: the format by name, None to tell it by content."""

    name: str
    terms: Line
    form: str | None
    choices: Choices
    replace: bool
    dry_run: bool
    rows: bool


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("import", cls=Command)(import_)


def import_(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", parser=options.path, help="Files of one list, in order.", show_default=False),
    ],
    name: Annotated[
        str, typer.Option("--list", metavar="NAME", help="The list to import into; needed without --dry-run.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the files and say what is in them; store nothing.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Delete rows of the list that the file does not name (for administrators)."),
    ] = False,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="TEXT", help="Who made the list.", rich_help_panel=_TERMS)
    ] = None,
    level: Annotated[
        Level | None,
        typer.Option(
            "--level",
            help="national: never answers other members (default); hit-no-hit: answers queries only with yes or no.",
            rich_help_panel=_TERMS,
        ),
    ] = None,
    code: Annotated[
        HandlingCode | None, typer.Option("--code", help="INTERPOL handling code.", rich_help_panel=_TERMS)
    ] = None,
    retain_until: Annotated[
        int | None,
        typer.Option(
            "--retain-until",
            metavar="YYYY-MM-DD",
            parser=options.day,
            help="The list is removed after this day.",
            rich_help_panel=_TERMS,
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--as", metavar="FORMAT", help="Default: told by content.", rich_help_panel=_READING),
    ] = None,
    scheme: Annotated[
        str, typer.Option("--scheme", metavar="NAME", help="Scheme of the categories.", rich_help_panel=_READING)
    ] = "",
    scheme_version: Annotated[
        str, typer.Option("--scheme-version", metavar="VERSION", help="Its version.", rich_help_panel=_READING)
    ] = "",
    algorithm: Annotated[
        FingerprintKind | None,
        typer.Option(
            "--algorithm",
            metavar="NAME",
            parser=options.algorithm,
            help="The kind of hashes without a name, for example pdq.",
            rich_help_panel=_READING,
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FILE|COLUMN=ROLE",
            help="What a column of a table holds, or a file with one COLUMN=ROLE per line; may be repeated.",
            rich_help_panel=_READING,
        ),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="With --dry-run and --json: print every row.")] = False,
) -> None:
    """Import a list of another tool or agency: VICS, ICSE, NCMEC, MISP, STIX, tables, hash lists and others.

    Its rows are references: they are searched like holdings and records, and a hit says from which list and row it
    comes. A later version of a list changes it: import it under the same name. A bad row is told with its place, and
    the others are taken in; a file that is not well-formed changes nothing. Exit code 1: a file was rejected, or ends
    early. After an interruption run the same command again.
    """
    given = common(ctx)
    choices = Choices(
        algorithm=algorithm, scheme=scheme, scheme_version=scheme_version, columns=columns_of(mapping or ())
    )
    terms: Line = {"provider": provider, "level": level, "code": code, "retain_until_day": retain_until}
    request = Request(
        name=name,
        terms={key: value for key, value in terms.items() if value is not None},
        form=form,
        choices=choices,
        replace=replace,
        dry_run=dry_run,
        rows=rows,
    )
    _check(request, files, json=given.output.json)
    settle()
    if dry_run:
        outcomes = [_import_one(_DryRun(request, given.output), path, at, files) for at, path in enumerate(files, 1)]
    else:
        with given.session() as session:
            taking = _Taking(request, given.output, session)
            outcomes = [_import_one(taking, path, at, files) for at, path in enumerate(files, 1)]
    if REFUSED in outcomes:
        raise typer.Exit(ExitCode.USAGE)
    if any(outcome != ACCEPTED for outcome in outcomes):
        raise typer.Exit(ExitCode.ERROR)


def _check(request: Request, files: Sequence[Path], *, json: bool) -> None:
    if not request.dry_run and not request.name:
        raise Misuse("the import needs the name of a list", remedy="name it with --list NAME, or try --dry-run first")
    if request.replace and len(files) > 1:
        raise Misuse("--replace takes one file: the next one would delete its rows", remedy="give one file")
    if request.rows and not (request.dry_run and json):
        raise Misuse("--rows prints JSON lines of a dry run", remedy="add --dry-run --json")
    if request.choices.scheme_version and not request.choices.scheme:
        raise Misuse("--scheme-version needs the scheme", remedy="add --scheme NAME")


def _import_one(work: _DryRun | _Taking, path: Path, number: int, files: Sequence[Path]) -> str:
    """Imports one file, prints its line, and returns its outcome."""
    output = work.output
    label, form = f"file {number}", work.request.form or ""
    try:
        file = opened(path, label, work.request.form, work.request.choices)
        form = file.form.name
        line = work.run(file)
    except (Broken, Unwelcome) as error:
        how = REJECTED if isinstance(error, Broken) else REFUSED
        line = failed_line(form, how, error)
    line |= {"number": number, "files": len(files), "dry_run": work.request.dry_run}
    output.line(line, file_words)
    error_line: Line | None = line["error"]
    if error_line is not None:
        output.error(f"{label}: {error_line['message']}", error_line["remedy"] or "")
    return str(line["file"])


class _DryRun:
    """Reads files and stores nothing; needs no node."""

    def __init__(self, request: Request, output: Output) -> None:
        self.request = request
        self.output = output

    def run(self, file: ListFile) -> Line:
        """The line of a file. Raises `Broken`, `Unwelcome`."""
        passes = 2 if self.request.rows else 1
        with self.output.progress("reading", file.size * passes) as advance:
            read, standing = examine(file, advance)
            line = examined_line(read.report, read.head, standing, read.digest)
            if self.request.rows and line["file"] == ACCEPTED:
                # The scheme may stand after the rows, and which rows stand is known only at the end.
                for item in Pass(file, advance, read.placeholders).items():
                    if isinstance(item, Reference) and standing.claim(item):
                        self.output.line(reference_line(item, read.head) | {"said": None})
        return line


class _Taking:
    """Sends the rows of files to the node."""

    def __init__(self, request: Request, output: Output, session: Session) -> None:
        self.request = request
        self.output = output
        self._session = session

    def run(self, file: ListFile) -> Line:
        """The line of a file. Raises `Broken`, `Unwelcome`."""
        request = self.request
        into = Into(name=request.name, terms=request.terms, replaces=request.replace)
        return send_file(self._session, self.output, into, file)
