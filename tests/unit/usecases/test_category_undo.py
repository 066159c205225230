"""An undo takes back what one officer said, and never what another said after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.caller import Caller, Role
from node.domain.categorising import Categorisation
from node.domain.queries import Level
from node.domain.statements import Category
from node.domain.wording import Wording
from node.errors import Misuse
from node.usecases.acting import acting_for
from node.usecases.category_undo import MAX_AT_ONCE, CategoryUndo
from tests.contracts.holdings import prints
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.audited import Audited


def words(code: str) -> Wording:
    return Wording(category=Category(scheme="us-vics", version="2.0", code=code), tags=("car",))


class Desk:
    """A node with three holdings."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.audited = Audited(self.store)
        self.undo = CategoryUndo(store=self.store, audit=self.audited.audit, clock=lambda: 77)
        with self.store.write() as tx:
            for number in range(3):
                tx.put_holding(prints(str(number)), level=Level.NATIONAL, case="A", tag=b"", now=1)

    def say(self, holding: int, code: str) -> None:
        with self.store.write() as tx:
            tx.put_categorisations([Categorisation(holding=holding, at=1, officer="x", wording=words(code))])

    def said(self, holding: int) -> Categorisation | None:
        with self.store.read() as tx:
            return tx.categorisations([holding]).get(holding)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.audited.close()


def test_the_former_words_come_back_whole_as_a_new_version(desk: Desk) -> None:
    desk.say(1, "1")
    desk.say(1, "2")
    with acting_for(Caller(name="Anna", role=Role.INVESTIGATOR)):
        (done,) = desk.undo.take_back({1: 2})
    said = desk.said(1)
    assert done.changed
    assert said == Categorisation(holding=1, at=77, officer="Anna", wording=words("1"), version=3)
    assert desk.audited.written()[-2]["holdings"] == [1]


def test_the_first_words_are_taken_back_to_nothing(desk: Desk) -> None:
    desk.say(1, "1")
    (done,) = desk.undo.take_back({1: 1})
    said = desk.said(1)
    assert done.changed
    assert said is not None
    assert not said.says_something


def test_what_another_officer_said_since_stays(desk: Desk) -> None:
    desk.say(1, "1")
    desk.say(1, "2")
    (done,) = desk.undo.take_back({1: 1})
    assert (done.changed, done.said) == (False, desk.said(1))
    assert desk.said(1) == Categorisation(holding=1, at=1, officer="x", wording=words("2"), version=2)


def test_holdings_without_words_or_gone_change_nothing(desk: Desk) -> None:
    done = desk.undo.take_back({1: 1, 99: 1})
    assert [(each.holding, each.said, each.changed) for each in done] == [(1, None, False), (99, None, False)]


def test_too_many_at_once_are_refused(desk: Desk) -> None:
    with pytest.raises(Misuse):
        desk.undo.take_back(dict.fromkeys(range(MAX_AT_ONCE + 1), 1))


@given(codes=st.lists(st.sampled_from("0123"), min_size=1, max_size=6))
def test_undoing_everything_in_turn_goes_back_through_history(codes: list[str]) -> None:
    desk = Desk()
    for code in codes:
        desk.say(1, code)
    (done,) = desk.undo.take_back({1: len(codes)})
    said = desk.said(1)
    assert done.changed
    assert said is not None
    assert said.wording == (words(codes[-2]) if len(codes) > 1 else Wording())
    # Undoing the undo says it again.
    desk.undo.take_back({1: said.version})
    again = desk.said(1)
    assert again is not None
    assert again.wording == words(codes[-1])
    desk.audited.close()
