"""A log whose member takes too much waits, says so, and goes on: nothing of it is lost, and no other log waits."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.envelope import Kind
from node.domain.limits import Limits
from node.domain.roster import Policy
from node.domain.statements import Retraction
from node.domain.usage import Period, Resource
from node.errors import Overloaded
from node.sync.copies import LOOK_AGAIN_SECONDS
from node.usecases.allowance import DAYS_AWAY, LATE, History
from tests.simulator.federation import NOW, Log, Speaker
from tests.simulator.unlimited import without_limits
from tests.simulator.world import Hub, Node, Wire, World, running

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")
DAY = 86_400
OPEN = Limits()


def limited(**limits: int) -> Policy:
    return Policy(limits=replace(OPEN, **limits))


class Scene:
    """A hub that refuses nothing, and a node that holds the others to the policy."""

    def __init__(self, **limits: int) -> None:
        self.world = World([FR, JP, DE])
        self.hub = without_limits(Hub(self.world))
        self.policy = limited(**limits)
        self.node = Node(self.world, JP, Wire(self.hub, JP.id))
        self.logs = {speaker.id: Log(speaker) for speaker in (FR, DE)}

    def publish(self, speaker: Speaker, count: int) -> None:
        """The hub takes it, whatever the policy says."""
        log = self.logs[speaker.id]
        start = log.size
        log.pictures(range(start, start + count))
        asyncio.run(self.hub.carrier.submit(speaker.id, log.package(start)))

    def follow(self, sizes: dict[Speaker, int], *, paused: bool) -> None:
        self.world.roster = replace(self.world.roster, policy=self.policy)

        def there() -> bool:
            standing = all(self.node.size(speaker.origin) == size for speaker, size in sizes.items())
            return standing and (FR.origin in self.node.copies.paused) == paused

        asyncio.run(self.node.follow_until(there))
        assert self.node.copies.stopped == {}

    def bring(self, speaker: Speaker, *counts: int) -> None:
        """Published and followed one after another: a run that passes a limit is taken whole."""
        for count in counts:
            self.publish(speaker, count)
            self.follow({speaker: self.logs[speaker.id].size}, paused=False)

    def restarted(self) -> None:
        self.node = self.node.restarted()


def test_a_log_over_the_day_waits_for_the_next_and_no_other_log_does() -> None:
    scene = Scene(log_entries_a_day=10)
    scene.publish(FR, 3)  # met on the first day: history
    scene.follow({FR: 3}, paused=False)
    scene.bring(FR, 10, 10)
    scene.publish(FR, 10)
    scene.publish(DE, 5)
    scene.follow({FR: 3 + LATE * 10, DE: 5}, paused=True)
    (pause,) = scene.node.copies.paused.values()
    assert "FR is at its limit of 10 entries a day" in pause.words(FR.id)
    assert "tomorrow" in pause.words(FR.id)
    assert scene.node.copies.resume_in() == LOOK_AGAIN_SECONDS

    scene.restarted()  # a restart forgets nothing of it
    scene.publish(DE, 1)
    scene.follow({FR: 3 + LATE * 10, DE: 6}, paused=True)

    scene.world.clock.now += DAY
    scene.restarted()
    scene.follow({FR: 33, DE: 6}, paused=False)


def test_a_higher_limit_is_enough() -> None:
    scene = Scene(log_entries=4)
    scene.bring(FR, 3, 3)
    scene.publish(FR, 3)
    scene.follow({FR: 6}, paused=True)
    (pause,) = scene.node.copies.paused.values()
    assert pause.until == 0
    assert "once the limit is raised" in pause.words(FR.id)
    scene.policy = limited(log_entries=9)
    scene.restarted()
    scene.follow({FR: 9}, paused=False)


def test_a_stream_that_is_open_goes_on_by_itself_when_the_day_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.sync.copies.Copies.resume_in", lambda _: 0.01)
    scene = Scene(log_entries_a_day=10)
    scene.publish(FR, 1)
    scene.follow({FR: 1}, paused=False)
    scene.bring(FR, 10, 10)
    scene.publish(FR, 10)
    scene.world.roster = replace(scene.world.roster, policy=scene.policy)

    async def scenario() -> None:
        node = scene.node
        async with running(node.follower.run()), asyncio.timeout(20):
            while FR.origin not in node.copies.paused:
                await node.follower.changed()
            assert node.size(FR.origin) == 21
            scene.world.clock.now += DAY
            while node.size(FR.origin) < 31:
                await node.follower.changed()
            assert node.copies.paused == {}

    asyncio.run(scenario())


def test_whoever_begins_to_follow_late_or_was_away_catches_up_in_one_day() -> None:
    scene = Scene(log_entries_a_day=10)
    scene.publish(FR, 50)
    scene.follow({FR: 50}, paused=False)
    scene.world.clock.now += 6 * DAY
    scene.publish(FR, 50)
    scene.follow({FR: 100}, paused=False)
    # But not for ever: what comes after that on the same day is the day's.
    scene.bring(FR, 10, 10)
    scene.publish(FR, 10)
    scene.follow({FR: 120}, paused=True)


def test_malformed_entries_are_counted_and_their_log_waits() -> None:
    scene = Scene(log_set_aside=2, log_set_aside_a_day=50)
    log = scene.logs[FR.id]
    for taken in (False, False, True):
        start = log.size
        log.add(b"\x01\x01no envelope that anybody emits")
        log.pictures([start])
        asyncio.run(scene.hub.carrier.submit(FR.id, log.package(start)))
        scene.follow({FR: min(log.size, 4)}, paused=taken)
    with scene.node.store.read() as tx:
        assert tx.usage(FR.id)[Resource.SET_ASIDE, Period.ALL].used == 2


def test_the_hub_refuses_what_would_pass_a_limit_but_takes_what_takes_something_back() -> None:
    world = World([FR])
    world.roster = replace(world.roster, policy=limited(log_entries_a_day=4))
    hub, log = Hub(world), Log(FR)
    (record, *_) = log.pictures(range(4))
    asyncio.run(hub.carrier.submit(FR.id, log.package()))
    more = Log(FR)
    more.pictures(range(5))
    with pytest.raises(Overloaded, match=r"FR is at its limit of 4 entries a day \(log_entries_a_day") as caught:
        asyncio.run(hub.carrier.submit(FR.id, more.package(4)))
    assert "vigil authority policy" in caught.value.remedy
    assert 0 < caught.value.retry_after <= DAY
    assert hub.carrier.refusals.today(FR.id, NOW) == {"log_entries_a_day": 1}
    log.say(Retraction(), kind=Kind.RETRACTION, target=record)
    asyncio.run(hub.carrier.submit(FR.id, log.package(4)))
    assert hub.log(FR.origin).size == 5  # type: ignore[union-attr]
    world.clock.now += DAY
    log.pictures([9])
    asyncio.run(hub.carrier.submit(FR.id, log.package(5)))


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 1 << 62), day=st.integers(0, 10**7))
def test_a_history_is_kept_as_it_was(size: int, day: int) -> None:
    kept = History(size=size, day=day)
    assert History.unpack(kept.pack()) == kept
    assert History.unpack(b"") is None
    assert DAYS_AWAY > 1
