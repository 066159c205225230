"""Changes to the bodies of a database without an index, which are a hub's: what was deleted is scrubbed, or is owed."""

from __future__ import annotations

import pytest

from node.errors import StoreError
from node.usecases.log_catalogue import LogCatalogue
from tests.simulator.batches import FR, disclosure, entry
from tests.simulator.memory_store import MemoryHubStore
from tests.simulator.world import CODEC

LEAF = b"l" * 32


@pytest.fixture
def store() -> MemoryHubStore:
    """A store in which one statement waits for its place."""
    made = MemoryHubStore()
    with made.write() as tx:
        tx.acknowledge([(FR, entry("one"), LEAF, disclosure("one"))])
    return made


def waiting(store: MemoryHubStore) -> int:
    with store.read() as tx:
        return tx.count_pending(FR)


def test_a_change_that_deletes_something_ends_with_a_scrub(store: MemoryHubStore) -> None:
    with LogCatalogue(store=store, codec=CODEC).change() as change:
        assert change.forget_pending(LEAF)
        assert store.scrubs == 0
    assert (waiting(store), store.scrubs) == (0, 1)


def test_a_change_that_deletes_nothing_scrubs_nothing(store: MemoryHubStore) -> None:
    with LogCatalogue(store=store, codec=CODEC).change() as change:
        assert not change.forget_pending(b"x" * 32)
    assert (waiting(store), store.scrubs) == (1, 0)


def test_a_commit_that_is_told_as_failed_leaves_the_scrub_to_the_next_change(store: MemoryHubStore) -> None:
    """It may stand all the same."""
    catalogue = LogCatalogue(store=store, codec=CODEC)
    store.fail_next_commit = StoreError("told as failed")
    with pytest.raises(StoreError), catalogue.change() as change:
        change.forget_pending(LEAF)
    assert store.scrubs == 0
    with catalogue.change():
        pass
    assert store.scrubs == 1
