"""Alerts: what raises them, who marks them as seen, and what the hook is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.domain.alerts import AlertKind, Raised
from node.domain.caller import Caller, Role
from node.errors import NotFound, Unavailable
from node.usecases.acting import acting_for
from node.usecases.alert_hook import AlertHook
from node.usecases.alerting import AlertReading, raise_alerts
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import NOW, Log, Speaker
from tests.simulator.memory_store import MemoryStore
from tests.simulator.watching import Keeper, world_of

FR, JP = Speaker.named("FR"), Speaker.named("JP")
SOMETHING = Raised(kind=AlertKind.CONSULTATION, about="thread", member="FR")


@pytest.fixture
def japan() -> Iterator[Keeper]:
    made = Keeper(world_of(FR, JP), JP)
    yield made
    made.close()


def raised(store: MemoryStore, *some: Raised) -> None:
    with store.write() as tx:
        for each in some:
            raise_alerts(tx, [each], NOW)


def test_records_that_match_holdings_of_a_case_raise_one_alert(japan: Keeper) -> None:
    japan.take(still("a"), still("b"), case="C-1")
    france = Log(FR)
    france.say(said_of(still("x", like="a", bits=3)))
    france.say(said_of(still("y", like="b", bits=3)), nonce=b"n" * 32)
    japan.receive(france)
    japan.match()
    with japan.store.read() as tx:
        (alert,) = tx.alerts()
    assert alert.raised == Raised(kind=AlertKind.CASE_HIT, about="", case="C-1", member="FR")


def test_what_an_ingest_finds_raises_no_alert(japan: Keeper) -> None:
    """The officer who takes the file in sees its hits at once."""
    france = Log(FR)
    france.say(said_of(still("x", like="a", bits=3)))
    japan.receive(france)
    japan.match()
    japan.take(still("a"), case="C-1")
    japan.match()
    with japan.store.read() as tx:
        assert tx.alerts() == []


def test_an_alert_is_marked_as_seen_by_an_officer(japan: Keeper) -> None:
    raised(japan.store, SOMETHING)  # type: ignore[arg-type]
    reading = AlertReading(store=japan.store, audit=japan.audit, clock=japan.world.clock)
    (alert,) = reading.listed(new=True)
    with acting_for(Caller(name="Dupont", role=Role.INVESTIGATOR)):
        assert reading.see([alert.id]) == [alert.id]
        assert reading.see([alert.id]) == []
    assert reading.listed(new=True) == []
    assert [each.seen_by for each in reading.listed()] == ["Dupont"]
    with pytest.raises(NotFound):
        reading.see([alert.id + 1])


# --- the hook -------------------------------------------------------------------------------------------------------


class Hook:
    """The administrator's: keeps what it is told, and may fail."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails = False
        self.now = float(NOW)
        self.store = MemoryStore()
        self.hook = AlertHook(store=self.store, tell=self.tell, clock=lambda: self.now, period=60.0)

    def tell(self, words: str) -> None:
        if self.fails:
            raise Unavailable("it is broken")
        self.told.append(words)


def test_the_hook_is_told_how_many_and_nothing_else() -> None:
    made = Hook()
    assert not made.hook.round()
    raised(made.store, SOMETHING, Raised(kind=AlertKind.CASE_HIT, about="", case="SECRET-1", member="FR"))
    assert made.hook.round()
    made.now += 61
    assert not made.hook.round()
    raised(made.store, Raised(kind=AlertKind.NOTICE_HIT, about="holding 4"))
    assert made.hook.round()
    assert made.told == ["Vigil: 2 new alerts", "Vigil: 1 new alert"]


def test_the_hook_is_told_once_in_a_period() -> None:
    made = Hook()
    for number in range(5):
        raised(made.store, Raised(kind=AlertKind.NOTICE_HIT, about=f"{number}"))
        made.hook.round()
        made.now += 20
    assert made.told == ["Vigil: 1 new alert", "Vigil: 3 new alerts"]


def test_a_hook_that_fails_is_trouble_and_is_tried_again() -> None:
    made = Hook()
    made.fails = True
    raised(made.store, SOMETHING)
    assert not made.hook.round()
    assert "broken" in made.hook.trouble
    made.fails = False
    assert not made.hook.round()
    made.now += 61
    assert made.hook.round()
    assert (made.hook.trouble, made.told) == ("", ["Vigil: 1 new alert"])


def test_without_a_hook_nothing_is_done() -> None:
    store = MemoryStore()
    raised(store, SOMETHING)
    assert not AlertHook(store=store, tell=None, clock=lambda: 0.0, period=1.0).round()
    with store.read() as tx:
        assert tx.count_alerts(unhooked=True) == 1
