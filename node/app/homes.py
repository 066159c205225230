"""A home and its database: every start checks that the database is the one that this home used last.

Rules this module upholds:

- Nothing is served, answered or signed with a missing, empty, older, damaged or foreign database. A search in it would
  say "no hit" about held material, and its key could sign a second history.
- Only a person can override this: by restoring a backup, or with `vigil node accept-database`, which is audited.
- The mark is written atomically, after the database has the state that it describes. So after a crash or a full disk
  the mark may be behind its database, which is harmless, but never ahead of it.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import structlog

from node.domain.homes import (
    CUT,
    STANDING,
    HomeMark,
    Owner,
    cut_of,
    judge,
    pack_mark,
    pack_standing,
    unpack_mark,
    unpack_standing,
)
from node.domain.ids import HUB_NAME
from node.errors import Damaged, DatabaseMissing, DiskFull, Malformed, Misuse, NotFound, VigilError
from node.pki.files import read_bounded, write_atomic
from node.store.inspection import inspect_database
from node.store.store import open_log_store
from node.usecases.homes import Examined, require_right
from node.wire.local_paths import reached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.config import Config, Home
    from node.domain.stores import LogStore

Line = dict[str, Any]
S_co = TypeVar("S_co", bound="LogStore", covariant=True)

_MAX_MARK: Final = 4_096
_log = structlog.get_logger(__name__)


def owner_of(settings: Config) -> Owner:
    """The owner of the home with these settings."""
    member = HUB_NAME if settings.role == "hub" else settings.member
    return Owner(role=settings.role, federation=settings.federation, member=member)


def examine_database(home: Home, settings: Config) -> Examined:
    """Examines the database. Takes seconds at most, and changes nothing. Raises `Damaged` for an unreadable mark, and
    `StoreError`.
    """
    owner, mark, found = owner_of(settings), read_mark(home), inspect_database(home.database)
    return Examined(owner=owner, mark=mark, found=found, finding=judge(found, owner, mark, admitted=was_admitted(home)))


def was_admitted(home: Home) -> bool:
    """Whether this is the home of a hub, or of a node with a certificate."""
    return (home.tls / "node.der").exists() or (home.tls / "hub.der").exists()


def read_mark(home: Home) -> HomeMark | None:
    """The home's mark of its database; None if there is none. Raises `Damaged`."""
    try:
        return unpack_mark(read_bounded(home.mark, _MAX_MARK, what="mark of the database"))
    except NotFound:
        return None
    except Malformed as error:
        raise Damaged(
            "the file database.mark of this home cannot be read, so it is unknown whether the database is the right "
            "one",
            remedy="restore database.mark from a backup of this folder; if there is none, and you are sure that the "
            "database is the newest one, delete database.mark",
        ) from error


def make_home(home: Home) -> None:
    """Makes the folder of a new home, for its owner alone. Raises `Misuse` if this is not possible: the path is too
    long, leads through a file, is not writable, or its file system does not support sockets.
    """
    try:
        home.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _try_socket(home.folder / f".{os.getpid()}.sock")
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise Misuse(
            f"the home cannot be made here: {why}",
            remedy="choose another folder with --home or VIGIL_HOME, preferably on a local disk",
        ) from None


def _try_socket(path: Path) -> None:
    """Makes a socket and removes it, because the daemon needs one here. Raises OSError."""
    try:
        with socket.socket(socket.AF_UNIX) as own, reached(path) as short:
            own.bind(str(short))
    finally:
        path.unlink(missing_ok=True)


# --- opening ----------------------------------------------------------------------------------------------------------


class Opener(Protocol[S_co]):
    """Opens the kind of store that its caller needs (`node.store.store.open_node_store` and the others)."""

    def __call__(self, path: Path, *, create: bool) -> S_co: ...


class OpenDatabase(Generic[S_co]):
    """The database of a home while this process owns it. Usable from any thread; blocking."""

    def __init__(self, home: Home, owner: Owner, store: S_co) -> None:
        self._home = home
        self._owner = owner
        self.store = store
        self._marked: HomeMark | None = None
        self._lacks = 0
        self._marking = threading.Lock()
        self._place = _place(home.database)

    def mark(self) -> None:
        """Stores the progress of the database, if it has changed. A full disk is not a fault: the mark is then old."""
        with self._marking:
            now = self._state()
            if now == self._marked:
                return
            try:
                write_atomic(self._home.mark, pack_mark(now))
            except DiskFull:
                _log.warning("no room to remember how far the database has come")
                return
            self._marked = now

    def lacks(self, entries: int) -> None:
        """Stores the number of log entries that the hub has shown and this database lacks: every later start detects
        it.
        """
        self._lacks = entries
        self.mark()

    def require_in_place(self) -> None:
        """Raises `DatabaseMissing` if somebody removed or replaced the file while this process used it."""
        if _place(self._home.database) != self._place:
            raise DatabaseMissing(
                "the database file was removed or replaced while this process used it, so it stops",
                remedy=f"put the database back, or run vigil {self._owner.role} restore FILE (a copy of the database "
                f"may be in vigil.sqlite3.rescued)",
            )

    def rescue(self) -> None:
        """Saves a copy of a removed database file that this process still has open, next to its former place."""
        target = self._home.database.with_suffix(".sqlite3.rescued")
        with suppress(OSError):
            target.unlink(missing_ok=True)
        try:
            self.store.backup_to(str(target))
        except VigilError as error:
            _log.error("the removed database could not be rescued", kind=error.kind)
        else:
            _log.warning("the removed database was rescued into vigil.sqlite3.rescued")

    def _state(self) -> HomeMark:
        with self.store.read() as tx:
            # Entries that a change of keys removed still count: otherwise the database would look older than it is.
            line, entries = tx.line(), sum(log.size for log in tx.logs()) + cut_of(tx.setting(CUT))
            _, generation = unpack_standing(tx.setting(STANDING))
        return HomeMark(
            owner=self._owner,
            identity=line.identity,
            generation=generation,
            entries=entries + self._lacks,
            changes=line.changes,
        )


def _place(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at this path; None if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def right_database(home: Home, settings: Config) -> Examined:
    """The result of the examination, if the home may use the database. Raises `WrongDatabase` kinds, `Damaged`,
    `StoreError`.
    """
    examined = examine_database(home, settings)
    require_right(examined)
    return examined


@contextmanager
def opened_database(home: Home, examined: Examined, opener: Opener[S_co]) -> Iterator[OpenDatabase[S_co]]:
    """Opens the database that `right_database` found, or a new one if the home never had one. The caller holds the
    home's lock. Raises `StoreError`.
    """
    with opened_regardless(home, examined.owner, opener, at_least=_generation(examined.mark)) as opened:
        opened.mark()
        yield opened


def _generation(mark: HomeMark | None) -> int:
    return mark.generation if mark else 0


@contextmanager
def opened_regardless(home: Home, owner: Owner, opener: Opener[S_co], *, at_least: int) -> Iterator[OpenDatabase[S_co]]:
    """Opens any database of a home, or a new one if there is none. It is marked when the block marks it, or ends. For
    callers that have examined it. `at_least`: its generation will be higher than this.
    """
    store = opener(home.database, create=True)
    try:
        _begin(store, owner, at_least)
        opened = OpenDatabase(home, owner, store)
        yield opened
        _end(opened)
    finally:
        store.close()


def _begin(store: LogStore, owner: Owner, at_least: int) -> None:
    """Counts this opening, first in the database. A crash right after leaves a mark that is behind by one."""
    with store.read() as tx:
        known = tx.setting(STANDING)
    generation = unpack_standing(known)[1] if known else 0
    try:
        with store.write() as tx:
            tx.set_setting(STANDING, pack_standing(owner, max(generation, at_least) + 1))
    except DiskFull:
        # A command that frees space must be able to open it. A database without an owner must first store its owner.
        if not known:
            raise
        _log.warning("no room to count this opening of the database")


def _end(opened: OpenDatabase[LogStore]) -> None:
    try:
        opened.require_in_place()
        opened.mark()
    except VigilError as error:
        _log.warning("the last mark of the database was not written", kind=error.kind)


def create_database(home: Home, owner: Owner) -> None:
    """Makes a new database for a home that never had one; otherwise does nothing. The caller holds the lock.

    Raises `StoreError`. A crash leaves a database without a mark, which counts as the right one.
    """
    if was_admitted(home) or home.mark.exists() or home.database.exists():
        return
    with opened_regardless(home, owner, open_log_store, at_least=0) as opened:
        opened.mark()
