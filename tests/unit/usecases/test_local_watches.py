"""Local watches: what arrives is matched against them, an alert is raised once, and nothing leaves the node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from node.domain.alerts import Alert, AlertKind, Raised
from node.domain.case_files import CaseFile, CaseStatus
from node.domain.envelope import Kind
from node.domain.local_watches import MOST_FINDS, LocalWatch, local_number
from node.domain.material import PictureFingerprints
from node.domain.queries import MatchRule
from node.domain.statements import Retraction
from node.errors import Damaged, Misuse, NotFound, Refused
from node.match.index import LocalIndex
from node.usecases import local_watching
from node.usecases.allowing import AllowList
from node.usecases.arrivals import Arrivals
from node.usecases.intake import subject_of
from node.usecases.local_watches import LocalWatches
from node.usecases.local_watching import LocalAdded, LocalWatching, LocalWords
from node.usecases.waiting import ALL
from node.usecases.watched_index import WatchedIndex
from tests.simulator.arriving import RADIUS, said_of, still
from tests.simulator.federation import TODAY, Log, Speaker
from tests.simulator.watching import Keeper, world_of
from tests.simulator.world import CODEC

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")


class Watcher(Keeper):
    """France, whose officers watch."""

    def __init__(self, store: object = None) -> None:
        super().__init__(world_of(FR, JP, DE), FR, store)
        watched = LocalIndex()
        self.local = LocalWatches(
            store=self.store,
            codec=CODEC,
            matcher=self.matcher,
            index=WatchedIndex(watched, watched.merge),
            beside=self.node.index.beside,
            radius=lambda: RADIUS,
            own=FR.id,
            clock=self.world.clock,
        )
        self.arrivals = Arrivals(
            store=self.store,
            index=self.node.index,
            codec=CODEC,
            matcher=self.matcher,
            hits=self.kept,
            own=FR.id,
            radius=lambda: RADIUS,
            watches=self.local,
        )
        self.watching = LocalWatching(
            store=self.store,
            catalogue=self.node.catalogue,
            watches=self.local,
            allowed=AllowList(store=self.store, audit=self.audit, clock=self.world.clock),
            audit=self.audit,
            clock=self.world.clock,
            floor=50,
        )

    def again(self) -> Watcher:
        """A new process over the same store."""
        self.close()
        return Watcher(self.store)

    def add(self, *words: str, days: int = 9, **terms: object) -> LocalAdded:
        return self.watching.add(words_of(*map(still, words), days=days, **terms))

    def alerts(self) -> list[Alert]:
        with self.store.read() as tx:
            return tx.alerts()

    def found(self, watch: LocalWatch) -> int:
        with self.store.read() as tx:
            return len(tx.local_finds(watch.id))

    def hear(self, *logs: Log) -> None:
        for log in logs:
            self.receive(log)
        self.match()


def words_of(*prints: PictureFingerprints, days: int = 9, **terms: object) -> LocalWords:
    made = LocalWords(subjects=tuple(map(subject_of, prints)), until_day=TODAY + days, case="C-7")
    return replace(made, **terms)  # type: ignore[arg-type]


@pytest.fixture
def france() -> Iterator[Watcher]:
    made = Watcher()
    yield made
    made.close()


def raised(watch: LocalWatch, member: Speaker, case: str = "C-7") -> Raised:
    return Raised(kind=AlertKind.LOCAL_WATCH, about=watch.name, case=case, member=member.id)


@pytest.mark.parametrize("holds", [False, True])
def test_a_record_that_arrives_later_raises_an_alert(france: Watcher, *, holds: bool) -> None:
    if holds:
        france.take(*(still(f"held {number}") for number in range(5)))
    watch = france.add("a", "b").watch
    japan, germany = Log(JP), Log(DE)
    japan.say(said_of(still("x", like="b", bits=9)))
    japan.say(said_of(still("other")))
    germany.say(said_of(still("y", like="a", bits=3, turn=2)))
    france.hear(japan, germany)
    assert {(each.raised, each.count) for each in france.alerts()} == {(raised(watch, JP), 1), (raised(watch, DE), 1)}
    assert [hit.subject for hit in france.watching.one(watch.id).hits] == [0, 1]


def test_what_was_here_before_is_counted_and_raises_no_alert(france: Watcher) -> None:
    japan = Log(JP)
    japan.say(said_of(still("x", like="a", bits=3)))
    france.hear(japan)
    added = france.add("a")
    assert (added.already, added.watch.found) == (1, 1)
    with france.store.write() as tx:
        tx.forget_matched()
    france.match()
    assert france.alerts() == []


def test_a_restart_and_a_new_match_raise_nothing_twice(france: Watcher) -> None:
    watch = france.add("a").watch
    japan = Log(JP)
    first = japan.say(said_of(still("x", like="a", bits=3)))
    france.hear(japan)
    again = france.again()
    with again.store.write() as tx:
        tx.forget_matched()
    again.match()
    japan.say(said_of(still("x", like="a", bits=4)), kind=Kind.CORRECTION, target=first)
    again.hear(japan)
    assert [each.count for each in again.alerts()] == [1], "a correction is the same record"
    japan.say(said_of(still("y", like="a", bits=5)))
    again.hear(japan)
    assert [each.count for each in again.alerts()] == [2]
    assert again.found(watch) == 2
    again.close()


def test_a_record_whose_body_comes_late_is_matched_too(france: Watcher) -> None:
    watch = france.add("a").watch
    japan = Log(JP)
    japan.say(said_of(still("x", like="a", bits=3)))
    late = japan.disclosures[0]
    package = japan.package(hub=True, nonces=[b""], bodies=[b""], handling_nonces=[b""], handlings=[b""])
    copies = france.node.copies
    copies.open()
    copies.commit(copies.verify([package]))
    france.match()
    assert france.alerts() == []
    with france.node.catalogue.change() as change:
        change.fill(JP.origin, {0: int(Kind.CONTRIBUTION)}, {0: late})
    france.match()
    assert [each.raised for each in france.alerts()] == [raised(watch, JP)]


def test_a_watch_ends_with_its_last_day_and_is_deleted(france: Watcher) -> None:
    watch = france.add("a", days=2).watch
    france.world.clock.now += 3 * 86_400
    japan = Log(JP)
    japan.say(said_of(still("x", like="a", bits=3)))
    france.hear(japan)
    assert france.alerts() == []
    assert france.watching.forget_ended(TODAY + 2) == 0
    assert france.watching.forget_ended(TODAY + 3) == 1
    assert france.watching.listed() == []
    assert not france.local.is_live()
    with pytest.raises(NotFound):
        france.watching.one(watch.id)


def test_a_removed_watch_finds_nothing(france: Watcher) -> None:
    watch, other = france.add("a").watch, france.add("a", case="").watch
    assert france.watching.remove(watch.id) == watch
    with pytest.raises(NotFound):
        france.watching.remove(watch.id)
    japan = Log(JP)
    japan.say(said_of(still("x", like="a", bits=3)))
    france.hear(japan)
    assert [each.raised for each in france.alerts()] == [raised(other, JP, case="")]
    assert france.watching.listed("C-7") == []


def test_the_hits_are_those_that_are_here_now(france: Watcher) -> None:
    watch = france.add("a").watch
    japan = Log(JP)
    record = japan.say(said_of(still("x", like="a", bits=3)))
    france.take(still("a"))
    france.hear(japan)
    assert [hit.record for hit in france.watching.one(watch.id).hits] == [record], "no holding of ours is a hit"
    japan.say(Retraction(), kind=Kind.RETRACTION, target=record)
    france.hear(japan)
    assert france.watching.one(watch.id).hits == []


def test_nothing_of_it_is_stated_or_waits_to_be_sent(france: Watcher) -> None:
    france.add("a")
    with france.store.read() as tx:
        assert tx.pending(FR.origin, ALL) == []
        assert all(log.origin.stream == "audit" for log in tx.logs())
        entries = [tx.run(log.origin, 0, log.size, 1 << 24).bodies for log in tx.logs()]
    written = b"".join(body for some in entries for body in some)
    assert b"watch add" in written
    for each in still("a").fingerprints():
        assert each.value not in written
        assert each.value.hex().encode() not in written


def test_what_is_known_to_be_harmless_is_not_watched_for(france: Watcher) -> None:
    allowed = AllowList(store=france.store, audit=france.audit, clock=france.world.clock)
    allowed.add([still("a").sha256])
    assert len(france.add("a", "b").not_watched) == 1
    with pytest.raises(Refused, match="allow-list"):
        france.add("a")
    assert france.add("a", show_all=True).not_watched == ()


def test_what_no_search_can_find_is_refused(france: Watcher) -> None:
    poor = still("a", quality=3)
    bare = replace(subject_of(poor), fingerprints=tuple(f for f in subject_of(poor).fingerprints if f.quality == 3))
    with pytest.raises(Refused, match="nothing in this watch can be searched"):
        france.watching.add(LocalWords(subjects=(bare,), until_day=TODAY))


@pytest.mark.parametrize("days", [-1, 400])
def test_the_last_day_is_within_a_year(france: Watcher, days: int) -> None:
    with pytest.raises(Misuse, match="366 days"):
        france.add("a", days=days)


def test_nothing_to_watch_for_is_misuse(france: Watcher) -> None:
    with pytest.raises(Misuse, match="1 to 1,000"):
        france.add()


def test_a_closed_case_takes_no_watch(france: Watcher) -> None:
    with france.store.write() as tx:
        tx.put_case_file(CaseFile(reference="C-7", opened_at=1, changed_at=1, status=CaseStatus.CLOSED))
    with pytest.raises(Refused, match="closed"):
        france.add("a")


def test_too_many_watches_are_refused(france: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    france.add("a")
    monkeypatch.setattr(local_watching, "MOST_LOCAL", 1)
    with pytest.raises(Refused, match="at most 1 local watches"):
        france.add("b")


def test_a_watch_that_matches_too_much_is_refused(france: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.domain.local_watches.MOST_FINDS", 1)
    japan = Log(JP)
    japan.say(said_of(still("x", like="a", bits=3)))
    france.hear(japan)
    with pytest.raises(Refused, match="too broad"):
        france.add("a")
    assert france.watching.listed() == []


def test_an_exact_watch_is_not_about_likeness(france: Watcher) -> None:
    france.add("a", rule=MatchRule.EXACT)
    japan = Log(JP)
    japan.say(said_of(still("x", like="a", bits=3)))
    france.hear(japan)
    assert france.alerts() == []
    japan.say(said_of(still("a")))
    france.hear(japan)
    assert [each.count for each in france.alerts()] == [1]


def test_a_damaged_watch_stops_only_itself(france: Watcher) -> None:
    good = france.add("a").watch
    with france.store.write() as tx:
        bad = tx.add_local_watch(replace(good, case=""), b"\xff\xff")
    again = france.again()
    japan = Log(JP)
    japan.say(said_of(still("x", like="a", bits=3)))
    again.hear(japan)
    assert [each.raised for each in again.alerts()] == [raised(good, JP)]
    assert bad.name in again.arrivals.trouble
    with pytest.raises(Damaged):
        again.watching.one(bad.id)
    again.watching.remove(bad.id)
    assert again.arrivals.trouble == ""
    again.close()


@pytest.mark.parametrize("name", ["local-0", "local-", "local-01", "3", "local-3 ", "LOCAL-3"])
def test_other_names_name_no_local_watch(name: str) -> None:
    assert local_number(name) is None


def test_the_name_of_a_watch_names_it(france: Watcher) -> None:
    watch = france.add("a").watch
    assert local_number(watch.name) == watch.id
    assert watch.found < MOST_FINDS
