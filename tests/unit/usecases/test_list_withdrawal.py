"""Records whose rows left their list: told, retracted on an order, or kept where the list still says the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.references import At, Reference, Withdrawal
from node.domain.statements import Contribution
from node.errors import Misuse, NotFound, Refused
from node.usecases import list_contribution
from node.usecases.consent import Consent
from node.usecases.list_contribution import Plan, Wanted
from node.usecases.list_sharing_rules import RowStand
from node.usecases.lists import ListTerms
from node.usecases.retraction import Named
from node.usecases.retraction import Wanted as ToRetract
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import YES, prints
from tests.unit.usecases.list_desk import FR, Shelf
from tests.unit.usecases.listed import HEAD, row


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    world = World([FR])
    made = Shelf(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


def withdraw(shelf: Shelf, *rows: Reference) -> None:
    taking = shelf.lists.begin("L", ListTerms(), b"g" * 32, "officer")
    taking.take([Withdrawal(At(), "", each) for each in rows])
    taking.finish(HEAD)


def plan(shelf: Shelf) -> Plan:
    return shelf.sharing.plan(Wanted(list="L"))


def shared(shelf: Shelf, *rows: Reference) -> list[RecordId]:
    shelf.take(list(rows))
    return [each.record for each in shelf.told() if each.record is not None]


def live(shelf: Shelf) -> set[str]:
    """The series of our records that stand."""
    bodies = [each.view.body for each in shelf.records.page().shown if not each.view.replaced]
    return {body.series for body in bodies if isinstance(body, Contribution)}


def publish(shelf: Shelf) -> None:
    asyncio.run(shelf.node.publisher.round())


@pytest.mark.parametrize("published", [False, True])
def test_records_of_withdrawn_and_changed_rows_are_retracted_on_an_order_alone(shelf: Shelf, published: bool) -> None:
    first, second, _ = shared(shelf, row(1, series="one"), row(2, series="two"), row(3, series="three"))
    if published:
        publish(shelf)
    withdraw(shelf, row(1))
    shelf.take([row(2, series="changed"), row(3, series="three")])
    assert live(shelf) == {"one", "two", "three"}, "nothing is retracted by itself"
    assert shelf.lists.awaiting("L") == 2
    made = plan(shelf)
    assert (made.retractions, made.kept, made.records) == (2, 0, 1)
    assert made.asks(Consent())
    with pytest.raises(Misuse, match="share or retract 3 records"):
        shelf.told(consent=Consent())
    told = shelf.told(consent=Consent(plan=made.digest))
    assert {each.record for each in told if each.stand is RowStand.RETRACTED} == {first, second}
    assert [each.stand for each in told if each.stand is not RowStand.RETRACTED] == [RowStand.BEFORE, RowStand.SHARED]
    publish(shelf)
    assert live(shelf) == {"changed", "three"}
    assert shelf.lists.awaiting("L") == 0
    assert (plan(shelf).retractions, plan(shelf).records) == (0, 0)


def test_a_record_stays_where_the_list_still_says_the_same(shelf: Shelf) -> None:
    """Other words, another id of the same hash, or a list that is removed and comes again."""
    shared(shelf, row(1, series="one"), row(2, series="two", id="a"), row(2, series="two", id="b", at=At(record=3)))
    publish(shelf)
    shelf.take([row(1, series="one", said="other words")])
    withdraw(shelf, Reference(At(), id="a"))
    assert shelf.lists.awaiting("L") == 2
    made = plan(shelf)
    assert (made.retractions, made.kept, made.records) == (0, 2, 0)
    assert not made.asks(Consent())
    shelf.told(consent=Consent())
    assert shelf.lists.awaiting("L") == 0
    shelf.lists.remove("L")
    shelf.take([row(1, series="one"), row(2, series="two")])
    made = plan(shelf)
    assert (made.retractions, made.kept, made.records) == (0, 2, 0)
    shelf.told()
    publish(shelf)
    assert live(shelf) == {"one", "two"}
    assert set(shelf.stands().values()) == {RowStand.BEFORE}


def test_records_of_a_removed_list_are_retracted_under_its_name(shelf: Shelf) -> None:
    records = shared(shelf, row(1), row(2))
    publish(shelf)
    shelf.lists.remove("L")
    assert shelf.lists.removed() == {"L": 2}
    assert {each.record for each in shelf.told() if each.stand is RowStand.RETRACTED} == set(records)
    publish(shelf)
    assert live(shelf) == set()
    assert shelf.lists.removed() == {}
    with pytest.raises(NotFound):
        plan(shelf)


def test_a_row_that_may_not_be_shared_any_more_has_its_record_retracted(shelf: Shelf) -> None:
    shared(shelf, row(1), row(2))
    shelf.take([row(1, audience="organisation only"), row(2, code="5")])
    assert plan(shelf).retractions == 2
    assert plan(shelf).records == 0


def test_what_was_retracted_before_awaits_nothing_and_comes_back_only_by_name(shelf: Shelf) -> None:
    (record,) = shared(shelf, row(1))
    publish(shelf)
    before = shelf.retracting.plan(ToRetract(named=(Named(text=str(record)),)))
    assert [each for page in shelf.retracting.carry_out(before, YES) for each in page]
    withdraw(shelf, row(1))
    assert shelf.lists.awaiting("L") == 1
    assert plan(shelf).retractions == 0
    shelf.told(consent=Consent())
    assert shelf.lists.awaiting("L") == 0


def test_a_record_that_an_officer_corrected_stays_while_the_list_has_its_hash(shelf: Shelf) -> None:
    (record,) = shared(shelf, row(1, series="one"))
    publish(shelf)
    body, _ = Contribution(fingerprints=row(1).fingerprints, series="better"), None
    shelf.node.ledger.correct(record, body, Handling())
    publish(shelf)
    shelf.take([row(1, series="changed")])
    assert (plan(shelf).retractions, plan(shelf).kept) == (0, 1)
    withdraw(shelf, row(1))
    assert plan(shelf).retractions == 1, "the list does not have it any more"
    shelf.told()
    publish(shelf)
    assert live(shelf) == set()


def test_a_record_that_is_also_that_of_a_holding_stays(shelf: Shelf) -> None:
    (record,) = shared(shelf, row(1, md5=prints(1).md5))
    (holding,) = shelf.hold(1)
    with shelf.node.store.write() as tx:
        tx.set_record(holding, record)
    withdraw(shelf, row(1, md5=prints(1).md5))
    assert (plan(shelf).retractions, plan(shelf).kept) == (0, 1)


def test_chosen_rows_alone_are_shared_and_nothing_is_retracted(shelf: Shelf) -> None:
    shared(shelf, row(1))
    withdraw(shelf, row(1))
    shelf.take([row(2)])
    assert shelf.stands(rows=(shelf.rows()[2],)) == {2: RowStand.SHARED}
    assert shelf.lists.awaiting("L") == 1


def test_a_run_that_is_stopped_between_two_pages_goes_on(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_contribution, "MOST", 3)
    shared(shelf, *(row(each) for each in range(1, 6)))
    withdraw(shelf, *(row(each) for each in range(1, 6)))
    made = plan(shelf)
    assert (made.retractions, made.left) == (3, 2)
    shelf.told()
    assert shelf.lists.awaiting("L") == 2
    shelf.told()
    assert (shelf.lists.awaiting("L"), live(shelf)) == (0, set())


def test_a_list_that_is_being_imported_is_refused(shelf: Shelf) -> None:
    shared(shelf, row(1))
    shelf.lists.remove("L")
    shelf.lists.begin("L", ListTerms(), b"f" * 32, "officer").take([row(1)])
    with pytest.raises(Refused):
        plan(shelf)
