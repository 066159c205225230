"""What followers claim to have tells a hub that it lost entries, and cannot fill its memory."""

from __future__ import annotations

from dataclasses import replace

from node.domain.queries import LogView
from node.tlog.merkle import MAX_TREE_SIZE
from tests.simulator.federation import Log, Speaker
from tests.unit.hub.carriers import DE, FR, JP, a_hub, followed, submit


def test_a_hub_that_lost_entries_learns_from_its_followers_how_many() -> None:
    """Restored from an older backup: what members name when they begin to follow is more than it has."""
    hub, log = a_hub(), Log(FR)
    log.pictures(range(9))
    submit(hub, log.package(0, 4))
    assert hub.carrier.claimed() == {}
    stranger = LogView(origin=Speaker.named("QQ").origin, size=5)
    unwanted = LogView(origin=JP.origin, size=MAX_TREE_SIZE)
    followed(hub, JP.id, 1, LogView(origin=FR.origin, size=0), stranger, unwanted)
    assert hub.carrier.claimed() == {}

    other = Log(JP)
    other.pictures(range(1))
    submit(hub, other.package(), JP.id)
    followed(hub, DE.id, 1, LogView(origin=FR.origin, size=9))
    assert hub.carrier.claimed() == {FR.origin: 9}
    submit(hub, log.package(4, 9))
    assert hub.carrier.claimed() == {}, "it is back"


def test_a_follower_that_names_ever_other_logs_costs_the_hub_no_memory() -> None:
    """Epochs that a member never had: there are a thousand million names of them."""
    hub, log = a_hub(), Log(FR)
    log.pictures(range(1))
    submit(hub, log.package())
    named = [LogView(origin=replace(FR.origin, epoch=epoch), size=5) for epoch in range(2, 2_000)]
    followed(hub, DE.id, 1, *named)
    assert hub.carrier.claimed() == {}
    assert hub.carrier._claimed == {}
