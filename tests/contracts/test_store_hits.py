"""What every store owes the hits that are kept, and the word on how far records were matched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.ids import Origin, RecordId
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.stored_hits import HitCounts, HitEvidence, StoredHit
from node.domain.stores import NodeStore, NodeStoreWriter
from node.domain.videos import Shares
from node.errors import Misuse
from tests.contracts.holdings import prints
from tests.simulator.batches import FR, JP

NEAR = HitEvidence(algorithm="pdq", distance=12, quality=80, orientation="flop", trimmed=True)
SAME = HitEvidence(algorithm="sha256")
VIDEO = HitEvidence(
    algorithm="vpdq",
    distance=3,
    quality=70,
    orientation="original",
    shares=Shares(query_percent=90, compared_percent=80, moments=5, frames=6, radius=31),
    at=2_000,
    subject_at=None,
)


def hit(
    holding: int, number: int, *, origin: Origin = JP, evidence: HitEvidence | None = NEAR, at: int = 100
) -> StoredHit:
    record = RecordId(origin, bytes([number]) * 32)
    return StoredHit(id=0, holding=holding, record=record, place=number, evidence=evidence, first_seen=at, last_seen=at)


def hold(writer: NodeStoreWriter, *words: str, case: str = "A") -> list[int]:
    return [writer.put_holding(prints(word), level=Level.NATIONAL, case=case, tag=b"", now=1)[0] for word in words]


@pytest.fixture
def number(store: NodeStore) -> int:
    """The number of Japan's log; holdings 1 to 3 are there, the third in case B."""
    with store.write() as writer:
        hold(writer, "one", "two")
        hold(writer, "three", case="B")
        writer.open_log(FR)
        return writer.open_log(JP).number


def kept(store: NodeStore) -> list[StoredHit]:
    with store.read() as reader:
        return [replace(each, id=0) for each in reader.hits(hidden=True)]


def test_a_new_store_has_no_hits_and_nothing_waits(store: NodeStore) -> None:
    with store.read() as reader:
        assert reader.hits() == []
        assert reader.hit_counts() == reader.hit_counts("A") == HitCounts(hits=0, new=0, hidden=0, holdings=0)
        assert (reader.crowded(), reader.waiting(5), reader.matched()) == ({}, [], {})
        assert reader.hits_of_pairs([(1, RecordId(JP, bytes(32)))]) == {}
        assert (reader.known_holdings([1]), reader.holdings_with_hits("A")) == (set(), set())


@pytest.mark.usefixtures("number")
def test_hits_come_back_as_they_were_put_the_newest_first(store: NodeStore) -> None:
    new = [hit(1, 1), hit(1, 2, evidence=SAME), hit(2, 1, evidence=VIDEO, at=300), hit(3, 1, origin=FR)]
    with store.write() as writer:
        writer.add_hits(new)
        writer.add_hits([])
    assert kept(store) == new[::-1]
    with store.read() as reader:
        ids = [each.id for each in reader.hits()]
        assert ids == sorted(ids, reverse=True)
        assert [each.id for each in reader.hits(before=ids[1], limit=1)] == [ids[2]]
        assert [each.holding for each in reader.hits(case="B")] == [3]
        assert [(each.holding, each.record) for each in reader.hits(record=new[0].record)] == [
            (2, new[0].record),
            (1, new[0].record),
        ]
        assert [each.holding for each in reader.hits(record=new[3].record)] == [3]
        assert reader.hits(record=RecordId(replace(JP, epoch=9), new[0].record.leaf)) == []
        assert reader.hit_counts() == HitCounts(hits=4, new=4, hidden=0, holdings=3, unseen=4)
        assert reader.hit_counts("A") == HitCounts(hits=3, new=3, hidden=0, holdings=2, unseen=3)
        assert reader.holdings_with_hits("A") == {1, 2}
        assert reader.known_holdings([1, 3, 9, 1]) == {1, 3}
        found = reader.hits_of_pairs([(1, new[0].record), (2, new[1].record), (3, new[3].record)])
        assert set(found) == {(1, new[0].record), (3, new[3].record)}
        assert replace(found[1, new[0].record], id=0) == new[0]
        assert reader.hits_at(JP, [1, 2, 9, 1]) == {1: 2, 2: 1}
        assert reader.hits_in(JP, [1, 2, 3]) == {1: 2, 2: 1}
        assert reader.hits_in(FR, [1, 3]) == {3: 1}
        assert reader.hits_at(replace(JP, epoch=9), [1]) == reader.hits_in(JP, []) == {}
    with pytest.raises(Misuse), store.write() as writer:
        writer.add_hits([hit(1, 7, origin=replace(JP, epoch=9))])


@pytest.mark.usefixtures("number")
def test_the_allow_list_hides_hits_as_it_is_now(store: NodeStore) -> None:
    with store.write() as writer:
        writer.add_hits([hit(1, 1), hit(2, 1)])
        writer.allow([prints("one").sha256], 1)
    with store.read() as reader:
        assert [each.holding for each in reader.hits()] == [2]
        assert [(each.holding, each.allowed) for each in reader.hits(hidden=True)] == [(2, False), (1, True)]
        assert reader.hit_counts() == HitCounts(hits=1, new=1, hidden=1, holdings=1, unseen=1)
        assert reader.holdings_with_hits("A") == {2}
    with store.write() as writer:
        writer.clear_allowed()
        assert writer.hit_counts("A") == HitCounts(hits=2, new=2, hidden=0, holdings=2, unseen=2)


@pytest.mark.usefixtures("number")
def test_what_was_shown_is_unseen_no_more_and_stays_new(store: NodeStore) -> None:
    with store.write() as writer:
        writer.add_hits([hit(1, 1), hit(2, 1)])
        (second, first) = writer.hits()
        writer.show_hits([first.id], 500)
        writer.show_hits([first.id], 900)
        writer.show_hits([], 900)
        writer.see_hits([first.id, second.id], 700)
        writer.see_hits([], 700)
    with store.read() as reader:
        assert reader.hits(unseen=True) == [replace(second, last_seen=700)]
        assert reader.hits()[1] == replace(first, shown_at=500, last_seen=700)
        assert reader.hit_counts() == HitCounts(hits=2, new=2, hidden=0, holdings=2, unseen=1)


@pytest.mark.usefixtures("number")
def test_better_evidence_and_a_later_head_take_the_place_of_what_was(store: NodeStore) -> None:
    with store.write() as writer:
        writer.add_hits([hit(1, 1), hit(2, 1)])
        (_, first) = writer.hits()
        writer.show_hits([first.id], 300)
        moved = replace(first, record=RecordId(FR, bytes(32)), place=9, evidence=SAME, last_seen=400)
        writer.change_hits([moved])
        writer.change_hits([])
    with store.read() as reader:
        assert reader.hits()[1] == replace(moved, shown_at=300)
        assert reader.hits_of_pairs([(1, first.record)]) == {}
        assert reader.hits()[0].evidence == NEAR


def test_a_purge_ends_the_hits_of_its_places_and_no_other(store: NodeStore, number: int) -> None:
    with store.write() as writer:
        writer.add_hits([hit(1, 1), hit(2, 1), hit(1, 2), hit(3, 1, origin=FR)])
        writer.crowd(number, 1, 40)
        writer.crowd(number, 2, 50)
        assert writer.end_hits(number, [1, 77]) == 2
        assert writer.end_hits(number, [1]) == 0
        assert writer.end_hits(number, []) == 0
    with store.read() as reader:
        assert [(each.holding, each.place) for each in reader.hits()] == [(3, 1), (1, 2)]
        assert reader.hit_counts().hits == 2
        gone = reader.hits_of_pairs([(1, hit(1, 1).record)])[1, hit(1, 1).record]
        assert (gone.ended, gone.evidence) == (True, None)
        assert reader.hits_at(JP, [1, 2]) == {2: 1}
        assert reader.hits_in(JP, [1, 2]) == {1: 1}
        assert reader.crowded() == {(number, 2): 50}
    with store.write() as writer:
        writer.change_hits([replace(gone, record=RecordId(JP, bytes(32)), place=5, evidence=SAME, ended=False)])
        assert writer.hit_counts().hits == 3
        assert writer.forget_ended_hits(100) == 0
        assert writer.forget_ended_hits(101) == 1
        assert writer.hit_counts().hits == 3


def test_a_holding_that_goes_takes_everything_along(store: NodeStore, number: int) -> None:
    with store.write() as writer:
        writer.add_hits([hit(1, 1), hit(1, 2), hit(2, 1)])
        writer.end_hits(number, [2])
        writer.crowd_holding(1, JP.member, 3, further=False)
        writer.crowd_holding(2, JP.member, 4, further=True)
        writer.wait_for_match(HOLDINGS_SOURCE, [1, 2])
        assert writer.forget_hits_of_holding(1) == 2
        assert writer.forget_hits_of_holding(1) == 0
    with store.read() as reader:
        assert [each.holding for each in reader.hits()] == [2]
        assert reader.crowded_holdings() == {(2, "JP"): 4}
        assert reader.waiting(9) == [(HOLDINGS_SOURCE, 2)]


def test_the_largest_number_of_what_was_left_out_stays(store: NodeStore) -> None:
    with store.write() as writer:
        for left_out in (5, 9, 2):
            writer.crowd(4, 8, left_out)
        assert writer.crowded() == {(4, 8): 9}


def test_what_arrives_adds_to_what_was_left_out_of_a_holding_and_another_search_does_not(store: NodeStore) -> None:
    with store.write() as writer:
        for left_out, further in ((5, True), (4, True), (7, False), (12, False), (1, True)):
            writer.crowd_holding(3, JP.member, left_out, further=further)
        writer.crowd_holding(3, FR.member, 2, further=False)
    with store.read() as reader:
        assert reader.crowded_holdings() == {(3, "JP"): 13, (3, "FR"): 2}
        assert reader.crowded() == {}


@pytest.mark.usefixtures("number")
def test_hits_are_told_apart_by_the_member_whose_records_they_are_on(store: NodeStore) -> None:
    later = replace(JP, epoch=2)
    with store.write() as writer:
        writer.open_log(later)
        writer.add_hits([hit(1, 1), hit(2, 1, origin=later), hit(3, 1, origin=FR)])
    with store.read() as reader:
        assert reader.hits_by_member() == {"JP": 2, "FR": 1}
        assert reader.hits_by_member("B") == {"FR": 1}
        assert [each.holding for each in reader.hits(member="JP")] == [2, 1]
        assert [each.holding for each in reader.hits(without={JP.member})] == [3]
        assert reader.hits(member="JP", without={JP.member}) == reader.hits(member="DE") == []
        assert reader.hit_counts(without={JP.member}) == HitCounts(hits=1, new=1, hidden=0, holdings=1, unseen=1)
        assert reader.hit_counts("A", {JP.member}) == HitCounts(hits=0, new=0, hidden=0, holdings=0)
        assert reader.holdings_with_hits("A", {JP.member}) == set()


def test_rows_wait_once_until_they_were_matched(store: NodeStore) -> None:
    with store.write() as writer:
        writer.wait_for_match(3, [7, 5, 7])
        writer.wait_for_match(3, [5, *range(1_000, 2_000)])
        writer.wait_for_match(HOLDINGS_SOURCE, [])
        assert writer.waiting(3) == [(3, 5), (3, 7), (3, 1_000)]
        assert len(writer.waiting(5_000)) == 1_002
        writer.stop_waiting([(3, 5), (4, 7), *((3, row) for row in range(1_000, 2_000))])
    with store.read() as reader:
        assert reader.waiting(3) == [(3, 7)]


def test_a_log_is_matched_up_to_a_size(store: NodeStore) -> None:
    with store.write() as writer:
        writer.set_matched(3, 10)
        writer.set_matched(4, 0)
        writer.set_matched(3, 25)
    with store.write() as writer:
        assert writer.matched() == {3: 25, 4: 0}
        writer.forget_matched()
        assert writer.matched() == {}


@pytest.mark.usefixtures("number")
def test_many_hits_are_put_and_changed_at_once(store: NodeStore) -> None:
    new = [replace(hit(1 + n % 3, 0), record=RecordId(JP, n.to_bytes(32, "big")), place=n) for n in range(1_300)]
    with store.write() as writer:
        writer.add_hits(new)
        found = writer.hits_of_pairs([(each.holding, each.record) for each in new])
        assert len(found) == 1_300
        writer.change_hits([replace(each, evidence=SAME) for each in found.values()])
    with store.read() as reader:
        assert {each.evidence for each in reader.hits(limit=2_000)} == {SAME}
