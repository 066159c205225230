"""`vigil bundle`: signed records with their evidence as one file, for a unit that has no line to the hub.

Rules this module upholds:

- `read` needs the bundle, its manifest and a verified roster on disk. It needs no network, no daemon and no passphrase.
- `read` checks the manifest and the whole file before it shows a record, and each record before it shows it.
- `read` shows records. It does not store them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, common, new_group
from node.cli.export_check import verified_words, verify_manifest
from node.cli.export_list import export_words, save
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.words import count, day_words, moment
from node.domain.calendar import SECONDS_A_DAY
from node.errors import BadProof, Misuse, PeerFault

group = new_group("Signed records with their evidence as a file, for a unit without a line to the hub.")
FORMAT = "bundle"


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="bundle")


@group.command("write", cls=Command)
def write(
    ctx: typer.Context,
    output: Annotated[
        Path,
        typer.Option(
            "--output", metavar="FILE", parser=options.path, help="The file. It must not exist.", show_default=False
        ),
    ],
    series: Annotated[str | None, typer.Option("--series", metavar="NAME", help="Only records of this series.")] = None,
    since: Annotated[
        int | None,
        typer.Option("--since", metavar="YYYY-MM-DD", parser=options.day, help="Only records from this day on."),
    ] = None,
) -> None:
    """Write records with their evidence to a file: every record that its handling opens to all members.

    The file holds fingerprints: it is restricted victim data. FILE.manifest is written beside it and is signed.
    """
    given = common(ctx)
    arguments: Line = {} if series is None else {"series": series}
    if since is not None:
        arguments["since"] = since * SECONDS_A_DAY
    given.output.line(save(given, "export-bundle", arguments, output), export_words)


@group.command("read", cls=Command)
def read(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle.", show_default=False)],
    roster: Annotated[
        Path | None,
        typer.Option("--roster", metavar="FOLDER", help="A verified roster. Default: the roster of this home."),
    ] = None,
) -> None:
    """Check a bundle offline and show its records. They are not stored on this node.

    Exit code 0: every record is valid. 1: the bundle is not, and the command says why.
    """
    from node import app

    given = common(ctx)
    shown = 0
    try:
        about = verify_manifest(given, file, roster)
        if about["format"] != FORMAT:
            raise BadProof("the manifest is not of a bundle but of another export")
        with file.open("rb") as opened:
            folder, pinned = roster or given.home.metadata, None if roster else given.home
            for line in app.read_bundle(opened, folder, pinned_by=pinned):
                shown += 1
                given.output.line(line, _record_words)
        if shown != about["rows"]:
            raise BadProof("the bundle has another number of records than its manifest says")
    except PeerFault as error:
        refuted: Line = {"verified": False, "kind": error.kind, "reason": str(error)}
        given.output.line(refuted, lambda line: f"NOT verified: {plain(line['reason'])}")
        raise typer.Exit(ExitCode.ERROR) from None
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise Misuse(f"{plain(file)} cannot be read: {why}", remedy="check the path and who may read it") from None
    given.output.line({"verified": True} | about, verified_words)


def _record_words(line: Line) -> str:
    series = f", series {plain(line['series'])}" if line.get("series") else ""
    prints = count(len(line["fingerprints"]), "fingerprint")
    return (
        f"{plain(line['record'])}\n  {day_words(line['issued_day'])}, by {plain(line['member'])}{series}; {prints}; "
        f"seen by the hub no later than {moment(line['cosigned_at'])}"
    )
