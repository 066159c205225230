"""What has to be forgotten, and how sure of the date one must be."""

from __future__ import annotations

import asyncio

import pytest

from node.domain.batch import BodyState
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.statements import Comment
from node.errors import NotFound
from node.usecases.custody import Custody, newest_entry
from node.usecases.ledger import Draft
from tests.simulator.federation import TODAY, Speaker, picture
from tests.simulator.world import Clock, Hub, Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")
HELD, PURGED = int(BodyState.HELD), int(BodyState.PURGED)
DAY = 86_400


def kept_until(day: int, number: int) -> Draft:
    return Draft(statement=picture(number), handling=Handling(retain_until_day=day))


def a_federation() -> tuple[World, Hub, Node, Node]:
    world = World([FR, JP])
    hub = Hub(world)
    return world, hub, Node(world, FR, Wire(hub, FR.id)), Node(world, JP, Wire(hub, JP.id))


async def shared(fr: Node, jp: Node, *drafts: Draft) -> list[RecordId]:
    records = fr.ledger.contribute(drafts)
    await fr.publisher.round()
    await jp.catch_up()
    return records


def test_a_record_goes_on_the_day_after_its_expiry_with_what_was_said_about_it() -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        first, _ = await shared(fr, jp, kept_until(TODAY + 2, 1), kept_until(TODAY + 3, 2))
        jp.ledger.comment(first, Comment(text="seen"))
        await jp.publisher.round()
        world.clock.now += 2 * DAY
        await shared(fr, jp, Draft(statement=picture(3)))
        assert jp.custody.sweep().expired == 0
        world.clock.now += DAY
        await shared(fr, jp, Draft(statement=picture(4)))
        before = jp.store.scrubs
        assert (jp.custody.sweep().expired, jp.store.scrubs) == (2, before + 1)
        assert jp.states(FR.origin) == [PURGED, HELD, HELD, HELD]
        assert jp.states(JP.origin) == [PURGED]
        assert (jp.finds(1), jp.finds(2)) == (False, True)
        assert jp.custody.sweep().expired == 0

    asyncio.run(story())


def test_one_clock_that_jumps_ahead_expires_nothing() -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        await shared(fr, jp, kept_until(TODAY + 2, 1))
        world.clock.now += 3_650 * DAY
        assert jp.custody.sweep().expired == 0
        assert jp.custody.today() == TODAY
        behind = Custody(store=jp.store, catalogue=jp.catalogue, clock=Clock(0), witnessed=lambda _: 1e12)
        assert behind.sweep().expired == 0
        assert jp.states(FR.origin) == [HELD]

    asyncio.run(story())


def test_a_node_that_has_seen_no_cosignature_expires_nothing() -> None:
    _, _, fr, _ = a_federation()
    assert fr.custody.today() == 0


def test_the_hub_believes_a_day_once_two_members_have_lived_it() -> None:
    async def story() -> None:
        world, hub, fr, jp = a_federation()
        custody = Custody(store=hub.store, catalogue=hub.catalogue, clock=lambda: 1e12, witnessed=newest_entry)
        fr.ledger.contribute([kept_until(TODAY + 1, 1)])
        await fr.publisher.round()
        assert custody.today() == 0
        world.clock.now += 5 * DAY
        jp.ledger.contribute([Draft(statement=picture(2))])
        await jp.publisher.round()
        assert (custody.today(), custody.sweep().expired) == (TODAY, 0)
        fr.ledger.contribute([Draft(statement=picture(3))])
        await fr.publisher.round()
        assert (custody.today(), custody.sweep().expired) == (TODAY + 5, 1)

    asyncio.run(story())


def test_a_sweep_that_was_interrupted_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        world, _, fr, jp = a_federation()
        await shared(fr, jp, *(kept_until(TODAY + 1, number) for number in range(7)))
        world.clock.now += 3 * DAY
        await shared(fr, jp, Draft(statement=picture(50)))
        monkeypatch.setattr("node.usecases.custody.PURGE_AT_ONCE", 3)
        jp.store.fail_next_commit = RuntimeError("killed")
        with pytest.raises(RuntimeError):
            jp.custody.sweep()
        assert jp.states(FR.origin) == [HELD] * 8
        assert jp.custody.sweep().expired == 7
        assert jp.states(FR.origin) == [PURGED] * 7 + [HELD]

    asyncio.run(story())


def test_a_copy_can_be_forgotten_here_alone() -> None:
    async def story() -> None:
        _, _, fr, jp = a_federation()
        (record,) = await shared(fr, jp, Draft(statement=picture(1)))
        jp.custody.forget_record(record)
        assert (jp.states(FR.origin), jp.finds(1)) == ([PURGED], False)
        assert (fr.states(FR.origin), fr.finds(1)) == ([HELD], True)
        with pytest.raises(NotFound):
            jp.custody.forget_record(RecordId(FR.origin, bytes(32)))
        assert jp.custody.forget_queries(30) == 0

    asyncio.run(story())
