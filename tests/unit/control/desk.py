"""What the tests of `test_audited` share with others."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

from node.control.audit_commands import AuditCommands
from node.control.case_commands import CaseCommands
from node.control.hit_commands import HitCommands
from node.control.node_commands import NodeCommands
from node.control.query_commands import QueryCommands
from node.control.record_commands import RecordCommands
from node.control.search_commands import SearchCommands
from node.control.sharing_commands import SharingCommands
from node.domain.ids import Origin
from node.domain.roster import Policy
from node.match.ranking import rank
from node.usecases.allowing import AllowList
from node.usecases.audit_reading import AuditReading
from node.usecases.case_reading import CaseReading
from node.usecases.cases import Cases
from node.usecases.contribution import Contributing
from node.usecases.followed_statements import FollowedStatements
from node.usecases.group_reading import GroupReading
from node.usecases.hit_list import HitList
from node.usecases.hit_reading import HitReading
from node.usecases.ledger import Draft
from node.usecases.list_hits import ListHits
from node.usecases.matching import Matcher
from node.usecases.node_audit import NodeAuditLog
from node.usecases.node_status import NodeStatuses
from node.usecases.planning import Planner
from node.usecases.publication import Publications, Publishing
from node.usecases.query_reading import QueryReading
from node.usecases.querying import Querying
from node.usecases.recognition import Recogniser
from node.usecases.record_reading import RecordReading
from node.usecases.recordlist import RecordList
from node.usecases.retraction import Retracting
from node.usecases.saying import Saying
from node.usecases.searching import Searching
from node.usecases.selection import Selector
from node.usecases.sharing import Sharing
from node.usecases.stored_hits import StoredHits
from node.usecases.upkeep import NodeUpkeep
from node.wire.convert import ProtoCodec
from tests.simulator.federation import Speaker, picture
from tests.simulator.world import Hub, Node, Wire, World

Line = dict[str, Any]


FR = Speaker.named("FR")


class Desk:
    """One node's commands over a store in memory, with one published record of its own."""

    def __init__(self) -> None:
        world = World([FR])
        hub = Hub(world)
        self.node = Node(world, FR, Wire(hub, FR.id))
        (self.record,) = self.node.ledger.contribute([Draft(statement=picture(1))])
        asyncio.run(self.node.publisher.round())
        self.origin = Origin(FR.origin.federation, FR.id, 1, "audit")
        self.audit = NodeAuditLog(store=self.node.store, origin=self.origin, clock=world.clock, random=os.urandom)
        store, codec = self.node.store, ProtoCodec()
        self.backups: list[str] = []
        listed = RecordList(store=store, catalogue=self.node.catalogue, codec=codec, own=FR.origin)
        publishing = Publishing(Publications(store), lambda: None)
        self.records = RecordCommands(
            reading=RecordReading(
                records=listed,
                groups=GroupReading(audiences=self.node.groups, audit=self.audit),
                audit=self.audit,
                evidence_of=lambda _: (1, b"evidence"),
            ),
            stating=FollowedStatements(
                saying=Saying(
                    records=listed, ledger=self.node.ledger, groups=self.node.groups, audit=self.audit, own=FR.id
                ),
                publishing=publishing,
            ),
        )
        contributing = Contributing(
            store=store,
            ledger=self.node.ledger,
            selector=Selector(self.node.index),
            recogniser=Recogniser(index=self.node.index, codec=codec, own=FR.id),
            groups=self.node.groups,
            codec=codec,
            audit=self.audit,
        )
        retracting = Retracting(store=store, ledger=self.node.ledger, audit=self.audit, own=FR.origin)
        self.sharing = SharingCommands(
            sharing=Sharing(contributing=contributing, retracting=retracting, publishing=publishing)
        )
        self.reader = AuditCommands(reading=AuditReading(store=store, audit=self.audit))
        matcher = Matcher(store=store, index=self.node.index, codec=codec, rank=rank, own=lambda: FR.id)
        hits = HitList(store=store, codec=codec, own=FR.id, clock=world.clock)
        self.list_hits = ListHits(store=store, index=self.node.index, matcher=matcher, radius=lambda: 31)
        self.hits = HitCommands(
            reading=HitReading(hits=hits, list_hits=self.list_hits, cases=Cases(store), audit=self.audit)
        )
        self.cases = CaseCommands(
            reading=CaseReading(cases=Cases(store), hits=hits, list_hits=self.list_hits, audit=self.audit)
        )
        self.search = SearchCommands(
            ingesting=None,  # type: ignore[arg-type]
            searching=Searching(
                policy=Policy,
                matcher=matcher,
                kept=StoredHits(store=store, own=FR.id, clock=world.clock),
                cases=Cases(store),
                store=store,
                audit=self.audit,
            ),
        )
        self.planner = Planner(
            me=FR.id,
            roster=world.current,
            allowed=AllowList(store=store, audit=self.audit, clock=world.clock),
            groups=self.node.groups,
            store=store,
            codec=codec,
            clock=world.clock,
            random=os.urandom,
        )
        self.queries = QueryCommands(
            querying=Querying(
                planner=self.planner,
                asker=None,  # type: ignore[arg-type]
                store=store,
                codec=codec,
            ),
            reading=QueryReading(store=store, codec=codec, audit=self.audit),
        )
        store.backup_to = self.backups.append  # type: ignore[assignment, method-assign]
        self.admin = NodeCommands(
            statuses=NodeStatuses(
                own=FR.origin,
                store=store,
                latest=lambda: None,
                health=dict,
                heads=lambda: asyncio.sleep(0, []),
                certificate_expires=lambda: None,
                hits=hits,
                clock=world.clock,
            ),
            upkeep=NodeUpkeep(store=store, audit=self.audit, latest=lambda: None, check_index=lambda: None),
        )

    def written(self) -> list[Line]:
        with self.node.store.read() as tx:
            log = tx.log(self.origin)
            if log is None or not log.size:
                return []
            return [json.loads(body) for body in tx.run(self.origin, 0, log.size, 1 << 24).bodies]


async def items(*lines: Line) -> AsyncIterator[Line]:
    for line in lines:
        yield line


def lines_of(command: AsyncIterator[Line]) -> list[Line]:
    async def collect() -> list[Line]:
        return [line async for line in command]

    return asyncio.run(collect())


def command(desk: Desk, name: str) -> Callable[[Line, AsyncIterator[Line]], AsyncIterator[Line]]:
    """A command over records by its name."""
    found: Callable[[Line, AsyncIterator[Line]], AsyncIterator[Line]]
    found = getattr(desk.sharing if name == "retract" else desk.records, name)
    return found
