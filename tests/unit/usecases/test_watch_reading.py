"""Our own watches: stated with the terms of the case, followed at each asked member, withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from node.domain.alerts import AlertKind
from node.domain.caller import Caller, Role
from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.queries import Hit, Level
from node.domain.watches import WatchReply, WatchState
from node.errors import Misuse, NotFound, Refused
from node.usecases.acting import acting_for
from node.usecases.allowing import AllowList
from node.usecases.intake import subject_of
from node.usecases.own_watches import forget_own_watches, own_watches
from node.usecases.question import Question
from node.usecases.watch_reading import AskedState, WatchReading
from node.usecases.watch_replies import KEPT_DAYS
from node.usecases.watching import Watching
from tests.simulator.arriving import still
from tests.simulator.federation import TODAY, Log, Speaker
from tests.simulator.watching import Keeper, world_of
from tests.simulator.world import CODEC

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")


@dataclass
class Asker:
    """France: its node, and what it does about watches."""

    node: Keeper
    watching: Watching
    reading: WatchReading

    def add(self, *words: str, days: int = 9, **terms: object) -> RecordId:
        made = {"case": "C-7", "purpose": "", "legal_basis": "art. 1", "recipients": (JP.id, DE.id), **terms}
        subjects = tuple(subject_of(still(word)) for word in words)
        return self.watching.add(Question(subjects=subjects, **made), TODAY + days).watch.record  # type: ignore[arg-type]

    def states(self, record: RecordId) -> dict[str, tuple[AskedState, int, int]]:
        """State, hits and faults of each asked member."""
        asked = self.reading.one(str(record)).asked
        return {each.member: (each.state, len(each.hits), each.faults) for each in asked}

    def hear(self, log: Log, record: RecordId, state: WatchState, *hits: Hit) -> None:
        """A reply arrives."""
        said = WatchReply(watch=record, state=state, at=log.size + 1, hits=hits)
        log.say(said, kind=Kind.WATCH_REPLY, handling=Handling(audience=(FR.id,)))
        self.node.receive(log)


def hit(member: Speaker, **words: object) -> Hit:
    made = {"subject": 0, "origin": member.id, "algorithm": "pdq", "level": Level.HIT_NO_HIT, **words}
    return Hit(**made)  # type: ignore[arg-type]


@pytest.fixture
def france() -> Iterator[Asker]:
    node = Keeper(world_of(FR, JP, DE), FR)
    common = {"store": node.store, "audit": node.audit}
    made = Asker(
        node=node,
        watching=Watching(
            own=FR.origin,
            ledger=node.node.ledger,
            groups=node.node.groups,
            allowed=AllowList(clock=node.world.clock, **common),  # type: ignore[arg-type]
            roster=node.world.current,
            clock=node.world.clock,
            **common,  # type: ignore[arg-type]
        ),
        reading=WatchReading(own=FR.origin, codec=CODEC, policy=lambda: node.world.roster.policy, **common),  # type: ignore[arg-type]
    )
    yield made
    node.close()


def test_every_asked_member_is_in_one_state_from_the_start(france: Asker) -> None:
    watch = france.add("a")
    silent = (AskedState.NO_WORD, 0, 0)
    assert france.states(watch) == {"JP": silent, "DE": silent}
    japan = Log(JP)
    france.hear(japan, watch, WatchState.HELD)
    france.hear(japan, watch, WatchState.KEPT)
    france.hear(Log(DE), watch, WatchState.REFUSED)
    assert france.states(watch) == {"JP": (AskedState.KEPT, 0, 0), "DE": (AskedState.REFUSED, 0, 0)}
    france.hear(japan, watch, WatchState.HIT, hit(JP))
    assert france.states(watch)["JP"] == (AskedState.KEPT, 1, 0)


def test_a_hit_raises_an_alert_with_the_case(france: Asker) -> None:
    watch = france.add("a")
    japan = Log(JP)
    france.hear(japan, watch, WatchState.KEPT)
    france.hear(japan, watch, WatchState.HIT, hit(JP))
    with france.node.store.read() as tx:
        (alert,) = tx.alerts()
    assert (alert.raised.kind, alert.raised.case, alert.raised.member) == (AlertKind.WATCH_ANSWERED, "C-7", "JP")
    assert alert.raised.about == str(watch)


def test_a_member_that_was_not_asked_says_nothing_that_counts(france: Asker) -> None:
    watch = france.add("a", recipients=(DE.id,))
    france.hear(Log(JP), watch, WatchState.HIT, hit(JP))
    assert france.states(watch) == {"DE": (AskedState.NO_WORD, 0, 0)}
    with france.node.store.read() as tx:
        assert tx.alerts() == []


@pytest.mark.parametrize(
    "wrong",
    [
        hit(JP, subject=7),
        hit(JP, algorithm="photodna"),
        hit(DE),
        hit(JP, level=Level.SHARED, record=RecordId(DE.origin, b"x" * 32)),
    ],
    ids=["not asked about", "a kind not asked about", "another member's", "another member's record"],
)
def test_a_hit_that_cannot_be_is_a_fault(france: Asker, wrong: Hit) -> None:
    watch = france.add("a")
    france.hear(Log(JP), watch, WatchState.HIT, wrong)
    assert france.states(watch)["JP"] == (AskedState.NO_WORD, 0, 1)


def test_a_withdrawn_watch_is_followed_until_each_member_acknowledged(france: Asker) -> None:
    watch = france.add("a")
    japan = Log(JP)
    france.hear(japan, watch, WatchState.KEPT)
    france.watching.remove(watch.leaf.hex()[:12])
    followed = france.reading.one(str(watch))
    assert followed.withdrawn
    assert {each.member: each.state for each in followed.asked}[JP.id] is AskedState.KEPT
    france.hear(japan, watch, WatchState.ENDED)
    assert france.states(watch)["JP"][0] is AskedState.ENDED
    with pytest.raises(Refused, match="withdrawn before"):
        france.watching.remove(str(watch))


def test_a_watch_has_a_day_and_a_case_and_members(france: Asker) -> None:
    with pytest.raises(Misuse, match="until a day"):
        france.add("a", days=400)
    with pytest.raises(Misuse):
        france.add("a", legal_basis="")
    with pytest.raises(Refused):
        france.add("a", purpose="curiosity")
    with pytest.raises(NotFound):
        france.reading.one(str(RecordId(FR.origin, b"y" * 32)))


def test_what_is_on_the_allow_list_is_not_asked_about(france: Asker) -> None:
    allowed = france.watching._allowed
    allowed.add([still("a").sha256])
    with pytest.raises(Refused, match="allow-list"):
        france.add("a")
    watch = france.add("a", "b")
    said = france.reading.one(str(watch)).said
    assert said is not None
    assert len(said.subjects) == 1


def test_a_watch_is_remembered_until_the_last_reply_to_it_has_expired(france: Asker) -> None:
    watch = france.add("a", days=9)
    with france.node.store.write() as tx:
        assert forget_own_watches(tx, TODAY + 9 + KEPT_DAYS) == 0
        assert [each.record for each in own_watches(tx)] == [watch]
        assert forget_own_watches(tx, TODAY + 10 + KEPT_DAYS) == 1
        assert own_watches(tx) == []


@pytest.mark.parametrize(
    ("who", "stated"),
    [
        (Caller(name="Dupont", role=Role.INVESTIGATOR), "investigator"),
        (Caller(name="Durand", role=Role.RELEASER), "releaser"),
        (Caller(name="root", role=Role.ADMINISTRATOR, owner=True), "unit"),
        (Caller(), "unit"),
    ],
)
def test_the_role_of_an_administrator_is_not_told_abroad(france: Asker, who: Caller, stated: str) -> None:
    with acting_for(who):
        watch = france.add("a", officer_role="")
        named = france.add("b", officer_role="analyst")
    said = [france.reading.one(str(each)).said for each in (watch, named)]
    assert [each and each.officer_role for each in said] == [stated, "analyst"]
