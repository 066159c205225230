"""`vigil fingerprint`: the fingerprints of files, one line each, without any configuration or store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from node import app as vigil
from node.cli import options
from node.cli.common import Command, common
from node.cli.main import ExitCode
from node.cli.output import plain
from node.domain.fingerprints import PDQ_QUALITY_FLOOR, PictureFingerprints
from node.errors import MediaError


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("fingerprint", cls=Command)(fingerprint)


def fingerprint(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", parser=options.path, help="Pictures, or folders of them.", show_default=False),
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes that decode; by default one a processor.")
    ] = None,
) -> None:
    """Fingerprint pictures: MD5, SHA-1, SHA-256, PDQ with its quality, and pHash.

    Folders are walked. Needs no configuration. A file that cannot be fingerprinted is a line that says why; the others
    go on, and the exit code is then 1.
    """
    output = common(ctx).output
    done = failed = 0
    with output.progress("fingerprinting", lambda: vigil.count_files(paths)) as advance:
        for path, result in vigil.fingerprint_paths(paths, workers=workers):
            done += 1
            failed += isinstance(result, MediaError)
            output.line(json_line(path, result))
            output.say(words(path, result))
            advance()
    if failed:
        output.note(f"{failed} of {done} files could not be fingerprinted")
        raise typer.Exit(ExitCode.ERROR)
    if not done:
        output.note("no files found")


def json_line(path: Path, result: PictureFingerprints | MediaError) -> dict[str, Any]:
    """The line of a file in `--json` mode (DESIGN section 8)."""
    if isinstance(result, MediaError):
        return {"path": str(path), "error": str(result)}
    line: dict[str, Any] = {
        "path": str(path),
        "media_type": result.media_type,
        "size": result.size,
        "md5": result.md5.hex(),
        "sha1": result.sha1.hex(),
        "sha256": result.sha256.hex(),
        "pdq": result.pdq.hex(),
        "pdq_quality": result.pdq_quality,
        "phash": result.phash.hex(),
    }
    if result.trimmed is not None:
        line["trimmed"] = {
            "box": list(result.trimmed.box),
            "pdq": result.trimmed.pdq_orientations[0].hex(),
            "pdq_quality": result.trimmed.pdq_quality,
            "phash": result.trimmed.phash.hex(),
        }
    return line


def words(path: Path, result: PictureFingerprints | MediaError) -> str:
    """A file for a person: its name and what it is, then a line a fingerprint."""
    if isinstance(result, MediaError):
        remedy = f" ({result.remedy})" if result.remedy else ""
        return f"{plain(path)}\n  error    {result}{remedy}"
    note = ""
    if result.pdq_quality == 0:
        note = ": a picture without detail, which never matches by PDQ"
    elif result.pdq_quality < PDQ_QUALITY_FLOOR:
        note = f": below {PDQ_QUALITY_FLOOR}, so it never matches by PDQ"
    whole = (
        f"{plain(path)}\n"
        f"           {result.media_type}, {result.width} x {result.height} pixels, {result.size} bytes\n"
        f"  md5      {result.md5.hex()}\n"
        f"  sha1     {result.sha1.hex()}\n"
        f"  sha256   {result.sha256.hex()}\n"
        f"  pdq      {result.pdq.hex()}\n"
        f"           quality {result.pdq_quality}{note}\n"
        f"  phash    {result.phash.hex()}"
    )
    trimmed = result.trimmed
    if trimmed is None:
        return whole
    left, top, right, bottom = trimmed.box
    return (
        f"{whole}\n"
        f"  without its plain borders: {right - left} x {bottom - top} pixels from {left}, {top}\n"
        f"  pdq      {trimmed.pdq_orientations[0].hex()}\n"
        f"           quality {trimmed.pdq_quality}\n"
        f"  phash    {trimmed.phash.hex()}"
    )
