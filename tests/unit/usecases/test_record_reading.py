"""Whoever reads a record or takes its evidence is in the audit log first, and a statement is followed to the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from node.domain.ids import RecordId
from node.domain.statements import Comment, Opinion, Verdict
from node.domain.wording import Terms, Wording
from node.errors import NotFound, Refused, Unavailable
from node.usecases.followed_statements import FollowedStatements
from node.usecases.group_reading import GroupReading
from node.usecases.publication import NO_DAEMON, Publication, Publishing
from node.usecases.record_reading import RecordReading
from tests.simulator.federation import Speaker
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.audited import Audited
from tests.unit.usecases.desk import Desk

FR = Speaker.named("FR")


class Room:
    """FR has two published records. `proved`: the records whose evidence was made."""

    def __init__(self) -> None:
        world = World([FR])
        self.desk = Desk(Node(world, FR, Wire(Hub(world), FR.id)))
        self.desk.hold(1, 2)
        self.first, self.second = self.desk.shared(case="C")
        asyncio.run(self.desk.node.publisher.round())
        self.audited = Audited(self.desk.node.store)
        self.proved: list[RecordId] = []
        audit = self.audited.audit
        groups = GroupReading(audiences=self.desk.node.groups, audit=audit)
        self.reading = RecordReading(records=self.desk.records, groups=groups, audit=audit, evidence_of=self.prove)
        publishing = Publishing(self.desk.publications, lambda: None)
        self.stating = FollowedStatements(saying=self.desk.saying, publishing=publishing)

    def prove(self, record: RecordId) -> tuple[int, bytes]:
        self.proved.append(record)
        return 2, b"proof"


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.audited.close()
    made.desk.close()


def test_a_page_and_a_record_are_recorded_with_what_was_asked_for(room: Room) -> None:
    page = room.reading.page(mine=True, limit=1)
    assert (len(page.shown), page.next) == (1, 1)
    at = room.audited.now
    assert room.audited.last() == {"what": "records", "member": "", "mine": True, "limit": 1, "at": at}
    shown = room.reading.one(room.first.leaf.hex()[:12])
    assert shown.view.record == room.first
    assert room.audited.last() == {"what": "record", "record": str(room.first), "at": at}


def test_evidence_is_recorded_before_it_is_made(room: Room) -> None:
    assert room.reading.evidence(str(room.second)) == (room.second, 2, b"proof")
    assert (room.audited.last()["what"], room.audited.last()["record"]) == ("evidence", str(room.second))
    room.audited.close()
    with pytest.raises(Unavailable):
        room.reading.evidence(str(room.first))
    with pytest.raises(Unavailable):
        room.reading.one(str(room.first))
    with pytest.raises(Unavailable):
        room.reading.page()
    assert room.proved == [room.second]


def test_a_name_that_no_record_has_is_an_error(room: Room) -> None:
    with pytest.raises(NotFound):
        room.reading.one("ff" * 8)


def test_a_statement_is_not_called_published_before_the_hub_has_it(room: Room) -> None:
    async def state() -> None:
        corrected = await room.stating.correct(str(room.first), Wording(series="S"), Terms())
        comment = await room.stating.comment(str(room.second), Comment(text="seen"))
        assert (corrected.about, comment.about) == (None, room.second)
        for each in (corrected, comment):
            assert each.settled.states == {each.record: Publication.QUEUED}
            assert each.settled.why == NO_DAEMON

    asyncio.run(state())


def test_an_opinion_of_our_own_record_is_refused_and_nothing_is_said(room: Room) -> None:
    before = room.desk.records.page(mine=True).total
    with pytest.raises(Refused, match="another member's"):
        asyncio.run(room.stating.opine(str(room.second), Opinion(verdict=Verdict.CONFIRM)))
    assert room.desk.records.page(mine=True).total == before
