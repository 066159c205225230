"""What every store owes those who listen for news."""

from __future__ import annotations

import pytest

from node.domain.alerts import AlertKind, Raised
from node.domain.news import Mark, News
from node.domain.queries import Outcome
from node.domain.reviews import Decision, FileDigests, ReviewState, pair_with_record
from node.domain.stores import NodeStore
from node.errors import Malformed
from tests.contracts.holdings import prints
from tests.contracts.test_store_hits import hit, hold
from tests.contracts.test_store_queries import asked
from tests.simulator.batches import FR, JP


@pytest.fixture
def held(store: NodeStore) -> NodeStore:
    with store.write() as tx:
        hold(tx, "one", "two")
        for origin in (JP, FR):
            tx.open_log(origin)
    return store


def newest(store: NodeStore) -> Mark:
    with store.read() as tx:
        return tx.newest()


def since(store: NodeStore, mark: Mark) -> News:
    with store.read() as tx:
        return tx.news_since(mark)


def test_a_new_store_has_no_news(store: NodeStore) -> None:
    assert newest(store) == Mark()
    assert since(store, Mark()).is_empty


def test_hits_are_news_until_somebody_decides(held: NodeStore) -> None:
    with held.write() as tx:
        tx.add_hits([hit(1, 1), hit(1, 2)])
    first = newest(held)
    with held.write() as tx:
        tx.add_hits([hit(2, 1), hit(2, 2, origin=FR)])
        newest_hit = tx.hits()[0]
        review = tx.add_review(pair_with_record(newest_hit.holding, newest_hit.record), FileDigests(), newest_hit.id)
        tx.add_decision(review.id, Decision(state=ReviewState.REJECTED, officer="x", role="investigator", at=1))
    assert since(held, Mark()) == News(mark=newest(held), hits=3)
    assert since(held, first) == News(mark=newest(held), hits=1)
    assert since(held, newest(held)).is_empty
    with held.write() as tx:
        tx.allow([prints("one").sha256], 1)
    assert since(held, Mark()).hits == 1


def test_alerts_are_news_until_somebody_sees_them(held: NodeStore) -> None:
    with held.write() as tx:
        first, second = tx.raise_alerts([Raised(kind=AlertKind.CASE_HIT, about=str(n)) for n in (1, 2)], 5)
    assert since(held, Mark()) == News(mark=newest(held), alerts=2)
    with held.write() as tx:
        tx.see_alerts([first], "x", 6)
    assert since(held, Mark()).alerts == 1
    with held.write() as tx:
        tx.see_alerts([second], "x", 6)
    assert since(held, Mark()).is_empty


def test_outcomes_of_questions_are_news(held: NodeStore) -> None:
    query = asked(1)
    with held.write() as tx:
        tx.put_asked(query)
        tx.put_outcome(query.header.query_id, JP.member, Outcome.TIMEOUT, None, late=False)
    before = newest(held)
    assert since(held, Mark()).answers == 1
    with held.write() as tx:
        tx.put_outcome(query.header.query_id, FR.member, Outcome.OFFLINE, None, late=False)
    assert since(held, before).answers == 1


def test_what_is_deleted_is_no_news_and_later_things_still_are(held: NodeStore) -> None:
    with held.write() as tx:
        tx.add_hits([hit(1, 1), hit(2, 2)])
    before = newest(held)
    with held.write() as tx:
        tx.delete_holding(2)
    with held.write() as tx:
        tx.add_hits([hit(1, 3)])
    assert since(held, before).hits == 1


@pytest.mark.parametrize(
    "text", ["", "1", "1.2", "1.2.3.4", "01.2.3", "-1.2.3", "1.2.x", " 1.2.3", "1.2.3\n", "9" * 20 + ".1.1"]
)
def test_a_mark_is_read_as_it_is_written_and_nothing_else(text: str) -> None:
    mark = Mark(hits=7, alerts=0, outcomes=12)
    assert Mark.parse(str(mark)) == mark
    with pytest.raises(Malformed):
        Mark.parse(text)
