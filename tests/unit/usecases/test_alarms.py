"""A foreign append stays an alarm until a person has dealt with it."""

import os
from collections.abc import Iterator

import pytest

from node.domain.ids import MemberId, Origin
from node.errors import NotFound
from node.usecases.alarms import Alarms, alarms
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
        return [(alarm.first, alarm.size) for alarm in alarms(tx)]


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
