"""A member that floods one kind of statement, beside a hub that keeps no limits: every node bounds what it takes of it,
and nothing of an honest member is late.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.address_listings import AddressListing, Granularity
from node.domain.batch import BodyState
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.envelope import Kind
from node.domain.groups import Group, GroupStep
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.limits import Limits
from node.domain.notices import Notice, NoticeColour
from node.domain.queries import MatchRule, Subject
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.roster import Policy
from node.domain.statements import Cooperation
from node.domain.usage import OF_KIND, Period, used
from node.domain.watches import Watch, WatchReply, WatchState
from node.tlog.merkle import leaf_hash
from node.usecases.allowance import LATE
from node.usecases.ledger import Draft
from tests.simulator.federation import NOW, Log, Speaker, picture
from tests.simulator.unlimited import without_limits
from tests.simulator.world import Hub, Node, Wire, World

DAY = 86_400
FR, JP, YY = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("YY")
A_DAY, IN_ALL, AT_ONCE = 6, 30, 4
NAMES = ("links", "messages", "watches", "watch_replies", "notices", "addresses", "groups", "revisions")
LIMITS = replace(Limits(), **dict.fromkeys(NAMES, IN_ALL), **dict.fromkeys([f"{name}_a_day" for name in NAMES], A_DAY))
TO_ALL = Handling(audience=(FR.id, JP.id))


def said(kind: Kind, number: int) -> Cooperation:
    """A statement of this kind; of a revision, what it says."""
    some = RecordId(YY.origin, leaf_hash(b"%d" % number))
    other = RecordId(YY.origin, leaf_hash(b"other"))
    prints = picture(number).fingerprints
    made: dict[Kind, Cooperation] = {
        Kind.LINK: RecordLink(relation=Relation.COPY, targets=(some, other), certainty=Certainty.CERTAIN),
        Kind.CONSULTATION: Consultation(step=ConsultationStep.OPEN, subject="s", text="t", at=NOW),
        Kind.WATCH: Watch(
            subjects=(Subject(label="", fingerprints=prints),),
            rule=MatchRule.POLICY,
            officer_role="r",
            case_reference="c",
            legal_basis="l",
        ),
        Kind.WATCH_REPLY: WatchReply(watch=some, state=WatchState.KEPT, at=NOW),
        Kind.NOTICE: Notice(colour=NoticeColour.GREEN, reference=f"N{number}", fingerprints=prints),
        Kind.ADDRESS_LISTING: AddressListing(address=some.leaf, granularity=Granularity.HOST, evidence_day=1),
        Kind.GROUP: Group(step=GroupStep.FOUND, name=f"group {number}", purpose="p"),
    }
    return made.get(kind) or made[Kind.GROUP]


@dataclass
class Flood:
    """FR is honest, JP reads, and YY states one kind without end; the hub is its friend."""

    kind: Kind
    log: Log = field(default_factory=lambda: Log(YY))
    stated: int = 0
    shared: int = 0
    newest: RecordId | None = None
    behind: int = 0
    """The most that was ever waiting for the reader: a run that passes a limit is taken whole."""

    def __post_init__(self) -> None:
        self.world = World([FR, JP, YY])
        self.world.roster = replace(self.world.roster, policy=Policy(limits=LIMITS))
        hub = without_limits(Hub(self.world))
        self.wire = Wire(hub, YY.id)
        self.honest = Node(self.world, FR, Wire(hub, FR.id))
        self.reader = Node(self.world, JP, Wire(hub, JP.id))

    async def day(self, submissions: int) -> None:
        for _ in range(submissions):
            start = self.log.size
            for _ in range(AT_ONCE):
                self._state()
            await self.wire.submit(self.log.package(start))
            await self._follow()
        self._speak()
        await self.honest.publisher.round()
        await self._follow()
        self._check()
        self.world.clock.now += DAY

    def _state(self) -> None:
        self.stated += 1
        statement = said(self.kind, self.stated)
        if self.kind == Kind.REVISION and self.newest is not None:
            self.newest = self.log.say(statement, kind=self.kind, handling=TO_ALL, target=self.newest)
        else:
            kind = Kind.GROUP if self.kind == Kind.REVISION else self.kind
            self.newest = self.log.say(statement, kind=kind, handling=TO_ALL)

    def _speak(self) -> None:
        """The honest member shares a record, and states something of the same kind."""
        self.shared += 1
        self.honest.ledger.contribute([Draft(statement=picture(10_000 + self.shared))])
        if self.kind not in {Kind.REVISION, Kind.LINK}:
            self.shared += 1
            self.honest.ledger.state(said(self.kind, 10_000 + self.shared), Handling(audience=(JP.id,)))

    async def _follow(self) -> None:
        """Everything that JP takes now."""
        node = self.reader
        self.behind = max(self.behind, self.log.size - node.size(YY.origin))
        heads = {each.origin: each.cosigned_size for each in await node.carrier.heads([])}

        def done() -> bool:
            return all(node.size(each) >= size or each in node.copies.paused for each, size in heads.items())

        if not done() or node.copies.paused:
            await node.follow_until(done)

    def _check(self) -> None:
        assert self.reader.states(FR.origin) == [BodyState.HELD] * self.shared
        assert self.reader.copies.stopped == {}
        with self.reader.store.read() as tx:
            usage, now = tx.usage(YY.id), self.world.clock.now
        resource = OF_KIND[self.kind]
        assert used(usage, resource, Period.DAY, now) <= LATE * A_DAY + self.behind
        assert used(usage, resource, Period.ALL, now) <= IN_ALL + self.behind
        held = sum(state == BodyState.HELD for state in self.reader.states(YY.origin))
        assert held <= IN_ALL + self.behind


@pytest.mark.parametrize("kind", sorted(OF_KIND), ids=lambda kind: kind.name.lower())
def test_a_flood_of_one_kind_is_bounded_and_delays_nobody_else(kind: Kind) -> None:
    flood = Flood(kind)

    async def story() -> None:
        for submissions in (1, 6, 3, 4, 4, 4, 4):
            await flood.day(submissions)

    asyncio.run(story())
    assert flood.reader.copies.paused  # it states more than anybody takes in
    assert flood.reader.size(YY.origin) < flood.log.size


@settings(max_examples=8, deadline=None)
@given(kind=st.sampled_from(sorted(OF_KIND)), days=st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_the_bound_holds_however_the_flood_comes(kind: Kind, days: list[int]) -> None:
    flood = Flood(kind)

    async def story() -> None:
        for submissions in days:
            await flood.day(submissions)

    asyncio.run(story())
