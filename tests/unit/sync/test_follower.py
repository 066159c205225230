"""Every other member's log, from the hub's stream into the store and the index."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

import pytest

from node.domain.batch import BodyState, Package
from node.domain.envelope import Kind
from node.domain.ids import Origin
from node.domain.queries import LogView
from node.domain.statements import Retraction
from node.errors import StoreError, Unavailable
from node.sync.streams import reading
from node.usecases.ledger import Draft
from node.usecases.replica import Verified
from node.wire.convert_federation import followed_from_pb, package_to_pb
from tests.simulator import hostile_member
from tests.simulator.federation import Log, Speaker, picture
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import PATIENCE, Hub, Node, Wire, World, running

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
HELD, PURGED = int(BodyState.HELD), int(BodyState.PURGED)


def a_hub_with(*logs: Log) -> Hub:
    hub = Hub(World([FR, JP, DE]))

    async def fill() -> None:
        for log in logs:
            await hub.carrier.submit(log.speaker.id, log.package())

    asyncio.run(fill())
    return hub


def log_of(speaker: Speaker, numbers: range) -> Log:
    log = Log(speaker)
    log.pictures(numbers)
    return log


class CutWire(Wire):
    """A stream that is cut after so many packages, each time."""

    def __init__(self, hub: Hub, after: int) -> None:
        super().__init__(hub, JP.id)
        self.after = after
        self.opened: list[Sequence[LogView]] = []

    async def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        self.opened.append(cursors)
        sent = 0
        async with reading(super().follow(cursors)) as packages:
            async for package in packages:
                yield package
                sent += 1
                if sent == self.after:
                    raise Unavailable("cut")


def test_a_new_member_bootstraps_and_finds_every_record() -> None:
    hub = a_hub_with(log_of(FR, range(300)), log_of(DE, range(300, 420)))
    node = Node(hub.world, JP, Wire(hub, JP.id))
    asyncio.run(node.catch_up())
    assert (node.size(FR.origin), node.size(DE.origin)) == (300, 120)
    assert all(map(node.finds, (0, 299, 300, 419)))
    progress = node.copies.progress[FR.origin]
    assert (progress.size, progress.checkpoint_size, progress.trouble, progress.alarms) == (300, 300, "", 0)


def test_a_member_that_was_away_goes_on_where_it_was() -> None:
    log = log_of(FR, range(10))
    hub = a_hub_with(log)
    node = Node(hub.world, JP, Wire(hub, JP.id))
    asyncio.run(node.catch_up())
    first = log.entries[3]
    log.say(Retraction(), kind=Kind.RETRACTION, target=node.catalogue.records(FR.origin, after=3)[0].record)
    log.pictures(range(20, 25))

    async def later() -> None:
        await hub.carrier.submit(FR.id, log.package(10))
        wire = CutWire(hub, after=99)
        again = node.restarted(wire)
        await again.catch_up()
        assert LogView(origin=FR.origin, size=10) in wire.opened[0]
        assert again.states(FR.origin) == [HELD] * 3 + [PURGED] + [HELD] * 12
        assert (again.finds(3), again.finds(24)) == (False, True)
        assert log.entries[3] == first

    asyncio.run(later())


@pytest.mark.parametrize("after", [1, 2, 5])
def test_verified_progress_is_kept_when_the_stream_is_cut(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 2_000)
    hub = a_hub_with(log_of(FR, range(60)), log_of(DE, range(100, 130)))
    wire = CutWire(hub, after)
    node = Node(hub.world, JP, wire)
    asyncio.run(node.catch_up())
    assert (node.size(FR.origin), node.size(DE.origin)) == (60, 30)
    reached = [sum(each.size for each in cursors if each.origin != JP.origin) for cursors in wire.opened]
    assert reached == sorted(reached)
    assert len(set(reached)) == len(reached) > 2


def test_a_stream_that_breaks_in_a_way_nobody_foresaw_is_said_and_opened_anew() -> None:
    class Broken(Wire):
        broken = 0

        def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
            return self._broken() if not self.broken else super().follow(cursors)

        async def _broken(self) -> AsyncIterator[Package]:
            self.broken += 1
            for word in ("made up",):
                raise ValueError(word)
            yield log_of(FR, range(1)).package()

    hub = a_hub_with(log_of(FR, range(3)))
    wire = Broken(hub, JP.id)
    node = Node(hub.world, JP, wire)
    troubles: list[str] = []

    async def story() -> None:
        following = asyncio.create_task(node.follower.run())
        try:
            async with asyncio.timeout(PATIENCE):
                while node.size(FR.origin) < 3:
                    await node.follower.changed()
                    troubles.append(node.follower.trouble)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    asyncio.run(story())
    assert troubles[0] == "internal: the stream failed internally (ValueError)"
    assert wire.broken == 1


def test_packages_share_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 2_000)
    hub = a_hub_with(log_of(FR, range(60)))
    node = Node(hub.world, JP, Wire(hub, JP.id))
    groups: list[int] = []
    commit = node.copies.commit

    def counted(group: Sequence[Verified]) -> None:
        groups.append(len(group))
        commit(group)

    monkeypatch.setattr(node.copies, "commit", counted)
    asyncio.run(node.catch_up())
    assert sum(groups) > 5
    assert len(groups) < sum(groups)


def test_a_group_is_stored_once_it_is_big_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 2_000)
    monkeypatch.setattr("node.sync.exchange.GROUP_BYTES", 3_000)
    monkeypatch.setattr("node.sync.exchange.GROUP_SECONDS", PATIENCE)
    monkeypatch.setattr("node.sync.follower.GROUP_SECONDS", PATIENCE)
    hub = a_hub_with(log_of(FR, range(100)))
    node = Node(hub.world, JP, Wire(hub, JP.id))
    asyncio.run(node.follow_until(lambda: node.size(FR.origin) > 50))


def test_a_store_that_fails_costs_time_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 2_000)
    hub = a_hub_with(log_of(FR, range(60)))
    node = Node(hub.world, JP, Wire(hub, JP.id))
    node.store.fail_next_commit = StoreError("the disk is full")

    async def story() -> None:
        async with running(node.follower.run()), asyncio.timeout(PATIENCE):
            await node.follower.changed()
            assert node.follower.trouble == "store: the disk is full"
            assert node.size(FR.origin) == 0
            while node.size(FR.origin) < 60:
                await node.follower.changed()
        assert node.follower.trouble == ""

    asyncio.run(story())
    assert all(map(node.finds, (0, 59)))


def test_a_store_that_fails_on_a_quiet_stream_is_noticed_at_once() -> None:
    """No further package has to come before the failure is seen and the entries are fetched again."""

    async def story() -> None:
        hub = Hub(World([FR, JP]))
        node = Node(hub.world, JP, Wire(hub, JP.id))
        async with running(node.follower.run()), asyncio.timeout(PATIENCE):
            node.store.fail_next_commit = StoreError("once")
            await hub.carrier.submit(FR.id, log_of(FR, range(3)).package())
            while node.size(FR.origin) < 3:
                await node.follower.changed()

    asyncio.run(story())


def test_the_live_tail_comes_in_while_the_stream_is_open() -> None:
    async def story() -> None:
        hub = Hub(World([FR, JP]))
        wire = CutWire(hub, after=10**9)
        fr, jp = Node(hub.world, FR, Wire(hub, FR.id)), Node(hub.world, JP, wire)
        async with running(fr.publisher.run(), jp.follower.run()), asyncio.timeout(PATIENCE):
            for number in range(5):
                await asyncio.to_thread(fr.ledger.contribute, [Draft(statement=picture(number))])
                while not jp.finds(number):
                    await jp.follower.changed()
        assert len(wire.opened) == 1

    asyncio.run(story())


def test_a_follower_that_is_cancelled_leaves_nothing_half_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 2_000)
    hub = a_hub_with(log_of(FR, range(200)))

    async def story(store: MemoryStore) -> None:
        node = Node(hub.world, JP, Wire(hub, JP.id), store)
        async with running(node.follower.run()), asyncio.timeout(PATIENCE):
            await node.follower.changed()
        size = node.size(FR.origin)
        assert node.states(FR.origin) == [HELD] * size

    store = MemoryStore()
    asyncio.run(story(store))
    again = Node(hub.world, JP, Wire(hub, JP.id), store)
    asyncio.run(again.catch_up())
    assert all(map(again.finds, (0, 100, 199)))


def test_an_error_that_nobody_foresaw_in_one_log_stops_that_log_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is verified, and while it is stored. Its reason is shown, and it goes on once the error is gone."""
    hub = a_hub_with(log_of(FR, range(4)), log_of(DE, range(100, 103)))
    for where in ("node.sync.copies.verify_package", "node.usecases.change.apply"):
        node = Node(hub.world, JP, Wire(hub, JP.id))
        with monkeypatch.context() as patched:
            patched.setattr(where, failing(FR.origin, where))
            asyncio.run(node.follow_until(partial(until_stopped, node)))
            assert node.copies.stopped == {FR.origin: "this program failed at it (ValueError)"}
            assert node.copies.progress[FR.origin].trouble == node.copies.stopped[FR.origin]
            assert (node.size(FR.origin), node.copies.progress[DE.origin].trouble) == (0, "")
        asyncio.run(node.restarted().catch_up())
        assert node.size(FR.origin) == 4


def until_stopped(node: Node) -> bool:
    return node.size(DE.origin) == 3 and bool(node.copies.stopped)


def failing(origin: Origin, where: str) -> Callable[..., object]:
    """What stands at `where`, but for one log, which it fails at."""
    module, _, name = where.rpartition(".")
    sound = getattr(importlib.import_module(module), name)

    def fail(first: object, second: Package | Verified, *rest: object) -> object:
        if (second.origin if isinstance(second, Package) else second.batch.origin) == origin:
            raise ValueError(origin)
        return sound(first, second, *rest)

    return fail


def test_a_package_that_cannot_be_taken_stops_its_own_log() -> None:
    class Untaken(Wire):
        async def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
            async with reading(super().follow(cursors)) as packages:
                async for package in packages:
                    message = package_to_pb(package)
                    if package.origin == FR.origin:
                        message.entries.append(b"more")
                    yield followed_from_pb(message)

    hub = a_hub_with(log_of(FR, range(4)), log_of(DE, range(100, 103)))
    node = Node(hub.world, JP, Untaken(hub, JP.id))
    asyncio.run(node.follow_until(lambda: node.size(DE.origin) == 3 and bool(node.copies.stopped)))
    assert node.size(FR.origin) == 0
    assert list(node.copies.stopped) == [FR.origin]


def test_our_own_disk_that_refuses_everything_stops_no_log() -> None:
    hub = a_hub_with(log_of(FR, range(4)))
    node = Node(hub.world, JP, Wire(hub, JP.id))
    node.store.fail_next_commit = StoreError("no room")
    asyncio.run(node.catch_up())
    assert node.size(FR.origin) == 4
    assert node.copies.stopped == {}


def test_who_joins_behind_a_hostile_log_gets_all_the_others() -> None:
    """Behind a log of tiny entries, and one of words that are set aside."""
    hostile, chains, honest = Log(FR), Log(Speaker.named("FR", epoch=2)), log_of(DE, range(5))
    hostile_member.tiny(hostile, 50_000)
    hostile_member.backwards(chains, 40, 40)
    hub = Hub(World([FR, chains.speaker, JP, DE]))

    for start in range(0, hostile.size, 25_000):
        hub.carrier._submit(hostile.package(start, start + 25_000))
    hub.carrier._submit(chains.package())
    hub.carrier._submit(honest.package())
    node = Node(hub.world, JP, Wire(hub, JP.id))
    asyncio.run(node.catch_up())
    assert node.size(hostile.speaker.origin) == 50_000
    assert all(map(node.finds, range(5)))
