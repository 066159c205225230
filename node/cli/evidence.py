"""`vigil export` and `vigil verify`: evidence as a file that anyone can check independently.

Rules this module upholds:

- An existing file is never overwritten, because it may be somebody's evidence.
- `verify` needs the file and a verified roster on disk. It needs no network, no daemon and no passphrase.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from node.cli import options
from node.cli.common import Command, common, one
from node.cli.export_check import exported_file, verify_export
from node.cli.files import read_input, write_new
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.statement_words import statement_rows
from node.cli.words import day_words, moment
from node.errors import PeerFault


def register(app: typer.Typer) -> None:
    """Adds the commands to the command tree."""
    app.command("export", cls=Command)(export)
    app.command("verify", cls=Command)(verify)


def export(
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(metavar="RECORD", parser=options.record, help=options.RECORD_HELP)],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The file to write. It must not exist.", show_default=False)
    ],
) -> None:
    """Write a record's evidence to a file: the record, its place in its owner's log, and both signatures over it.

    The file holds the record's fingerprints: it is restricted victim data. Check it anywhere with vigil verify.
    """
    given = common(ctx)
    with given.session() as session:
        found = one(session.run("evidence", {"record": record}))
    data = base64.b64decode(found["evidence"], validate=True)
    write_new(out, data)
    line = {"record": found["record"], "size": found["size"], "bytes": len(data), "path": str(out)}
    given.output.line(
        line,
        lambda line: f"{plain(line['path'])}: {line['record']}, as of size {line['size']:,} of its log.",
    )


def verify(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An evidence file, or an exported list.", show_default=False)
    ],
    roster: Annotated[
        Path | None,
        typer.Option("--roster", metavar="FOLDER", help="A verified roster. Default: the roster of this home."),
    ] = None,
) -> None:
    """Check an evidence file offline: its owner signed exactly this record, and the hub saw it.

    For a list of vigil export-list: check that a member signed the manifest beside it, and that the file is unchanged.

    Exit code 0: the file is valid. 1: it is not, and the command says why.
    """
    from node import app

    given = common(ctx)
    if (exported := exported_file(file)) is not None:
        verify_export(given, exported, roster)
        return
    data = read_input(file, options.MAX_EVIDENCE, "evidence file")
    try:
        line = app.verify_evidence(data, roster or given.home.metadata, pinned_by=None if roster else given.home)
    except PeerFault as error:
        given.output.line({"verified": False, "kind": error.kind, "reason": str(error)}, _refuted_words)
        raise typer.Exit(ExitCode.ERROR) from None
    given.output.line({"verified": True} | line, _verified_words)


def _verified_words(line: Line) -> str:
    stale = ", which has expired: its members may have changed" if line["roster_expired"] else ""
    rows = [
        ("Record", line["record"]),
        ("Dated", f"{day_words(line['issued_day'])}, by {line['member']} itself"),
        ("Seen", f"by the hub, no later than {moment(line['cosigned_at'])}"),
        ("Hub's key", _former_words(line["former_hub_key"])),
        ("Place", f"entry {line['index']:,} of a log that then had {line['size']:,}"),
        *(statement_rows(line) if line.get("tags") is not None else ()),
        ("Checked by", f"roster version {line['roster_version']}{stale}"),
        ("Root", f"{line['root_fingerprint']} (compare it with the authority by telephone)"),
    ]
    known = "".join(f"\n  {name:<11} {plain(value)}" for name, value in rows if value)
    prints = "".join(f"\n    {plain(each['algorithm']):<9} {plain(each['value'])}" for each in line["fingerprints"])
    return (
        f"Verified: {plain(line['member'])} signed this record.{known}{prints}\n"
        "It does not say whether the record was corrected or retracted later."
    )


def _former_words(former: Line | None) -> str:
    if former is None:
        return ""
    if former["status"] == "revoked":
        return f"revoked since; it counts for what it cosigned up to {moment(former['until'])}"
    return f"given up since; it counts for what it cosigned up to {moment(former['until'])}"


def _refuted_words(line: Line) -> str:
    return f"NOT verified: {plain(line['reason'])}"
