"""A hub and nodes in one process, over stores in memory: everything real but the disk and the wire.

Rules this module upholds:

- Time stands still unless a test moves it, and all randomness is seeded.
- A restart is a new node over the same store; a crash is a transaction that raises instead of committing.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from node.domain.batch import Package
from node.domain.envelope import Disclosure
from node.domain.fingerprint_kinds import PDQ
from node.domain.ids import MemberId, Origin
from node.domain.log_ports import LogState
from node.domain.queries import LogView
from node.domain.roster import Roster
from node.domain.search_ports import Probe
from node.domain.services import Carrier, Head
from node.hub.carrier import HubCarrier
from node.match.index import LocalIndex
from node.sync.closed import ClosedBodies
from node.sync.copies import Copies
from node.sync.follower import Follower
from node.sync.publisher import Publisher
from node.sync.repair import Repairer
from node.sync.streams import reading
from node.tlog.note import format_vkey
from node.usecases.arrival_alerts import ArrivalAlerts
from node.usecases.catalogue import Catalogue
from node.usecases.custody import NodeCustody, newest_cosignature
from node.usecases.group_audience import GroupAudiences
from node.usecases.ledger import Ledger
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.ownlog import OwnLog
from node.wire.convert import ProtoCodec
from tests.simulator.federation import HUB_SIGNER, HUB_VKEY, NOW, Speaker, picture, roster, seeded
from tests.simulator.memory_store import MemoryHubStore, MemoryStore
from tests.simulator.pauses import no_pause

CODEC = ProtoCodec()
PATIENCE = 20.0
"""Seconds after which a test that waits for something gives up."""


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """What all share: the time, and who is a member."""

    speakers: list[Speaker]
    clock: Clock = field(default_factory=Clock)
    births: Iterator[int] = field(default_factory=itertools.count)
    roster: Roster = field(init=False)

    def __post_init__(self) -> None:
        self.roster = roster(*self.speakers)

    def current(self) -> Roster:
        return self.roster


class Hub:
    """A hub over a store in memory."""

    def __init__(self, world: World, store: MemoryHubStore | None = None) -> None:
        self.world = world
        self.store = store or MemoryHubStore()
        self.halted = ""
        self.catalogue = LogCatalogue(store=self.store, codec=CODEC)
        self.carrier = HubCarrier(
            store=self.store,
            catalogue=self.catalogue,
            codec=CODEC,
            roster=world.current,
            cosigner=HUB_SIGNER,
            cosigner_vkey=format_vkey(HUB_VKEY),
            clock=world.clock,
            halted=lambda: self.halted,
            pause=no_pause,
        )

    def log(self, origin: Origin) -> LogState | None:
        with self.store.read() as reader:
            return reader.log(origin)


class Wire:
    """`services.Carrier` of one member: straight calls, as if over mutual TLS."""

    def __init__(self, hub: Hub, member: MemberId) -> None:
        self.hub = hub
        self.member = member

    async def heads(self, origins: Sequence[Origin]) -> list[Head]:
        return await self.hub.carrier.heads(self.member, origins)

    async def submit(self, package: Package) -> Head:
        return await self.hub.carrier.submit(self.member, package)

    def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        return self.hub.carrier.follow(self.member, cursors)

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        return await self.hub.carrier.bodies(self.member, origin, indices)


class Node:
    """A member's node over a store in memory."""

    def __init__(self, world: World, speaker: Speaker, carrier: Carrier, store: MemoryStore | None = None) -> None:
        self.world = world
        self.speaker = speaker
        self.origin = speaker.origin
        self.carrier = carrier
        self.store = store or MemoryStore()
        self.index = LocalIndex()
        self.catalogue = Catalogue(
            store=self.store,
            index=self.index,
            codec=CODEC,
            alerting=ArrivalAlerts(own=speaker.id, codec=CODEC, clock=world.clock),
        )
        self.catalogue.rebuild()
        self.own = OwnLog(
            store=self.store,
            codec=CODEC,
            catalogue=self.catalogue,
            origin=speaker.origin,
            vkey=format_vkey(speaker.vkey),
            signer=speaker.signer,
            roster=world.current,
        )
        self.publisher = Publisher(own=self.own, carrier=carrier, drawn=lambda: 0.0, pause=no_pause)
        self.ledger = Ledger(
            codec=CODEC,
            catalogue=self.catalogue,
            origin=speaker.origin,
            roster=world.current,
            clock=world.clock,
            random=seeded(f"{speaker.origin} {next(world.births)}"),
            acknowledged=self.publisher.wake,
        )
        self.groups = GroupAudiences(
            store=self.store, codec=CODEC, own=speaker.origin, roster=world.current, clock=world.clock
        )
        self.custody = NodeCustody(
            store=self.store,
            catalogue=self.catalogue,
            clock=world.clock,
            witnessed=newest_cosignature(world.current),
            member=speaker.id,
        )
        self.copies = Copies(
            store=self.store,
            catalogue=self.catalogue,
            codec=CODEC,
            roster=world.current,
            own=speaker.origin,
            today=self.custody.today,
            on_own=self.publisher.wake,
            clock=world.clock,
        )
        self.follower = Follower(copies=self.copies, carrier=carrier, drawn=lambda: 0.0, pause=no_pause)
        self.repairer = Repairer(
            store=self.store,
            catalogue=self.catalogue,
            codec=CODEC,
            carrier=carrier,
            member=speaker.id,
            limits=lambda: world.current().policy.limits,
            clock=world.clock,
        )

        self.closed = ClosedBodies(
            store=self.store, catalogue=self.catalogue, codec=CODEC, carrier=carrier, member=speaker.id
        )

    def restarted(self, carrier: Carrier | None = None) -> Node:
        """A new process over the same store."""
        return Node(self.world, self.speaker, carrier or self.carrier, self.store)

    def log(self, origin: Origin) -> LogState | None:
        with self.store.read() as reader:
            return reader.log(origin)

    def size(self, origin: Origin) -> int:
        log = self.log(origin)
        return log.size if log else 0

    def states(self, origin: Origin) -> list[int]:
        with self.store.read() as reader:
            return list(reader.run(origin, 0, self.size(origin), 1 << 30).states) if self.size(origin) else []

    def finds(self, number: int) -> bool:
        """Whether the index still has the picture of this number."""
        value = next(each.value for each in picture(number).fingerprints if each.code == PDQ.code)
        return bool(self.index.search([Probe(0, PDQ.code, value, 90)], 31))

    async def catch_up(self, sizes: Mapping[Origin, int] | None = None) -> None:
        """Follows until every log has these sizes (default: what the hub says it has cosigned)."""
        if sizes is None:
            heads = await self.carrier.heads([])
            sizes = {each.origin: each.cosigned_size for each in heads if each.origin != self.origin}
        await self.follow_until(lambda: all(self.size(origin) >= size for origin, size in sizes.items()))

    async def follow_until(self, done: Callable[[], bool]) -> None:
        async with running(self.follower.run()):
            async with asyncio.timeout(PATIENCE):
                while not done():
                    await self.follower.changed()


@asynccontextmanager
async def running(*work: Awaitable[None]) -> AsyncIterator[None]:
    """Runs these beside the block, and ends them with it."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def first(stream: AsyncIterator[Package], count: int) -> list[Package]:
    """The first packages of a stream."""
    packages: list[Package] = []
    async with reading(stream), asyncio.timeout(PATIENCE):
        while len(packages) < count:
            packages.append(await anext(stream))
    return packages
