"""A foreign append stays an alarm until a person has dealt with it."""

import os
from collections.abc import Iterator

import pytest

from node.control.node_commands import _alarm_line
from node.domain.homes import ALARMS
from node.domain.ids import MemberId, Origin
from node.errors import Misuse, NotFound
from node.usecases.alarms import Alarms, ForeignAppend, HubRollback, IndexDisagreement, alarms
from node.usecases.audit import AuditLog
from tests.simulator import federation as sim
from tests.simulator.memory_store import MemoryStore

ORIGIN = Origin(sim.FEDERATION, MemberId("FR"), 1, "audit")
LOG = str(Origin(sim.FEDERATION, MemberId("FR"), 1))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def kept(store: MemoryStore) -> Iterator[Alarms]:
    audit = AuditLog(store=store, origin=ORIGIN, clock=lambda: sim.NOW, random=os.urandom)
    yield Alarms(store=store, audit=audit, clock=lambda: sim.NOW, log=LOG)
    audit.close()


def shown(store: MemoryStore) -> list[tuple[int, int]]:
    with store.read() as tx:
        return [(alarm.first, alarm.size) for alarm in alarms(tx) if isinstance(alarm, ForeignAppend)]


def rolled_back(log: str, *, held: int = 9, to: int = 4) -> HubRollback:
    return HubRollback(log=log, held=held, shown=to, logs=1, evidence=("held", "shown"), at=7)


def hub_alarms(store: MemoryStore) -> list[HubRollback]:
    with store.read() as tx:
        return [alarm for alarm in alarms(tx) if isinstance(alarm, HubRollback)]


def test_it_is_kept_and_the_same_entries_are_one_alarm(store: MemoryStore, kept: Alarms) -> None:
    assert shown(store) == []
    kept.foreign_append(3, 5)
    kept.foreign_append(3, 5)
    kept.foreign_append(4, 5)
    kept.foreign_append(5, 6)
    assert shown(store) == [(3, 5), (5, 6)]
    with store.read() as tx:
        first, second = alarms(tx)
    assert (first.log, first.at) == (LOG, sim.NOW)
    assert first.words() == "2 entries of our own log (from number 3 on) were not written by this node"
    assert second.words().startswith("1 entry ")


def test_an_index_that_disagrees_is_one_alarm_with_what_to_do(store: MemoryStore, kept: Alarms) -> None:
    kept.index_disagrees(1)
    kept.index_disagrees(7)
    with store.read() as tx:
        (alarm,) = alarms(tx)
    assert alarm == IndexDisagreement(log=LOG, hits=1, at=sim.NOW)
    assert alarm.words() == "the search index and the database disagree: 1 hit of one search is not in the database"
    assert "index" in alarm.remedy
    assert _alarm_line(alarm) == {
        "alarm": "index-disagreement",
        "log": LOG,
        "at": sim.NOW,
        "hits": 1,
        "what": alarm.words(),
        "remedy": alarm.remedy,
    }
    kept.acknowledge("rebuilt")
    with store.read() as tx:
        assert alarms(tx) == []


def test_it_ends_when_a_person_says_so_and_not_before(store: MemoryStore, kept: Alarms) -> None:
    with pytest.raises(NotFound):
        kept.acknowledge("nothing happened")
    kept.foreign_append(3, 5)
    assert kept.acknowledge("new keys since 3 May") == 1
    assert shown(store) == []
    kept.foreign_append(3, 5)
    assert shown(store) == [(3, 5)]


def test_so_many_that_nobody_reads_them_do_not_grow_for_ever(
    store: MemoryStore, kept: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.usecases.alarms.MAX_ALARMS", 2)
    for number in range(5):
        kept.foreign_append(number, number + 1)
    assert shown(store) == [(0, 1), (1, 2)]


def test_a_hub_that_was_rolled_back_is_one_alarm_until_a_person_has_dealt_with_it(
    store: MemoryStore, kept: Alarms
) -> None:
    kept.foreign_append(3, 5)
    kept.hub_rolled_back([rolled_back("a")], [])
    kept.hub_rolled_back([rolled_back("a"), rolled_back("b")], ["c"])
    kept.hub_rolled_back([rolled_back("a"), rolled_back("b")], [])
    (alarm,) = hub_alarms(store)
    assert (alarm.log, alarm.logs, alarm.evidence) == ("a", 2, ("held", "shown"))
    assert "shows 4 entries of the log a, and less of 1 more, and this node holds its cosignature on 9" in alarm.words()
    assert shown(store) == [(3, 5)]
    assert kept.acknowledge("the hub was restored") == 2
    kept.hub_rolled_back([rolled_back("a"), rolled_back("b")], [])
    assert hub_alarms(store) == [], "what a person knows is not told again"


def test_a_hub_that_loses_more_or_loses_it_again_is_told_anew(store: MemoryStore, kept: Alarms) -> None:
    kept.hub_rolled_back([rolled_back("a")], [])
    kept.acknowledge("known")
    kept.hub_rolled_back([rolled_back("a", to=2)], [])
    assert [alarm.shown for alarm in hub_alarms(store)] == [2]
    kept.acknowledge("known")
    kept.hub_rolled_back([], ["a"])
    kept.hub_rolled_back([rolled_back("a", to=3)], [])
    assert [alarm.shown for alarm in hub_alarms(store)] == [3]


def test_alarms_of_the_version_before_are_read(store: MemoryStore) -> None:
    with store.write() as tx:
        tx.set_setting(ALARMS, b'[{"log": "x", "first": 1, "size": 2, "at": 3}]')
        assert alarms(tx) == [ForeignAppend(log="x", first=1, size=2, at=3)]


def test_a_reason_that_is_no_text_is_refused(kept: Alarms) -> None:
    kept.foreign_append(3, 5)
    with pytest.raises(Misuse):
        kept.acknowledge("\x1b[2J")
