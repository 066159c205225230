"""The view of an answer: read once, and never older than the last change."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from node.domain.ids import Origin, member_id
from node.domain.queries import Level
from node.domain.stores import NodeStoreReader
from node.usecases.catalogue import Catalogue
from node.usecases.search_scope import Views
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import prints
from tests.simulator.memory_store import MemoryStore


class Counted(MemoryStore):
    """Counts its reads; `meanwhile` runs in the middle of each."""

    reads = 0

    def meanwhile(self) -> None:
        """Nothing happens."""

    @contextmanager
    def read(self) -> Iterator[NodeStoreReader]:
        self.reads += 1
        with super().read() as tx:
            yield tx
        self.meanwhile()


def put(catalogue: Catalogue, number: int) -> None:
    with catalogue.change() as change:
        change.writer.put_holding(prints(number), level=Level.HIT_NO_HIT, case="1", tag=bytes([number]) * 32, now=0)


def test_it_is_read_once_and_again_after_a_change() -> None:
    store = Counted()
    catalogue = Catalogue(store=store, index=None, codec=ProtoCodec())
    assert dict(catalogue.view().levels)[Level.HIT_NO_HIT] == 0
    before = catalogue.view()
    assert catalogue.view() is before
    assert store.reads == 1
    put(catalogue, 1)
    assert dict(catalogue.view().levels)[Level.HIT_NO_HIT] == 1
    with catalogue.change() as change:
        change.writer.open_log(Origin(sim.FEDERATION, member_id("FR")))
    assert catalogue.view().cursors_digest != before.cursors_digest
    assert store.reads == 3


def test_a_change_that_failed_may_stand_all_the_same() -> None:
    store = Counted()
    catalogue = Catalogue(store=store, index=None, codec=ProtoCodec())
    catalogue.view()

    def broken() -> None:
        with catalogue.change():
            raise ValueError("after some of it")

    with pytest.raises(ValueError, match="some of it"):
        broken()
    catalogue.view()
    assert store.reads == 2


def test_what_was_read_before_a_change_is_not_kept_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Counted()
    views = Views(store)
    monkeypatch.setattr(store, "meanwhile", views.changed)
    views.current()
    monkeypatch.undo()
    views.current()
    assert store.reads == 2
    views.current()
    assert store.reads == 2
