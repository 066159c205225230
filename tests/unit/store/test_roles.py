"""A node's and a hub's database: neither has the rows of the other, in the ports or at run time."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.domain import stores
from node.domain.address_book import AddressWriter
from node.domain.alerts import AlertWriter
from node.domain.case_files import CaseWriter
from node.domain.categorising import CategorisationWriter
from node.domain.desk_sessions import DeskSessionWriter
from node.domain.entities import EntityWriter
from node.domain.held_questions import AnswerWriter
from node.domain.hub_ports import HubWriter
from node.domain.index_ports import IndexingWriter, LineReader
from node.domain.kept_watches import WatchWriter
from node.domain.lists import ListWriter
from node.domain.local_watches import LocalWatchWriter
from node.domain.log_ports import LogWriter
from node.domain.news import NewsReader
from node.domain.officers import OfficerWriter
from node.domain.ports import AllowWriter, HoldingWriter
from node.domain.previews import PreviewWriter
from node.domain.query_ports import QueryWriter
from node.domain.reviews import ReviewWriter
from node.domain.setting_ports import SettingWriter
from node.domain.sheets import SheetReader
from node.domain.stored_hits import HitWriter
from node.domain.threads import ThreadWriter
from node.domain.usage import UsageWriter
from tests.simulator import memory_store as memory
from tests.stores import fresh_hub_store, fresh_store

SHARED = (LogWriter, UsageWriter, SettingWriter, OfficerWriter, DeskSessionWriter, LineReader)
NODES = (
    HoldingWriter,
    AllowWriter,
    HitWriter,
    ListWriter,
    QueryWriter,
    AnswerWriter,
    IndexingWriter,
    AddressWriter,
    CaseWriter,
    CategorisationWriter,
    SheetReader,
    NewsReader,
    WatchWriter,
    LocalWatchWriter,
    AlertWriter,
    ThreadWriter,
    EntityWriter,
    ReviewWriter,
    PreviewWriter,
)
HUBS = (HubWriter,)


def methods(kind: type) -> set[str]:
    """The public names of a class or a Protocol, inherited ones too."""
    return {name for name in dir(kind) if not name.startswith("_")}


COMMON = {name for port in SHARED for name in methods(port)}
"""What every database has. Some of a node's ports build on it: the changes of an index follow the store's history."""


def own(port: type) -> set[str]:
    """The methods that a port adds to those that every database has."""
    return methods(port) - COMMON


def transactions_of_hubs(folder: Path) -> list[type]:
    """The readers and writers of a hub: the ports, and what the stores hand out."""
    kinds: list[type] = [stores.HubStoreReader, stores.HubStoreWriter]
    for store in (fresh_hub_store(folder / "hub.db"), memory.MemoryHubStore()):
        kinds += kinds_of(store)
    return kinds


def transactions_of_nodes(folder: Path) -> list[type]:
    """The same of a node."""
    kinds: list[type] = [stores.NodeStoreReader, stores.NodeStoreWriter]
    for store in (fresh_store(folder / "node.db"), memory.MemoryStore()):
        kinds += kinds_of(store)
    return kinds


def kinds_of(store: stores.Database[object, object]) -> list[type]:
    """The classes of a store's reader and writer."""
    with store.read() as reader:
        read = type(reader)
    with store.write() as writer:
        written = type(writer)
    store.close()
    return [read, written]


@pytest.mark.parametrize("port", NODES, ids=lambda port: port.__name__)
def test_a_hub_has_no_method_of_a_node(port: type, tmp_path: Path) -> None:
    assert own(port)
    for kind in transactions_of_hubs(tmp_path):
        assert methods(kind) & own(port) == set(), kind


@pytest.mark.parametrize("port", HUBS, ids=lambda port: port.__name__)
def test_a_node_has_no_method_of_a_hub(port: type, tmp_path: Path) -> None:
    assert own(port)
    for kind in transactions_of_nodes(tmp_path):
        assert methods(kind) & own(port) == set(), kind


def test_both_have_what_every_database_has(tmp_path: Path) -> None:
    shared = methods(stores.LogStoreReader)
    for kind in (*transactions_of_hubs(tmp_path), *transactions_of_nodes(tmp_path)):
        assert methods(kind) >= shared, kind


def test_a_writer_has_exactly_the_ports_of_its_role() -> None:
    assert methods(stores.LogStoreWriter) == COMMON
    assert methods(stores.NodeStoreWriter) == COMMON.union(*map(methods, NODES))
    assert methods(stores.HubStoreWriter) == COMMON.union(*map(methods, HUBS))


def test_no_two_ports_have_a_method_of_one_name() -> None:
    """One class implements many ports, so a second method of a name would hide the first."""
    ports = (LogWriter, UsageWriter, SettingWriter, OfficerWriter, *NODES, *HUBS)
    names = [name for port in ports for name in methods(port) - methods(LineReader)]
    assert sorted(names) == sorted(set(names))
