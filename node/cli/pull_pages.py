"""One pull of one peer: its pages, page by page or as one set. By the rules of `node.cli.pull`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from node.app.peer_pages import PeerFolder
from node.app.peer_walking import Fetched, FetchedPage
from node.cli.common import Session
from node.cli.import_lines import INCOMPLETE, REFUSED, REJECTED, failed_line
from node.cli.import_words import file_words
from node.cli.list_files import ListFile, Pass, opened
from node.cli.list_sending import Into, send_file, send_set
from node.cli.output import Line, Output
from node.domain.peers import Peer
from node.domain.references import At
from node.errors import Malformed, Misuse, VigilError
from node.interop.reading import Broken, Choices, Unwelcome
from node.usecases.list_taking import require_same_scheme
from node.usecases.page_walk import Stop
from node.usecases.pulling import Cursor, mark_of

_COUNTS: Final = ("added", "changed", "withdrawn")
_EARLY: Final = "the page ends early"
_OF_A_PAGE: Final = (Malformed, Misuse)
"""Faults of one page: `Broken` is `Malformed`, and `Unwelcome` is `Misuse`. Any other error ends the pull."""


def list_mark(session: Session, peer: Peer) -> str:
    """What changes with every import into the list of a peer (`pulling.mark_of`)."""
    found = list(session.run("list-list", {"list": peer.list}))
    return mark_of(found[0] if found else None)


class Pull:
    """Pulls one peer, under its lock."""

    def __init__(self, session: Session, output: Output, peer: Peer, folder: PeerFolder, fetched: Fetched) -> None:
        self._session = session
        self._output = output
        self._peer = peer
        self._folder = folder
        self._fetched = fetched
        self._total = len(fetched.pages) + len(fetched.failed)
        terms = {"provider": peer.provider, "level": peer.level, "code": peer.code}
        self._into = Into(name=peer.list, terms={name: value for name, value in terms.items() if value})
        self._sums = dict.fromkeys((*_COUNTS, "imported", "failed"), 0)
        self._own_holdings: Line | None = None
        self._awaiting: int | None = None
        self._stops: Mapping[str, Stop] = {}

    def run(self, known: Cursor) -> Line:
        """Pulls what is new; the line with its counts. `known`: what the list has, an empty one to read everything."""
        fetched = self._fetched
        for failed in fetched.failed:
            self._fail(failed.number, failed.error)
        cursor = known.of(self._peer, self._mark())
        self._stops = cursor.stops
        new = [page for page in fetched.pages if not cursor.has(page.page)]
        kept_back = False
        if not self._peer.is_whole:
            self._pages(cursor, new)
        elif fetched.failed or not cursor.is_exactly(page.page for page in fetched.pages):
            kept_back = not self._set(cursor, new)
            new = new if kept_back else fetched.pages
        return {
            "peer": self._peer.name,
            "list": self._peer.list,
            "pages": self._total,
            "unchanged": len(fetched.pages) - len(new),
            **self._sums,
            "own_holdings": self._own_holdings,
            "awaiting_retraction": self._awaiting,
            "kept_back": kept_back,
            "passed_over": fetched.passed_over,
            "goes_on": any(stop.page > 1 for stop in fetched.stops.values()),
        }

    def _mark(self) -> str:
        return list_mark(self._session, self._peer)

    # --- page by page -------------------------------------------------------------------------------------------------

    def _pages(self, cursor: Cursor, new: list[FetchedPage]) -> None:
        """Imports these pages. The cursor is kept for those that were, also if the pull is interrupted."""
        pages = dict(cursor.pages)
        try:
            for page in new:
                if digest := self._page(page):
                    pages[page.page.name] = digest
            # Only now: a pull that is interrupted in between begins again where it began. So does one for changes of
            # which a page was bad: nobody would ask for that page again.
            if not (self._peer.asks_changes and self._sums["failed"] > len(self._fetched.failed)):
                self._stops = self._fetched.stops
        finally:
            if self._sums["imported"] or self._stops != cursor.stops:
                self._keep(pages, is_whole=False)

    def _page(self, page: FetchedPage) -> str:
        """Imports one page; the SHA-256 of what was read, in hex, "" if it was not all of it."""
        try:
            line = send_file(self._session, self._output, self._into, self._file(page))
        except _OF_A_PAGE as error:
            self._fail(page.number, error)
            return ""
        self._sums["imported"] += 1
        self._count(line)
        self._tell(page.number, line)
        if line["file"] == INCOMPLETE:
            self._sums["failed"] += 1
            return ""
        return str(line["sha256_of_file"])

    def _file(self, page: FetchedPage) -> ListFile:
        return opened(page.path, f"file {page.number}", self._peer.format or None, Choices())

    # --- as one set ---------------------------------------------------------------------------------------------------

    def _set(self, cursor: Cursor, new: list[FetchedPage]) -> bool:
        """Imports all pages as one set: rows that none of them has are deleted. If one page is bad, the new ones are
        imported and nothing is deleted. Whether it was a set.
        """
        fetched = self._fetched
        read: list[tuple[ListFile, Pass]] = []
        bad: set[int] = set()
        for page in fetched.pages:
            try:
                read.append(self._read(page, read))
            except _OF_A_PAGE as error:
                self._fail(page.number, error)
                bad.add(page.number)
        if bad or fetched.failed:
            self._pages(cursor, [page for page in new if page.number not in bad])
            return False
        line = send_set(self._session, self._output, replace(self._into, replaces=True), read)
        self._sums["imported"] = len(read)
        self._count(line)
        self._own_holdings, self._awaiting = line["own_holdings"], line["awaiting_retraction"]
        digests = {page.page.name: first.digest.hex() for page, (_, first) in zip(fetched.pages, read, strict=True)}
        self._stops = fetched.stops
        self._keep(digests, is_whole=True)
        return True

    def _read(self, page: FetchedPage, others: list[tuple[ListFile, Pass]]) -> tuple[ListFile, Pass]:
        """Reads a page to its end. Raises `Malformed`, `Misuse`."""
        file = self._file(page)
        with self._output.progress("reading", file.size) as advance:
            first = Pass(file, advance)
            for _ in first.items():
                pass
        if first.report.ends_early is not None:
            raise Broken(_EARLY, first.report.ends_early)
        if others:
            require_same_scheme(others[0][1].head, first.head)
        return file, first

    # --- telling ------------------------------------------------------------------------------------------------------

    def _keep(self, pages: dict[str, str], *, is_whole: bool) -> None:
        peer = self._peer
        cursor = Cursor(list=peer.list, format=peer.format, mark=self._mark(), is_whole=is_whole, pages=pages)
        self._folder.keep(replace(cursor, stops=self._stops))

    def _count(self, line: Line) -> None:
        for name in _COUNTS:
            self._sums[name] += line[name]

    def _fail(self, number: int, error: VigilError) -> None:
        self._sums["failed"] += 1
        how = REFUSED if isinstance(error, Misuse) else REJECTED
        told = error if isinstance(error, Broken | Unwelcome) else Unwelcome(str(error), At(), remedy=error.remedy)
        self._tell(number, failed_line(self._peer.format, how, told))

    def _tell(self, number: int, line: Line) -> None:
        line |= {"number": number, "files": self._total, "dry_run": False}
        self._output.line(line, file_words)
        if line["error"] is not None:
            self._output.error(f"file {number}: {line['error']['message']}", line["error"]["remedy"] or "")
