"""`vigil case report`: writes the report of a case as a file, or checks one.

Rules this module upholds:

- The node makes the bytes and records their digest. This command writes them, and checks that it wrote what was made.
- An existing file is never overwritten. A file that was not written completely does not stay.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Final

import typer

from node.cli.common import Common, common, one
from node.cli.output import Line, plain
from node.cli.part_file import PartFile
from node.cli.received_file import receive
from node.cli.words import below, moment
from node.errors import Misuse, NotFound, StoreError

_FORMATS: Final = {".pdf": "pdf", ".html": "html", ".json": "json"}
_ROWS: Final = 500
_READ: Final = 1 << 20


def report(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    case: Annotated[str | None, typer.Argument(metavar="REF", help="The case reference.", show_default=False)] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The new file: .pdf, .html or .json.", show_default=False),
    ] = None,
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", min=1, max=1_000_000, help="List at most N rows of each section.")
    ] = _ROWS,
    everything: Annotated[bool, typer.Option("--all", help="List every row.")] = False,
    with_paths: Annotated[
        bool, typer.Option("--with-paths", help="Also show where the files were when they were taken in.")
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", help="Check a report that this node made.", show_default=False),
    ] = None,
) -> None:
    """Write the report of a case: what was taken in, found, asked, answered, contributed, decided and noted.

    The report has no picture, and no file name without --with-paths. Rows beyond --rows are counted. The same case in
    the same state gives the same file. Its SHA-256 is in the audit log: --check says whether a file is exactly a report
    that this node made, and whether the case has changed since.
    """
    given = common(ctx)
    if check is not None:
        if case is not None or out is not None:
            raise Misuse("--check needs only a file", remedy="vigil case report --check FILE")
        _check(given, check)
        return
    if case is None or out is None:
        raise Misuse("name a case and a file", remedy="vigil case report REF --out FILE.pdf")
    form = _FORMATS.get(out.suffix.lower())
    if form is None:
        raise Misuse(f"{plain(out.name)} has no known ending", remedy="end it in .pdf, .html or .json")
    arguments: Line = {"case": case, "format": form, "rows": 0 if everything else rows, "paths": with_paths}
    with PartFile(out) as file:
        line = receive(given, "case-report", arguments, file)
        file.finish()
    given.output.line(line | {"path": str(out)}, _made_words)


def _check(given: Common, path: Path) -> None:
    digest = _sha256_of(path)
    with given.session() as session:
        line = one(session.run("case-report-check", {"sha256": digest}))
    given.output.line(line | {"path": str(path), "sha256": digest}, _checked_words)


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_READ):
                digest.update(piece)
    except FileNotFoundError:
        raise NotFound(f"there is no file {plain(path)}", remedy="check the path") from None
    except OSError as error:
        raise StoreError(
            f"{plain(path)} could not be read: {error.strerror}", remedy="check the path and who may read it"
        ) from None
    return digest.hexdigest()


def _made_words(line: Line) -> str:
    words = f"{plain(line['path'])}: report of case {plain(line['case'])}, {line['size']:,} bytes."
    entry = below(2, f"Audit log, entry {line['audit_entry']:,}")
    return f"{words}\n  SHA-256 {line['sha256']}\n{entry}"


def _checked_words(line: Line) -> str:
    officer = f" by {plain(line['officer'])}" if line["officer"] else ""
    words = f"{plain(line['path'])}: this node made it on {moment(line['made_at'])}{officer}."
    words += f"\n  Report of case {plain(line['case'])}; audit log, entry {line['audit_entry']:,}"
    if not line["case_here"]:
        return words + "\n  The case is no longer on this node."
    return words + ("\n  The case has changed since." if line["changed"] else "\n  The case has not changed since.")
