"""A member and a hub that keeps no limits together: every node bounds what it takes of that member, and nothing of the
others is late or lost.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.limits import Limits
from node.domain.roster import Policy
from node.domain.usage import Period, Resource, used
from node.usecases.allowance import DAYS_AWAY, LATE
from node.usecases.ledger import Draft
from tests.simulator.federation import Speaker, picture
from tests.simulator.hostile_moves import MANY, HostileMember
from tests.simulator.unlimited import without_limits
from tests.simulator.world import Hub, Node, Wire, World

DAY = 86_400
FR, JP, YY = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("YY")
LIMITS = Limits(log_entries=600, log_entries_a_day=60, log_set_aside=20, log_set_aside_a_day=10)


@dataclass
class Scene:
    """Two honest nodes; the hub is the hostile member's friend."""

    drawn: random.Random
    said: int = 0

    def __post_init__(self) -> None:
        self.world = World([FR, JP, YY])
        self.world.roster = replace(self.world.roster, policy=Policy(limits=LIMITS))
        self.hub = without_limits(Hub(self.world))
        self.writer = Node(self.world, FR, Wire(self.hub, FR.id))
        self.reader = Node(self.world, JP, Wire(self.hub, JP.id))
        self.hostile = HostileMember(YY, Wire(self.hub, YY.id), self.drawn)

    async def day(self, *, away: bool) -> None:
        """What is said on one day, and what the reader takes of it, unless it is away."""
        for _ in range(self.drawn.randint(0, 8)):
            await self.hostile.misbehave()
            if not away:
                await self._catch_up()
        self.said += 1
        self.writer.ledger.contribute([_draft(self.said)])
        await self.writer.publisher.round()
        if not away:
            await self._catch_up()
            assert self.reader.states(FR.origin) == [BodyState.HELD] * self.said
            assert self.reader.copies.stopped == {}
            self._bounded()

    async def _catch_up(self) -> None:
        node = self.reader
        heads = {each.origin: each.cosigned_size for each in await node.carrier.heads([])}

        def done() -> bool:
            paused = node.copies.paused
            return all(node.size(origin) >= size or origin in paused for origin, size in heads.items())

        if not done() or node.copies.paused:
            await node.follow_until(done)

    def _bounded(self) -> None:
        with self.reader.store.read() as tx:
            usage = tx.usage(YY.id)
        now = self.world.clock.now
        today = used(usage, Resource.ENTRIES, Period.DAY, now)
        # A run that passes a limit is taken whole; here it is what was handed in since the last look.
        assert today <= LATE * LIMITS.log_entries_a_day + 2 * MANY
        assert used(usage, Resource.ENTRIES, Period.ALL, now) <= LIMITS.log_entries + 2 * MANY
        assert used(usage, Resource.SET_ASIDE, Period.ALL, now) <= LIMITS.log_set_aside + 2 * MANY
        assert used(usage, Resource.ENTRIES, Period.ALL, now) == self.reader.size(YY.origin)


def _draft(number: int) -> Draft:
    return Draft(statement=picture(number))


@pytest.mark.parametrize("seed", range(2))
def test_every_node_bounds_a_member_that_the_hub_does_not(seed: int) -> None:
    scene = Scene(random.Random(seed))

    async def story() -> None:
        for number in range(8):
            await scene.day(away=number % 3 == 1)
            scene.world.clock.now += DAY

    asyncio.run(story())


@settings(max_examples=15, deadline=None)
@given(
    days=st.lists(st.integers(0, 60), min_size=1, max_size=12), absent=st.lists(st.booleans(), min_size=12, max_size=12)
)
def test_a_node_never_waits_with_what_a_correct_hub_took_in_time(days: list[int], absent: list[bool]) -> None:
    """Whatever the days on which a node was away: what was within the limits day by day is followed at once."""
    world = World([FR, JP])
    world.roster = replace(world.roster, policy=Policy(limits=replace(LIMITS, log_entries=10**6)))
    hub = Hub(world)
    writer = Node(world, FR, Wire(hub, FR.id))
    reader = Node(world, JP, Wire(hub, JP.id))
    assert len(absent) < DAYS_AWAY

    async def story() -> None:
        total = 0
        for count, away in zip(days, absent, strict=False):
            if count:
                writer.ledger.contribute([_draft(total + each) for each in range(count)])
                total += count
                await writer.publisher.round()
            if not away and total:
                await reader.catch_up()
                assert reader.copies.paused == {}
                assert reader.size(FR.origin) == total
            world.clock.now += DAY

    asyncio.run(story())
