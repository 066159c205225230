"""A hub that shows less than it has cosigned is told, with its own signatures as evidence."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from node.domain.ids import Origin
from node.sync.watch import Watch
from node.usecases.alarms import Alarms, HubRollback, alarms
from node.usecases.audit import AuditLog
from node.usecases.hub_watch import HubWatch
from node.usecases.ledger import Draft
from tests.simulator import federation as sim
from tests.simulator.federation import Log, Speaker, picture
from tests.simulator.hostile import HostileWire, nothing_there
from tests.simulator.world import Hub, Node, Wire, World

if TYPE_CHECKING:
    from collections.abc import Iterator

FR, JP = Speaker.named("FR"), Speaker.named("JP")


class Watched:
    """France's node, which publishes through a hub, with the watch on it."""

    def __init__(self) -> None:
        world = World([FR, JP])
        self.hub = Hub(world)
        self.wire = HostileWire(Wire(self.hub, FR.id), FR.origin)
        self.node = Node(world, FR, self.wire)
        self.audit = AuditLog(
            store=self.node.store,
            origin=Origin(sim.FEDERATION, FR.id, 1, "audit"),
            clock=world.clock,
            random=os.urandom,
        )
        self.alarms = Alarms(store=self.node.store, audit=self.audit, clock=world.clock, log=str(FR.origin))
        self.watch = HubWatch(
            store=self.node.store, alarms=self.alarms, clock=world.clock, own=FR.id, latest=lambda: None
        )
        self.node.publisher._on_rolled_back = lambda own, head: self.watch.look({own.origin: own}, [head])

    def publish(self, *numbers: int) -> None:
        self.node.ledger.contribute([Draft(statement=picture(number)) for number in numbers])
        asyncio.run(self.node.publisher.round())

    def look(self) -> None:
        asyncio.run(Watch(watch=self.watch, carrier=self.wire).round())

    def told(self) -> list[HubRollback]:
        with self.node.store.read() as tx:
            return [each for each in alarms(tx) if isinstance(each, HubRollback)]


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.audit.close()


def test_an_honest_hub_raises_no_alarm(watched: Watched) -> None:
    watched.look()
    for numbers in ((1, 2), (3,)):
        watched.publish(*numbers)
        watched.look()
    assert watched.told() == []


def test_a_hub_that_shows_its_state_of_before_is_told_with_both_of_its_signatures(watched: Watched) -> None:
    watched.publish(1, 2)
    before = asyncio.run(watched.wire.heads([FR.origin]))[0]
    watched.publish(3, 4, 5)
    now = asyncio.run(watched.wire.heads([FR.origin]))[0]
    watched.wire.heads_lie = lambda _head: before
    watched.look()
    watched.look()
    (alarm,) = watched.told()
    assert (alarm.log, alarm.held, alarm.shown, alarm.logs) == (str(FR.origin), 5, 2, 1)
    assert alarm.evidence == (now.cosigned.decode(), before.cosigned.decode())


def test_our_own_log_is_told_of_before_it_is_handed_in_again(watched: Watched) -> None:
    watched.publish(1, 2)
    watched.wire.heads_lie = nothing_there
    asyncio.run(watched.node.publisher.round())
    (alarm,) = watched.told()
    assert (alarm.held, alarm.shown, alarm.evidence[1]) == (2, 0, "")


def test_anothers_log_that_the_hub_has_no_more_is_told(watched: Watched) -> None:
    log = Log(JP)
    for number in range(3):
        log.say(picture(number))
    copies = watched.node.copies
    copies.open()
    copies.commit(copies.verify([log.package(0, hub=True)]))
    watched.look()
    (alarm,) = watched.told()
    assert (alarm.log, alarm.held, alarm.shown) == (str(JP.origin), 3, 0)
    assert str(replace(JP.origin, epoch=1)) in alarm.evidence[0]
