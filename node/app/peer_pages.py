"""The pages of a peer as files on this machine, and the cursor of what was read of them.

Rules this module upholds:

- One pull of a peer at a time: it holds the lock of the peer.
- Pages over HTTPS are files of mode 0600 in the home while the pull works, and are deleted at its end. What a crash
  left is deleted by the next pull.
- Of a folder every regular file is a page, in the order of the names. Links are not followed. Files that their writer
  has not finished by their name (`.NAME`, `NAME.part`, `NAME.tmp`, `NAME~`) are not pages.
- A page that cannot be had is told as its own fault, and the others are read.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.app.peer_download import download, tls_of
from node.domain.peers import address_of
from node.errors import AlreadyRunning, Misuse, NotFound, Overloaded, PeerFault, Unavailable, VigilError
from node.usecases.pulling import Cursor, PulledPage, cursor_text, read_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.config import Home
    from node.domain.peers import Peer

_UNFINISHED: Final = (".part", ".tmp", "~")
_COMPANIONS: Final = {"misp": frozenset({"manifest.json", "hashes.csv"})}
"""Files beside the pages that a feed of this format has: its table of contents and its table of hashes."""


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
    """The pages of a peer. `passed_over`: entries of its folder that are no regular files, or are not finished."""

    pages: list[FetchedPage]
    failed: list[FailedPage]
    passed_over: int = 0


class PeerFolder:
    """The cursor of one peer, in its file. It is read and written under the lock of the peer."""

    def __init__(self, home: Home, peer: Peer) -> None:
        self.pages = home.pulled / f"{peer.name}.pages"
        self._file = home.pulled / f"{peer.name}.json"

    def cursor(self) -> Cursor:
        """The cursor, an empty one before the first pull. Raises `Damaged`."""
        try:
            return read_cursor(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return Cursor()
        except UnicodeDecodeError:
            return read_cursor("")

    def keep(self, cursor: Cursor) -> None:
        """Replaces the cursor."""
        temporary = self._file.with_suffix(".json.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(cursor_text(cursor))
            file.flush()
            os.fsync(file.fileno())
        # A crash before this line leaves the former cursor, which does not describe the list: every page is read again.
        temporary.replace(self._file)


@contextmanager
def opened_peer(home: Home, peer: Peer) -> Iterator[PeerFolder]:
    """Holds a peer for one pull. Raises `AlreadyRunning`."""
    home.pulled.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(home.pulled / f"{peer.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning("another command pulls this peer", remedy="try again when it has ended") from None
        folder = PeerFolder(home, peer)
        _remove(folder.pages)
        try:
            yield folder
        finally:
            _remove(folder.pages)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def fetch(peer: Peer, folder: PeerFolder) -> Fetched:
    """The pages of a peer, as they are now. Raises `NotFound`, `Misuse`, `StoreError`."""
    if peer.urls:
        return _downloaded(peer, folder.pages)
    source = Path(peer.path)
    try:
        if not source.is_dir():
            return _hashed([source], 0)
        with os.scandir(source) as entries:
            found = [entry for entry in entries if entry.name not in _COMPANIONS.get(peer.format, ())]
        good = [entry for entry in found if entry.is_file(follow_symlinks=False) and not _is_unfinished(entry.name)]
    except OSError as error:
        raise _no_path(error) from None
    if not good:
        # Its share may not be mounted. Nothing is withdrawn because of that.
        raise Misuse(
            "the folder of the peer has no pages; the list stays as it is", remedy="check path, and its exporter"
        )
    return _hashed(sorted(Path(entry.path) for entry in good), len(found) - len(good))


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") or name.endswith(_UNFINISHED)


def _hashed(paths: list[Path], passed_over: int) -> Fetched:
    fetched = Fetched(pages=[], failed=[], passed_over=passed_over)
    for number, path in enumerate(paths, 1):
        try:
            page = PulledPage(name=_sha256(os.fsencode(path.name)), digest=_digest(path))
        except OSError as error:
            # A single file is the whole peer. One of a folder may have gone meanwhile.
            fetched.failed.append(FailedPage(number=number, error=_no_path(error)))
        else:
            fetched.pages.append(FetchedPage(number=number, path=path, page=page))
    return fetched


def _downloaded(peer: Peer, folder: Path) -> Fetched:
    fetched = Fetched(pages=[], failed=[])
    tls = tls_of(Path(peer.ca))
    folder.mkdir(mode=0o700)
    for number, url in enumerate(peer.urls, 1):
        path = folder / str(number)
        try:
            download(address_of(url), tls, path, max_bytes=peer.max_bytes, seconds=peer.timeout_seconds)
        except (Unavailable, PeerFault, Overloaded) as error:
            fetched.failed.append(FailedPage(number=number, error=error))
            path.unlink(missing_ok=True)
        else:
            page = PulledPage(name=_sha256(url.encode()), digest=_digest(path))
            fetched.pages.append(FetchedPage(number=number, path=path, page=page))
    return fetched


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _no_path(error: OSError) -> NotFound | Misuse:
    if isinstance(error, FileNotFoundError):
        return NotFound("the path of the peer does not exist", remedy="check path, and that its exporter runs")
    why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
    return Misuse(f"the path of the peer cannot be read: {why}", remedy="check path and who may read it")
