"""Threads of a group: who joins it later reads them, once their authors share them again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations

import pytest

from node.domain.consultations import ConsultationStep
from node.domain.groups import GroupStep
from node.domain.ids import MemberId
from node.domain.wording import Terms
from node.errors import NotFound
from node.usecases.consent import Consent
from node.usecases.consulting import Consulting, Question
from node.usecases.group_sharing import ShareFate
from node.usecases.own_threads import OwnThreads
from tests.simulator.world import CODEC
from tests.unit.usecases.group_federation import GroupFederation

FR, JP, DE, BR = (MemberId(each) for each in ("FR", "JP", "DE", "BR"))


@dataclass
class Room:
    """FR and JP are in a group, and talk there. DE joins later; BR never does."""

    made: GroupFederation = field(default_factory=lambda: GroupFederation("FR", "JP", "DE", "BR"))
    desks: dict[MemberId, Consulting] = field(default_factory=dict)
    threads: dict[MemberId, OwnThreads] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for member, node in self.made.nodes.items():
            self.threads[member] = OwnThreads(
                store=node.store, codec=CODEC, own=node.origin, roster=self.made.world.current
            )
            self.desks[member] = Consulting(
                threads=self.threads[member],
                ledger=node.ledger,
                groups=node.groups,
                audit=self.made.audits[member],
                clock=self.made.world.clock,
            )
        self.made.found(FR, JP, DE)
        self.made.say(JP, GroupStep.ACCEPT)

    def talk(self) -> str:
        asked = Question(subject="the blue room", text="opening", terms=Terms(group="Aurora"))
        name = str(self.desks[FR].open(asked).thread)
        self.made.settle()
        for member, text in ((JP, "one"), (FR, "two")):
            self.desks[member].reply(name, text)
            self.made.settle()
        return name

    def join(self) -> None:
        self.made.say(DE, GroupStep.ACCEPT)

    def share(self, member: MemberId) -> list[ShareFate]:
        sharing = self.made.sharing[member]
        plan = sharing.plan("Aurora")
        return [each.fate for some in sharing.carry_out(plan, Consent(plan=plan.digest)) for each in some]

    def read(self, member: MemberId, name: str) -> list[str]:
        thread = self.threads[member].any(name)
        return [each.said.text for each in thread.messages] if thread.opening is not None else []


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.made.close()


def test_a_reply_names_the_group_of_its_thread(room: Room) -> None:
    thread = room.threads[JP].any(room.talk())
    (group,) = {each.said.group for each in thread.messages}
    assert group is not None
    assert [each.said.step for each in thread.messages[1:]] == [ConsultationStep.REPLY] * 2


@pytest.mark.parametrize("order", list(permutations((FR, JP))))
def test_a_member_that_joins_later_reads_the_thread_in_whatever_order_its_authors_share_it(
    room: Room, order: tuple[MemberId, ...]
) -> None:
    name = room.talk()
    room.join()
    with pytest.raises(NotFound):
        room.read(DE, name)
    for member in order:
        assert set(room.share(member)) == {ShareFate.SHARED}
        room.made.settle()
    assert room.read(DE, name) == ["opening", "one", "two"]
    assert room.read(JP, name) == room.read(FR, name) == ["opening", "one", "two"]
    with pytest.raises(NotFound):
        room.read(BR, name)
    room.desks[DE].reply(name, "three")
    room.made.settle()
    assert room.read(JP, name)[-1] == "three"
    assert [room.share(member) for member in (FR, JP, DE)] == [[], [], []]


def test_a_message_that_was_not_sent_yet_stays_as_it_is(room: Room) -> None:
    room.desks[FR].open(Question(subject="the blue room", text="opening", terms=Terms(group="Aurora")))
    room.made.grouping[DE].say("Aurora", GroupStep.ACCEPT)
    asyncio.run(room.made.node(DE).publisher.round())
    asyncio.run(room.made.node(FR).catch_up())
    assert room.share(FR) == []
    room.made.settle()
    assert room.share(FR) == [ShareFate.SHARED]
