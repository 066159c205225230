"""`vigil ingest`: walks folders, fingerprints files in confined workers, sends the fingerprints to the node, prints
hits.

Rules this module upholds:

- The node receives the fingerprints and one tag per file: a salted hash over path, size, modification time and request.
  With the tag, the same command skips finished files when it runs again. The node also receives the path and keeps it
  with the holding as a reference (ADR 23), unless --no-reference is given.
- A path is sent only as this reference. Lines are matched to files by ordinals (`examined.Labels`).
- A file that cannot be decoded is taken in by its digests. For a file that cannot be read a line says why, the others
  continue, and the exit code is 1. The same applies to a file that the run had no time to finish, because a file that
  is taken in counts as done. If this happens to a part, its file is not done.
- Files are found, looked up and sent one after another: memory does not grow with their number.
- After Ctrl-C the node finishes the files that were sent, and the same command continues from there (exit code 130).
- Previews are made if the node keeps them, unless --no-previews is given. They go to the node alone.
- With --copy-originals, the copy is durable before the file is acknowledged.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.cli import options
from node.cli.common import Command, Session, common, one
from node.cli.examined import Called, Files, of_hits, place_of
from node.cli.ingest_words import earlier_words, file_words, summary_words
from node.cli.interruption import Interruption
from node.cli.main import ExitCode
from node.cli.originals import copy_original
from node.cli.output import Advance, Line, Output
from node.domain.holdings import IngestItem
from node.errors import MediaError, Refused, VigilError

if TYPE_CHECKING:
    from node.app import Examined, Found

_KNOWN_BATCH: Final = 1_000
"""Tags per request to the node."""


class Level(StrEnum):
    """How far a holding may go before it is contributed."""

    NATIONAL = "national"
    HIT_NO_HIT = "hit-no-hit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Settings of the whole ingest. `originals`: the folder to copy files into, or None to copy nothing."""

    case: str
    level: Level
    originals: Path | None
    show_all: bool = False
    references: bool = True
    previews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file to take in. `tag`: 32 bytes."""

    found: Found
    tag: bytes


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("ingest", cls=Command)(ingest)


def ingest(  # noqa: PLR0917 (typer hands over by name)
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH", parser=options.path, help="Pictures and videos, or folders of them.", show_default=False
        ),
    ],
    case: Annotated[str, typer.Option("--case", metavar="REF", help="Our case reference.", show_default=False)],
    level: Annotated[
        Level,
        typer.Option(
            "--level", help="national: never leaves and never answers; hit-no-hit: answers queries only with yes or no."
        ),
    ] = Level.NATIONAL,
    copy_originals: Annotated[
        bool, typer.Option("--copy-originals", help="Copy every file into the home, named by its content.")
    ] = False,
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="Do not store the paths of the files (vigil holdings N shows them).")
    ] = False,
    previews: Annotated[
        bool | None,
        typer.Option(
            "--previews/--no-previews",
            help="Make previews for the desk. Default: the node's setting.",
            show_default=False,
        ),
    ] = None,
    show_all: Annotated[
        bool,
        typer.Option(
            "--show-all", help="Also show hits that the allow-list hides, and hits of muted or suspended members."
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=1024, help="Number of decoding processes. Default: one per processor."),
    ] = None,
) -> None:
    """Take files in: fingerprint them, store the fingerprints, and match them at once.

    Folders are walked; files stay where they are. After an interruption, run the same command again: it skips finished
    files. If you ingest a file again, it only adds its case. The contents of a file (members of an archive, pictures of
    a document) are taken in with it. A file of any other kind is taken in by its digests. For a file that cannot be
    read a line says why; the exit code is then 1.
    """
    given = common(ctx)
    if copy_originals and given.socket is not None:
        raise Refused(
            "originals are copied into the folder of the node, to which you have no access over its socket",
            remedy="leave out --copy-originals, or ask the administrator to take the files in",
        )
    request = Request(
        case=case,
        level=level,
        originals=given.home.originals if copy_originals else None,
        show_all=show_all,
        references=not no_reference,
    )
    files = Files(output=given.output)
    with given.session() as session:
        known = one(session.run("ingest-salt", {}))
        salt = bytes.fromhex(known["salt"])
        request = replace(request, previews=_wanted_previews(previews, kept=bool(known.get("previews"))))
        with Interruption(given.output, _INTERRUPTED) as interruption:
            intake = _Intake(session, request, salt, files, interruption)
            summary = intake.run(paths, given.output, workers)
    summary |= files.line() | {"skipped": intake.skipped, "interrupted": interruption.asked}
    given.output.line(summary, summary_words)
    if intake.failure is not None:
        raise intake.failure
    if interruption.asked:
        given.output.note("Run the same command again to continue.")
        raise typer.Exit(ExitCode.INTERRUPTED)
    if files.failed:
        raise typer.Exit(ExitCode.ERROR)


_INTERRUPTED: Final = "finishing the files that were already sent (press Ctrl-C again to stop now)"


def _wanted_previews(asked: bool | None, *, kept: bool) -> bool:
    """Whether to make previews. `asked`: by the options; `kept`: whether the node keeps them. Raises `Refused`."""
    if asked and not kept:
        raise Refused(
            "this node keeps no previews", remedy='set previews = "yes" in vigil.toml, and start the node again'
        )
    return kept if asked is None else asked


def _tag(salt: bytes, path: Path, status: os.stat_result, request: Request) -> bytes:
    """32 bytes that stand for this file in its present state under this request. A different case, level or copy is new
    work.
    """
    digest = hashlib.sha256(salt)
    for part in (
        os.fsencode(path.absolute()),
        os.fsencode(request.case),
        request.level.value.encode(),
        b"copied" if request.originals else b"",
        b"referenced" if request.references else b"",
        *((b"previewed",) if request.previews else ()),
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    digest.update(status.st_size.to_bytes(8, "big") + status.st_mtime_ns.to_bytes(16, "big", signed=True))
    return digest.digest()


class _Intake:
    """Finds files, fingerprints the new ones, sends them to the node, and prints the answers.

    `failure`: the error that stopped the sending early (a full disk). It is raised after everything that was taken in
    is printed. `skipped`: files that were taken in before under this request.
    """

    def __init__(
        self, session: Session, request: Request, salt: bytes, files: Files, interruption: Interruption
    ) -> None:
        self.failure: VigilError | None = None
        self.skipped = 0
        self._session = session
        self._request = request
        self._salt = salt
        self._files = files
        self._unfinished: set[Path] = set()
        self._interruption = interruption

    def run(self, paths: Sequence[Path], output: Output, workers: int | None) -> Line:
        """Prints one line for each file and returns the summary."""
        from node import app

        request = self._request
        arguments: Line = {"case": request.case, "level": request.level.value}
        arguments |= {"show_all": True} if request.show_all else {}
        summary: Line = {}
        with output.progress("taking in", lambda: app.count_files(paths)) as advance:
            items = self._items(paths, workers, advance)
            try:
                for line in self._session.run("ingest", arguments, items):
                    if "path" in line:
                        self._tell(line, output, advance)
                    elif "hit" in line:
                        output.line(line, earlier_words)
                    else:
                        summary = dict(line)
            finally:
                with suppress(ValueError):  # a thread is advancing it: its workers end when this process does
                    items.close()
        return summary

    def _items(self, paths: Sequence[Path], workers: int | None, advance: Advance) -> Generator[Line, None, None]:
        """Each file as an item, fingerprinted and, if requested, copied. The session chooses the thread it runs in."""
        from node import app
        from node.control.lines import item_line

        tags: dict[Path, deque[bytes]] = defaultdict(deque)  # a slow file comes after others

        def wanted() -> Iterator[Found]:
            for file in self._not_known(self._find(paths, advance), advance):
                tags[file.found.path].append(file.tag)
                yield file.found

        try:
            for each in app.fingerprint_files(wanted(), workers=workers, previews=self._request.previews):
                if self._interruption.asked:
                    return  # the node finishes what was sent; the rest is read again at the next run
                item = self._item(each, b"" if each.place is not None else self._tag_of(each.path, tags))
                if item is not None:
                    yield item_line(item)
                elif each.place is None:
                    advance()
        except VigilError as error:
            # If raised here, the error would be lost behind the socket. It ends the stream, and is raised after the
            # summary.
            self.failure = error

    def _find(self, paths: Sequence[Path], advance: Advance) -> Iterator[File]:
        """Every file under `paths` with its tag; a path that cannot be read is a failure."""
        from node import app

        for item in app.walk(paths):
            if app.is_found(item):
                yield File(found=item, tag=_tag(self._salt, item.path, item.status, self._request))
            elif app.is_unreadable(item):
                self._files.refuse(item.path, item.error)
                advance()

    def _not_known(self, files: Iterator[File], advance: Advance) -> Iterator[File]:
        """The files that were not taken in yet under this request; no file after an interruption."""
        while batch := list(islice(files, _KNOWN_BATCH)):
            # The daemon, or the session in this process, answers this while it serves the same ingest.
            answer = one(self._session.run("ingest-known", {"tags": [file.tag.hex() for file in batch]}))
            known = set(answer["known"])
            for file in batch:
                if self._interruption.asked:
                    return
                if file.tag.hex() in known:
                    self.skipped += 1
                    advance()
                else:
                    yield file

    def _tag_of(self, path: Path, tags: dict[Path, deque[bytes]]) -> bytes:
        """The tag of an examined file; empty if a part of it was not taken in."""
        tag = tags[path].popleft()
        if not tags[path]:
            del tags[path]
        if path in self._unfinished:
            self._unfinished.remove(path)
            return b""
        return tag

    def _item(self, each: Examined, tag: bytes) -> IngestItem | None:
        """The item to send for a file or a part, or None if a line has said why there is none."""
        from node import app

        path, place, prints = each.path, each.place, each.result
        if not isinstance(prints, MediaError) and app.is_cut(prints):
            error = MediaError(f"not taken in: {prints.note}", remedy="run the same command again")
            self._files.refuse(path, error, place)
            self._unfinished |= set() if place is None else {path}
            return None
        if isinstance(prints, MediaError):
            self._files.refuse(path, prints, place)
            return None
        if self._request.originals is not None and place is None:
            try:
                copy_original(path, prints.sha256, self._request.originals)
            except MediaError as error:
                self._files.refuse(path, error)
                return None
        self._files.count(prints, place)
        file = str(path.absolute()) if self._request.references else ""
        label = self._files.labels.put(Called(text=str(path), place=place, note=prints.note))
        return IngestItem(tag=tag, label=label, prints=prints, file=file, place=place)

    def _tell(self, line: Line, output: Output, advance: Advance) -> None:
        """Prints the result for a file or a part."""
        called = self._files.labels.take(line["path"])
        line |= {
            "path": called.text,
            "part": place_of(called.place),
            "note": called.note or None,
            "hits": of_hits(line["hits"], called),
        }
        output.line(line, file_words)
        if called.place is None:
            advance()
