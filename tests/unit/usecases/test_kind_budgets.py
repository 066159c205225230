"""What a member may state of each kind: counted by its own node before it signs, by the hub, and by every reader."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.limits import Limits
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.roster import Policy
from node.domain.statements import Retraction
from node.domain.usage import OF_KIND, Period, Resource, used
from node.errors import Overloaded
from node.usecases.ledger import Draft
from tests.simulator.federation import Log, Speaker, picture
from tests.simulator.world import Hub, Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")
DAY = 86_400
LIMITS = Limits(links_a_day=3, links=7)


def world() -> World:
    made = World([FR, JP])
    made.roster = replace(made.roster, policy=Policy(limits=LIMITS))
    return made


def link(log: Log, number: int) -> RecordLink:
    targets = tuple(log.pictures([2 * number, 2 * number + 1]))
    return RecordLink(relation=Relation.COPY, targets=targets, certainty=Certainty.CERTAIN)


def flooded(number: int) -> Log:
    log = Log(FR)
    for each in range(number):
        log.say(link(log, each), kind=Kind.LINK)
    return log


def test_every_kind_of_cooperation_that_a_member_states_has_a_limit_of_its_own() -> None:
    stated = {kind for kind in Kind if Kind.WATCH <= kind < Kind.AUDIT_SEARCH}
    assert stated - {Kind.NOTICE_DECISION} == set(OF_KIND)


def test_the_hub_refuses_what_passes_a_limit_and_takes_the_rest() -> None:
    hub = Hub(world())
    wire = Wire(hub, FR.id)
    log = flooded(4)
    with pytest.raises(Overloaded, match="3 links a day") as refused:
        asyncio.run(wire.submit(log.package()))
    assert refused.value.retry_after > 0
    assert asyncio.run(wire.submit(flooded(3).package())).size == 9
    with hub.store.read() as reader:
        usage = reader.usage(FR.id)
    assert used(usage, Resource.LINKS, Period.DAY, hub.world.clock()) == 3


def test_a_member_at_its_limit_of_links_still_shares_records_and_retracts() -> None:
    hub = Hub(world())
    wire = Wire(hub, FR.id)
    log = flooded(3)
    asyncio.run(wire.submit(log.package()))
    start = log.size
    (record,) = log.pictures([1_000])
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    assert asyncio.run(wire.submit(log.package(start))).size == start + 2


def test_a_node_states_no_more_than_others_take_in_and_goes_on_the_next_day() -> None:
    made = world()
    node = Node(made, FR, Wire(Hub(made), FR.id))
    records = node.ledger.contribute([Draft(statement=picture(number)) for number in range(2)])
    said = RecordLink(relation=Relation.COPY, targets=tuple(records), certainty=Certainty.POSSIBLE)
    links = [node.ledger.state(said, Handling()) for _ in range(3)]
    with pytest.raises(Overloaded, match="FR is at its limit of 3 links a day"):
        node.ledger.state(said, Handling())
    # Records have other limits. The revision of a link that was never sent takes its place.
    node.ledger.contribute([Draft(statement=picture(2))])
    node.ledger.revise(links[0], replace(said, certainty=Certainty.CERTAIN), Handling())
    made.clock.now += DAY
    node.ledger.state(said, Handling())


def test_what_was_refused_is_not_counted() -> None:
    made = world()
    node = Node(made, FR, Wire(Hub(made), FR.id))
    records = node.ledger.contribute([Draft(statement=picture(number)) for number in range(2)])
    said = RecordLink(relation=Relation.COPY, targets=tuple(records), certainty=Certainty.POSSIBLE)
    for _ in range(3):
        with pytest.raises(Exception, match="nobody"):
            node.ledger.state(said, Handling(), said=_fails)
    with node.store.read() as reader:
        assert Resource.LINKS not in {resource for resource, _ in reader.usage(FR.id)}


def _fails(*_: object) -> None:
    raise RuntimeError("nobody wants it")
