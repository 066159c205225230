"""The store: one database, one writer at a time, snapshots for readers.

Rules this module upholds:

- A node's and a hub's database have the same tables, and each is opened with the readers and writers of its own rows.
- When a `write()` block has ended, its changes are on the disk (`synchronous=FULL`), or none of them happened.
- Purging has two steps: the block overwrites, and `scrub()` removes what the journal still contains, and raises if it
  cannot.
- Everything here blocks: call it in a thread (`asyncio.to_thread`). Any thread may; a block stays in its thread.
- Only `node.errors` leave this module.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final, Generic, TypeAlias, TypeVar

from sqlalchemy import Connection

from node.domain.stores import (
    HubStoreReader,
    HubStoreWriter,
    LogStoreReader,
    LogStoreWriter,
    NodeStoreReader,
    NodeStoreWriter,
)
from node.domain.turns import TurnLock
from node.errors import Damaged, Misuse, StoreError
from node.store import engine
from node.store.addresses import AddressRows, AddressWrites
from node.store.alerts import AlertRows, AlertWrites
from node.store.allowed import AllowRows, AllowWrites
from node.store.case_files import CaseRows, CaseWrites
from node.store.categorisations import CategorisationRows, CategorisationWrites
from node.store.chains import ChainRows, ChainWrites
from node.store.cutting import LogCuts
from node.store.deleting import FileRows, FileWrites
from node.store.desk_sessions import DeskSessionRows, DeskSessionWrites
from node.store.entities import EntityRows, EntityWrites
from node.store.held import HeldRows
from node.store.held_questions import AnswerRows, AnswerWrites
from node.store.hits import HitRows, HitWrites
from node.store.hub import HubRows, HubWrites
from node.store.indexing import IndexingRows, IndexingWrites, LineRows
from node.store.kept_watches import WatchRows, WatchWrites
from node.store.lists import ListRows, ListWrites
from node.store.local_watches import LocalWatchRows, LocalWatchWrites
from node.store.logs import LogRows
from node.store.news import NewsRows
from node.store.officers import OfficerRows, OfficerWrites
from node.store.previews import PreviewRows, PreviewWrites
from node.store.queries import QueryRows, QueryWrites
from node.store.reviews import ReviewRows, ReviewWrites
from node.store.settings import SettingRows, SettingWrites
from node.store.sheets import SheetRows
from node.store.threads import ThreadRows, ThreadWrites
from node.store.upgrade import upgrade
from node.store.usage import UsageRows, UsageWrites

_TAKE_SNAPSHOT: Final = "SELECT 1 FROM alembic_version"
SCRUB_ATTEMPTS: Final = 3
"""How often `scrub` tries, each time waiting up to `engine.BUSY_SECONDS` for readers; writers get in between."""


class LogStoreRows(LogRows, ChainRows, HeldRows, UsageRows, SettingRows, OfficerRows, DeskSessionRows, LineRows):
    """`LogStoreReader`."""


class LogStoreWrites(
    LogCuts, ChainWrites, HeldRows, UsageWrites, SettingWrites, OfficerWrites, DeskSessionWrites, LineRows
):
    """`LogStoreWriter`."""


class NodeStoreRows(
    LogStoreRows,
    FileRows,
    CaseRows,
    CategorisationRows,
    SheetRows,
    NewsRows,
    ThreadRows,
    AllowRows,
    EntityRows,
    HitRows,
    ReviewRows,
    ListRows,
    QueryRows,
    AnswerRows,
    WatchRows,
    LocalWatchRows,
    AlertRows,
    IndexingRows,
    AddressRows,
    PreviewRows,
):
    """`NodeStoreReader`."""


class NodeStoreWrites(
    LogStoreWrites,
    FileWrites,
    CaseWrites,
    CategorisationWrites,
    SheetRows,
    NewsRows,
    ThreadWrites,
    AllowWrites,
    EntityWrites,
    HitWrites,
    ReviewWrites,
    ListWrites,
    QueryWrites,
    AnswerWrites,
    WatchWrites,
    LocalWatchWrites,
    AlertWrites,
    IndexingWrites,
    AddressWrites,
    PreviewWrites,
):
    """`NodeStoreWriter`."""


class HubStoreRows(LogStoreRows, HubRows):
    """`HubStoreReader`."""


class HubStoreWrites(LogStoreWrites, HubWrites):
    """`HubStoreWriter`."""


R_co = TypeVar("R_co", covariant=True)
W_co = TypeVar("W_co", covariant=True)
Opened = TypeVar("Opened", bound="SqliteLogStore")


class SqliteStore(Generic[R_co, W_co]):
    """A `Database` over one SQLite file. Created by one of the functions below."""

    def __init__(
        self, engines: engine.Engines, reader: Callable[[Connection], R_co], writer: Callable[[Connection], W_co]
    ) -> None:
        self._engines = engines
        self._reader = reader
        self._writer = writer
        self._lock = TurnLock()
        self._owner = 0
        self._closed = False

    def read(self) -> AbstractContextManager[R_co]:
        return self._read()

    def write(self) -> AbstractContextManager[W_co]:
        return self._write()

    @contextmanager
    def _read(self) -> Iterator[R_co]:
        self._check_open()
        with engine.translated(), self._engines.readers.connect() as connection, connection.begin():
            # SQLite takes the snapshot at the first read, so read at once.
            connection.exec_driver_sql(_TAKE_SNAPSHOT)
            yield self._reader(connection)

    @contextmanager
    def _write(self) -> Iterator[W_co]:
        with self._alone(), engine.translated(), self._engines.writer.connect() as connection, connection.begin():
            yield self._writer(connection)
            # A crash before the commit below leaves the database unchanged; after it, everything is stored.

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The one writer. A second one in the same thread would deadlock."""
        me = threading.get_ident()
        if self._owner == me:
            raise Misuse("a transaction inside a transaction of the same thread")
        with self._lock:
            self._check_open()
            self._owner = me
            try:
                yield
            finally:
                self._owner = 0

    def scrub(self) -> None:
        """See `Database`. Raises `StoreError` if readers held old snapshots all the time: the deleted bytes are then
        still in the journal, and the caller must try again.
        """
        for _ in range(SCRUB_ATTEMPTS):
            with self._alone(), engine.translated():
                if engine.checkpoint(self._engines.writer):
                    return
        raise StoreError(
            "the journal could not be truncated while it was being read: purged data is still in it",
            remedy="try again when long reads (a bootstrap, a backup, fsck) have ended",
        )

    def check(self) -> list[str]:
        self._check_open()
        try:
            with engine.translated(), self._engines.readers.connect() as connection:
                rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        except Damaged as error:
            return [str(error)]
        return [str(row) for row in rows if row != "ok"]

    def backup_to(self, path: str) -> None:
        """See `Database`. The copy is written to a temporary name and renamed once it is complete and on the disk: a
        crash leaves at most a file that ends in `.part`, which the next backup replaces.
        """
        self._check_open()
        target = Path(path)
        part = target.with_name(target.name + ".part")
        try:
            if target.exists():
                raise Misuse("the backup's file exists already", remedy="name another, or remove it")
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "rb") as file:
                with engine.translated():
                    engine.copy_database(self._engines.readers, part)
                os.fsync(file.fileno())
            part.rename(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise engine.translate_os(error) from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def close(self) -> None:
        """Waits for the writer. Blocks of readers must have ended. Closing again changes nothing."""
        with self._lock:
            self._closed = True
            with engine.translated():
                self._engines.dispose()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")


SqliteNodeStore: TypeAlias = SqliteStore[NodeStoreReader, NodeStoreWriter]
SqliteHubStore: TypeAlias = SqliteStore[HubStoreReader, HubStoreWriter]
SqliteLogStore: TypeAlias = SqliteStore[LogStoreReader, LogStoreWriter]


def open_node_store(path: Path, *, create: bool) -> SqliteNodeStore:
    """A node's store in the file `path`, with its schema brought up to date. `create`: creates it if it does not exist.

    Raises `StoreError` if there is none, if it cannot be used, or if a newer program wrote it, `Damaged` if it is not a
    database, `DiskFull`. The caller holds the folder's lock (`node.store.lock.own`). Data that was purged before is in
    no file of it, however the last owner ended.
    """
    return _open(path, create=create, store=lambda engines: SqliteStore(engines, NodeStoreRows, NodeStoreWrites))


def open_hub_store(path: Path, *, create: bool) -> SqliteHubStore:
    """As `open_node_store`, for a hub's store."""
    return _open(path, create=create, store=lambda engines: SqliteStore(engines, HubStoreRows, HubStoreWrites))


def open_log_store(path: Path, *, create: bool) -> SqliteLogStore:
    """As `open_node_store`, for work that is the same in a node's and in a hub's store."""
    return _open(path, create=create, store=lambda engines: SqliteStore(engines, LogStoreRows, LogStoreWrites))


def _open(path: Path, *, create: bool, store: Callable[[engine.Engines], Opened]) -> Opened:
    engine.prepare_file(path, create=create)
    engines = engine.open_engines(path)
    try:
        with engine.translated(), engines.writer.connect() as connection, connection.begin():
            upgrade(connection)
        opened = store(engines)
        # The previous owner may have died between a purge and its scrub.
        opened.scrub()
    except BaseException:
        engines.dispose()
        raise
    return opened


def _sync_folder(folder: Path) -> None:
    """Makes the file names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
