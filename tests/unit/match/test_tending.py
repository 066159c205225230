"""When a table merges by itself, and how that ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from node.domain.fingerprints import PDQ_RADIUS
from node.match import tending
from node.match.crew import Crew
from node.match.mih_layout import ROW_COST
from node.match.tending import BUILD_COST, FEWEST_MERGED, MOST_WAITING, STALE_SECONDS, TendedTable, worth_merging

FEW = 200
PATIENCE = 60.0
"""Seconds that a test waits for an event before it fails."""


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tending, "FEWEST_MERGED", FEW)


class Watched(TendedTable):
    """Tells when a merge has ended; `spoil` is called as each begins."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__(PDQ_RADIUS, clock=clock)
        self.ended = threading.Semaphore(0)
        self.spoil: Callable[[], None] = lambda: None

    def _merged(self) -> bool:
        went_well = super()._merged()
        self.ended.release()
        return went_well

    def merge(self, *arguments: Any) -> None:
        self.spoil()
        super().merge(*arguments)

    def fill(self, first: int, count: int) -> np.ndarray:
        values = np.random.default_rng(first).integers(0, 256, (count, 32), dtype=np.uint8)
        self.add(1, np.arange(first, first + count), values, np.full(count, 80, dtype=np.int16))
        return values


@pytest.fixture
def table() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.close()


def test_few_hashes_wait_and_many_are_merged_though_nobody_searches() -> None:
    assert not worth_merging(waiting=FEW - 1, settled=0, compared=10**15)
    assert worth_merging(waiting=FEW, settled=0, compared=0)
    settled = 1_000_000
    assert not worth_merging(waiting=int(settled * MOST_WAITING) - 1, settled=settled, compared=0)
    assert worth_merging(waiting=int(settled * MOST_WAITING), settled=settled, compared=0)


def test_searches_that_have_cost_as_much_as_a_merge_make_it_due() -> None:
    waiting, settled = 10_000, 990_000
    due = int((waiting + settled) * BUILD_COST / ROW_COST)
    assert not worth_merging(waiting=waiting, settled=settled, compared=due - 1)
    assert worth_merging(waiting=waiting, settled=settled, compared=due)


def test_the_constants_agree() -> None:
    """No search can make a merge due that the shortcut of `search` would not look at."""
    assert int(FEWEST_MERGED * BUILD_COST / ROW_COST) == tending.FEWEST_COMPARED


def test_what_is_added_is_merged_in_the_background_and_found_all_the_while(table: Watched) -> None:
    values = table.fill(0, FEW)
    assert sorted(table.search(values, 0).row.tolist()) == list(range(FEW))
    assert table.ended.acquire(timeout=PATIENCE)
    assert (table.waiting, table.settled) == (0, FEW)
    assert sorted(table.search(values, 0).row.tolist()) == list(range(FEW))


def test_a_removed_hash_leaves_the_tables_once_the_time_is_up() -> None:
    now = [0.0]
    table = Watched(clock=lambda: now[0])
    table.fill(0, FEW)
    assert table.ended.acquire(timeout=PATIENCE)
    table.remove(1, np.array([3]))
    assert table._dead == 1
    now[0] = STALE_SECONDS
    table._call()  # as the next change would
    assert table.ended.acquire(timeout=PATIENCE)
    assert not table.stale
    assert (len(table), table.settled) == (FEW - 1, FEW - 1)
    table.close()


def test_closing_ends_a_merge_in_its_middle_and_nothing_is_lost(table: Watched) -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def spoil() -> None:
        under_way.set()
        assert go_on.wait(PATIENCE)

    table.spoil = spoil
    values = table.fill(0, FEW)
    assert under_way.wait(PATIENCE)
    closing = threading.Thread(target=table.close)
    closing.start()
    with table._wake:
        table._wake.wait_for(lambda: table._closed, PATIENCE)
    go_on.set()
    closing.join(PATIENCE)
    assert not closing.is_alive()
    assert (table.waiting, table.settled) == (FEW, 0)
    assert len(table.search(values, 0).row) == FEW
    table.fill(FEW, 3 * FEW)
    assert len(table) == 4 * FEW


def test_a_merge_that_fails_is_told_without_a_hash_and_tried_again(
    table: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tending, "RETRY_SECONDS", 0.0)
    failures = [MemoryError("secret"), None]

    def spoil() -> None:
        failure = failures.pop(0)
        if failure:
            raise failure

    table.spoil = spoil
    with caplog.at_level(logging.WARNING):
        values = table.fill(0, FEW)
        assert table.ended.acquire(timeout=PATIENCE)
        assert table.ended.acquire(timeout=PATIENCE)
    assert "MemoryError" in caplog.text
    assert "secret" not in caplog.text
    assert table.settled == FEW
    assert len(table.search(values, 0).row) == FEW


def test_a_crew_answers_in_order_and_goes_on_when_it_is_closed() -> None:
    crew = Crew(3)
    for _ in range(2):
        assert crew.map(lambda item: item * item, list(range(10))) == [item * item for item in range(10)]
        assert crew.map(lambda item: item, []) == []
        with pytest.raises(ZeroDivisionError):
            crew.map(lambda item: 1 // item, [1, 2, 0, 3])
        crew.close()


def test_a_crew_works_in_several_threads_at_once() -> None:
    meeting = threading.Barrier(3)
    crew = Crew(3)
    crew.map(lambda _item: meeting.wait(PATIENCE), range(3))
    crew.close()
