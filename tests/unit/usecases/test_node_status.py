"""The state of a node: what the hub says beside what is stored, unknown figures as unknown, and every alarm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from node.domain.alerts import AlertKind, Raised
from node.domain.held_questions import HeldQuestion
from node.domain.ids import MemberId, Origin
from node.domain.limits import Limits
from node.domain.queries import SignedQuery
from node.domain.roster import MemberStatus, Policy
from node.domain.services import Head
from node.domain.usage import Charge, Period, Resource
from node.errors import Unavailable
from node.usecases import node_status
from node.usecases.hit_list import HitList
from node.usecases.ledger import Draft
from node.usecases.member_usage import QuotaAlarm
from node.usecases.node_status import HeldAlarm, NodeStatus, NodeStatuses
from tests.simulator.federation import NOW, Speaker, picture, roster
from tests.simulator.world import CODEC, Hub, Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")


def no_heads() -> Awaitable[Sequence[Head]]:
    return asyncio.sleep(0, [])


class Room:
    """A node with one published and one waiting record, in a federation with JP, which has no log here."""

    def __init__(self) -> None:
        world = World([FR, JP])
        self.roster = world.roster
        self.node = Node(world, FR, Wire(Hub(world), FR.id))
        self.node.ledger.contribute([Draft(statement=picture(1))])
        asyncio.run(self.node.publisher.round())
        self.node.ledger.contribute([Draft(statement=picture(2))])

    def status(
        self,
        heads: Callable[[], Awaitable[Sequence[Head]]] = no_heads,
        *,
        expires: float | None = 1.0,
        **health: Any,
    ) -> NodeStatus:
        store = self.node.store
        statuses = NodeStatuses(
            own=FR.origin,
            store=store,
            latest=lambda: self.roster,
            health=lambda: health,
            heads=heads,
            certificate_expires=lambda: expires,
            hits=HitList(store=store, codec=CODEC, own=FR.id, clock=lambda: NOW),
            clock=lambda: NOW,
        )
        return asyncio.run(statuses.now())


@pytest.fixture
def room() -> Room:
    return Room()


def test_what_is_published_and_what_waits_is_counted_and_the_lag_is_unknown_without_the_hub(room: Room) -> None:
    status = room.status(stopped_logs={str(FR.origin): "it is full"})
    (log,) = status.logs
    assert (status.hub, status.published, status.waiting) == ("reached", 1, 1)
    assert (log.log.size, log.head, log.lag, log.stopped, log.paused) == (1, None, None, "it is full", None)
    assert [each.id for each in status.silent] == [JP.id]
    assert (status.member and status.member.status, status.roster_stale) == (MemberStatus.ACTIVE, False)


@pytest.mark.parametrize(("at_hub", "lag"), [(0, 0), (1, 0), (4, 3)])
def test_the_lag_is_what_the_hub_has_more_and_never_less_than_nothing(room: Room, at_hub: int, lag: int) -> None:
    head = Head(origin=FR.origin, size=at_hub, cosigned=b"", cosigned_size=at_hub)
    (log,) = room.status(lambda: asyncio.sleep(0, [head])).logs
    assert log.lag == lag


async def away() -> Sequence[Head]:
    raise Unavailable("the hub is away")


async def silent() -> Sequence[Head]:
    await asyncio.Event().wait()
    return []


def test_a_hub_that_is_away_is_told_and_the_rest_is_shown(room: Room) -> None:
    status = room.status(away)
    assert (status.hub, len(status.logs)) == ("unavailable: the hub is away", 1)


def test_a_hub_that_does_not_answer_is_not_waited_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_status, "ASK_SECONDS", 0.0)
    assert room.status(silent).hub == "did not answer within 0 s"


def test_a_node_that_is_not_admitted_asks_nobody(room: Room) -> None:
    room.roster = None  # type: ignore[assignment]
    status = room.status(away, expires=None)
    assert status.hub == "not asked: this node is not admitted yet"
    assert (status.member, status.roster_stale, status.silent) == (None, True, [])
    assert status.logs[0].state is MemberStatus.LEFT


def test_a_suspension_and_an_old_roster_are_shown(room: Room) -> None:
    known = roster(FR, FR=MemberStatus.SUSPENDED)
    room.roster = replace(known, expires=NOW)
    status = room.status()
    assert (status.logs[0].state, status.roster_stale) == (MemberStatus.SUSPENDED, True)


def test_questions_that_wait_and_members_at_a_limit_are_alarms_and_we_are_not(room: Room) -> None:
    room.roster = replace(room.roster, policy=Policy(limits=Limits(log_entries=10)))
    query = SignedQuery(header=b"", payload=b"", signature=bytes(64))
    held = HeldQuestion(
        asker=JP.id, query_id=bytes(16), query=query, at=int(NOW), expires_at=int(NOW) + 60, why="many are close"
    )
    with room.node.store.write() as tx:
        tx.put_held_question(held)
        for member in (JP.id, FR.id):
            charge = Charge(member=member, resource=Resource.ENTRIES, amount=10, periods=(Period.ALL,))
            tx.charge([charge], NOW)
    first, second = room.status().alarms
    assert isinstance(first, HeldAlarm)
    assert (first.held, first.words().partition(" ")[0]) == (1, "1")
    assert isinstance(second, QuotaAlarm)
    assert (second.member, second.limit) == (JP.id, "log_entries")
    assert all(each.remedy for each in (first, second))


def test_alerts_that_nobody_has_seen_are_counted(room: Room) -> None:
    with room.node.store.write() as tx:
        raised = [Raised(kind=AlertKind.CONSULTATION, about=str(number)) for number in range(3)]
        tx.see_alerts(tx.raise_alerts(raised, int(NOW))[:1], "Dupont", int(NOW))
    status = room.status()
    assert status.new_alerts == 2
    assert not status.is_exercise


def test_a_log_of_the_audit_is_no_log_of_records(room: Room) -> None:
    with room.node.store.write() as tx:
        tx.open_log(Origin(FR.origin.federation, MemberId("FR"), 1, "audit"))
    assert len(room.status().logs) == 1
