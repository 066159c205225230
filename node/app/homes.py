"""A home and its database: every start makes sure that the database is the one that this home used last.

Rules this module upholds:

- Nothing is served, answered or signed over a missing, empty, older, damaged or foreign database. A search in it would
  say "no hit" of material that is held, and its key could sign a second history.
- Only a person says otherwise: by restoring a backup, or by `vigil node accept-database`, which is audited.
- The mark is written after the database has what it says, and whole or not at all. So a crash, or a full disk, leaves a
  mark that is behind its database, which is right; never one that is ahead.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

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
from node.errors import Damaged, DatabaseMissing, DiskFull, Malformed, Misuse, NotFound, Refused, VigilError
from node.pki.files import read_bounded, write_atomic
from node.store.inspection import inspect_database
from node.store.store import open_store
from node.usecases.homes import Examined, require_right
from node.wire.local_paths import reached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.config import Config, Home
    from node.domain.ports import Store

Line = dict[str, Any]

HUB_MEMBER: Final = "HUB"
"""In the place of a member, where a hub names itself (as in the origin of its audit log)."""
_MAX_MARK: Final = 4_096
_log = structlog.get_logger(__name__)


def owner_of(settings: Config) -> Owner:
    """Whose home these are the settings of."""
    member = HUB_MEMBER if settings.role == "hub" else settings.member
    return Owner(role=settings.role, federation=settings.federation, member=member)


def examine_database(home: Home, settings: Config) -> Examined:
    """Takes seconds at most, and changes nothing. Raises `Damaged` for a mark that cannot be read, and `StoreError`."""
    owner, mark, found = owner_of(settings), read_mark(home), inspect_database(home.database)
    return Examined(owner=owner, mark=mark, found=found, finding=judge(found, owner, mark, admitted=was_admitted(home)))


def was_admitted(home: Home) -> bool:
    """Whether this home is one of a node that got its certificate, or of a hub."""
    return (home.tls / "node.der").exists() or (home.tls / "hub.der").exists()


def read_mark(home: Home) -> HomeMark | None:
    """What the home remembers of its database; None where nothing. Raises `Damaged`."""
    try:
        return unpack_mark(read_bounded(home.mark, _MAX_MARK, what="mark of the database"))
    except NotFound:
        return None
    except Malformed as error:
        raise Damaged(
            "the file database.mark of this home cannot be read, so nobody knows whether the database is the right one",
            remedy="restore database.mark from a backup of this folder; if there is none, and you are sure that the "
            "database is the newest one, delete database.mark",
        ) from error


def make_home(home: Home) -> None:
    """Makes the folder of a home that is about to be made, its owner's alone. Raises `Misuse` where there can be none:
    the path is too long, leads through a file, may not be written to, or its file system holds no socket.
    """
    try:
        home.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _try_socket(home.folder / f".{os.getpid()}.sock")
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise Misuse(
            f"the home cannot be made in this place: {why}",
            remedy="choose another folder with --home or VIGIL_HOME; a disk of this machine is best",
        ) from None


def _try_socket(path: Path) -> None:
    """Makes a socket and removes it: the daemon needs one here. Raises OSError."""
    try:
        with socket.socket(socket.AF_UNIX) as own, reached(path) as short:
            own.bind(str(short))
    finally:
        path.unlink(missing_ok=True)


# --- opening ----------------------------------------------------------------------------------------------------------


class OpenDatabase:
    """The database of a home while this process owns it. From any thread, blocking."""

    def __init__(self, home: Home, owner: Owner, store: Store) -> None:
        self._home = home
        self._owner = owner
        self.store = store
        self._marked: HomeMark | None = None
        self._lacks = 0
        self._marking = threading.Lock()
        self._place = _place(home.database)

    def mark(self) -> None:
        """Remembers how far the database has come, where it has moved. A full disk is no fault: the mark lags."""
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
        """The hub has shown so many log entries of this home that the database lacks: every later start finds it so."""
        self._lacks = entries
        self.mark()

    def require_in_place(self) -> None:
        """Raises `DatabaseMissing` where somebody removed or replaced the file under this process."""
        if _place(self._home.database) != self._place:
            raise DatabaseMissing(
                "the database file was removed or replaced while this process used it, so it stops",
                remedy=f"put the database back, or: vigil {self._owner.role} restore FILE (a copy of the database as "
                "it was may be in vigil.sqlite3.rescued)",
            )

    def rescue(self) -> None:
        """Saves what this process still holds of a file that was removed under it, beside its place."""
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
            # What a change of keys took out counts on: else the database would look older than it was.
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
    """Device and inode of the file in this place; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def right_database(home: Home, settings: Config) -> Examined:
    """What was found, where the home may work with it. Raises `WrongDatabase` kinds, `Damaged`, `StoreError`."""
    examined = examine_database(home, settings)
    require_right(examined)
    return examined


@contextmanager
def opened_database(home: Home, examined: Examined) -> Iterator[OpenDatabase]:
    """The database that `right_database` found, or a new one where the home never had one. The caller holds the home's
    lock. Raises `StoreError`.
    """
    with opened_regardless(home, examined.owner, at_least=_generation(examined.mark)) as opened:
        opened.mark()
        yield opened


def _generation(mark: HomeMark | None) -> int:
    return mark.generation if mark else 0


@contextmanager
def opened_regardless(home: Home, owner: Owner, *, at_least: int) -> Iterator[OpenDatabase]:
    """The database of a home, whatever it is; a new one where there is none. Not marked before the block marks it, or
    ends. For who has examined it. `at_least`: its generation will be past this one.
    """
    store = open_store(home.database, create=True)
    try:
        _begin(store, owner, at_least)
        opened = OpenDatabase(home, owner, store)
        yield opened
        _end(opened)
    finally:
        store.close()


def _begin(store: Store, owner: Owner, at_least: int) -> None:
    """Counts this opening, in the database first. A crash right after leaves a mark that is behind by one."""
    with store.read() as tx:
        known = tx.setting(STANDING)
    generation = unpack_standing(known)[1] if known else 0
    try:
        with store.write() as tx:
            tx.set_setting(STANDING, pack_standing(owner, max(generation, at_least) + 1))
    except DiskFull:
        # Who comes to make room has to get in. A database that never said whose it is has to say so first.
        if not known:
            raise
        _log.warning("no room to count this opening of the database")


def _end(opened: OpenDatabase) -> None:
    try:
        opened.require_in_place()
        opened.mark()
    except VigilError as error:
        _log.warning("the last mark of the database was not written", kind=error.kind)


def create_database(home: Home, owner: Owner) -> None:
    """A new database for a home that never had one; nothing where there is one, or was one. The caller holds the lock.

    Raises `StoreError`. A crash leaves a database without a mark, which is taken for the right one.
    """
    if was_admitted(home) or home.mark.exists() or home.database.exists():
        return
    with opened_regardless(home, owner, at_least=0) as opened:
        opened.mark()


# --- what a person decides --------------------------------------------------------------------------------------------


def require_no_leftovers(home: Home) -> None:
    """Raises `Misuse` where a journal of another database lies in the place of that of a new one: SQLite would mix
    them.
    """
    journals = [home.database.with_name(home.database.name + tail) for tail in ("-wal", "-journal")]
    if any(journal.exists() and journal.stat().st_size for journal in journals):
        raise Misuse(
            "a journal of the former database is still in this home (vigil.sqlite3-wal)",
            remedy="move it to the same folder as the former vigil.sqlite3; nothing was changed",
        )


def require_backup_of(owner: Owner, path: Path) -> None:
    """Raises `Refused` unless the file at `path` is a sound backup that may be put into the home of `owner`."""
    found = inspect_database(path)
    if found.fault:
        raise Refused(f"the backup is damaged: {found.fault}", remedy="use another backup; nothing was changed")
    if not found.ours:
        what = found.other or "it is empty"
        raise Refused(f"this file is no backup that can be used: {what}", remedy="name a file that `backup` wrote")
    if found.owner is not None and found.owner != owner:
        raise Refused(
            f"this is a backup of {found.owner}, and this is the home of {owner}",
            remedy=f"use a backup of {owner}; nothing was changed",
        )


def write_mark_of(home: Home, owner: Owner, path: Path) -> None:
    """Makes the database at `path`, which is about to be moved to its place, the one that the home remembers.

    A crash between the two leaves a home whose database is missing. Raises `StoreError`.
    """
    found = inspect_database(path)
    figures = {"generation": found.generation, "entries": found.entries, "changes": found.changes}
    write_atomic(home.mark, pack_mark(HomeMark(owner=owner, identity=found.identity, **figures)))
