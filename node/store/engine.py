"""Connections to SQLite, and the translation of its errors.

Rules this module upholds:

- The writer begins with `BEGIN IMMEDIATE`: a deferred one fails with "database is locked" as soon as two transactions
  that have read want to write. Only the writer checkpoints; some SQLite releases (3.7.0 to 3.51.2) can damage a
  database when several connections reset its journal.
- A reader begins by reading, so that its snapshot is that of the start of its block; it cannot write.
- No library's error leaves this module, and no value of a row is in any text (`hide_parameters`).
- The files are 0600, and the folder is 0700 if it is created here.
"""

from __future__ import annotations

import errno
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from node.domain.index_ports import STORE_IDENTITY_SIZE
from node.errors import Damaged, DiskFull, StoreError

PAGE_SIZE: Final = 8_192
"""Bytes of a database page. Against 4,096: appends are a little faster, and a full tile spills one page, not two."""
BUSY_SECONDS: Final = 10.0
"""How long a statement waits for another process's lock."""
CHECKPOINT_PAGES: Final = 4_096
"""The journal is copied into the database each time it has grown by this many pages: 32 MiB."""
CACHE_KIB: Final = 16_384
"""Page cache of a connection. A commit of 4 MiB fits without being written twice."""
MAX_READERS: Final = 64
"""Further simultaneous readers wait for one another (`asyncio.to_thread` has at most 32 workers)."""

_COMMON: Final = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # nothing secret in a temporary file
    "PRAGMA trusted_schema = OFF",
    f"PRAGMA cache_size = -{CACHE_KIB}",
)
_WRITER: Final = (
    f"PRAGMA page_size = {PAGE_SIZE}",  # has effect in a new database only
    *_COMMON,
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
    f"PRAGMA journal_size_limit = {CHECKPOINT_PAGES * PAGE_SIZE}",
)
_READER: Final = (*_COMMON, "PRAGMA query_only = ON", "PRAGMA wal_autocheckpoint = 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """`writer` has one connection, `readers` one per simultaneous reader."""

    writer: Engine
    readers: Engine

    def dispose(self) -> None:
        """Closes all connections, the writer's last: closing the last one empties and removes the journal."""
        self.readers.dispose()
        self.writer.dispose()


def open_engines(path: Path) -> Engines:
    """Engines over the existing database file `path`. Does not connect yet."""
    writer = _engine(path, _WRITER, "BEGIN IMMEDIATE", pool_size=1)
    readers = _engine(path, _READER, "BEGIN", pool_size=4)
    return Engines(writer=writer, readers=readers)


def _engine(path: Path, pragmas: tuple[str, ...], begin: str, *, pool_size: int) -> Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level None: the driver begins no transaction; `begin` below does.
        # mode=rw: if the file was removed, a later connection must not create an empty one in its place.
        place = f"file:{quote(os.fsencode(path))}?mode=rw"
        connection = sqlite3.connect(
            place, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in pragmas:
                connection.execute(pragma).close()
        except BaseException:
            connection.close()
            raise
        return connection

    overflow = 0 if pool_size == 1 else MAX_READERS - pool_size
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=overflow,
        hide_parameters=True,
    )

    def begin_explicitly(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", begin_explicitly)
    return engine


def prepare_file(path: Path, *, create: bool) -> None:
    """Creates the empty file (0600) and its folder (0700) if `create` is set, and removes other users' access.

    SQLite gives its journal the permissions of the database. A crash here leaves an empty file, which opens as new.
    Raises `StoreError`.
    """
    try:
        if create:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)):
                pass
        mode = path.stat().st_mode
        if mode & 0o077:
            path.chmod(mode & 0o700)
    except FileNotFoundError:
        remedy = "make one with `vigil node init` or `vigil hub init`"
        raise StoreError("there is no database here", remedy=remedy) from None
    except OSError as error:
        raise translate_os(error) from None


@contextmanager
def translated() -> Iterator[None]:
    """Raises `StoreError` if the database or its driver fails inside the block; other errors pass."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(error.orig) from None
    except SQLAlchemyError as error:
        raise StoreError(f"the database could not be used ({type(error).__name__})") from None
    except sqlite3.Error as error:
        raise _translate(error) from None


def _translate(error: BaseException | None) -> StoreError:
    """The translation of a driver's error. Only SQLite's name of it is included: its text could quote a value."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if name.startswith("SQLITE_FULL") or name in {"SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMMAP"}:
        return disk_full()
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Damaged(
            f"the database file is damaged ({name})",
            remedy="stop the daemon, keep a copy of the file, and restore the newest backup",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(
            f"the database is locked ({name})",
            remedy="stop the other process that has it open, or use the running daemon",
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return StoreError(
            f"the database cannot be opened for writing ({name})",
            remedy="check owner and permissions of its folder, and that its disk is mounted for writing",
        )
    if name.startswith("SQLITE_IOERR"):
        return StoreError(f"the disk under the database failed ({name})", remedy="check the disk, then run fsck")
    return StoreError(f"the database refused a statement ({name})", remedy="run fsck; this is a fault of the program")


def translate_os(error: OSError) -> StoreError:
    """An error of the file system as `StoreError`, without the path in it."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full()
    return StoreError(
        f"the database's folder cannot be used ({error.strerror})", remedy="check owner, permissions and disk"
    )


def disk_full() -> DiskFull:
    """The disk is full. SQLite has rolled back: what was committed before is complete."""
    return DiskFull("no space is left for the database", remedy="free space on its disk, then try again")


def checkpoint(engine: Engine) -> bool:
    """Copies the journal into the database and truncates it; False if a reader's snapshot prevented it.

    SQLite waits up to `BUSY_SECONDS` for readers. A crash in the middle leaves a journal that the next open replays.
    """
    with _driver(engine) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def copy_database(engine: Engine, path: Path) -> None:
    """Copies all pages, as of one snapshot, into the empty file `path`.

    The copy gets an identity of its own: once restored, its later changes may differ from those of this database, and
    an index of one must not be used with the other.
    """
    target = sqlite3.connect(path, isolation_level=None)
    try:
        with _driver(engine) as connection:
            connection.backup(target)
        target.execute("UPDATE line SET identity = ?", (secrets.token_bytes(STORE_IDENTITY_SIZE),)).close()
    finally:
        target.close()


@contextmanager
def _driver(engine: Engine) -> Iterator[sqlite3.Connection]:
    """The driver's own connection, for calls that SQLAlchemy does not offer."""
    raw = engine.raw_connection()
    try:
        connection = raw.driver_connection
        if not isinstance(connection, sqlite3.Connection):
            raise StoreError("this database is not SQLite")
        yield connection
    finally:
        raw.close()
