"""Bodies that should be here and are not, asked for again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure, Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin
from node.domain.limits import Limits
from node.domain.roster import Policy
from node.domain.statements import Retraction
from node.usecases.missing import put_marks, read_marks
from tests.simulator.federation import Log, Speaker, entry_of, picture
from tests.simulator.hostile import hostile, withhold_bodies
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import Hub, Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")
HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)


async def without_bodies(count: int) -> tuple[Hub, Log, Node]:
    """A node whose every body was withheld by the hub."""
    hub, log = Hub(World([FR, JP])), Log(FR)
    log.pictures(range(count))
    await hub.carrier.submit(FR.id, log.package())
    node = Node(hub.world, JP, hostile(hub, JP.id, FR.origin, withhold_bodies))
    await node.catch_up()
    assert node.states(FR.origin) == [MISSING] * count
    return hub, log, node


def test_missing_bodies_come_back_into_store_and_index() -> None:
    async def story() -> None:
        _, _, node = await without_bodies(5)
        assert not node.finds(2)
        assert await node.repairer.round() == 5
        assert node.states(FR.origin) == [HELD] * 5
        assert node.finds(2)
        assert node.repairer.missing == {FR.origin: 0}
        assert await node.repairer.round() == 0

    asyncio.run(story())


def test_a_log_that_is_not_caught_up_is_left_alone() -> None:
    async def story() -> None:
        hub, log, node = await without_bodies(5)
        log.pictures([9])
        await hub.carrier.submit(FR.id, log.package(5))
        assert await node.repairer.round() == 0
        assert node.repairer.missing == {}

    asyncio.run(story())


class Wrong(Wire):
    """Repair through a hub that changes every disclosure."""

    def __init__(self, hub: Hub, change: Mapping[str, bytes]) -> None:
        super().__init__(hub, JP.id)
        self.change = change

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        given = await super().bodies(origin, indices)
        return {index: replace(each, **self.change) for index, each in given.items()}


@pytest.mark.parametrize("change", [{"body": b"x"}, {"nonce": bytes(32)}, {"handling": b"x"}, {"handling_nonce": b""}])
def test_a_body_that_does_not_open_its_commitment_is_not_taken(change: Mapping[str, bytes]) -> None:
    async def story() -> None:
        hub, _, node = await without_bodies(3)
        again = node.restarted(Wrong(hub, change))
        assert await again.repairer.round() == 0
        assert again.states(FR.origin) == [MISSING] * 3
        assert again.repairer.missing == {FR.origin: 3}

    asyncio.run(story())


def test_what_nobody_has_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.sync.repair.ASK_AT_ONCE", 2)

    async def story() -> None:
        hub, _, node = await without_bodies(6)
        with hub.store.write() as writer:
            writer.set_aside(FR.origin, 0, "lost at the hub")
            writer.set_aside(FR.origin, 1, "lost at the hub")
        filled = [await node.repairer.round() for _ in range(4)]
        assert filled == [0, 2, 2, 0]
        assert node.states(FR.origin) == [MISSING] * 2 + [HELD] * 4

    asyncio.run(story())


def test_what_was_retracted_while_we_asked_stays_purged() -> None:
    async def story() -> None:
        hub, log, node = await without_bodies(2)
        first = node.catalogue.records(FR.origin)[0].record
        log.say(Retraction(), kind=Kind.RETRACTION, target=first)
        shown = {0: log.disclosures[0]}
        await hub.carrier.submit(FR.id, log.package(2))
        await node.catch_up()

        class Stale(Wire):
            async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
                return {**await super().bodies(origin, indices), **shown}

        again = node.restarted(Stale(hub, JP.id))
        await again.repairer.round()
        assert again.states(FR.origin)[0] == PURGED

    asyncio.run(story())


def test_bodies_for_others_are_not_missing() -> None:
    async def story() -> None:
        hub, log = Hub(World([FR, JP])), Log(FR)
        log.pictures([1], handling=Handling(audience=(MemberId("DE"),)))
        await hub.carrier.submit(FR.id, log.package())
        node = Node(hub.world, JP, Wire(hub, JP.id))
        await node.catch_up()
        assert node.states(FR.origin) == [NOT_FOR_US]
        assert await node.repairer.round() == 0
        assert node.repairer.missing == {}

    asyncio.run(story())


def never_disclosed(count: int, **limits: int) -> tuple[Hub, Log, Node]:
    """A member that commits to bodies, and hands in none of them."""
    world = World([FR, JP])
    world.roster = replace(world.roster, policy=Policy(limits=Limits(**limits)))
    hub, log = Hub(world), Log(FR)
    for number in range(count):
        log.add(entry_of(FR.origin, picture(number))[0])
    return hub, log, Node(world, JP, Wire(hub, JP.id))


class Counting(Wire):
    """Counts what is asked for."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub, JP.id)
        self.asked: list[int] = []

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        self.asked += indices
        return await super().bodies(origin, indices)


def test_bodies_that_never_come_are_bounded_and_given_up_and_hide_no_other(capfd: pytest.CaptureFixture[str]) -> None:
    hub, log, node = never_disclosed(50, missing_bodies=10, missing_days=3)

    async def story() -> None:
        await hub.carrier.submit(FR.id, log.package())
        await node.catch_up()
        again = node.restarted(Counting(hub))
        for _ in range(20):
            await again.repairer.round()
        assert again.repairer.missing == {FR.origin: 10}
        assert again.repairer.given_up == {FR.origin: 40}

        hub.world.clock.now += 3 * 86_400
        for _ in range(3):
            await again.repairer.round()
        assert again.repairer.missing == {FR.origin: 0}
        assert again.repairer.given_up == {FR.origin: 50}

        log.say(picture(99))
        await hub.carrier.submit(FR.id, log.package(50))
        lied = node.restarted(hostile(hub, JP.id, FR.origin, withhold_bodies))
        await lied.catch_up()
        assert lied.states(FR.origin)[50:] == [MISSING]
        assert await again.repairer.round() == 1, "what is new is asked for, whatever else is missing"
        assert again.states(FR.origin) == [MISSING] * 50 + [HELD]

    asyncio.run(story())
    out, err = capfd.readouterr()
    assert (out + err).count("bodies missing") == 2
    assert (out + err).count("bodies given up") == 2


def test_a_body_that_was_given_up_is_taken_when_it_comes_after_all() -> None:
    async def story() -> None:
        hub, _, node = await without_bodies(3)
        hub.world.roster = replace(hub.world.roster, policy=Policy(limits=Limits(missing_days=1)))

        class Withholding(Wire):
            async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
                return {}

        again = node.restarted(Withholding(hub, JP.id))
        await again.repairer.round()
        hub.world.clock.now += 86_400
        await again.repairer.round()
        await again.repairer.round()
        assert again.repairer.missing == {FR.origin: 0}
        assert again.repairer.given_up == {FR.origin: 3}
        hub.world.clock.now += 86_400
        honest = node.restarted(Wire(hub, JP.id))
        assert await honest.repairer.round() == 3
        assert honest.states(FR.origin) == [HELD] * 3

    asyncio.run(story())


def test_marks_say_since_when_and_are_few() -> None:
    store, log = MemoryStore(), Log(FR)
    with store.write() as tx:
        state = tx.open_log(log.speaker.origin)
        for day in range(100, 140):
            put_marks(tx, read_marks(tx), [replace(state, size=day)], day, 5)
        assert read_marks(tx) == {FR.origin: [(day, day) for day in range(134, 140)]}
