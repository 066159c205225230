"""`vigil export-list`: writes a list, holdings or records as a file that other programs of the field read.

Rules this module upholds:

- The node makes the bytes and signs their digest. This command writes them, and checks that it wrote what was signed.
- An existing file is never overwritten. A file that was not written completely does not stay.
- The manifest is written before the file gets its name: a complete file always has its manifest beside it.
"""

from __future__ import annotations

import base64
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, Common, common
from node.cli.export_check import manifest_of
from node.cli.files import refuse_existing, write_new
from node.cli.left_out_words import left_out_words
from node.cli.output import Line, plain
from node.cli.part_file import PartFile
from node.cli.received_file import receive
from node.cli.words import below, count
from node.domain.calendar import SECONDS_A_DAY
from node.errors import Misuse, StoreError


class ExportFormat(StrEnum):
    """A format that is written."""

    VICS = "vics"
    ICSE = "icse-csv"
    NCMEC = "ncmec"
    STOPNCII = "stopncii"
    MISP = "misp"
    STIX = "stix"
    CSV = "csv"
    HASHES = "hashes"


class Profile(StrEnum):
    """A region whose VICS model is written."""

    DEFAULT = "Default"
    US = "US"
    UK = "UK"


class Distribution(StrEnum):
    """Who may have an event of MISP: own organisation, this community, connected communities, all communities."""

    ORGANISATION = "0"
    COMMUNITY = "1"
    CONNECTED = "2"
    ALL = "3"


class LowestLevel(StrEnum):
    """The lowest level that is exported."""

    NATIONAL = "national"
    HIT_NO_HIT = "hit-no-hit"
    SHARED = "shared"


_LEVEL_HELP: Final = (
    "The lowest level to export. Default: shared. national also exports what this node keeps to itself."
)


_DISTRIBUTION_HELP: Final = (
    "MISP only: 0 own organisation (the default), 1 this community, 2 connected communities, 3 all. "
    "A row whose handling allows less gets less."
)


_EMPTY: Final = "The file is empty: nothing that is selected may leave, or nothing is selected."


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("export-list", cls=Command)(export_list)


def export_list(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    form: Annotated[ExportFormat, typer.Option("--format", help="The format of the file.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            "--output", metavar="FILE", parser=options.path, help="The file. It must not exist.", show_default=False
        ),
    ],
    profile: Annotated[Profile | None, typer.Option("--profile", help="VICS only: whose data model.")] = None,
    distribution: Annotated[
        Distribution | None, typer.Option("--distribution", help=_DISTRIBUTION_HELP, show_default=False)
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(
            "--case", metavar="REF", help="The holdings of this case, or the rows of a case that came with a list."
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option("--series", metavar="NAME", help="The records of this series; with --case, holdings of both."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--list", metavar="NAME", help="The rows of this list; with --case, of its case.")
    ] = None,
    level: Annotated[LowestLevel | None, typer.Option("--level", help=_LEVEL_HELP)] = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--since", metavar="YYYY-MM-DD", parser=options.day, help="Only what was added or ended from then on."
        ),
    ] = None,
) -> None:
    """Write hashes as a file for another program: a case, a series, a list, or all holdings of a level.

    File names, paths and comments stay here. What may not leave is left out and counted: what is below --level, what
    its handling does not open to everyone, and what is on the allow-list. MISP, STIX and NCMEC files also withdraw what
    was exported before and holds no more: corrected, retracted and expired records. FILE.manifest is written beside the
    file. It is signed, and vigil verify FILE checks both anywhere.
    """
    given = common(ctx)
    arguments: Line = {"format": form, "profile": profile, "case": case, "series": series, "list": name, "level": level}
    arguments["since"] = None if since is None else since * SECONDS_A_DAY
    arguments["distribution"] = None if distribution is None else int(distribution)
    arguments = {key: value for key, value in arguments.items() if value is not None}
    if arguments.keys() <= {"format", "profile", "distribution"}:
        raise Misuse("nothing is selected", remedy="give --case, --series, --list, --level or --since")
    given.output.line(save(given, "export-list", arguments, output), export_words)


def save(given: Common, command: str, arguments: Line, output: Path) -> Line:
    """Runs an export and writes its file with the manifest beside it; the last line, with both paths. Raises `Misuse`
    if one of them exists, `StoreError`, and `VigilError` if another file was signed than was written.
    """
    manifest = manifest_of(output)
    refuse_existing(output)
    refuse_existing(manifest)
    with PartFile(output) as file:
        last = receive(given, command, arguments, file)
        write_new(manifest, base64.b64decode(last.pop("manifest"), validate=True))
        try:
            file.finish()
        except (StoreError, Misuse):
            manifest.unlink(missing_ok=True)
            raise
    return last | {"path": str(output), "manifest": str(manifest)}


def export_words(line: Line, noun: str = "row", empty: str = _EMPTY) -> str:
    """The file, and what was left out. `noun`: what it has; `empty`: what is said of a file without any."""
    of_list = f" of the list {plain(line['list'])}" if line.get("list") else ""
    lines = [f"{plain(line['path'])}: {count(line['rows'], noun)}{of_list}, SHA-256 {line['sha256']}."]
    if line["withdrawn"]:
        lines.append(below(2, f"withdrawn from earlier exports: {line['withdrawn']:,}"))
    lines += left_out_words(line["left_out"])
    if any(reason.startswith("level ") for reason in line["left_out"]):
        lines.append(below(2, "To export holdings and lists of a lower level too: --level national"))
    if not line["rows"] and not line["withdrawn"]:
        lines.append(below(2, empty))
    return "\n".join(lines)
