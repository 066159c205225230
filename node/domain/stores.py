"""The databases that the use cases need: what every one holds, what a node's adds, and what a hub's adds.

Rules this module upholds:

- A module names the narrowest store that it needs. Code that a node and a hub share takes a `LogStore`.
- A hub's database has no holdings, hits, lists or questions; a node's has none of a hub's tables.
- A store is synchronous and blocking: never call it on the event loop (`asyncio.to_thread`).
- A writer's changes are durable when its `with` block has ended without an error, and not before. An error inside rolls
  the whole block back. One writer at a time: a second `write()` in another thread waits.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias, TypeVar

from node.domain.address_book import AddressReader, AddressWriter
from node.domain.alerts import AlertReader, AlertWriter
from node.domain.case_files import CaseReader, CaseWriter
from node.domain.categorising import CategorisationReader, CategorisationWriter
from node.domain.desk_sessions import DeskSessionReader, DeskSessionWriter
from node.domain.entities import EntityReader, EntityWriter
from node.domain.held_questions import AnswerReader, AnswerWriter
from node.domain.hub_ports import HubReader, HubWriter
from node.domain.index_ports import IndexingReader, IndexingWriter, LineReader
from node.domain.kept_watches import WatchReader, WatchWriter
from node.domain.lists import ListReader, ListWriter
from node.domain.local_watches import LocalWatchReader, LocalWatchWriter
from node.domain.log_ports import LogReader, LogWriter
from node.domain.news import NewsReader
from node.domain.officers import OfficerReader, OfficerWriter
from node.domain.ports import AllowReader, AllowWriter, HoldingReader, HoldingWriter
from node.domain.previews import PreviewReader, PreviewWriter
from node.domain.query_ports import QueryReader, QueryWriter
from node.domain.reviews import ReviewReader, ReviewWriter
from node.domain.setting_ports import SettingReader, SettingWriter
from node.domain.sheets import SheetReader
from node.domain.stored_hits import HitReader, HitWriter
from node.domain.threads import ThreadReader, ThreadWriter
from node.domain.usage import UsageReader, UsageWriter

R_co = TypeVar("R_co", covariant=True)
W_co = TypeVar("W_co", covariant=True)


class Database(Protocol[R_co, W_co]):
    """One database, with the reader and the writer of its owner.

    Both are covariant: a database with more may be passed where one with less is needed.
    """

    def read(self) -> AbstractContextManager[R_co]:
        """A snapshot. Readers do not block the writer, and the writer does not block them."""
        ...

    def write(self) -> AbstractContextManager[W_co]:
        """A transaction (BEGIN IMMEDIATE, synchronous=FULL). Raises `DiskFull` and `StoreError` for its disk."""
        ...

    def scrub(self) -> None:
        """Ends a purge: truncates the journal, so that deleted bytes are in no file of the database."""
        ...

    def check(self) -> list[str]:
        """The engine's own integrity check; empty if there is no fault."""
        ...

    def backup_to(self, path: str) -> None:
        """A consistent copy of the database in one new file (0600), while reads and writes continue. `Misuse` if the
        file exists. It does not contain data that was purged before.
        """
        ...

    def close(self) -> None: ...


class LogStoreReader(LogReader, UsageReader, SettingReader, OfficerReader, DeskSessionReader, LineReader, Protocol):
    """What can be read in one snapshot of any database: logs, usage, settings, officers, and its history."""


class LogStoreWriter(LogStoreReader, LogWriter, UsageWriter, SettingWriter, OfficerWriter, DeskSessionWriter, Protocol):
    """What can be written in one transaction of any database."""


class NodeStoreReader(
    LogStoreReader,
    HoldingReader,
    CaseReader,
    CategorisationReader,
    SheetReader,
    NewsReader,
    ThreadReader,
    AllowReader,
    EntityReader,
    HitReader,
    ReviewReader,
    ListReader,
    QueryReader,
    AnswerReader,
    WatchReader,
    LocalWatchReader,
    AlertReader,
    IndexingReader,
    AddressReader,
    PreviewReader,
    Protocol,
):
    """Everything that can be read in one snapshot of a node's database."""


class NodeStoreWriter(
    NodeStoreReader,
    LogStoreWriter,
    HoldingWriter,
    CaseWriter,
    CategorisationWriter,
    ThreadWriter,
    AllowWriter,
    EntityWriter,
    HitWriter,
    ReviewWriter,
    ListWriter,
    QueryWriter,
    AnswerWriter,
    WatchWriter,
    LocalWatchWriter,
    AlertWriter,
    IndexingWriter,
    AddressWriter,
    PreviewWriter,
    Protocol,
):
    """Everything that can be written in one transaction of a node's database."""


class HubStoreReader(LogStoreReader, HubReader, Protocol):
    """Everything that can be read in one snapshot of a hub's database."""


class HubStoreWriter(HubStoreReader, LogStoreWriter, HubWriter, Protocol):
    """Everything that can be written in one transaction of a hub's database."""


LogStore: TypeAlias = Database[LogStoreReader, LogStoreWriter]
"""Any database, for what a node and a hub have in common."""
NodeStore: TypeAlias = Database[NodeStoreReader, NodeStoreWriter]
"""A node's database."""
HubStore: TypeAlias = Database[HubStoreReader, HubStoreWriter]
"""A hub's database."""
