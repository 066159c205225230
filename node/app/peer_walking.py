"""The pages of a peer over HTTPS, each in a file of its own, also those that follow the first one.

Rules this module upholds:

- A page that cannot be had is told as its own fault, and the other addresses are read. It ends the walk over the pages
  of its address, because only a page says which page follows it.
- All pages of a pull together are bounded, in number and bytes. A walk that the bounds end says where it stopped.
- A walk that went on from an earlier stop, and is refused at its first page, begins at the first page the next time: a
  cursor may be too old.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from node.app.peer_credentials import read_credentials
from node.app.peer_download import Request, download, tls_of
from node.errors import Malformed, Overloaded, PeerFault, Unavailable, VigilError
from node.interop.next_pages import SINCE, end_of
from node.usecases.page_walk import Stop, Walk
from node.usecases.pulling import PulledPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.domain.peers import Address, Peer

_ACCEPT: Final = {"misp": "application/json"}
"""What is asked for, by format: MISP gives a page for people without it."""
_CHUNK: Final = 262_144
_OF_A_PAGE: Final = (Unavailable, PeerFault, Overloaded)
_MORE: Final = "the next pull goes on there"
_WHOLE: Final = "nothing is deleted until all pages are read: raise {} in vigil.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """A page that is here. `number` counts from 1, failed pages too."""

    number: int
    path: Path
    page: PulledPage


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPage:
    """A page that could not be had."""

    number: int
    error: VigilError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The pages of a peer. `passed_over`: entries of its folder that are no regular files, or are not finished.
    `stops`: SHA-256 of an address -> where the next walk over its pages begins, if not at the first page.
    """

    pages: list[FetchedPage] = field(default_factory=list)
    failed: list[FailedPage] = field(default_factory=list)
    passed_over: int = 0
    stops: dict[str, Stop] = field(default_factory=dict)


def downloaded(peer: Peer, folder: Path, stops: Mapping[str, Stop]) -> Fetched:
    """The pages of a peer's addresses, in a new folder. `stops`: of an earlier pull. Raises `Misuse`, `StoreError`."""
    credentials = read_credentials(peer.credentials)
    request = Request(tls=tls_of(Path(peer.ca)), headers=credentials, accept=_ACCEPT.get(peer.format, "*/*"))
    folder.mkdir(mode=0o700)
    walker = _Walker(peer, folder, request)
    for url in peer.urls:
        # A set is whole or it is none: half of one walk and half of the next are not.
        walker.walk(url, None if peer.is_whole else stops.get(sha256(url.encode())))
    return walker.fetched


class _Walker:
    def __init__(self, peer: Peer, folder: Path, request: Request) -> None:
        self.fetched = Fetched()
        self._peer = peer
        self._folder = folder
        self._request = request
        self._bytes = 0

    def walk(self, url: str, stop: Stop | None) -> None:
        """Reads an address, and the pages that follow it."""
        walk = Walk(url, stop)
        while True:
            try:
                digest, path = self._page(walk.address, walk.name)
            except _OF_A_PAGE as error:
                self._fail(error)
                if not (walk.resumes and isinstance(error, PeerFault)):
                    self._stop(url, walk)
                return
            if not self._peer.follows:
                return
            try:
                if not self._goes_on(walk, digest, path):
                    self._end(url, walk)
                    return
            except Malformed as error:
                self._fail(error)
                return

    def _page(self, address: Address, name: str) -> tuple[str, Path]:
        """Downloads a page; (its digest, its file)."""
        path = self._folder / str(self._number)
        room = self._room()
        try:
            most = min(room, self._peer.max_bytes)
            download(address, self._request, path, max_bytes=most, seconds=self._peer.timeout_seconds)
        except Overloaded:
            path.unlink(missing_ok=True)
            if room < self._peer.max_bytes:
                raise self._too_much("MiB", "max_total_mebibytes") from None
            raise
        except (Unavailable, PeerFault):
            path.unlink(missing_ok=True)
            raise
        self._bytes += path.stat().st_size
        page = PulledPage(name=sha256(name.encode()), digest=digest_of(path))
        self.fetched.pages.append(FetchedPage(number=self._number, path=path, page=page))
        return page.digest, path

    def _goes_on(self, walk: Walk, digest: str, path: Path) -> bool:
        with path.open("rb") as file:
            onward, since = end_of(self._peer.format, _chunks(file))
        walk.tells_until(since)
        if onward is not None:
            walk.go(digest, link=onward.link, parameter=onward.parameter, token=onward.token)
        return onward is not None

    @property
    def _number(self) -> int:
        return len(self.fetched.pages) + len(self.fetched.failed) + 1

    def _room(self) -> int:
        """Bytes that the next page may have. Raises `Overloaded`."""
        if not self._peer.follows:
            return self._peer.max_bytes
        if len(self.fetched.pages) >= self._peer.max_pages:
            raise self._too_much("pages", "max_pages")
        room = self._peer.max_total_bytes - self._bytes
        if room <= 0:
            raise self._too_much("MiB", "max_total_mebibytes")
        return room

    def _too_much(self, what: str, setting: str) -> Overloaded:
        most = self._peer.max_pages if what == "pages" else self._peer.max_total_bytes >> 20
        return Overloaded(
            f"the peer has more than {most:,} {what}", remedy=_WHOLE.format(setting) if self._peer.is_whole else _MORE
        )

    def _stop(self, url: str, walk: Walk) -> None:
        """A walk that did not come to its end goes on there, also if it was one for changes."""
        if self._peer.follows and not self._peer.is_whole and (walk.stop.page > 1 or walk.resumes):
            self.fetched.stops[sha256(url.encode())] = walk.stop

    def _end(self, url: str, walk: Walk) -> None:
        stop = walk.end(SINCE[self._peer.format]) if self._peer.asks_changes else None
        if stop is not None:
            self.fetched.stops[sha256(url.encode())] = stop

    def _fail(self, error: VigilError) -> None:
        self.fetched.failed.append(FailedPage(number=self._number, error=error))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def sha256(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
