"""What arrives later reaches what is held: when it is matched, what is kept of it, and when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from node.domain.batch import BodyState
from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import FRAME, MD5, PDQ
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE
from node.domain.statements import Category, Retraction, Tri
from node.domain.stored_hits import FoundHit, StoredHit
from node.errors import Damaged, StoreError
from node.usecases import arrivals as arriving
from node.usecases import stored_hits
from node.usecases.arrivals import Arrivals
from node.usecases.casework import holding_subject
from node.usecases.hit_list import Wanted
from node.usecases.purging import leaf_at
from tests.simulator.arriving import Holder, film, said_of, still, with_md5
from tests.simulator.federation import TODAY, Log, Speaker, cosigned
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import World

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")


@pytest.fixture
def holder() -> Holder:
    return Holder(World([FR, JP, DE]), FR)


@pytest.fixture
def log() -> Log:
    return Log(JP)


def by_pdq(holder: Holder) -> list[int]:
    """The distances of the hits by PDQ, ascending."""
    found = [hit.evidence for hit in holder.hits().values() if hit.evidence and hit.evidence.algorithm == PDQ.name]
    return sorted(each.distance or 0 for each in found)


def kept(holder: Holder) -> list[tuple[int, str, int | None]]:
    return sorted(
        (hit.holding, hit.evidence.algorithm, hit.evidence.distance) for hit in holder.hits().values() if hit.evidence
    )


# --- what arrives -----------------------------------------------------------------------------------------------------


def test_a_record_that_comes_later_reaches_the_holding(holder: Holder, log: Log) -> None:
    """An exact copy, a near one and a turned one, shared abroad after the file was taken in."""
    holder.take(still("one"), still("two"), still("three"), still("four"))
    log.say(said_of(still("one")))
    log.say(said_of(still("copy", like="two", bits=20)))
    log.say(said_of(still("turned", like="three", bits=9, turn=5)))
    log.say(said_of(still("far", like="four", bits=40)))
    holder.receive(log)
    assert holder.hits() == {}
    assert holder.arrivals.behind() == 4
    holder.match()
    assert kept(holder) == [(1, "sha256", None), (2, "pdq", 20), (3, "pdq", 9)]
    assert holder.arrivals.behind() == 0
    (turned,) = [hit.evidence for hit in holder.hits().values() if hit.holding == 3]
    assert turned is not None
    assert turned.orientation == "flop"


@pytest.mark.parametrize("holdings", [1, 30])
def test_it_is_the_same_whether_holdings_or_records_are_fewer(holder: Holder, log: Log, holdings: int) -> None:
    """Few holdings are looked for among many records, many are proposed by few."""
    holder.take(*(still(f"held {n}") for n in range(holdings)))
    for n in range(10):
        log.say(said_of(still(f"copy {n}", like=f"held {n}", bits=5)))
    holder.receive(log)
    holder.match()
    assert {holding for holding, _ in holder.hits()} == set(range(1, min(holdings, 10) + 1))


def test_a_video_that_comes_later_reaches_videos_and_stills(holder: Holder, log: Log) -> None:
    holder.take(film("cut"), still("a still", like="cut 3"), film("another"))
    log.say(said_of(film("copy", like="cut", bits=12)))
    holder.receive(log)
    holder.match()
    assert kept(holder) == [(1, "vpdq", 12), (2, "vpdq-frame", 12)]
    (hit,) = [each for each in holder.hits().values() if each.holding == 1]
    assert hit.evidence is not None
    assert hit.evidence.shares is not None
    assert hit.evidence.shares.query_percent == 100


def test_a_still_of_a_held_video_that_comes_later_reaches_it(holder: Holder, log: Log) -> None:
    holder.take(film("held", count=8))
    log.say(said_of(still("frame", like="held 5", turn=4)))
    holder.receive(log)
    holder.match()
    ((_, hit),) = holder.hits().items()
    assert hit.evidence is not None
    assert (hit.evidence.algorithm, hit.evidence.at, hit.evidence.subject_at) == ("vpdq-frame", None, 5_000)


def test_own_records_and_low_quality_are_no_hits(holder: Holder, log: Log) -> None:
    holder.take(still("one"), still("dim", quality=20))
    own = Log(FR)
    own.say(said_of(still("one")))
    log.say(said_of(still("other", like="dim"), codes=[PDQ.code]))
    holder.receive(log)
    holder.match()
    assert holder.hits() == {}


def test_without_holdings_nothing_is_searched_and_nothing_is_missed(holder: Holder, log: Log) -> None:
    """A node that takes in a million records before its first file."""
    for n in range(50):
        log.say(said_of(still(f"file {n}")))
    holder.receive(log)
    assert holder.arrivals.step(lambda: pytest.fail("it worked")) is False
    assert holder.arrivals.behind() == 0
    (result,) = holder.take(still("file 7"))
    assert len(result.hits) == 1
    assert kept(holder) == [(1, "sha256", None)]


# --- what is taken in -------------------------------------------------------------------------------------------------


def test_what_an_ingest_finds_is_kept_and_found_again_it_stays_one_hit(holder: Holder, log: Log) -> None:
    log.say(said_of(still("one")))
    holder.receive(log)
    holder.take(still("one"))
    (first,) = holder.hits().values()
    assert (first.first_seen, first.last_seen) == (holder.world.clock.now, holder.world.clock.now)
    holder.world.clock.now += 1_000
    holder.take(still("one"), case="C-2")
    holder.match()
    (again,) = holder.hits().values()
    assert again == replace(first, last_seen=first.first_seen + 1_000)
    assert [shown.cases for shown in holder.list.page(Wanted()).hits] == [("C-1", "C-2")]


def test_a_holding_taken_in_while_records_are_not_matched_yet_falls_nowhere_between(holder: Holder, log: Log) -> None:
    holder.take(still("first"))
    log.say(said_of(still("second")))
    holder.receive(log)
    holder.take(still("second"))
    log.say(said_of(still("first")))
    holder.receive(log)
    assert {holding for holding, _ in holder.hits()} == {2}
    holder.match()
    assert {holding for holding, _ in holder.hits()} == {1, 2}


def test_an_ingest_that_died_before_it_was_matched_is_matched_at_the_next_start(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.say(said_of(still("one")))
    holder.receive(log)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(holder.matcher, "local", die)
    with pytest.raises(KeyboardInterrupt):
        holder.take(still("one"))
    assert holder.holding_waits(1)
    again = holder.restarted()
    again.match()
    assert kept(again) == [(1, "sha256", None)]
    assert again.waiting() == []


def test_what_an_ingest_has_in_hand_is_left_to_it(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[tuple[int, int]]] = []
    real = holder.matcher.local

    def look(*args: object, **how: object) -> object:
        seen.append(holder.kept.left_over(holder.waiting()))
        return real(*args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(holder.matcher, "local", look)
    holder.take(still("one"))
    assert seen == [[]]
    assert holder.waiting() == []


# --- crashes, late bodies, rules --------------------------------------------------------------------------------------


def test_work_that_was_cut_off_is_done_again(holder: Holder, log: Log) -> None:
    holder.take(*(still(f"held {n}") for n in range(30)))
    for n in range(20):
        log.say(said_of(still(f"copy {n}", like=f"held {n}", bits=3)))
    holder.receive(log)
    assert isinstance(holder.store, MemoryStore)
    holder.store.fail_next_commit = StoreError("the disk is gone")
    with pytest.raises(StoreError):
        holder.match()
    assert holder.arrivals.behind() == 20
    steps = iter([True] * 1 + [False] * 9)
    assert holder.arrivals.step(lambda: next(steps)) is False, "the pace ended it"
    assert holder.arrivals.behind() == 20
    again = holder.restarted()
    again.match()
    assert len(again.hits()) == 20


def test_a_body_that_comes_late_is_matched_when_it_comes(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    log.say(said_of(still("one")))
    shown = log.disclosures[0]
    missing = log.package(hub=True, nonces=[b""], bodies=[b""], handling_nonces=[b""], handlings=[b""])
    copies = holder.node.copies
    copies.open()
    copies.commit(copies.verify([missing]))
    holder.match()
    assert holder.arrivals.behind() == 0
    assert holder.hits() == {}
    with holder.node.catalogue.change() as change:
        change.fill(JP.origin, {0: Kind.CONTRIBUTION}, {0: shown})
    assert holder.arrivals.behind() == 1
    holder.match()
    assert kept(holder) == [(1, "sha256", None)]
    assert holder.waiting() == []


def test_a_log_in_which_something_is_damaged_stops_no_other(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.take(still("one"))
    other = Log(DE)
    for each in (log, other):
        each.say(said_of(still("one")))
        holder.receive(each)
    real = Arrivals._in_order

    def damaged(self: Arrivals, log: object, *rest: object) -> None:
        if log.origin == JP.origin:  # type: ignore[attr-defined]
            raise Damaged("a stored body is cut short")
        real(self, log, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Arrivals, "_in_order", damaged)
    holder.match()
    assert {record.origin for _, record in holder.hits()} == {DE.origin}
    assert "cut short" in holder.arrivals.trouble
    assert holder.arrivals.behind() == 1


def test_another_radius_matches_everything_again(holder: Holder, log: Log) -> None:
    holder.radius = 10
    holder.take(still("one"))
    log.say(said_of(still("near", like="one", bits=20)))
    holder.receive(log)
    holder.match()
    assert holder.hits() == {}
    holder.radius = 31
    holder.match()
    assert kept(holder) == [(1, "pdq", 20)]


# --- what becomes of a hit --------------------------------------------------------------------------------------------


def stored(holder: Holder, holding: int, record: RecordId) -> StoredHit:
    with holder.store.read() as tx:
        return tx.hits_of_pairs([(holding, record)])[holding, record]


def test_a_retraction_ends_the_hit_and_leaves_nothing_of_the_body(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("copy", like="one", bits=7)))
    holder.receive(log)
    holder.match()
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    scrubs = holder.store.scrubs  # type: ignore[attr-defined]
    holder.receive(log)
    assert holder.hits() == {}
    assert holder.list.stand().counts.hits == 0
    gone = stored(holder, 1, record)
    assert (gone.ended, gone.evidence) == (True, None)
    assert holder.store.scrubs > scrubs  # type: ignore[attr-defined]
    holder.match()
    assert holder.hits() == {}


def test_a_record_purged_while_its_hit_was_on_the_way_leaves_none(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("one")))
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    holder.receive(log, 1)
    real = holder.kept.keep

    def late(found: Sequence[FoundHit], done: stored_hits.Done = stored_hits.NOTHING_DONE) -> int:
        if found:
            holder.receive(log)
        return real(found, done)

    monkeypatch.setattr(holder.kept, "keep", late)
    holder.match()
    assert holder.hits() == {}
    with holder.store.read() as tx:
        assert tx.hits_of_pairs([(1, record)]) == {}


def test_a_correction_goes_on_with_the_hit_of_the_record_that_it_replaces(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("copy", like="one", bits=7)))
    holder.receive(log)
    holder.match()
    (first,) = holder.hits().values()
    holder.list.shown([first])
    holder.world.clock.now += 500
    category = Category(scheme="s", version="1", code="B", baseline=Tri.YES)
    head = log.say(
        replace(said_of(still("copy", like="one", bits=3)), category=category), kind=Kind.CORRECTION, target=record
    )
    holder.receive(log)
    assert holder.hits() == {}, "the body that it was about is gone"
    holder.match()
    ((pair, hit),) = holder.hits().items()
    assert pair == (1, head)
    assert (hit.id, hit.first_seen, hit.last_seen) == (first.id, first.first_seen, first.first_seen + 500)
    assert hit.shown_at, "it was shown before"
    assert hit.evidence is not None
    assert hit.evidence.distance == 3
    assert [shown.statement.category for shown in holder.list.page(Wanted()).hits if shown.statement] == [category]


def test_a_chain_of_corrections_between_two_matchings_goes_on_with_the_hit(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    head = log.say(said_of(still("one")))
    holder.receive(log)
    holder.match()
    (first,) = holder.hits().values()
    for _ in range(4):
        head = log.say(said_of(still("one")), kind=Kind.CORRECTION, target=head)
    holder.receive(log)
    holder.match()
    ((pair, hit),) = holder.hits().items()
    assert pair == (1, head)
    assert hit.id == first.id


def test_a_correction_that_is_like_nothing_here_leaves_no_hit(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("one")))
    holder.receive(log)
    holder.match()
    log.say(said_of(still("another")), kind=Kind.CORRECTION, target=record)
    holder.receive(log)
    holder.match()
    assert holder.hits() == {}


def test_an_expired_record_takes_its_hits_along(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    log.say(said_of(still("one")), handling=Handling(retain_until_day=TODAY + 1))
    holder.receive(log)
    holder.match()
    assert len(holder.hits()) == 1
    holder.world.clock.now = later = (TODAY + 2) * SECONDS_A_DAY
    with holder.store.write() as tx:
        tx.set_cosigned(JP.origin, cosigned(log.note(), later), log.size)
    assert holder.node.custody.sweep().expired == 1
    assert holder.hits() == {}


def test_a_holding_that_leaves_takes_its_hits_along(holder: Holder, log: Log) -> None:
    holder.take(still("one"), still("two", like="one", bits=2))
    record = log.say(said_of(still("one")))
    holder.receive(log)
    holder.match()
    assert {holding for holding, _ in holder.hits()} == {1, 2}
    with holder.node.catalogue.change() as change:
        change.removed.append({HOLDINGS_SOURCE: [1]})
    assert {holding for holding, _ in holder.hits()} == {2}
    with holder.store.read() as tx:
        assert tx.hits_of_pairs([(1, record)]) == {}


def test_hits_that_ended_long_ago_are_forgotten(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    record = log.say(said_of(still("one")))
    holder.receive(log)
    holder.match()
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    holder.receive(log)
    holder.world.clock.now = later = (TODAY + 40) * SECONDS_A_DAY
    with holder.store.write() as tx:
        tx.set_cosigned(JP.origin, cosigned(log.note(), later), log.size)
    assert holder.node.custody.forget_hits(41) == 0
    assert holder.node.custody.forget_hits(30) == 1


def test_the_best_evidence_stays(holder: Holder, log: Log) -> None:
    """An ingest looks for the file, what arrives for what is kept of it. They may differ; the better one is kept."""
    log.say(said_of(still("other", like="one"), codes=[PDQ.code]))
    holder.receive(log)
    file = still("one", bits=25)
    turned = (file.pdq, *still("one", bits=4).pdq_orientations[:1], *file.pdq_orientations[2:])
    holder.take(replace(file, pdq_orientations=turned))
    assert kept(holder) == [(1, "pdq", 4)], "the picture's own orientation, which its bits tell less well"
    with holder.store.write() as tx:
        tx.wait_for_match(HOLDINGS_SOURCE, [1])
    holder.match()
    assert kept(holder) == [(1, "pdq", 4)]
    log.say(said_of(still("third", like="one", bits=25), codes=[PDQ.code]))
    holder.receive(log)
    holder.match()
    assert sorted(kept(holder)) == [(1, "pdq", 0), (1, "pdq", 4)]


def test_what_the_allow_list_hides_is_counted_and_comes_back_with_it(holder: Holder, log: Log) -> None:
    holder.take(still("one"), still("two"))
    for word in ("one", "two"):
        log.say(said_of(still(word)))
    holder.receive(log)
    with holder.store.write() as tx:
        tx.allow([still("one").sha256], 1)
    holder.match()
    assert {holding for holding, _ in holder.hits()} == {2}
    counts = holder.list.stand("C-1").counts
    assert (counts.hits, counts.hidden) == (1, 1)
    assert holder.list.stand("C-1").holdings == {2}
    with holder.store.write() as tx:
        tx.clear_allowed()
    assert {holding for holding, _ in holder.hits()} == {1, 2}


# --- too many ---------------------------------------------------------------------------------------------------------


def test_a_record_that_is_like_everything_fills_no_table_and_that_is_said(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_hits, "MAX_OF_RECORD", 5)
    monkeypatch.setattr(arriving, "MAX_OF_RECORD", 5)
    same = still("the same file", like="plain", bits=30)
    holder.take(*(still(f"file {n}", like="plain", bits=n) for n in range(20)), same)
    poison = log.say(said_of(replace(still("plain"), sha256=same.sha256)))
    holder.receive(log)
    holder.match()
    found = kept(holder)
    assert (21, "sha256", None) in found, "an equal SHA-256 is never left out"
    assert by_pdq(holder) == list(range(len(found) - 1))
    assert len(found) in (5, 6)
    assert set(holder.list.stand().left_out) == {poison}
    assert holder.list.stand().left_out[poison] >= 14
    holder.take(still("one more", like="plain", bits=1))
    assert len(kept(holder)) == len(found)
    log.say(Retraction(), kind=Kind.RETRACTION, target=poison)
    holder.receive(log)
    assert holder.list.stand().left_out == {}


def test_a_member_that_floods_a_holding_crowds_out_no_other(
    holder: Holder, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_hits, "MAX_OF_HOLDING", 5)
    holder.take(still("one"))
    for n in range(12):
        log.say(said_of(still(f"copy {n}", like="one", bits=n)))
    other = Log(DE)
    other.say(said_of(still("one")))
    for each in (log, other):
        holder.receive(each)
        holder.match()
    assert [record.origin for _, record in holder.hits()].count(DE.origin) == 1
    assert by_pdq(holder) == [0, 1, 2, 3, 4]
    assert holder.list.stand().left_out == {(1, "JP"): 7}


def test_a_hit_by_a_weak_digest_says_so(holder: Holder, log: Log) -> None:
    holder.take(still("one"))
    log.say(said_of(with_md5(still("forged"), still("one")), codes=[MD5.code]))
    holder.receive(log)
    holder.match()
    (hit,) = holder.hits().values()
    assert hit.evidence is not None
    assert (hit.evidence.algorithm, hit.evidence.weak) == ("md5", True)


def test_a_long_video_proposes_by_every_frame_in_every_orientation(holder: Holder, log: Log) -> None:
    """More frames than a search tries in the other orientations: a turned still of any of them is found."""
    holder.take(*(still(f"turned {n}", like=f"long {n}", turn=6) for n in range(3, 300, 50)), still("filler"))
    log.say(said_of(film("long", count=300), codes=[FRAME.code]))
    holder.receive(log)
    holder.match()
    assert {holding for holding, _ in holder.hits()} == {1, 2, 3, 4, 5, 6}


def test_levels_and_places_are_those_of_the_record(holder: Holder, log: Log) -> None:
    log.say(said_of(still("filler")))
    record = log.say(said_of(still("one")))
    holder.receive(log)
    holder.take(still("one"))
    ((pair, hit),) = holder.hits().items()
    assert (pair, hit.place) == ((1, record), 1)
    with holder.store.read() as tx:
        assert leaf_at(tx, JP.origin, hit.place) == record.leaf
        assert tx.run(JP.origin, 1, 2, 0).states[0] == BodyState.HELD
        held = tx.holding(1)
    assert held is not None
    assert held.level is Level.NATIONAL


def test_what_a_match_of_holdings_finds_is_kept_too(holder: Holder, log: Log) -> None:
    """`vigil match --case`, while what arrived is not matched yet."""
    holder.take(still("one"))
    log.say(said_of(still("one")))
    holder.receive(log)
    with holder.store.read() as tx:
        held = tx.holdings()
    hits = holder.matcher.local([holding_subject(each) for each in held], 31, own_rows=[1])
    holder.kept.keep_match((), hits)
    assert holder.hits() == {}, "the subjects were no holdings"
    holder.kept.keep_match([1], hits)
    assert kept(holder) == [(1, "sha256", None)]
