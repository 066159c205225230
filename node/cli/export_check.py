"""`vigil verify` for an exported list: its manifest is signed by a member, and the file is the one that it names.

Rules this module upholds:

- It needs the file, its manifest and a verified roster on disk. It needs no network, no daemon and no passphrase.
- The file is read once, in pieces.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import typer

from node.cli.common import Common
from node.cli.files import read_input
from node.cli.left_out_words import left_out_words
from node.cli.main import ExitCode
from node.cli.output import Line, plain
from node.cli.words import count, moment
from node.errors import BadProof, Misuse, PeerFault

SUFFIX: Final = ".manifest"
_MAX_MANIFEST: Final = 65_536


def manifest_of(file: Path) -> Path:
    """Where the manifest of an exported file lies."""
    return file.with_name(file.name + SUFFIX)


def exported_file(path: Path) -> Path | None:
    """The exported file that a person means: `path`, or the file whose manifest it is; None if it has no manifest."""
    if path.name.endswith(SUFFIX):
        return path.with_name(path.name.removesuffix(SUFFIX))
    return path if manifest_of(path).exists() else None


def verify_manifest(given: Common, file: Path, roster: Path | None) -> Line:
    """What the manifest beside a file says, after it was checked and compared with the file. Raises `PeerFault`."""
    from node import app

    data = read_manifest_of(file)
    line = app.verify_export(data, roster or given.home.metadata, pinned_by=None if roster else given.home)
    compare(file, size=line["size"], sha256=line["sha256"])
    return line


def verify_export(given: Common, file: Path, roster: Path | None) -> None:
    """Prints whether the file is what its manifest says. Ends with exit code 1 if it is not."""
    try:
        line = verify_manifest(given, file, roster)
    except PeerFault as error:
        refuted: Line = {"verified": False, "kind": error.kind, "reason": str(error)}
        given.output.line(refuted, lambda line: f"NOT verified: {plain(line['reason'])}")
        raise typer.Exit(ExitCode.ERROR) from None
    given.output.line({"verified": True} | line, verified_words)


def read_manifest_of(file: Path) -> bytes:
    """The manifest beside a file. Raises `Misuse`."""
    return read_input(manifest_of(file), _MAX_MANIFEST, "manifest")


def compare(file: Path, *, size: int, sha256: str) -> None:
    """Raises `BadProof` if the file is not the one that its manifest names by these."""
    try:
        with file.open("rb") as opened:
            there = os.fstat(opened.fileno()).st_size
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise Misuse(f"{plain(file)} cannot be read: {why}", remedy="put it beside its manifest") from None
    if (there, digest) != (size, sha256):
        raise BadProof("the file is not the one that its manifest names: it was changed, or is another one")


def verified_words(line: Line) -> str:
    """Who exported the file, and what was left out."""
    stale = ", which has expired: its members may have changed" if line["roster_expired"] else ""
    rows = [
        f"Verified: {plain(line['member'])} exported this file on {moment(line['at'])}, by its own clock.",
        f"  {plain(line['format'])} {plain(line['profile'])}".rstrip() + f", {count(line['rows'], 'row')}",
        *left_out_words(line["left_out"]),
        f"  checked by roster version {line['roster_version']}{stale}",
        f"  root {line['root_fingerprint']} (compare it with the authority by telephone)",
    ]
    return "\n".join(rows)
