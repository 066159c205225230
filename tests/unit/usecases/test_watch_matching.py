"""Watches of other members: kept or refused, matched against what comes later, answered once, ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.kept_watches import LIVE, Told, WatchLoad, WatchStanding
from node.domain.limits import Limits
from node.domain.queries import Level, MatchRule
from node.domain.roster import MemberStatus
from node.domain.statements import Retraction
from node.domain.watches import WatchState
from node.errors import Misuse
from node.usecases import watch_terms
from node.usecases.watch_terms import TOO_BROAD
from tests.simulator.arriving import film, still
from tests.simulator.federation import TODAY, Log, Speaker, roster
from tests.simulator.watching import Keeper, ask, asked_of, watch_on, world_of

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
KEPT, REFUSED, ENDED, HIT, HELD = (
    WatchState.KEPT,
    WatchState.REFUSED,
    WatchState.ENDED,
    WatchState.HIT,
    WatchState.HELD,
)


@pytest.fixture
def japan() -> Iterator[Keeper]:
    made = Keeper(world_of(FR, JP, DE), JP)
    yield made
    made.close()


@pytest.fixture
def france() -> Log:
    return Log(FR)


def test_a_watch_is_kept_and_its_author_is_told_so_once(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    japan.work()
    (said,) = japan.replies()
    assert (said.watch, said.state, said.hits) == (watch, KEPT, ())
    assert {kind.name for kind in said.kinds if kind.searched} == {"md5", "sha1", "sha256", "pdq"}
    assert japan.replies() == japan.restarted().replies()


def test_a_watch_that_asks_others_is_not_kept(japan: Keeper, france: Log) -> None:
    ask(france, watch_on(still("a")), asked_of(DE), 1)
    japan.receive(france)
    japan.work()
    japan.hold(Level.HIT_NO_HIT, still("a"))
    japan.work()
    assert (japan.replies(), japan.watches(), japan.waiting_rows()) == ([], [], [])


def test_what_comes_later_is_answered_and_what_was_there_is_not(japan: Keeper, france: Log) -> None:
    japan.hold(Level.HIT_NO_HIT, still("before", like="a"))
    watch = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    assert japan.states(watch) == [KEPT]
    japan.hold(Level.HIT_NO_HIT, still("later", like="a", bits=31, turn=3), still("other"))
    japan.work()
    kept, hit = japan.replies(watch)
    assert (kept.state, hit.state) == (KEPT, HIT)
    (found,) = hit.hits
    assert (found.origin, found.algorithm, found.level) == ("JP", "pdq", Level.HIT_NO_HIT)
    assert (found.record, found.distance, found.quality, found.orientation) == (None, None, None, None)
    assert japan.waiting_rows() == []


def test_many_hidden_holdings_are_one_hit(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(still("a"), still("b")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    for n in range(3):
        japan.hold(Level.HIT_NO_HIT, still(f"a {n}", like="a", bits=n), still(f"b {n}", like="b", bits=n))
        japan.work()
    assert japan.states(watch) == [KEPT, HIT]
    assert [hit.whole for hit in japan.replies(watch)[1].hits] == [True]


def test_a_national_holding_never_answers_until_its_level_is_raised(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    (number,) = japan.hold(Level.NATIONAL, still("x", like="a"))
    japan.work()
    assert japan.states(watch) == [KEPT]
    with japan.node.catalogue.change() as change:
        change.writer.set_level(number, Level.HIT_NO_HIT)
    japan.work()
    assert japan.states(watch) == [KEPT, HIT]


@pytest.mark.parametrize(("bits", "hits"), [(31, [KEPT, HIT]), (33, [KEPT])])
def test_the_radius_is_that_of_the_policy(japan: Keeper, france: Log, bits: int, hits: list[WatchState]) -> None:
    watch = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    japan.hold(Level.HIT_NO_HIT, still("x", like="a", bits=bits))
    japan.work()
    assert japan.states(watch) == hits


def test_an_exact_watch_finds_what_is_equal_alone(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(still("a"), rule=MatchRule.EXACT), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    japan.hold(Level.HIT_NO_HIT, still("near", like="a", bits=1))
    japan.work()
    assert japan.states(watch) == [KEPT]
    japan.hold(Level.HIT_NO_HIT, still("same", like="a"))
    japan.work()
    assert japan.states(watch) == [KEPT, HIT]


def test_a_film_is_watched_for(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(film("f")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    japan.hold(Level.HIT_NO_HIT, film("cut", like="f", bits=20, turn=5))
    japan.work()
    (found,) = japan.replies(watch)[1].hits
    assert found.algorithm == "vpdq"


def test_a_withdrawn_watch_is_acknowledged_and_answers_nothing_more(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    france.say(Retraction(), kind=Kind.RETRACTION, target=watch)
    japan.hold(Level.HIT_NO_HIT, still("x", like="a"))
    japan.receive(france)
    japan.work()
    japan.hold(Level.HIT_NO_HIT, still("y", like="a"))
    japan.work()
    assert japan.states(watch) == [KEPT, ENDED]
    assert japan.watches()[0].standing is WatchStanding.ENDED
    assert japan.waiting_rows() == []


def test_a_watch_ends_after_its_last_day(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(still("a")), asked_of(JP, days=2), 1)
    japan.receive(france)
    japan.work()
    japan.world.clock.now += 2 * 86_400
    japan.hold(Level.HIT_NO_HIT, still("x", like="a"))
    japan.work()
    assert japan.states(watch) == [KEPT, HIT]
    japan.world.clock.now += 86_400
    japan.work()
    japan.work()
    assert japan.states(watch) == [KEPT, HIT, ENDED]


def test_a_revision_is_judged_again_and_tells_nothing_twice(japan: Keeper, france: Log) -> None:
    first = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    japan.hold(Level.HIT_NO_HIT, still("x", like="a"))
    japan.work()
    second = france.say(
        watch_on(still("a"), still("b")), kind=Kind.REVISION, target=first, handling=asked_of(JP, days=9)
    )
    japan.receive(france)
    japan.work()
    japan.hold(Level.HIT_NO_HIT, still("y", like="b"))
    japan.work()
    assert (japan.states(first), japan.states(second)) == ([KEPT, HIT], [KEPT])
    assert [each.until_day for each in japan.watches()] == [TODAY + 9]


def test_a_revision_that_asks_others_ends_the_watch(japan: Keeper, france: Log) -> None:
    first = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    france.say(watch_on(still("a")), kind=Kind.REVISION, target=first, handling=asked_of(DE))
    japan.receive(france)
    japan.work()
    assert [each.state for each in japan.replies()] == [KEPT, ENDED]


@pytest.mark.parametrize(
    ("words", "handling", "reason"),
    [
        ({"legal_basis": ""}, asked_of(JP), "legal basis"),
        ({"case_reference": ""}, asked_of(JP), "case reference"),
        ({"officer_role": ""}, asked_of(JP), "officer role"),
        ({}, asked_of(JP, purpose="curiosity"), "purpose"),
        ({}, asked_of(JP, days=400), "last day"),
        ({}, replace(asked_of(JP), retain_until_day=0), "last day"),
    ],
)
def test_a_watch_without_its_terms_is_refused(
    japan: Keeper, france: Log, words: dict[str, object], handling: object, reason: str
) -> None:
    watch = ask(france, watch_on(still("a"), **words), handling, 1)  # type: ignore[arg-type]
    japan.receive(france)
    japan.work()
    japan.work()
    (said,) = japan.replies(watch)
    assert said.state is REFUSED
    assert reason in said.reason


def test_a_member_that_asks_too_much_is_refused_and_others_are_not(
    japan: Keeper, france: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_terms, "MOST_OF_MEMBER", WatchLoad(watches=2, fingerprints=1_000))
    watches = [ask(france, watch_on(still(f"{n}")), asked_of(JP), n) for n in range(4)]
    germany = Log(DE)
    other = ask(germany, watch_on(still("x")), asked_of(JP), 9)
    japan.receive(france)
    japan.receive(germany)
    japan.work()
    assert [japan.states(each) for each in watches] == [[KEPT], [KEPT], [REFUSED], [REFUSED]]
    assert japan.states(other) == [KEPT]
    france.say(Retraction(), kind=Kind.RETRACTION, target=watches[0])
    later = ask(france, watch_on(still("later")), asked_of(JP), 8)
    japan.receive(france)
    japan.work()
    assert len([each for each in japan.watches() if each.standing in LIVE and each.asker == "FR"]) == 2
    assert japan.states(later) == [KEPT]


def test_a_watch_that_matches_half_of_the_holdings_is_too_broad(
    japan: Keeper, france: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.usecases.watch_keeping.MOST_NEAR", 3)
    japan.hold(Level.HIT_NO_HIT, *(still(f"a {n}", like="a", bits=n) for n in range(4)))
    japan.hold(Level.NATIONAL, *(still(f"b {n}", like="b", bits=n) for n in range(4)))
    broad = ask(france, watch_on(still("a")), asked_of(JP), 1)
    national = ask(france, watch_on(still("b")), asked_of(JP), 2)
    japan.receive(france)
    japan.work()
    assert [each.reason for each in japan.replies(broad)] == [TOO_BROAD]
    assert japan.states(national) == [KEPT]


def test_a_watch_of_a_suspended_member_waits(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    active, policy = japan.world.roster, japan.world.roster.policy
    japan.world.roster = replace(roster(FR, JP, DE, FR=MemberStatus.SUSPENDED), policy=policy)
    japan.work()
    assert japan.replies() == []
    japan.world.roster = active
    japan.work()
    assert japan.states(watch) == [KEPT]
    japan.world.roster = replace(roster(FR, JP, DE, FR=MemberStatus.SUSPENDED), policy=policy)
    japan.hold(Level.HIT_NO_HIT, still("x", like="a"))
    japan.work()
    assert japan.states(watch) == [KEPT]


def test_a_watch_of_a_member_that_left_ends_without_a_word(japan: Keeper, france: Log) -> None:
    watch = ask(france, watch_on(still("a")), asked_of(JP), 1)
    japan.receive(france)
    japan.work()
    policy = japan.world.roster.policy
    japan.world.roster = replace(roster(FR, JP, DE, FR=MemberStatus.LEFT), policy=policy)
    japan.work()
    assert japan.states(watch) == [KEPT]
    assert japan.watches()[0].standing is WatchStanding.ENDED


# --- officers -------------------------------------------------------------------------------------------------------


def measuring(france: Log, number: int) -> list[object]:
    """Watches around one picture, as a member that measures it would ask."""
    return [ask(france, watch_on(still(f"m {n}", like="a", bits=n)), asked_of(JP), n) for n in range(number)]


@pytest.fixture
def strict() -> Iterator[Keeper]:
    """A node whose policy lets two questions an hour come near one holding."""
    made = Keeper(world_of(FR, JP, limits=Limits(near_hour=2)), JP)
    yield made
    made.close()


def test_a_member_that_measures_learns_of_two_hits_and_no_more(strict: Keeper, france: Log) -> None:
    watches = measuring(france, 5)
    strict.receive(france)
    strict.work()
    strict.hold(Level.HIT_NO_HIT, still("hidden", like="a"))
    strict.work()
    said = [strict.states(each) for each in watches]  # type: ignore[arg-type]
    assert sorted(map(len, said)) == [1, 1, 1, 2, 2]
    waiting = strict.officers.listed(10)
    assert len(waiting) == 3
    assert all(each.told is Told.WAITING and each.why for each in waiting)


def test_an_officer_releases_a_hit_and_withholds_another(strict: Keeper, france: Log) -> None:
    measuring(france, 4)
    strict.receive(france)
    strict.work()
    strict.hold(Level.HIT_NO_HIT, still("hidden", like="a"))
    strict.work()
    second, first = strict.officers.listed(10)
    assert strict.officers.show(first.id).present is not None
    assert strict.officers.release(first.id).told is Told.HIT
    assert strict.officers.refuse(second.id, "not without a call").told is Told.WITHHELD
    assert strict.states(first.root) == [KEPT, HIT]
    assert strict.states(second.root) == [KEPT]
    with pytest.raises(Misuse, match="nothing about the watch"):
        strict.officers.release(second.id)
    strict.hold(Level.HIT_NO_HIT, still("again", like="a"))
    strict.work()
    assert strict.states(second.root) == [KEPT]
    assert strict.officers.listed(10) == []
    assert len(strict.officers.listed(10, decided=True)) == 2


def test_a_watch_near_what_was_measured_is_held_and_an_officer_decides(strict: Keeper, france: Log) -> None:
    measuring(france, 3)
    strict.receive(france)
    strict.work()
    strict.hold(Level.HIT_NO_HIT, still("hidden", like="a"))
    strict.work()
    kept = ask(france, watch_on(still("later", like="a", bits=9)), asked_of(JP), 50)
    refused = ask(france, watch_on(still("later 2", like="a", bits=8)), asked_of(JP), 51)
    strict.receive(france)
    strict.work()
    assert strict.states(kept) == strict.states(refused) == [HELD]
    strict.hold(Level.HIT_NO_HIT, still("hidden 2", like="a", bits=3))
    strict.work()
    assert strict.states(kept) == [HELD]
    by_root = {each.root: each.id for each in strict.officers.listed(10)}
    strict.officers.release(by_root[kept])
    strict.officers.refuse(by_root[refused], "ask by telephone")
    assert strict.states(kept) == [HELD, KEPT, HIT]
    assert strict.states(refused) == [HELD, REFUSED]
