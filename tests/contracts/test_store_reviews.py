"""What every store owes the reviews of hits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.reviews import (
    UNKNOWN_FILE,
    Decision,
    FileDigests,
    Pair,
    Review,
    ReviewState,
    pair_of_holdings,
    pair_with_record,
)
from node.domain.stored_hits import HitCounts, StoredHit
from node.domain.stores import NodeStore
from tests.contracts.test_store_hits import hit, hold
from tests.simulator.batches import FR, JP

FILE = FileDigests(sha256=b"s" * 32, md5=b"m" * 16)
OTHER_FILE = FileDigests(sha1=b"1" * 20)
REJECTED = Decision(state=ReviewState.REJECTED, officer="A. Durand", role="investigator", at=500, note="another room")
CONFIRMED = Decision(state=ReviewState.CONFIRMED, officer="B. Marin", at=600, record="x#1", carried=3)


@pytest.fixture
def kept(store: NodeStore) -> list[StoredHit]:
    """Three hits of Japan's records, oldest first: two of holding 1 and one of holding 2, of case A; 3 is in case B."""
    with store.write() as writer:
        hold(writer, "one", "two")
        hold(writer, "three", case="B")
        writer.open_log(FR)
        writer.open_log(JP)
        writer.add_hits([hit(1, 1), hit(1, 2), hit(2, 1)])
        return writer.hits()[::-1]


def pair(of: StoredHit) -> Pair:
    return pair_with_record(of.holding, of.record)


def reviews(store: NodeStore, *holdings: int) -> list[Review]:
    with store.read() as reader:
        return reader.reviews_of(holdings)


def test_a_store_without_decisions_has_no_reviews(store: NodeStore, kept: list[StoredHit]) -> None:
    assert reviews(store, 1, 2, 3, 99) == []
    assert [each.state for each in kept] == [ReviewState.NEW] * 3
    with store.read() as reader:
        assert (reader.decisions(1), reader.newest_decisions([1])) == ([], {})
        assert reader.reviewed_at(1, [1, 2]) == []


def test_decisions_are_kept_in_their_order_and_the_newest_is_the_state(store: NodeStore, kept: list[StoredHit]) -> None:
    first = kept[0]
    with store.write() as writer:
        review = writer.add_review(pair(first), FILE, first.id)
        writer.add_decision(review.id, REJECTED)
        writer.add_decision(review.id, CONFIRMED)
    (found,) = reviews(store, 1)
    assert found == replace(review, state=ReviewState.CONFIRMED, decisions=2)
    assert (found.pair, found.file, found.hit) == (pair(first), FILE, first.id)
    with store.read() as reader:
        assert reader.decisions(review.id) == [REJECTED, CONFIRMED]
        assert reader.newest_decisions([review.id, 99]) == {review.id: CONFIRMED}
        hits = reader.hits_by_id([each.id for each in kept] + [99])
    marked = replace(first, state=ReviewState.CONFIRMED, review=review.id)
    assert hits == {first.id: marked, kept[1].id: kept[1], kept[2].id: kept[2]}


def test_rejected_hits_are_in_no_list_and_no_count_but_their_own(store: NodeStore, kept: list[StoredHit]) -> None:
    with store.write() as writer:
        for each, decision in zip(kept, (REJECTED, CONFIRMED), strict=False):
            writer.add_decision(writer.add_review(pair(each), FILE, each.id).id, decision)
    with store.read() as reader:
        assert [each.id for each in reader.hits()] == [kept[2].id, kept[1].id]
        assert [each.id for each in reader.hits(states=[ReviewState.REJECTED])] == [kept[0].id]
        assert [each.id for each in reader.hits(states=[ReviewState.NEW])] == [kept[2].id]
        assert [each.id for each in reader.hits(states=list(ReviewState))] == [each.id for each in kept[::-1]]
        counts = HitCounts(hits=2, new=1, hidden=0, holdings=2, unseen=2, confirmed=1, rejected=1)
        assert reader.hit_counts() == reader.hit_counts("A") == counts
        assert reader.hits_by_member() == {JP.member: 2}
        assert reader.hits_of_holdings([1, 2]) == {1: 1, 2: 1}
        assert [each.id for each in reader.hits_of_holding(1)] == [kept[0].id, kept[1].id]
        assert [each.id for each in reader.reviewed_at(reader.logs()[1].number, [1, 2])] == [kept[0].id, kept[1].id]


def test_a_decided_hit_stays_listed_when_it_ends_and_another_goes(store: NodeStore, kept: list[StoredHit]) -> None:
    with store.write() as writer:
        number = writer.open_log(JP).number
        writer.add_decision(writer.add_review(pair(kept[0]), FILE, kept[0].id).id, CONFIRMED)
        writer.end_hits(number, [1, 2])
        assert writer.forget_ended_hits(10_000) == 2
    with store.read() as reader:
        (left,) = reader.hits()
        assert (left.id, left.ended, left.evidence, left.state) == (kept[0].id, True, None, ReviewState.CONFIRMED)
        assert reader.hit_counts().confirmed == 1
        assert reader.hits_of_holding(1) == []


def test_a_change_of_a_hit_keeps_its_review(store: NodeStore, kept: list[StoredHit]) -> None:
    with store.write() as writer:
        review = writer.add_review(pair(kept[0]), UNKNOWN_FILE, kept[0].id)
        writer.add_decision(review.id, REJECTED)
        writer.change_hits([replace(kept[0], place=7, state=ReviewState.NEW, review=0)])
    with store.read() as reader:
        changed = reader.hits_by_id([kept[0].id])[kept[0].id]
    assert (changed.place, changed.state, changed.review) == (7, ReviewState.REJECTED, review.id)


def test_what_is_known_of_the_other_file_is_replaced_and_forgotten(store: NodeStore, kept: list[StoredHit]) -> None:
    with store.write() as writer:
        review = writer.add_review(pair(kept[0]), FILE, kept[0].id)
        writer.add_decision(review.id, REJECTED)
        writer.set_review_file(review.id, OTHER_FILE)
    assert [each.file for each in reviews(store, 1)] == [OTHER_FILE]
    with store.write() as writer:
        writer.set_review_file(review.id, UNKNOWN_FILE)
    assert [(each.file, each.state) for each in reviews(store, 1)] == [(UNKNOWN_FILE, ReviewState.REJECTED)]


def test_a_closed_review_is_history_and_its_hit_is_new(store: NodeStore, kept: list[StoredHit]) -> None:
    with store.write() as writer:
        review = writer.add_review(pair(kept[0]), FILE, kept[0].id)
        writer.add_decision(review.id, REJECTED)
        writer.close_review(review.id)
        again = writer.add_review(pair(kept[0]), OTHER_FILE, kept[0].id)
    closed, opened = reviews(store, 1)
    assert (closed.closed, closed.file, closed.hit, closed.decisions) == (True, UNKNOWN_FILE, 0, 1)
    assert (opened.id, opened.closed, opened.state) == (again.id, False, ReviewState.NEW)
    with store.read() as reader:
        assert reader.hits_by_id([kept[0].id])[kept[0].id].state is ReviewState.NEW
        assert reader.decisions(review.id) == [REJECTED]


def test_a_deleted_holding_takes_its_reviews_along_on_either_side(store: NodeStore, kept: list[StoredHit]) -> None:
    with store.write() as writer:
        for each in (pair(kept[0]), pair(kept[2]), pair_of_holdings(3, 1), pair_of_holdings(2, 3)):
            writer.add_decision(writer.add_review(each, FILE).id, REJECTED)
    assert len(reviews(store, 3)) == 2
    with store.write() as writer:
        assert writer.forget_reviews_of_holding(1) == 2
        assert writer.forget_reviews_of_holding(1) == 0
    assert {each.pair for each in reviews(store, 1, 2, 3)} == {pair(kept[2]), pair_of_holdings(2, 3)}
    with store.read() as reader:
        assert reader.decisions(1) == []
