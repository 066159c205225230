"""What this member acknowledged, to the hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from node.domain.batch import BodyState, Package
from node.domain.ids import Origin
from node.domain.queries import LogView
from node.domain.services import Head
from node.errors import Conflict, DatabaseOlder, Fork, PeerFault, Refused, StoreError, Unavailable
from node.sync.streams import reading
from node.usecases.change import LogChange
from node.usecases.ledger import Draft
from tests.simulator import hostile_member
from tests.simulator.federation import Log, Speaker, picture
from tests.simulator.hostile import hostile, more_than_shown, nothing_there
from tests.simulator.world import PATIENCE, Hub, Node, Wire, World, running

FR, JP = Speaker.named("FR"), Speaker.named("JP")
HELD, PURGED = int(BodyState.HELD), int(BodyState.PURGED)


def a_federation() -> tuple[Hub, Node]:
    world = World([FR, JP])
    hub = Hub(world)
    return hub, Node(world, FR, Wire(hub, FR.id))


def drafts(*numbers: int) -> list[Draft]:
    return [Draft(statement=picture(number)) for number in numbers]


class FailingWire(Wire):
    """A connection that breaks: before the hub hears of a submission, or after, so that its answer is lost."""

    def __init__(self, hub: Hub, *, before: int = 0, after: int = 0) -> None:
        super().__init__(hub, FR.id)
        self.before = before
        self.after = after

    async def submit(self, package: Package) -> Head:
        if self.before:
            self.before -= 1
            raise Unavailable("cut")
        head = await super().submit(package)
        if self.after:
            self.after -= 1
            raise Unavailable("cut")
        return head


def test_a_round_publishes_everything_and_keeps_the_hubs_word() -> None:
    hub, node = a_federation()
    node.ledger.contribute(drafts(*range(30)))
    asyncio.run(node.publisher.round())
    at_hub = hub.log(FR.origin)
    assert at_hub is not None
    assert at_hub.cosigned_size == 30
    assert node.own.state().cosigned == at_hub.cosigned


def test_many_runs_are_handed_in_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.usecases.ownlog.RUN_BYTES", 1_000)
    monkeypatch.setattr("node.usecases.ownlog.PLACE_AT_ONCE", 7)
    hub, node = a_federation()
    node.ledger.contribute(drafts(*range(30)))
    asyncio.run(node.publisher.round())
    assert node.own.state().cosigned_size == 30
    assert hub.log(FR.origin)


def test_it_wakes_for_what_is_acknowledged_and_survives_cuts_on_either_side_of_a_submission() -> None:
    async def story() -> None:
        world = World([FR, JP])
        hub = Hub(world)
        node = Node(world, FR, FailingWire(hub, before=2, after=2))
        async with running(node.publisher.run()):
            for number in range(4):
                await asyncio.to_thread(node.ledger.contribute, drafts(number))
                async with asyncio.timeout(PATIENCE):
                    stream = hub.carrier.follow(JP.id, [LogView(origin=FR.origin, size=number)])
                    await anext(stream)
        assert node.own.state().size == 4

    asyncio.run(story())


def test_a_restored_node_takes_its_entries_back_before_it_goes_on() -> None:
    hub, node = a_federation()
    log = Log(FR)
    log.pictures(range(9))
    of_jp = Log(JP)
    of_jp.pictures(range(50, 55))

    async def story() -> None:
        await hub.carrier.submit(FR.id, log.package())
        await hub.carrier.submit(JP.id, of_jp.package())
        node.own.adopt(log.package(0, 4, hub=True))
        node.ledger.contribute(drafts(100))
        await node.publisher.round()

    asyncio.run(story())
    assert node.publisher.adopted == 5
    assert node.own.state().cosigned_size == 10
    assert node.log(JP.origin) is None
    assert all(map(node.finds, (0, 8, 100)))


def test_a_second_writer_under_our_key_is_adopted_and_counted_or_freezes_us() -> None:
    """Somebody holds our key. Where its entries follow ours they are taken in, and counted; where we signed beside
    them the log is frozen.
    """
    hub, node = a_federation()

    async def story(*, beside: bool) -> None:
        node.ledger.contribute(drafts(1))
        await node.publisher.round()
        thief = Log(FR)
        with node.store.read() as reader:
            thief.add(reader.run(FR.origin, 0, 1, 1 << 20).entries[0])
        thief.pictures([66])
        await hub.carrier.submit(FR.id, thief.package(1))
        node.ledger.contribute(drafts(2))
        if beside:
            node.own.place_and_sign()
            with pytest.raises(Fork):
                await node.publisher.round()
            with pytest.raises(Refused):
                await node.publisher.round()
        else:
            await node.publisher.round()
            assert (node.publisher.adopted, node.own.state().cosigned_size) == (1, 3)

    asyncio.run(story(beside=False))
    hub, node = a_federation()
    asyncio.run(story(beside=True))


def test_entries_of_ours_that_nobody_wrote_here_are_told_before_they_are_taken_in() -> None:
    """At the first comparison this store is an older one; later on somebody else writes with our key."""

    async def story(*, started: bool) -> None:
        hub, node = a_federation()
        told: list[tuple[str, int, int, int]] = []

        def tell(what: str) -> Callable[[int, int], None]:
            return lambda size, hub_size: told.append((what, size, hub_size, node.size(FR.origin)))

        node.publisher._on_behind, node.publisher._on_foreign = tell("behind"), tell("foreign")
        if started:
            await node.publisher.round()
        thief = Log(FR)
        thief.pictures([66, 67])
        await hub.carrier.submit(FR.id, thief.package())
        await node.publisher.round()
        assert told == [("foreign" if started else "behind", 0, 2, 0)]
        assert node.publisher.looked.is_set()

    asyncio.run(story(started=False))
    asyncio.run(story(started=True))


def test_a_store_that_turns_out_to_be_an_older_one_signs_nothing_and_ends_the_publisher() -> None:
    hub, node = a_federation()

    def refuse(size: int, hub_size: int) -> None:
        raise DatabaseOlder(f"{size} of {hub_size}")

    async def story() -> None:
        log = Log(FR)
        log.pictures([1])
        await hub.carrier.submit(FR.id, log.package())
        node.ledger.contribute(drafts(2))
        node.publisher._on_behind = refuse
        with pytest.raises(DatabaseOlder):
            await node.publisher.run()
        assert not node.publisher.looked.is_set()
        assert (node.size(FR.origin), node.own.state().checkpoint) == (0, b"")

    asyncio.run(story())


def test_a_hub_that_takes_nothing_or_claims_what_it_cannot_show_is_not_believed() -> None:
    world = World([FR, JP])
    hub = Hub(world)

    class Swallowing(Wire):
        async def submit(self, package: Package) -> Head:
            return Head(origin=package.origin, size=0, cosigned=b"", cosigned_size=0)

    swallowed = Node(world, FR, Swallowing(hub, FR.id))
    swallowed.ledger.contribute(drafts(1))
    with pytest.raises(PeerFault):
        asyncio.run(swallowed.publisher.round())

    async def claims() -> None:
        node = Node(world, FR, Wire(hub, FR.id))
        node.ledger.contribute(drafts(1))
        await node.publisher.round()
        again = node.restarted(hostile(hub, FR.id, FR.origin, heads_lie=more_than_shown))
        with pytest.raises(Conflict):
            await again.publisher.round()
        assert not again.own.compared
        # A hub that lost everything is simply told again.
        forgetful = node.restarted(hostile(hub, FR.id, FR.origin, heads_lie=nothing_there))
        await forgetful.publisher.round()
        assert forgetful.own.compared

    asyncio.run(claims())


def test_a_hub_that_keeps_our_entries_to_itself_is_given_up_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.sync.publisher.ADOPT_SECONDS", 0.01)
    world = World([FR, JP])
    hub = Hub(world)

    class Silent(Wire):
        async def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
            await asyncio.Event().wait()
            async with reading(super().follow(cursors)) as packages:
                async for package in packages:
                    yield package

    async def story() -> None:
        log = Log(FR)
        log.pictures([1])
        await hub.carrier.submit(FR.id, log.package())
        node = Node(world, FR, Silent(hub, FR.id))
        with pytest.raises(Unavailable):
            await node.publisher.round()
        assert not node.own.compared

    asyncio.run(story())


def test_trouble_is_said_and_forgotten_when_it_is_over() -> None:
    async def story() -> None:
        world = World([FR, JP])
        hub = Hub(world)
        paused: asyncio.Queue[float] = asyncio.Queue()
        resumed = asyncio.Event()

        class Deaf(Wire):
            deaf = True

            async def heads(self, origins: Sequence[Origin]) -> list[Head]:
                if self.deaf:
                    raise Unavailable("no hub")
                return await super().heads(origins)

        wire = Deaf(hub, FR.id)
        node = Node(world, FR, wire)

        async def pause(seconds: float) -> None:
            paused.put_nowait(seconds)
            await resumed.wait()
            resumed.clear()

        node.publisher._pause = pause
        node.ledger.contribute(drafts(1))
        async with running(node.publisher.run()), asyncio.timeout(PATIENCE):
            pauses = [await paused.get()]
            assert "no hub" in node.publisher.trouble
            resumed.set()
            pauses.append(await paused.get())
            wire.deaf = False
            resumed.set()
            await node.publisher.idle.wait()
            assert not node.publisher.trouble
            assert node.own.state().cosigned_size == 1
        assert pauses[1] > pauses[0] > 0

    asyncio.run(story())


def test_a_hub_that_dies_in_the_middle_of_a_run_gets_the_rest_and_has_cosigned_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run of many retractions is stored in pieces there. The owner is told where the hub stands, and goes on."""
    hub, node = a_federation()
    records = node.ledger.contribute(drafts(*range(30)))
    asyncio.run(node.publisher.round())
    node.ledger.retract_all(records)
    monkeypatch.setattr("node.usecases.pieces.WORK_AT_ONCE", 7)
    died: list[int] = []

    @contextmanager
    def change() -> Iterator[LogChange]:
        with sound() as made:
            yield made
            died.append(len(died))
            if len(died) == 3:
                hub.store.fail_next_commit = StoreError("died here")

    sound = hub.catalogue.change
    monkeypatch.setattr(hub.catalogue, "change", change)
    with pytest.raises(StoreError):
        asyncio.run(node.publisher.round())
    at_hub = hub.log(FR.origin)
    assert at_hub is not None
    assert (at_hub.size, at_hub.cosigned_size) == (44, 30)
    asyncio.run(node.publisher.round())
    at_hub = hub.log(FR.origin)
    assert at_hub is not None
    assert (at_hub.size, at_hub.cosigned_size) == (60, 60)
    assert at_hub.root == node.own.state().root
    assert node.own.state().cosigned == at_hub.cosigned


def test_own_entries_that_come_back_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.usecases.pieces.WORK_AT_ONCE", 7)
    hub, node = a_federation()
    (log,) = hostile_member.late_retractions(30)

    async def story() -> None:
        await hub.carrier.submit(FR.id, log.package())
        await node.publisher.round()

    asyncio.run(story())
    assert node.states(FR.origin) == [PURGED] * 30 + [HELD] * 30
    assert node.own.state().root == log.root(60)
