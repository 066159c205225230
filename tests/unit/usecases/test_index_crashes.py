"""A crash between the store's change and the index's, or a change that only seems to fail, leaves them in step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from node.domain.search_ports import HOLDINGS_SOURCE
from node.errors import StoreError
from tests.simulator.federation import Log
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.catalogued import pdq
from tests.unit.usecases.index_lives import Dies, Life, dying, in_step, log

__all__ = ["log"]


def test_a_crash_between_the_purge_and_the_overwriting_leaves_nothing(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither findable nor on the disk, once the next start is through."""
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.take(log)
    first.catalogue.keep()
    secret = pdq(7).value
    with dying(first, monkeypatch):
        first.purge([7])
    assert any(secret[:8] in path.read_bytes() for path in folder.iterdir())
    second = Life(store, folder)
    assert second.index.tables["pdq"].settled == 20, "it was opened, not made anew"
    assert not any(secret[:8] in path.read_bytes() for path in folder.iterdir())
    assert second.found(7) == []
    in_step(second)
    third = Life(store, folder)
    assert third.found(7) == []
    in_step(third)
    third.catalogue.keep()
    with store.read() as reader:
        assert reader.changes() == []
        assert reader.line().forgotten == reader.line().changes == 1


def test_a_crash_after_the_overwriting_and_before_its_number_changes_nothing(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.take(log)
    first.catalogue.keep()

    def die(_: int) -> None:
        raise Dies

    monkeypatch.setattr(first.files, "sync", die)
    with suppress(Dies):
        first.purge([7])
    second = Life(store, folder)
    assert second.found(7) == []
    in_step(second)


def test_a_transaction_that_was_said_to_fail_and_stands_is_followed(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    life = Life(store, folder)
    life.take(log)
    life.catalogue.keep()
    real = store.write

    @contextmanager
    def lying() -> Iterator[object]:
        with real() as writer:
            yield writer
        raise StoreError("the disk failed")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", lying)
        with pytest.raises(StoreError):
            life.purge([4])
        with pytest.raises(StoreError):
            life.hold(210)
    life.hold(211)
    assert life.found(4) == []
    assert life.found(210) == [(HOLDINGS_SOURCE, 1)]
    in_step(life)
    again = Life(store, folder)
    assert again.found(4) == []
    in_step(again)
