"""What a verified run does to what is stored."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.search_ports import Probe
from node.domain.statements import Comment, Opinion, Retraction, Verdict
from node.errors import Conflict, Fork, Refused, StoreError
from node.match.index import LocalIndex
from node.store.store import SqliteNodeStore
from node.tlog.merkle import leaf_hash
from node.usecases.applying_runs import freeze
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.replica import Rules, Verified, position, verify_package
from tests.simulator.federation import NOTHING, TODAY, Log, Speaker, entry_of, picture, roster
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC
from tests.stores import fresh_store

FR, FR2, JP = Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("JP")
ROSTER = roster(FR, FR2, JP)
HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)
NewStore = Callable[[], MemoryStore | SqliteNodeStore]
stores: list[NewStore] = []
"""How the test that is running makes a store."""


@pytest.fixture(autouse=True, params=["memory", "sqlite"])
def _over_every_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    opened: list[MemoryStore | SqliteNodeStore] = []

    def new() -> MemoryStore | SqliteNodeStore:
        path = tmp_path / f"{len(opened)}.db"
        opened.append(MemoryStore() if request.param == "memory" else fresh_store(path))
        return opened[-1]

    stores.append(new)
    yield
    stores.clear()
    for each in opened:
        each.close()


class Place:
    """A store and an index, as a node or (reader None) the hub has them."""

    def __init__(self, reader: str | None = "JP") -> None:
        self.reader = None if reader is None else MemberId(reader)
        self.store = stores[-1]()
        self.index = LocalIndex()
        self.catalogue = Catalogue(store=self.store, index=self.index, codec=CODEC)

    def verified(self, log: Log, stop: int | None = None, size: int | None = None) -> Verified:
        with self.store.write() as writer:
            at = position(writer, writer.open_log(log.speaker.origin))
        rules = Rules(roster=ROSTER, copy=Copy(reader=self.reader, expired_before=TODAY), cosigned=True)
        package = log.package(at.state.size, stop, at=size, hub=True)
        return verify_package(at, package, rules, Handlings(CODEC.decode_handling))

    def take(self, log: Log, stop: int | None = None) -> None:
        verified = self.verified(log, stop)
        with self.catalogue.change() as change:
            change.apply(verified)

    def states(self, log: Log) -> list[int]:
        with self.store.read() as reader:
            return list(reader.run(log.speaker.origin, 0, log.size, 1 << 30).states)

    def reasons(self, log: Log) -> list[int]:
        with self.store.read() as reader:
            return [index for index, _ in reader.quarantined(log.speaker.origin)]

    def finds(self, number: int) -> bool:
        probes = [Probe(0, each.code, each.value, 90) for each in picture(number).fingerprints]
        return bool(self.index.search(probes, 31))


def retract(log: Log, target: RecordId) -> RecordId:
    return log.say(Retraction(), kind=Kind.RETRACTION, target=target)


def correct(log: Log, target: RecordId, number: int, **how: object) -> RecordId:
    return log.say(picture(number), kind=Kind.CORRECTION, target=target, **how)


def dispute(log: Log, target: RecordId, **how: object) -> RecordId:
    return log.say(Opinion(verdict=Verdict.DISPUTE), kind=Kind.OPINION, target=target, **how)


def test_a_checkpoint_that_is_not_reached_is_stored_until_it_is() -> None:
    place, log = Place(), Log(FR)
    log.pictures(range(9))
    anchors = []
    for stop, at in ((2, 4), (3, 8), (5, 9), (9, 9)):
        verified = place.verified(log, stop, at)
        with place.catalogue.change() as change:
            change.apply(verified)
        with place.store.read() as reader:
            state = reader.log(FR.origin)
        assert state is not None
        assert state == replace(verified.after.state, number=state.number)
        anchors.append((state.anchor_size, state.checkpoint_size))
    assert anchors == [(4, 4), (4, 8), (8, 9), (0, 9)]


def test_a_run_is_stored_with_its_checkpoint_and_found_by_the_index() -> None:
    place, log = Place(), Log(FR)
    log.pictures(range(300))
    place.take(log)
    with place.store.read() as reader:
        state = reader.log(FR.origin)
    assert state is not None
    assert (state.size, state.root, state.cosigned_size, state.checkpoint_size) == (300, log.root(300), 300, 300)
    assert all(map(place.finds, (0, 150, 299)))
    assert not place.finds(300)


def test_a_run_verified_against_an_older_state_is_a_conflict_and_changes_nothing() -> None:
    place, log = Place(), Log(FR)
    log.pictures(range(3))
    stale = place.verified(log)
    place.take(log)
    with pytest.raises(Conflict), place.catalogue.change() as change:
        change.apply(stale)
    assert place.states(log) == [HELD] * 3


def test_a_transaction_that_fails_leaves_store_and_index_as_they_were() -> None:
    place, log = Place(), Log(FR)
    log.pictures(range(3))
    verified = place.verified(log)
    with pytest.raises(StoreError), place.catalogue.change() as change:  # noqa: PT012  (fails after its last write)
        change.apply(verified)
        raise StoreError("the disk is gone")
    assert place.states(log) == []
    assert not place.finds(0)
    place.take(log)
    assert place.finds(0)


def test_a_correction_purges_the_head_it_replaces() -> None:
    place, log = Place(), Log(FR)
    (first,) = log.pictures([1])
    correct(log, first, 2)
    place.take(log)
    assert place.states(log) == [PURGED, HELD]
    assert (place.finds(1), place.finds(2)) == (False, True)


def test_a_correction_of_what_was_replaced_before_is_set_aside() -> None:
    place, log = Place(), Log(FR)
    (first,) = log.pictures([1])
    correct(log, first, 2)
    correct(log, first, 3)
    place.take(log)
    assert place.states(log) == [PURGED, HELD, QUARANTINED]
    assert (place.finds(2), place.finds(3)) == (True, False)


def test_a_retraction_ends_the_chain_wherever_it_points() -> None:
    for target in (0, 1, 2):
        place, log = Place(), Log(FR)
        chain = log.pictures([1])
        chain.append(correct(log, chain[0], 2))
        chain.append(correct(log, chain[1], 3))
        retract(log, chain[target])
        place.take(log)
        assert place.states(log) == [PURGED, PURGED, PURGED, HELD]
        assert not any(map(place.finds, (1, 2, 3)))


def test_nothing_follows_a_retraction() -> None:
    place, log = Place(), Log(FR)
    (first,) = log.pictures([1])
    gone = retract(log, first)
    correct(log, first, 2)
    retract(log, gone)
    correct(log, gone, 3)
    place.take(log)
    # The correction belongs to a record that has ended, so it has no body. The others are no words on a record.
    assert place.states(log) == [PURGED, HELD, PURGED, QUARANTINED, QUARANTINED]
    assert not place.finds(2)


def test_no_version_follows_a_retraction_that_points_at_an_earlier_one() -> None:
    """A retraction of the first version ends the newest one, too, so that it cannot be corrected any more."""
    place, log = Place(), Log(FR)
    (first,) = log.pictures([1])
    second = correct(log, first, 2)
    retract(log, first)
    correct(log, second, 3)
    place.take(log)
    assert place.states(log) == [PURGED, PURGED, HELD, PURGED]
    assert not place.finds(3)


def test_a_correction_or_retraction_of_what_is_not_there_or_comes_later_is_set_aside() -> None:
    place, log = Place(), Log(FR)
    later, disclosure = entry_of(FR.origin, picture(5))
    retract(log, RecordId(FR.origin, bytes(32)))
    retract(log, RecordId(FR.origin, leaf_hash(later)))
    log.add(later, disclosure)
    place.take(log)
    assert place.states(log) == [QUARANTINED, QUARANTINED, HELD]
    assert place.reasons(log) == [0, 1]


def test_the_outcome_is_the_same_however_the_log_is_cut() -> None:
    log = Log(FR)
    chain = log.pictures([1, 2])
    correct(log, chain[0], 3)
    retract(log, chain[1])
    correct(log, chain[1], 4)
    whole = Place()
    whole.take(log)
    for cut in range(1, log.size):
        place = Place()
        place.take(log, cut)
        place.take(log)
        assert place.states(log) == whole.states(log) == [PURGED, PURGED, HELD, HELD, PURGED]


def in_every_order(fr: Log, fr_cut: int, jp: Log, jp_cut: int) -> Iterator[Place]:
    """A place for each order in which two logs can come, each in two parts."""
    for order in itertools.permutations([(fr, fr_cut), (fr, fr.size), (jp, jp_cut), (jp, jp.size)]):
        if order.index((fr, fr_cut)) < order.index((fr, fr.size)) and order.index((jp, jp_cut)) < order.index(
            (jp, jp.size)
        ):
            place = Place()
            for log, stop in order:
                place.take(log, stop)
            yield place


def test_opinions_and_comments_go_with_a_retraction_and_stay_with_a_correction_in_any_order_of_logs() -> None:
    """What others said of a record is theirs: a correction of the record does not delete it."""
    fr, jp = Log(FR), Log(JP)
    kept, gone, fixed = fr.pictures([1, 2, 3])
    dispute(jp, kept)
    dispute(jp, gone)
    jp.say(Comment(text="seen before"), kind=Kind.COMMENT, target=fixed)
    fr.say(Comment(text="so have we"), kind=Kind.COMMENT, target=gone)
    retract(fr, gone)
    correct(fr, fixed, 4)
    for place in in_every_order(fr, 3, jp, 1):
        assert place.states(fr) == [HELD, PURGED, PURGED, PURGED, HELD, HELD]
        assert place.states(jp) == [HELD, PURGED, HELD]


@pytest.mark.parametrize("end", [0, 1, 2])
def test_what_was_said_of_any_version_goes_with_the_chain_wherever_its_retraction_points(end: int) -> None:
    fr, jp = Log(FR), Log(JP)
    chain = fr.pictures([1])
    chain.append(correct(fr, chain[0], 2))
    chain.append(correct(fr, chain[1], 3))
    thread = [dispute(jp, each) for each in chain]
    jp.say(Comment(text="of the first, and late"), kind=Kind.COMMENT, target=chain[0])
    fr.say(Comment(text="why?"), kind=Kind.COMMENT, target=thread[1])
    for place in in_every_order(fr, 2, jp, 2):
        assert place.states(fr) == [PURGED, PURGED, HELD, HELD]
        assert place.states(jp) == [HELD] * 4
    retract(fr, chain[end])
    jp.say(Comment(text="after its end"), kind=Kind.COMMENT, target=chain[2])
    for place in in_every_order(fr, 2, jp, 2):
        assert place.states(fr) == [PURGED, PURGED, PURGED, PURGED, HELD]
        assert place.states(jp) == [PURGED] * 5


def test_of_two_corrections_of_one_version_the_earlier_epoch_counts_in_either_order() -> None:
    """After a fork a member may correct in its new log what it corrected in its former one."""
    old, new, jp = Log(FR), Log(FR2), Log(JP)
    (first,) = old.pictures([1])
    correct(old, first, 2)
    other = correct(new, first, 3)
    correct(new, other, 4)
    jp.say(Comment(text="of the one that does not count"), kind=Kind.COMMENT, target=other)
    for order in itertools.permutations((old, new, jp)):
        place = Place()
        for log in order:
            place.take(log)
        assert place.states(old) == [PURGED, HELD]
        assert place.states(new) == [QUARANTINED, QUARANTINED]
        assert place.states(jp) == [HELD]
        assert [place.finds(number) for number in (1, 2, 3, 4)] == [False, True, False, False]


def test_what_is_said_of_an_entry_of_a_later_version_is_kept() -> None:
    fr, jp = Log(FR), Log(JP)
    later = fr.add(bytes([2]) + b"what nobody here can read" * 4)
    dispute(jp, later)
    for order in ((fr, jp), (jp, fr)):
        place = Place()
        for log in order:
            place.take(log)
        assert place.states(jp) == [HELD]
        with place.store.read() as reader:
            assert reader.barred(10) == []


class Counting:
    """A store that counts what is asked of it: questions, and what the answers hold."""

    def __init__(self, store: MemoryStore | SqliteNodeStore) -> None:
        self._store = store
        self.cost = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[object]:
        with self._store.write() as writer:
            yield _Counted(writer, self)


class _Counted:
    def __init__(self, writer: object, told: Counting) -> None:
        self._writer, self._told = writer, told

    def __getattr__(self, name: str) -> object:
        asked = getattr(self._writer, name)

        def counted(*args: object, **options: object) -> object:
            answer = asked(*args, **options)
            given = [len(each) for each in (*args, answer) if isinstance(each, (list, dict, set))]
            self._told.cost += 1 + sum(given)
            return answer

        return counted


def _long_chain(fr: Log, jp: Log, length: int) -> None:
    (newest,) = fr.pictures([0])
    names = [newest]
    for number in range(1, length):
        names.append(correct(fr, names[-1], number))
        correct(fr, names[0], length + number)
    for number in range(length):
        jp.say(Comment(text=f"word {number}"), kind=Kind.COMMENT, target=names[number % len(names)])
        retract(fr, names[number])
        correct(fr, names[-1], 3 * length + number)


@pytest.mark.parametrize("first", ["fr", "jp"])
def test_a_long_chain_costs_what_its_entries_cost_however_its_owner_plays_with_it(first: str) -> None:
    """Twice the corrections, retractions and remarks, twice the work: nobody can make others walk a chain."""
    costs = []
    for length in (60, 120):
        fr, jp, place = Log(FR), Log(JP), Place()
        _long_chain(fr, jp, length)
        place.store = counting = Counting(place.store)  # type: ignore[assignment]
        place.catalogue = Catalogue(store=place.store, index=place.index, codec=CODEC)
        for log in (fr, jp) if first == "fr" else (jp, fr):
            place.take(log)
        costs.append(counting.cost)
        assert set(place.states(jp)) == {PURGED}
    assert costs[1] < 2.2 * costs[0]


def test_an_opinion_about_a_body_that_was_purged_before_it_came_is_purged() -> None:
    fr, jp = Log(FR), Log(JP)
    expired = fr.add(entry_of(FR.origin, picture(1), handling=Handling(retain_until_day=TODAY - 1))[0], NOTHING)
    dispute(jp, expired)
    for order in ((fr, jp), (jp, fr)):
        place = Place()
        for log in order:
            place.take(log)
        assert place.states(fr) == [PURGED]
        assert place.states(jp) == [PURGED]


def test_a_later_epoch_retracts_and_corrects_the_records_of_an_earlier_one_in_either_order() -> None:
    old, new = Log(FR), Log(FR2)
    gone, fixed, kept = old.pictures([1, 2, 3])
    retract(new, gone)
    correct(new, fixed, 4)
    for order in ((old, new), (new, old)):
        place = Place()
        for log in order:
            place.take(log)
        assert place.states(old) == [PURGED, PURGED, HELD]
        assert place.states(new) == [HELD, HELD]
        assert (place.finds(2), place.finds(3), place.finds(4)) == (False, True, True)
    assert kept.origin == Origin(FR.origin.federation, FR.id, 1)


def test_a_frozen_log_takes_nothing_and_keeps_its_evidence_and_others_go_on() -> None:
    place, fr, jp = Place(), Log(FR), Log(JP)
    fr.pictures([1, 2])
    jp.pictures([3])
    place.take(fr, 1)
    ready = place.verified(fr)
    freeze(place.store, FR.origin, Fork("two histories", evidence=(b"one", b"two")))
    freeze(place.store, FR.origin, Fork("again", evidence=(b"three",)))
    with pytest.raises(Refused), place.catalogue.change() as change:
        change.apply(ready)
    place.take(jp)
    assert place.states(jp) == [HELD]
    with place.store.read() as reader:
        assert reader.evidence(FR.origin) == [b"one", b"two"]
