"""A hub that lies about one member's log: it is detected or gains nothing, and every other log goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from node.domain.batch import BodyState, Package
from node.usecases.ledger import Draft
from tests.simulator import hostile as lies
from tests.simulator.federation import Log, Speaker, cosigned, picture
from tests.simulator.hostile import HostileWire, Lie, hostile
from tests.simulator.world import PATIENCE, Hub, Node, Wire, World, running

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
HELD, MISSING = int(BodyState.HELD), int(BodyState.MISSING)
INVENTED = 666


def a_federation(size: int = 8) -> tuple[Hub, Log]:
    hub, log, of_de = Hub(World([FR, JP, DE])), Log(FR), Log(DE)
    log.pictures(range(size))
    of_de.pictures(range(100, 104))

    async def fill() -> None:
        await hub.carrier.submit(FR.id, log.package())
        await hub.carrier.submit(DE.id, of_de.package())

    asyncio.run(fill())
    return hub, log


def until_others_came_and(node: Node, seen: str) -> None:
    """Follows until the log that nobody lies about is here, and the other one is in trouble."""

    def done() -> bool:
        trouble = node.copies.progress.get(FR.origin)
        return node.size(DE.origin) == 4 and trouble is not None and seen in trouble.trouble

    asyncio.run(node.follow_until(done))


@pytest.mark.parametrize(
    "lie",
    [lies.drop_an_entry, lies.reorder_entries, lies.edit_an_entry, lies.invent_an_entry, lies.invent_a_history],
)
def test_a_log_that_was_tampered_with_makes_no_progress_and_no_other_is_touched(lie: Lie) -> None:
    hub, _ = a_federation()
    node = Node(hub.world, JP, hostile(hub, JP.id, FR.origin, lie))
    until_others_came_and(node, " ")
    assert node.size(FR.origin) == 0
    assert not node.finds(INVENTED)
    assert all(map(node.finds, (100, 103)))
    # Once the hub is honest again the log goes on as if nothing had been.
    honest = node.restarted(Wire(hub, JP.id))
    asyncio.run(honest.catch_up())
    assert honest.states(FR.origin) == [HELD] * 8


def test_a_gap_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 1_000)
    hub, _ = a_federation()
    node = Node(hub.world, JP, hostile(hub, JP.id, FR.origin, lies.drop_the_first_package))
    until_others_came_and(node, "missing or out of order")
    assert node.size(FR.origin) == 0


def test_what_is_sent_twice_is_stored_once() -> None:
    hub, _ = a_federation()
    wire = hostile(hub, JP.id, FR.origin, lies.say_it_twice)
    node = Node(hub.world, JP, wire)
    asyncio.run(node.catch_up())
    assert node.states(FR.origin) == [HELD] * 8
    assert node.copies.progress[FR.origin].trouble == ""
    assert wire.told > 1


def test_an_edited_body_counts_as_withheld_and_can_be_repaired() -> None:
    hub, _ = a_federation()
    node = Node(hub.world, JP, hostile(hub, JP.id, FR.origin, lies.edit_a_body))
    asyncio.run(node.catch_up())
    assert node.states(FR.origin) == [MISSING] + [HELD] * 7
    assert node.copies.progress[FR.origin].alarms == 1
    assert not node.finds(0)
    assert asyncio.run(node.repairer.round()) == 1
    assert node.states(FR.origin) == [HELD] * 8
    assert node.finds(0)


def test_withheld_bodies_are_missed_and_the_log_stays_whole() -> None:
    hub, log = a_federation()
    node = Node(hub.world, JP, hostile(hub, JP.id, FR.origin, lies.withhold_bodies))
    asyncio.run(node.catch_up())
    assert node.states(FR.origin) == [MISSING] * 8
    state = node.log(FR.origin)
    assert state is not None
    assert state.root == log.root(8)


def test_a_hub_that_rolls_back_to_an_older_checkpoint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It promised us 8 entries, we have some of them, and now it says that there were only 5."""
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 1_000)
    hub, log = a_federation()
    node = Node(hub.world, JP, Wire(hub, JP.id))
    asyncio.run(node.follow_until(lambda: node.size(FR.origin) > 0))
    store = node.store
    if node.size(FR.origin) == 8:
        # The group took all of it at once: begin anew with a part.
        node = Node(hub.world, JP, Wire(hub, JP.id))
        (verified,) = node.copies.verify([log.package(0, 3, at=8, hub=True)])
        node.copies.commit([verified])
        store = node.store
    size = node.size(FR.origin)
    old = hostile(hub, JP.id, FR.origin, lambda _: (log.package(size, size + 1, hub=True),))
    again = Node(hub.world, JP, old, store)
    until_others_came_and(again, "older")
    assert again.size(FR.origin) == size


def test_the_newest_checkpoint_and_an_earlier_one_not_reached_both_survive_a_restart() -> None:
    """It promised us 4 entries, then 8, of which we have 2. Restarted, we take neither 7 nor another 8."""
    hub, log = a_federation()
    node = Node(hub.world, JP, Wire(hub, JP.id))
    for package in (log.package(0, 1, at=4, hub=True), log.package(1, 2, at=8, hub=True)):
        node.copies.commit(node.copies.verify([package]))
    seven = node.restarted(hostile(hub, JP.id, FR.origin, lambda _: (log.package(2, 3, at=7, hub=True),)))
    until_others_came_and(seven, "older")
    state = seven.log(FR.origin)
    assert state is not None
    assert (state.size, state.anchor, state.checkpoint) == (2, cosigned(log.note(4)), cosigned(log.note(8)))
    other = Log(FR)
    other.pictures([*range(4), *range(50, 54)])
    again = seven.restarted(hostile(hub, JP.id, FR.origin, lambda _: (other.package(2, 3, at=8, hub=True),)))
    until_others_came_and(again, "two histories")
    with again.store.read() as reader:
        assert reader.evidence(FR.origin) == [cosigned(log.note()), cosigned(other.note())]


def test_a_member_that_signs_two_histories_is_frozen_with_the_evidence_and_alone() -> None:
    """The member itself lies, with the hub's help: one history to us, another to the rest."""
    hub, log = a_federation()
    other = Log(FR)
    other.pictures(range(3))
    other.pictures(range(50, 55))
    node = Node(hub.world, JP, Wire(hub, JP.id))
    (verified,) = node.copies.verify([log.package(0, 3, at=8, hub=True)])
    node.copies.commit([verified])
    again = node.restarted(hostile(hub, JP.id, FR.origin, lies.another_history(other)))
    until_others_came_and(again, "two histories")
    state = again.log(FR.origin)
    assert state is not None
    assert (state.size, bool(state.frozen)) == (3, True)
    with again.store.read() as reader:
        assert reader.evidence(FR.origin) == [cosigned(log.note()), cosigned(other.note())]
    # It stays frozen, and is asked for no more.
    later = again.restarted(Wire(hub, JP.id))
    assert [each.size > 1 << 60 for each in later.copies.open() if each.origin == FR.origin] == [True]
    assert later.copies.progress[FR.origin].trouble == state.frozen


def test_logs_of_nobody_are_refused_and_a_flood_of_them_ends_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.sync.copies.MAX_STOPPED", 20)
    hub, log = a_federation()
    node = Node(hub.world, JP, hostile(hub, JP.id, FR.origin, extra=[lies.nobodys_log()]))
    asyncio.run(node.catch_up())
    assert node.states(FR.origin) == [HELD] * 8
    assert node.size(Speaker.named("ZZ").origin) == 0
    flood = [Log(Speaker.named(f"Z{number}")) for number in range(21)]
    packages = [log.package(hub=True, origin=each.speaker.origin, checkpoint=cosigned(log.note())) for each in flood]
    drowned = Node(hub.world, JP, HostileWire(Wire(hub, JP.id), FR.origin, extra=packages))

    async def story() -> None:
        async with running(drowned.follower.run()), asyncio.timeout(PATIENCE):
            while "one bad log after another" not in drowned.follower.trouble:
                await drowned.follower.changed()

    asyncio.run(story())


def test_a_hub_that_names_ever_other_logs_costs_its_node_no_memory() -> None:
    """A new thousand with each stream, and a line of the node's state for each."""
    hub, log = a_federation()
    node = Node(hub.world, JP, hostile(hub, JP.id, FR.origin))
    asyncio.run(node.catch_up())
    stored = set(node.copies.progress)
    for stream in range(3):
        node.copies.open()
        origins = [replace(log.speaker.origin, epoch=2 + 10 * stream + number) for number in range(10)]
        packages = [log.package(hub=True, origin=origin) for origin in origins]
        assert node.copies.verify(packages) == []
        assert set(node.copies.progress) == stored | set(origins)
    node.copies.open()
    assert set(node.copies.progress) == stored


def test_a_foreign_append_under_our_key_alarms_us_at_the_next_round() -> None:
    """A stolen log key: somebody appends in our name, and the hub takes it."""

    async def story() -> None:
        hub = Hub(World([FR, JP]))
        node = Node(hub.world, FR, Wire(hub, FR.id))
        node.ledger.contribute([Draft(statement=picture(1))])
        await node.publisher.round()
        thief = Log(FR)
        with node.store.read() as reader:
            thief.add(reader.run(FR.origin, 0, 1, 1 << 20).entries[0])
        thief.pictures([INVENTED])
        await hub.carrier.submit(FR.id, thief.package(1))
        with capture_logs() as logs:
            await node.publisher.round()
        assert "foreign append" in [each["event"] for each in logs]
        assert node.publisher.adopted == 1

    asyncio.run(story())


def test_what_we_published_does_not_come_back_to_us() -> None:
    async def story() -> None:
        hub = Hub(World([FR, JP]))
        sent: list[Package] = []

        def seen(package: Package) -> Sequence[Package]:
            sent.append(package)
            return (package,)

        wire = hostile(hub, FR.id, FR.origin, seen)
        fr, jp = Node(hub.world, FR, wire), Node(hub.world, JP, Wire(hub, JP.id))
        async with running(fr.publisher.run(), fr.follower.run(), jp.publisher.run()), asyncio.timeout(PATIENCE):
            for node in (fr, jp):
                await node.publisher.idle.wait()
                await asyncio.to_thread(node.ledger.contribute, [Draft(statement=picture(ord(node.speaker.id[0])))])
            while fr.size(JP.origin) < 1:
                await fr.follower.changed()
        assert sent == []
        assert fr.copies.stopped == {}

    asyncio.run(story())


def test_our_own_entries_from_the_stream_are_not_stored_but_make_the_publisher_look() -> None:
    hub, log = a_federation()
    node = Node(hub.world, FR, Wire(hub, FR.id))
    looked: list[bool] = []
    node.copies._on_own = lambda: looked.append(True)
    assert node.copies.verify([log.package(hub=True)]) == []
    assert (looked, node.copies.stopped) == ([True], {})
