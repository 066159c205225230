"""The pages of a peer as files on this machine, and the cursor of what was read of them.

Rules this module upholds:

- One pull of a peer at a time: it holds the lock of the peer.
- Pages over HTTPS are files of mode 0600 in the home while the pull works, and are deleted at its end. What a crash
  left is deleted by the next pull.
- Of a folder every regular file is a page, in the order of the names. Links are not followed. Files that their writer
  has not finished by their name (`.NAME`, `NAME.part`, `NAME.tmp`, `NAME~`) are not pages.
- A page that cannot be had is told as its own fault, and the others are read. Those over HTTPS: `peer_walking`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.app.peer_walking import FailedPage, Fetched, FetchedPage, digest_of, downloaded, sha256
from node.errors import AlreadyRunning, Misuse, NotFound
from node.usecases.pulling import Cursor, PulledPage, cursor_text, read_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.config import Home
    from node.domain.peers import Peer
    from node.usecases.page_walk import Stop

_UNFINISHED: Final = (".part", ".tmp", "~")
_COMPANIONS: Final = {"misp": frozenset({"manifest.json", "hashes.csv"})}
"""Files beside the pages that a feed of this format has: its table of contents and its table of hashes."""


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


def fetch(peer: Peer, folder: PeerFolder, stops: Mapping[str, Stop]) -> Fetched:
    """The pages of a peer, as they are now. `stops`: where walks over its pages stopped (`Cursor.stops`). Raises
    `NotFound`, `Misuse`, `StoreError`.
    """
    if peer.urls:
        return downloaded(peer, folder.pages, stops)
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
    fetched = Fetched(passed_over=passed_over)
    for number, path in enumerate(paths, 1):
        try:
            page = PulledPage(name=sha256(os.fsencode(path.name)), digest=digest_of(path))
        except OSError as error:
            # A single file is the whole peer. One of a folder may have gone meanwhile.
            fetched.failed.append(FailedPage(number=number, error=_no_path(error)))
        else:
            fetched.pages.append(FetchedPage(number=number, path=path, page=page))
    return fetched


def _no_path(error: OSError) -> NotFound | Misuse:
    if isinstance(error, FileNotFoundError):
        return NotFound("the path of the peer does not exist", remedy="check path, and that its exporter runs")
    why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
    return Misuse(f"the path of the peer cannot be read: {why}", remedy="check path and who may read it")
