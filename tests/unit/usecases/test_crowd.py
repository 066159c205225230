"""One member's flood of records: grouped, bounded, counted, and never in the way of another member's hits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from node.domain.fingerprint_kinds import PHASH
from node.domain.queries import Hit, Level, Subject
from node.domain.stored_hits import MAX_OF_HOLDING
from node.usecases.casework import holding_subject
from node.usecases.crowd import MAX_ALIKE, MAX_OF_MEMBER, bounded, fair
from node.usecases.hit_list import Wanted
from node.usecases.intake import subject_of
from node.usecases.matching import Found
from node.usecases.sources import MUTED, SUSPENDED, Sources
from tests.simulator import poison
from tests.simulator.arriving import Holder, said_of, still
from tests.simulator.federation import Log, Speaker
from tests.simulator.world import World

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
FLOOD = 400


@pytest.fixture
def holder() -> Holder:
    return Holder(World([FR, JP, DE]), FR)


def flood(speaker: Speaker = JP, count: int = FLOOD, *, spread: bool = False) -> Log:
    log, pdq = Log(speaker), still("ordinary").pdq
    for said in (poison.around if spread else poison.identical)(pdq, count):
        log.say(said)
    return log


def honest(speaker: Speaker = DE) -> Log:
    log = Log(speaker)
    log.say(said_of(still("found abroad", like="ordinary", bits=20)))
    return log


def found(holder: Holder, *, show_all: bool = False, word: str = "ordinary") -> Found:
    return holder.matcher.local([subject_of(still(word))], 31, show_all=show_all)


def speakers(hits: tuple[Hit, ...]) -> Counter[str]:
    return Counter(hit.record.origin.member for hit in hits if hit.record)


def test_identical_records_of_one_member_are_one_lead_with_their_number(holder: Holder) -> None:
    holder.receive(flood())
    holder.receive(honest())
    search = found(holder)
    assert speakers(search.hits) == {"JP": MAX_ALIKE, "DE": 1}
    leads = [hit for hit in search.hits if hit.leads]
    assert [(hit.record.origin.member, hit.alike) for hit in leads if hit.record] == [("JP", FLOOD), ("DE", 1)]
    assert search.left_out == {(0, "JP"): FLOOD - MAX_ALIKE}
    assert search.disagreed == 0


def test_a_flood_at_every_distance_is_bounded_all_the_same(holder: Holder) -> None:
    holder.receive(flood(spread=True))
    holder.receive(honest())
    search = found(holder)
    assert speakers(search.hits) == {"JP": MAX_OF_MEMBER, "DE": 1}
    assert search.left_out == {(0, "JP"): FLOOD - MAX_OF_MEMBER}


def test_each_subject_is_bounded_by_itself(holder: Holder) -> None:
    holder.receive(flood())
    log = honest()
    log.say(said_of(still("second", like="another")))
    holder.receive(log)
    subjects = [subject_of(still(word)) for word in ("ordinary", "another")]
    hits = holder.matcher.local(subjects, 31).hits
    assert Counter(hit.subject for hit in hits) == {0: MAX_ALIKE + 1, 1: 1}


def test_what_the_store_does_not_bear_out_takes_no_place_of_what_it_does(holder: Holder) -> None:
    log = flood(count=3 * MAX_ALIKE)
    holder.receive(log)
    with holder.store.write() as tx:
        # The index still proposes these, as after a disk that lost a sector.
        for row in range(2 * MAX_ALIKE):
            tx.purge(JP.origin, [row])
    search = found(holder)
    assert len(search.hits) == MAX_ALIKE
    assert search.disagreed == 2 * MAX_ALIKE


def test_a_muted_members_hits_are_counted_and_shown_where_asked_for(holder: Holder) -> None:
    holder.receive(flood())
    holder.receive(honest())
    holder.aside = Sources(standing={JP.id: MUTED}, aside=frozenset({JP.id}))
    search = found(holder)
    assert speakers(search.hits) == {"DE": 1}
    assert (search.aside, search.left_out) == ({"JP": FLOOD}, {})
    everything = found(holder, show_all=True)
    assert speakers(everything.hits) == {"JP": MAX_ALIKE, "DE": 1}
    assert {hit.standing for hit in everything.hits} == {MUTED, ""}
    assert everything.aside == {}


def test_a_suspended_members_hits_are_marked_where_the_policy_shows_them(holder: Holder) -> None:
    holder.receive(honest())
    holder.aside = Sources(standing={DE.id: SUSPENDED})
    (hit,) = found(holder).hits
    assert hit.standing == SUSPENDED


def test_hashes_of_nothing_are_near_to_nobody(holder: Holder) -> None:
    log = Log(JP)
    for said in poison.plain_hashes():
        log.say(said)
    holder.receive(log)
    plain = replace(still("plain"), phash=bytes(8), pdq=bytes(32), pdq_orientations=(bytes(32),) * 8)
    sharp = replace(still("sharp"), phash=bytes(8))
    dim = replace(still("dim", quality=10), phash=bytes(8))
    hits = holder.matcher.local([subject_of(each) for each in (plain, sharp, dim)], 31).hits
    assert hits == ()


def test_the_phash_of_a_plain_picture_is_no_hit_on_either_side(holder: Holder) -> None:
    same = still("one").phash
    log = Log(JP)
    log.say(said_of(replace(still("plain", quality=30), phash=same)))
    log.say(said_of(replace(still("alone"), phash=same), codes=[PHASH.code]))
    log.say(said_of(replace(still("sharp"), phash=same)))
    holder.receive(log)
    (hit,) = found(holder, word="one").hits
    assert (hit.algorithm, hit.place) == ("phash", 2)
    assert holder.matcher.local([subject_of(still("one", quality=30))], 31).hits == ()


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_flood_that_arrives_fills_neither_the_table_nor_a_page(holder: Holder) -> None:
    holder.take(*(still(f"held {n}", like="ordinary", bits=n) for n in range(4)))
    holder.receive(honest())
    holder.match()
    log = flood()
    for stop in range(20, FLOOD + 1, 20):
        holder.receive(log, stop)
        holder.match()
    stored = Counter((hit.holding, hit.record.origin.member) for hit in holder.hits().values())
    assert stored == {
        **{(n, "JP"): MAX_OF_HOLDING for n in range(1, 5)},
        **{(n, "DE"): 1 for n in range(1, 5)},
    }
    left_out = holder.list.stand().left_out
    assert left_out == {(n, "JP"): FLOOD - MAX_OF_HOLDING for n in range(1, 5)}
    page = holder.list.page(Wanted(limit=20))
    assert Counter(each.hit.record.origin.member for each in page.hits) == {"JP": 4, "DE": 4}
    assert {each.alike for each in page.hits} == {MAX_OF_HOLDING, 1}
    assert (page.next, page.more_of, page.grouped) == (None, {}, 4 * (MAX_OF_HOLDING - 1))


def test_a_match_of_the_holdings_again_counts_nothing_twice(holder: Holder) -> None:
    holder.take(still("held", like="ordinary"))
    holder.receive(flood())
    holder.match()
    before = holder.list.stand()
    with holder.store.read() as tx:
        held = tx.holdings()
    again = holder.matcher.local([holding_subject(each) for each in held], 31, own_rows=[each.id for each in held])
    holder.kept.keep_match([each.id for each in held], again)
    assert holder.list.stand() == before


def test_a_page_never_loses_a_hit_behind_a_flood(holder: Holder) -> None:
    holder.take(*(still(f"held {n}", like="ordinary", bits=n) for n in range(12)))
    for log in (honest(), flood(spread=True)):
        holder.receive(log)
        holder.match()
    first = holder.list.page(Wanted(limit=20))
    assert Counter(each.hit.record.origin.member for each in first.hits) == {"JP": 10, "DE": 10}
    assert set(first.more_of) == {"JP"}
    told: set[int] = set()
    page = first
    while True:
        told |= {hit.id for hit in page.seen}
        if page.next is None:
            break
        page = holder.list.page(Wanted(limit=20, before=page.next))
    assert told == {hit.id for hit in holder.hits().values()}


def test_one_members_hits_alone_fill_the_page(holder: Holder) -> None:
    holder.take(still("held", like="ordinary"))
    holder.receive(flood(count=60, spread=True))
    holder.match()
    page = holder.list.page(Wanted(limit=20))
    assert len(page.hits) == 20
    assert len(holder.list.page(Wanted(limit=20, member="JP")).hits) == 20
    assert holder.list.page(Wanted(member="DE")).hits == []


def test_stored_hits_of_a_muted_member_are_in_no_count_but_their_own(holder: Holder) -> None:
    holder.take(still("held", like="ordinary"))
    for log in (honest(), flood(count=5)):
        holder.receive(log)
        holder.match()
    holder.aside = Sources(standing={JP.id: MUTED}, aside=frozenset({JP.id}))
    stand = holder.list.stand()
    assert (stand.counts.hits, stand.aside) == (1, {"JP": 5})
    assert [each.hit.record.origin.member for each in holder.list.page(Wanted()).hits] == ["DE"]
    every = holder.list.page(Wanted(show_all=True)).hits
    assert Counter(each.standing for each in every) == {MUTED: 5, "": 1}
    (result,) = holder.take(still("ordinary"))
    assert speakers(result.hits) == {"DE": 1}
    assert result.aside == {"JP": 5}


# --- what is shown of many --------------------------------------------------------------------------------------------


def hit(member: str, distance: int, *, leads: bool = True) -> Hit:
    return Hit(subject=0, origin=member, algorithm="pdq", level=Level.HIT_NO_HIT, distance=distance, leads=leads)


def test_of_every_member_the_first_comes_before_the_second_of_any() -> None:
    hits = [hit("JP", 0), *(hit("JP", 0, leads=False) for _ in range(5)), hit("JP", 2), hit("DE", 9), hit("FR", 30)]
    shown = fair(hits, 5)
    assert [(each.origin, each.distance) for each in shown] == [("JP", 0), ("DE", 9), ("FR", 30), ("JP", 2), ("JP", 0)]


def test_an_answer_is_bounded_as_a_search_is() -> None:
    given, left = bounded([hit("JP", at % 40) for at in range(500)])
    assert (len(given), left) == (MAX_OF_MEMBER, 500 - MAX_OF_MEMBER)
    given, left = bounded([hit("JP", 0)] * 500)
    assert (len(given), left) == (MAX_ALIKE, 500 - MAX_ALIKE)


def test_a_subject_without_hits_costs_nothing(holder: Holder) -> None:
    assert holder.matcher.local([Subject(fingerprints=())], 31).hits == ()
