"""Sheets: what an officer chose stays where it is, while the officer decides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.categorising import Categorisation
from node.domain.queries import Level
from node.domain.sheets import TILES, Choice, Decided
from node.domain.statements import Category
from node.domain.wording import Wording
from node.errors import Misuse, NotFound
from node.usecases import sheets
from node.usecases.sheets import Sheets
from tests.contracts.holdings import prints
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.audited import Audited

HELD = 150
CATEGORY = Category(scheme="us-vics", version="2.0", code="1")


@pytest.fixture(scope="module")
def audited() -> Iterator[Audited]:
    store = MemoryStore()
    with store.write() as tx:
        for number in range(HELD):
            tx.put_holding(prints(str(number)), level=Level.NATIONAL, case="A", tag=b"", now=1)
    made = Audited(store)
    yield made
    made.close()


def decide(audited: Audited, *holdings: int) -> None:
    with audited.store.write() as tx:
        tx.put_categorisations(
            [Categorisation(holding=each, at=1, officer="x", wording=Wording(category=CATEGORY)) for each in holdings]
        )


def test_sheets_together_are_the_choice(audited: Audited) -> None:
    desk = Sheets(store=audited.store, audit=audited.audit)
    made = desk.choose(Choice(case="A"))
    assert (made.total, made.sheets) == (HELD, 3)
    seen = [desk.sheet(made.choice, number) for number in range(3)]
    assert [len(each.tiles) for each in seen] == [TILES, TILES, 30]
    assert [tile.place for each in seen for tile in each.tiles] == list(range(HELD))
    assert [tile.holding.id for each in seen for tile in each.tiles] == list(range(1, HELD + 1))
    assert audited.last()["holdings"] == list(range(121, HELD + 1))


def test_an_empty_choice_has_one_empty_sheet(audited: Audited) -> None:
    desk = Sheets(store=audited.store, audit=audited.audit)
    made = desk.choose(Choice(case="none"))
    assert (made.total, made.sheets) == (0, 0)
    assert desk.sheet(made.choice, 0).tiles == []
    assert desk.next_undecided(made.choice, -1) is None


def test_a_sheet_that_is_not_there_is_refused(audited: Audited) -> None:
    desk = Sheets(store=audited.store, audit=audited.audit)
    made = desk.choose(Choice(case="A"))
    for number in (-1, 3):
        with pytest.raises(Misuse, match="no sheet"):
            desk.sheet(made.choice, number)
    with pytest.raises(NotFound, match="not remembered"):
        desk.sheet("0" * 16, 0)


def test_decisions_show_on_the_sheet_and_move_nothing() -> None:
    store = MemoryStore()
    with store.write() as tx:
        for number in range(5):
            tx.put_holding(prints(str(number)), level=Level.NATIONAL, case="A", tag=b"", now=1)
    audited = Audited(store)
    desk = Sheets(store=store, audit=audited.audit)
    made = desk.choose(Choice(case="A", decided=Decided.UNDECIDED))
    decide(audited, 2)
    with store.write() as tx:
        tx.delete_holding(4)
    seen = desk.sheet(made.choice, 0)
    assert [(tile.place, tile.holding.id) for tile in seen.tiles] == [(0, 1), (1, 2), (2, 3), (4, 5)]
    assert [tile.said is not None for tile in seen.tiles] == [False, True, False, False]
    assert seen.deleted == [3]
    assert desk.choose(Choice(case="A", decided=Decided.UNDECIDED)).total == 3
    audited.close()


@given(decided=st.sets(st.integers(1, 30)), after=st.integers(-1, 40))
def test_the_next_undecided_is_the_nearest_one_after_and_then_from_the_start(decided: set[int], after: int) -> None:
    store = MemoryStore()
    with store.write() as tx:
        for number in range(30):
            tx.put_holding(prints(str(number)), level=Level.NATIONAL, case="A", tag=b"", now=1)
    audited = Audited(store)
    decide(audited, *decided)
    desk = Sheets(store=store, audit=audited.audit)
    made = desk.choose(Choice(case="A"))
    left = [number - 1 for number in range(1, 31) if number not in decided]
    expected = next((place for place in [*(p for p in left if p > after), *left]), None)
    for step in (1, 7, 1_000):
        sheets_before = sheets.LOOKED_AT_ONCE
        try:
            sheets.LOOKED_AT_ONCE = step  # type: ignore[misc]
            assert desk.next_undecided(made.choice, after) == expected
        finally:
            sheets.LOOKED_AT_ONCE = sheets_before  # type: ignore[misc]
    audited.close()


def test_old_choices_are_forgotten_and_used_ones_stay(audited: Audited) -> None:
    desk = Sheets(store=audited.store, audit=audited.audit)
    first, second = (desk.choose(Choice(case="A")).choice for _ in range(2))
    for _ in range(sheets.KEPT - 1):
        desk.sheet(first, 0)
        desk.choose(Choice(case="B"))
    assert desk.sheet(first, 0).tiles
    with pytest.raises(NotFound):
        desk.sheet(second, 0)
