"""Whatever a member with a valid key puts into its log, the others' records arrive, stand and go as their owners say.

Seeded steps over a hub and three honest nodes in one process, with two members that misbehave. Every so often all comes
to rest, and what each honest node holds is compared with what the honest members said.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from node.domain.batch import BodyState
from node.domain.ids import RecordId
from node.domain.statements import Comment
from node.errors import Misuse, NotFound, Refused
from node.sync.streams import reading
from node.usecases.fsck import check_store
from node.usecases.ledger import Draft
from tests.simulator.federation import OPEN, Speaker, picture
from tests.simulator.hostile_moves import MOVES, HostileMember
from tests.simulator.world import Hub, Node, Wire, World

HONEST = ("FR", "JP", "DE")
HOSTILE = ("YY", "ZZ")
REST_EVERY = 100
FEW = 400
MANY = 1_000
FEDERATIONS = 10
"""So many federations live through `MANY` steps each."""


@dataclass
class Said:
    """A record of an honest member: its newest version, the picture that it is about, and whether it still stands."""

    record: RecordId
    number: int
    stands: bool = True


@dataclass
class Battle:
    """The federation, and what its honest members said."""

    drawn: random.Random
    said: list[Said] = field(default_factory=list)
    numbers: int = 0
    moves: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        speakers = [Speaker.named(name) for name in (*HONEST, *HOSTILE)]
        self.world = World(speakers)
        self.hub = Hub(self.world)
        wires = {each.id: Wire(self.hub, each.id) for each in speakers}
        self.nodes = [Node(self.world, each, wires[each.id]) for each in speakers if each.id in HONEST]
        self.hostile = [HostileMember(each, wires[each.id], self.drawn) for each in speakers if each.id in HOSTILE]

    async def step(self) -> None:
        if self.drawn.random() < 0.5:
            attacker = self.drawn.choice(self.hostile)
            attacker.honest = [each.record for each in self.said]
            self.moves[await attacker.misbehave()] += 1
            return
        await self.drawn.choice((self._contribute, self._correct, self._retract, self._comment, self._sync))(
            self.drawn.choice(self.nodes)
        )

    def _mine(self, node: Node) -> Said | None:
        mine = [each for each in self.said if each.stands and each.record.origin == node.origin]
        return self.drawn.choice(mine) if mine else None

    async def _contribute(self, node: Node) -> None:
        self.numbers += 1
        (record,) = node.ledger.contribute([Draft(statement=picture(self.numbers))])
        self.said.append(Said(record=record, number=self.numbers))

    async def _correct(self, node: Node) -> None:
        if (old := self._mine(node)) is not None:
            self.numbers += 1
            old.record = node.ledger.correct(old.record, picture(self.numbers), OPEN)
            old.number = self.numbers

    async def _retract(self, node: Node) -> None:
        if (old := self._mine(node)) is not None:
            node.ledger.retract(old.record)
            old.stands = False

    async def _comment(self, node: Node) -> None:
        targets = [each.record for each in self.said if each.stands] + [
            r for bad in self.hostile for r in bad.own[-50:]
        ]
        if targets:
            try:
                node.ledger.comment(self.drawn.choice(targets), Comment(text="seen"))
            except (NotFound, Refused, Misuse):
                return  # not here, gone, or past its last day

    async def _sync(self, node: Node) -> None:
        await node.publisher.round()
        await self._follow(node, self.drawn.randint(1, 3))

    async def _follow(self, node: Node, packages: int) -> None:
        cursors = node.copies.open()
        heads = await node.carrier.heads([])
        due = sum(head.cosigned_size > node.size(head.origin) for head in heads if head.origin != node.origin)
        async with reading(node.carrier.follow(cursors)) as stream:
            for _ in range(min(packages, due)):
                node.copies.commit(node.copies.verify([await anext(stream)]))

    async def rest(self) -> None:
        """Everything honest is published and followed to its end; then it is looked at."""
        for node in self.nodes:
            await node.publisher.round()
        for node in self.nodes:
            await node.catch_up()
            node.custody.sweep()
            self._honest_records(node)
        self._one_mind()

    def _honest_records(self, node: Node) -> None:
        assert node.copies.stopped == {}
        for said in self.said:
            view = node.catalogue.record(said.record)
            if said.stands:
                assert view is not None
                assert (view.state, view.replaced) == (BodyState.HELD, False)
            elif view is not None:
                assert view.state is BodyState.PURGED
        with node.store.read() as reader:
            for log in reader.logs():
                if log.origin.member in HONEST:
                    assert not log.frozen
                    assert not reader.quarantined(log.origin)

    def _one_mind(self) -> None:
        """All honest nodes judge every entry of a hostile log alike, but for what is not for one of them."""
        for attacker in self.hostile:
            origin = attacker.speaker.origin
            judged = [node.states(origin) for node in self.nodes]
            assert len({len(states) for states in judged}) == 1
            for states in zip(*judged, strict=True):
                assert len(set(states) - {BodyState.NOT_FOR_US}) <= 1


def fight(steps: int, seed: int) -> Battle:
    battle = Battle(random.Random(seed))

    async def run() -> None:
        for number in range(1, steps + 1):
            await battle.step()
            if not number % REST_EVERY:
                await battle.rest()

    asyncio.run(run())
    for node in battle.nodes:
        faults = [fault for report in check_store(node.store, battle.world.roster) for fault in report.faults]
        assert faults == []
    return battle


@pytest.mark.parametrize("seed", range(3))
def test_honest_records_stand_beside_hostile_members(seed: int) -> None:
    fight(FEW, seed)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(100, 100 + FEDERATIONS))
def test_honest_records_stand_over_ten_thousand_steps(seed: int) -> None:
    battle = fight(MANY, seed)
    assert set(battle.moves) == {move.__name__ for move in MOVES}
    assert all(attacker.accepted for attacker in battle.hostile)
