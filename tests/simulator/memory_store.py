"""The stores in memory: the same promises as the SQLite ones, for unit tests and the simulator.

Rules this module upholds:

- A transaction works on a copy and replaces the committed state when its block ends without an error; a reader keeps
  the state it began with. What is "durable" here lasts as long as the object.
- It is held against the same contract suite as the SQLite store (`tests/contracts`), and is written for plainness.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from node.domain.stores import HubStoreReader, HubStoreWriter, NodeStoreReader, NodeStoreWriter
from node.errors import Misuse, StoreError
from tests.simulator.memory_addresses import MemoryAddresses
from tests.simulator.memory_answers import MemoryAnswers
from tests.simulator.memory_cases import MemoryCases
from tests.simulator.memory_entities import MemoryEntities
from tests.simulator.memory_hits import MemoryHits
from tests.simulator.memory_hub import MemoryHub
from tests.simulator.memory_lists import MemoryLists
from tests.simulator.memory_local_watches import MemoryLocalWatches
from tests.simulator.memory_log_writer import MemoryLogWriter
from tests.simulator.memory_logs import MemoryLogReader
from tests.simulator.memory_news import MemoryNews
from tests.simulator.memory_previews import MemoryPreviews
from tests.simulator.memory_reviews import MemoryReviews
from tests.simulator.memory_sheets import MemorySheets
from tests.simulator.memory_state import State
from tests.simulator.memory_threads import MemoryThreads
from tests.simulator.memory_watches import MemoryWatches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class NodeRows(
    MemoryHits,
    MemoryReviews,
    MemoryPreviews,
    MemoryAnswers,
    MemoryLists,
    MemoryCases,
    MemoryThreads,
    MemoryAddresses,
    MemoryWatches,
    MemoryLocalWatches,
    MemoryEntities,
    MemorySheets,
    MemoryNews,
):
    """What only a node's transaction has."""

    def __init__(self, state: State) -> None:
        MemoryHits.__init__(self, state.hits, state.place)
        MemoryReviews.__init__(self, state.reviews, state.hits)
        MemoryPreviews.__init__(self, state.previews)
        MemoryAnswers.__init__(self, state.answers, state.place)
        MemoryLists.__init__(self, state.lists, state.watches)
        MemoryWatches.__init__(self, state.watches)
        MemoryLocalWatches.__init__(self, state.local_watches)
        MemoryAddresses.__init__(self, state.addresses)
        MemoryCases.__init__(self, state.cases, state.hits, state.place)
        MemoryNews.__init__(self, state.place, state.hits, state.watches)
        MemorySheets.__init__(self, state.place, state.hits)
        MemoryThreads.__init__(self, state.threads, state)
        MemoryEntities.__init__(self, state.entities, state.place, state.common, state.watches)


class MemoryReader(MemoryLogReader, NodeRows):
    """`NodeStoreReader` over one committed state."""

    def __init__(self, state: State) -> None:
        NodeRows.__init__(self, state)
        MemoryLogReader.__init__(self, state)


class MemoryWriter(MemoryLogWriter, NodeRows):
    """`NodeStoreWriter` over a state of its own."""

    def __init__(self, state: State) -> None:
        NodeRows.__init__(self, state)
        MemoryLogWriter.__init__(self, state)

    def delete_holding(self, holding_id: int) -> None:
        super().delete_holding(holding_id)
        self._forget_evidence_of(holding_id)
        self._forget_previews_of(holding_id)


class MemoryHubReader(MemoryLogReader, MemoryHub):
    """`HubStoreReader` over one committed state."""

    def __init__(self, state: State) -> None:
        MemoryHub.__init__(self, state.hub)
        MemoryLogReader.__init__(self, state)


class MemoryHubWriter(MemoryLogWriter, MemoryHub):
    """`HubStoreWriter` over a state of its own."""

    def __init__(self, state: State) -> None:
        MemoryHub.__init__(self, state.hub)
        MemoryLogWriter.__init__(self, state)


R_co = TypeVar("R_co", covariant=True)
W_co = TypeVar("W_co", covariant=True)


class MemoryDatabase(Generic[R_co, W_co]):
    """`Database` in memory. `fail_next_commit`: an error that the next transaction raises instead of committing."""

    def __init__(self, reader: Callable[[State], R_co], writer: Callable[[State], W_co]) -> None:
        self._reader, self._writer = reader, writer
        self._state = State()
        self._lock = threading.Lock()
        self._owner = 0
        self._closed = False
        self.scrubs = 0
        self.fail_next_commit: Exception | None = None

    def read(self) -> AbstractContextManager[R_co]:
        return self._read()

    def write(self) -> AbstractContextManager[W_co]:
        return self._write()

    @contextmanager
    def _read(self) -> Iterator[R_co]:
        self._check_open()
        yield self._reader(self._state)

    @contextmanager
    def _write(self) -> Iterator[W_co]:
        if self._owner == threading.get_ident():
            raise Misuse("a transaction inside a transaction of the same thread")
        with self._lock:
            self._check_open()
            self._owner = threading.get_ident()
            try:
                state = self._state.clone()
                yield self._writer(state)
                if self.fail_next_commit is not None:
                    failure, self.fail_next_commit = self.fail_next_commit, None
                    raise failure
                self._state = state
            finally:
                self._owner = 0

    def scrub(self) -> None:
        self._check_open()
        self.scrubs += 1

    def check(self) -> list[str]:
        self._check_open()
        return []

    def backup_to(self, path: str) -> None:
        if Path(path).exists():
            raise Misuse("the backup's file exists already")
        raise StoreError("a store in memory has no file to copy")

    def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")


class MemoryStore(MemoryDatabase[NodeStoreReader, NodeStoreWriter]):
    """`NodeStore` in memory."""

    def __init__(self) -> None:
        super().__init__(MemoryReader, MemoryWriter)


class MemoryHubStore(MemoryDatabase[HubStoreReader, HubStoreWriter]):
    """`HubStore` in memory."""

    def __init__(self) -> None:
        super().__init__(MemoryHubReader, MemoryHubWriter)
