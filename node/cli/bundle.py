"""`vigil bundle`: the records of the federation as one file, for a unit that has no line to the hub.

Rules this module upholds:

- The file is compared with its manifest before anything of it is sent or shown: a damaged copy changes nothing.
- `read` sends the file to the node, which verifies all of it and stores it. It stores nothing of a file that no member
  signed.
- `read --verify-only` needs the bundle, its manifest and a verified roster on disk. It needs no network, no daemon and
  no passphrase, and stores nothing.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from node.cli import options
from node.cli.bundle_words import checked_words, log_words, read_words, record_words
from node.cli.common import Command, Common, common, new_group, one
from node.cli.export_check import compare, read_manifest_of
from node.cli.export_list import export_words, save
from node.cli.files import read_input, refuse_existing, write_new
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.words import count
from node.domain.calendar import SECONDS_A_DAY
from node.errors import Misuse, PeerFault
from node.usecases.export_manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

group = new_group("Records of the federation as a file, for a unit without a line to the hub.")
HAVE: Final = "vigil/bundle-have/v1"
_MAX_HAVE: Final = 4 << 20
_PIECE: Final = 1 << 18


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    app.add_typer(group, name="bundle")


_OUTPUT = Annotated[
    Path,
    typer.Option(
        "--output", metavar="FILE", parser=options.path, help="The file. It must not exist.", show_default=False
    ),
]


@group.command("write", cls=Command)
def write(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    output: _OUTPUT,
    case: Annotated[
        str | None, typer.Option("--case", metavar="REF", help="Only the hashes of records contributed for this case.")
    ] = None,
    series: Annotated[
        str | None, typer.Option("--series", metavar="NAME", help="Only the hashes of records of this series.")
    ] = None,
    list_: Annotated[
        str | None,
        typer.Option("--list", metavar="NAME", help="Only the hashes of records contributed from this list."),
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--since", metavar="YYYY-MM-DD", parser=options.day, help="Only the hashes of records from this day on."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="MEMBER",
            help="The member that the file is for: it also gets what handling opens to it alone. Default: anybody.",
        ),
    ] = None,
    after: Annotated[
        Path | None,
        typer.Option(
            "--after",
            metavar="FILE",
            parser=options.path,
            help="Only what the reader lacks: the file that `vigil bundle have` wrote there.",
        ),
    ] = None,
) -> None:
    """Write the records of all members to a file: every record that its handling opens to all members.

    The file holds hashes: it is restricted victim data. FILE.manifest is written beside it and is signed. A bundle has
    all logs with their proofs, and the list of members, so that its reader can verify and store it. A choice leaves out
    the hashes of other records.
    """
    given = common(ctx)
    chosen: Line = {"case": case, "series": series, "list": list_, "to": to}
    arguments: Line = {name: value for name, value in chosen.items() if value is not None}
    if since is not None:
        arguments["since"] = since * SECONDS_A_DAY
    if after is not None:
        arguments["after"] = _sizes_in(after, to)
    given.output.line(save(given, "export-bundle", arguments, output), _write_words)


@group.command("read", cls=Command)
def read(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle.", show_default=False)],
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Check the bundle and show its records. Store nothing.")
    ] = False,
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster", metavar="FOLDER", help="With --verify-only: a verified roster. Default: that of this home."
        ),
    ] = None,
) -> None:
    """Check a bundle offline and store its records on this node, as if they had come from the hub.

    Reading a bundle again changes nothing. Exit code 0: all of it is valid and here. 1: the bundle is not valid, or a
    log of it was not read to its end, and the command says why.
    """
    given = common(ctx)
    if roster is not None and not verify_only:
        raise Misuse("a node uses its own roster", remedy="give --roster together with --verify-only")
    try:
        manifest = read_manifest_of(file)
        said = read_manifest(manifest)
        compare(file, size=said.size, sha256=said.sha256.hex())
        is_complete = _check(given, file, manifest, roster) if verify_only else _store(given, file, manifest, said.size)
    except PeerFault as error:
        refuted: Line = {"verified": False, "kind": error.kind, "reason": str(error), "remedy": error.remedy or None}
        given.output.line(refuted, _refuted_words)
        raise typer.Exit(ExitCode.ERROR) from None
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise Misuse(f"{plain(file)} cannot be read: {why}", remedy="check the path and who may read it") from None
    if not is_complete:
        raise typer.Exit(ExitCode.ERROR)


@group.command("have", cls=Command)
def have(ctx: typer.Context, output: _OUTPUT) -> None:
    """Write how much of each log this node has, so that the next bundle has only what is missing.

    Take the file to the node with the line: `vigil bundle write --after FILE`. It holds no hashes.
    """
    given = common(ctx)
    refuse_existing(output)
    with given.session() as session:
        line = one(session.run("bundle-have", {}))
    write_new(output, json.dumps({"type": HAVE} | line, sort_keys=True, indent=1).encode("ascii") + b"\n")
    given.output.line(
        line | {"path": str(output)}, lambda line: f"{plain(line['path'])}: {count(len(line['logs']), 'log')}."
    )


def _sizes_in(file: Path, to: str | None) -> Line:
    """What `have` wrote: log -> size. Raises `Misuse`."""
    try:
        found: Any = json.loads(read_input(file, _MAX_HAVE, "file of --after"))
        if found["type"] != HAVE or not isinstance(found["logs"], dict):
            raise ValueError  # noqa: TRY301 (one message for every fault)
        member = str(found["member"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Misuse(f"{plain(file)} is not a file of `vigil bundle have`", remedy="write it again there") from None
    if to is not None and member != to:
        raise Misuse(
            f"{plain(file)} is from a node of {plain(member)}, and the bundle is for {plain(to)}",
            remedy="give the file of the node that will read the bundle",
        )
    return dict(found["logs"])


def _store(given: Common, file: Path, manifest: bytes, size: int) -> bool:
    """Sends the file to the node, and shows what came of it: whether all of it is here now."""
    with given.session() as session, given.output.progress("reading", size) as advance:

        def pieces() -> Iterator[Line]:
            with file.open("rb") as opened:
                while piece := opened.read(_PIECE):
                    yield {"data": base64.b64encode(piece).decode("ascii")}
                    advance(len(piece))

        arguments = {"manifest": base64.b64encode(manifest).decode("ascii")}
        *logs, last = session.run("read-bundle", arguments, pieces())
    for line in logs:
        given.output.line(line, log_words)
    given.output.line({"verified": True} | last, read_words)
    return bool(last["complete"])


def _check(given: Common, file: Path, manifest: bytes, roster: Path | None) -> bool:
    """Shows what the records prove."""
    from node import app

    shown = 0
    folder, pinned = roster or given.home.metadata, None if roster else given.home
    with file.open("rb") as opened:
        for line in app.check_bundle(opened, manifest, folder, pinned_by=pinned):
            if "record" in line:
                shown += 1
                given.output.line(line, record_words)
            else:
                given.output.line({"verified": True, "records": shown} | line, checked_words)
    return True


def _write_words(line: Line) -> str:
    return export_words(line, "record")


def _refuted_words(line: Line) -> str:
    remedy = f"\n  {plain(line['remedy'])}" if line["remedy"] else ""
    return f"NOT verified: {plain(line['reason'])}{remedy}"
