"""A federation that asks and answers in one process: real use cases, relay and attendants, no gRPC.

Rules this module upholds:

- The wire is replaced by direct calls; everything that decides is the program's own.
- A test may put a liar in a member's place (`Party.lie`) or hold an answer back until it says so (`Party.hold`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from node.domain.ids import MemberId, Origin, member_id
from node.domain.material import PictureFingerprints
from node.domain.orientations import turned
from node.domain.queries import Level, RelayEvent, SignedAnswer, SignedQuery
from node.domain.roster import KeyPurpose, MemberKey, MemberStatus, Policy, Roster
from node.domain.services import Delivery, Reply
from node.hub.relay import QueryRelay
from node.hub.switchboard import LocalSwitchboard, Switchboard
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.sync.attendant import CONCURRENT, Attendant
from node.sync.workers import Workers
from node.tlog.note import ED25519, format_vkey, make_vkey
from node.usecases.allowing import AllowList
from node.usecases.answering import Answerer
from node.usecases.asking import Asker, AskerDeps
from node.usecases.catalogue import Catalogue
from node.usecases.finding import AnswererDeps
from node.usecases.group_audience import GroupAudiences
from node.usecases.held_questions import HeldDeps, HeldQuestions
from node.usecases.inquiry import Inquirer, InquirerDeps
from node.usecases.intake import Intake
from node.usecases.matching import Matcher
from node.usecases.node_audit import NodeAuditLog
from node.usecases.planning import Planner
from node.usecases.probes import Booked
from node.usecases.stored_hits import StoredHits
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.memory_store import MemoryHubStore, MemoryStore
from tests.simulator.pauses import no_pause


async def until(condition: Callable[[], object]) -> None:
    """Waits on what other tasks bring about and no event tells of."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (the program has no event for a test to wait on)
            await asyncio.sleep(0.001)


def statement_signer(name: str) -> sim.NamedSigner:
    return sim.NamedSigner(f"statement {name}")


def roster_of(*names: str, policy: Policy | None = None, **status: MemberStatus) -> Roster:
    """A roster whose members have log and statement keys."""
    plain = sim.roster(*(sim.Speaker.named(name) for name in names), **status)
    members = {}
    for name, member in plain.members.items():
        key = make_vkey(f"{sim.FEDERATION}/{name}/statement", ED25519, statement_signer(name).public)
        statement = MemberKey(purpose=KeyPurpose.STATEMENT, vkey=format_vkey(key))
        members[name] = replace(member, keys=(*member.keys, statement))
    return replace(plain, members=members, policy=policy or Policy())


@dataclass
class Party:
    """One member's node: its store, index and use cases. `asked` counts the questions that reached it."""

    id: MemberId
    store: MemoryStore
    index: LocalIndex
    intake: Intake
    matcher: Matcher
    audit: NodeAuditLog
    inquirer: Inquirer
    answerer: Answerer
    held: HeldQuestions
    planner: Planner
    sent: list[Reply] = field(default_factory=list)
    bring: Callable[[Reply], None] | None = None
    lie: Callable[[SignedQuery, SignedAnswer], SignedAnswer] | None = None
    hold: asyncio.Event | None = None
    late: list[object] = field(default_factory=list)

    def decided(self, reply: Reply) -> None:
        """What its attendant, if there is one, is told of a decision."""
        self.sent.append(reply)
        if self.bring is not None:
            self.bring(reply)


def party(name: str, roster: Callable[[], Roster], clock: Callable[[], float]) -> Party:
    store, index, codec = MemoryStore(), LocalIndex(), ProtoCodec()
    me = member_id(name)
    audit = NodeAuditLog(
        store=store,
        origin=Origin(sim.FEDERATION, me, 1, "audit"),
        clock=clock,
        random=sim.seeded(f"audit {name}"),
    )
    matcher = Matcher(
        store=store,
        index=index,
        codec=codec,
        rank=rank,
        own=lambda: me,
        floor=lambda: roster().policy.pdq_quality_floor,
    )
    signer = statement_signer(name)
    catalogue = Catalogue(store=store, index=index, codec=codec)
    allowed = AllowList(store=store, audit=audit, clock=clock)
    hits = StoredHits(store=store, own=me, clock=clock)
    answerer = Answerer(
        AnswererDeps(
            me=me,
            roster=roster,
            matcher=matcher,
            store=store,
            view=catalogue.view,
            codec=codec,
            audit=audit,
            signer=signer,
            clock=clock,
        )
    )
    made: list[Party] = []
    who = Party(
        planner=Planner(
            me=me,
            roster=roster,
            allowed=allowed,
            groups=GroupAudiences(
                store=store, codec=codec, own=sim.Speaker.named(name).origin, roster=roster, clock=clock
            ),
            store=store,
            codec=codec,
            clock=clock,
            random=sim.seeded(f"plans {name}"),
        ),
        id=me,
        store=store,
        index=index,
        intake=Intake(
            store=store,
            catalogue=catalogue,
            matcher=matcher,
            hits=hits,
            radius=lambda: roster().policy.radius,
            clock=clock,
        ),
        matcher=matcher,
        audit=audit,
        inquirer=Inquirer(
            InquirerDeps(
                me=me,
                roster=roster,
                matcher=matcher,
                store=store,
                codec=codec,
                audit=audit,
                signer=signer,
                clock=clock,
                random=sim.seeded(f"queries {name}"),
            )
        ),
        answerer=answerer,
        held=HeldQuestions(
            HeldDeps(
                roster=roster,
                store=store,
                codec=codec,
                matcher=matcher,
                answerer=answerer,
                audit=audit,
                clock=clock,
                send=lambda reply: made[0].decided(reply),  # noqa: PLW0108 (it is made further down)
            )
        ),
    )
    made.append(who)
    return who


class DirectRelay:
    """`services.Relay` of one member, calling the hub's relay without a wire between them."""

    def __init__(self, relay: QueryRelay, who: Party) -> None:
        self._relay = relay
        self._who = who

    def ask(self, query: SignedQuery, budget: float) -> AsyncIterator[Sequence[RelayEvent]]:
        return self._relay.ask(self._who.id, query, budget)

    async def attend(self, replies: AsyncIterator[Reply]) -> AsyncGenerator[Delivery, None]:
        asked: dict[bytes, SignedQuery] = {}

        async def bent() -> AsyncIterator[Reply]:
            async for reply in replies:
                if self._who.hold is not None:
                    await self._who.hold.wait()
                lie = self._who.lie
                yield replace(reply, answer=lie(asked[reply.query_id], reply.answer)) if lie else reply

        async for delivery in self._relay.attend(self._who.id, bent()):
            if delivery.query is not None:
                asked[ProtoCodec().decode_header(delivery.query.header).query_id] = delivery.query
            yield delivery


@dataclass
class Federation:
    """The hub's relay and the parties by name."""

    relay: QueryRelay
    hub_store: MemoryHubStore
    parties: dict[str, Party]
    workers: Workers
    attendants: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def attend(self, name: str) -> None:
        """Brings a member's attendant up, and waits until the hub has its stream."""
        who = self.parties[name]
        attendant = Attendant(
            relay=DirectRelay(self.relay, who),
            answerer=who.answerer,
            inquirer=who.inquirer,
            workers=self.workers,
            jitter=lambda: 0.0,
            on_late=who.late.append,
            decided=who.held.replies,
        )
        who.bring = attendant.send
        self.attendants[name] = asyncio.create_task(attendant.run())
        await until(lambda: who.id in self.relay.attending)

    def asker(self, name: str, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Asker:
        """Asks for a member, straight at the hub's relay. `pause`: what waiting for the budget is."""
        who = self.parties[name]
        return Asker(
            AskerDeps(
                me=who.id,
                roster=who.planner.roster,
                inquirer=who.inquirer,
                relay=DirectRelay(self.relay, who).ask,
                store=who.store,
                clock=who.planner.clock,
                random=sim.seeded(f"asker {name}"),
                pause=pause,
            )
        )

    async def leave(self, name: str) -> None:
        task = self.attendants.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def federation(
    *names: str,
    attending: tuple[str, ...] | None = None,
    policy: Policy | None = None,
    clock: Callable[[], float] = lambda: float(sim.NOW),
    switchboard: Switchboard | None = None,
    hub_store: MemoryHubStore | None = None,
    **status: MemberStatus,
) -> AsyncIterator[Federation]:
    """A running federation of these members, `attending` (all where None) of them reachable."""
    roster = roster_of(*names, policy=policy, **status)
    hub_store = hub_store or MemoryHubStore()
    relay = QueryRelay(
        roster=lambda: roster,
        codec=ProtoCodec(),
        store=hub_store,
        switchboard=switchboard or LocalSwitchboard(),
        booked=Booked(hub_store),
        clock=clock,
        pause=no_pause,
    )
    workers = Workers(CONCURRENT, "answers")
    made = Federation(relay, hub_store, {name: party(name, lambda: roster, clock) for name in names}, workers)
    try:
        for name in names if attending is None else attending:
            await made.attend(name)
        yield made
    finally:
        for name in list(made.attendants):
            await made.leave(name)
        for each in made.parties.values():
            each.audit.close()
        await asyncio.to_thread(workers.close)


def prints(number: int, *, quality: int = 90, pdq: bytes | None = None) -> PictureFingerprints:
    """A made-up picture's fingerprints; `pdq` sets the PDQ hash."""
    import hashlib

    def make(salt: str, size: int) -> bytes:
        return hashlib.shake_256(f"{salt} {number}".encode()).digest(size)

    upright = pdq or make("pdq", 32)
    return PictureFingerprints(
        media_type="image/jpeg",
        size=1_000 + number,
        md5=make("md5", 16),
        sha1=make("sha1", 20),
        sha256=make("sha256", 32),
        pdq=upright,
        pdq_quality=quality,
        pdq_orientations=turned(upright),
        phash=make("phash", 8),
        width=800,
        height=600,
    )


def flip(value: bytes, bits: int) -> bytes:
    """`value` with its first `bits` bits flipped."""
    number = int.from_bytes(value, "big") ^ ((1 << bits) - 1) << (8 * len(value) - bits)
    return number.to_bytes(len(value), "big")


LEVELS = (Level.NATIONAL, Level.HIT_NO_HIT)
