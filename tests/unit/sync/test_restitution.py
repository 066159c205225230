"""A hub that has lost everything: what members published comes back from their own logs."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from node.domain.batch import RUN_BYTES, Package
from node.domain.roster import KeyStatus, MemberKey
from node.domain.services import Head
from node.errors import PeerFault
from node.sync.restitution import Restitution
from node.usecases import formerlogs
from node.usecases.formerlogs import FormerLogs
from node.usecases.ledger import Draft
from tests.simulator.federation import Log, Speaker, picture
from tests.simulator.world import Hub, Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")
LATER = Speaker.named("FR", 2)


def retired(world: World, size: int | None) -> None:
    """The roster after France's log went into its second epoch, with `size` entries cosigned of the first."""
    member = world.roster.members[FR.id]

    def closed(key: MemberKey) -> MemberKey:
        return replace(key, status=KeyStatus.RETIRED, until_size=size) if key.epoch == 1 else key

    keys = tuple(map(closed, member.keys))
    world.roster = replace(world.roster, members={**world.roster.members, FR.id: replace(member, keys=keys)})


def drafts(*numbers: int) -> list[Draft]:
    return [Draft(statement=picture(number)) for number in numbers]


def test_what_was_published_comes_back_to_an_empty_hub_with_what_was_retracted_gone() -> None:
    """By the publisher of each member; followers and new members go on from there."""

    async def story() -> None:
        world = World([FR, JP])
        hub = Hub(world)
        fr, jp = (Node(world, each, Wire(hub, each.id)) for each in (FR, JP))
        records = fr.ledger.contribute(drafts(1, 2, 3))
        await fr.publisher.round()
        fr.ledger.retract(records[1])
        await fr.publisher.round()
        await jp.catch_up()
        empty = Hub(world)
        fr.publisher._carrier, jp.follower._carrier = Wire(empty, FR.id), Wire(empty, JP.id)
        await fr.publisher.round()
        there, before = empty.log(FR.origin), hub.log(FR.origin)
        assert there is not None
        assert before is not None
        assert (there.size, there.root, there.cosigned_size) == (before.size, before.root, before.cosigned_size)
        fr.ledger.contribute(drafts(4))
        await fr.publisher.round()
        jp.carrier = Wire(empty, JP.id)
        await jp.catch_up()
        assert jp.size(FR.origin) == 5
        new = Node(world, JP, Wire(empty, JP.id))
        await new.catch_up()
        assert [new.finds(number) for number in (1, 2, 3, 4)] == [True, False, True, True]

    asyncio.run(story())


@pytest.mark.parametrize("run_bytes", [RUN_BYTES, 1])
def test_a_log_of_a_former_epoch_comes_back_too_in_as_many_runs_as_it_takes(
    monkeypatch: pytest.MonkeyPatch, run_bytes: int
) -> None:
    monkeypatch.setattr(formerlogs, "RUN_BYTES", run_bytes)

    async def story() -> None:
        world = World([FR, LATER, JP])
        node = Node(world, FR, Wire(Hub(world), FR.id))
        node.ledger.contribute(drafts(1, 2, 3))
        # In its own epoch, before the keys were changed.
        world.roster = replace(world.roster, members={**World([FR, JP]).roster.members})
        await node.publisher.round()
        world.roster = World([FR, LATER, JP]).roster
        retired(world, 3)
        empty = Hub(world)
        former = FormerLogs(store=node.store, own=LATER.origin, roster=world.current)
        assert former.sizes() == {FR.origin: 3}
        await Restitution(former=former, carrier=Wire(empty, FR.id)).round()
        log = empty.log(FR.origin)
        assert log is not None
        assert (log.size, log.cosigned_size) == (3, 3)
        # Again: there is nothing to do.
        await Restitution(former=former, carrier=Wire(empty, FR.id)).round()
        new = Node(world, JP, Wire(empty, JP.id))
        await new.catch_up()
        assert [new.finds(number) for number in (1, 2, 3)] == [True] * 3

    asyncio.run(story())


def test_what_the_roster_does_not_let_the_former_key_vouch_for_is_not_handed_in() -> None:
    world = World([FR, LATER, JP])
    log, store = Log(FR), Node(world, JP, Wire(Hub(world), JP.id)).store
    log.pictures(range(3))
    with store.write() as writer:
        writer.open_log(FR.origin)
    former = FormerLogs(store=store, own=LATER.origin, roster=world.current)
    assert former.sizes() == {}
    assert former.run_from(JP.origin, 0) is None


def test_a_hub_that_takes_nothing_ends_the_round() -> None:
    class Deaf(Wire):
        async def submit(self, package: Package) -> Head:
            return Head(origin=package.origin, size=0, cosigned=b"", cosigned_size=0)

    async def story() -> None:
        world = World([FR, LATER])
        node = Node(world, FR, Wire(Hub(world), FR.id))
        node.ledger.contribute(drafts(1))
        world.roster = World([FR]).roster
        await node.publisher.round()
        world.roster = World([FR, LATER]).roster
        retired(world, 1)
        former = FormerLogs(store=node.store, own=LATER.origin, roster=world.current)
        with pytest.raises(PeerFault):
            await Restitution(former=former, carrier=Deaf(Hub(world), FR.id)).round()

    asyncio.run(story())
