"""A hub and nodes in memory that found groups, accept, and leave them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping

from node.domain.batch import Package
from node.domain.groups import GroupStep
from node.domain.ids import MemberId, Origin, RecordId
from node.usecases.audit import AuditLog, unpack_body
from node.usecases.group_book import GroupView
from node.usecases.group_newcomers import GroupNewcomers
from node.usecases.group_reading import GroupReading
from node.usecases.group_sharing import GroupSharing
from node.usecases.grouping import Grouping, NewGroup
from tests.simulator.federation import TODAY, Log, Speaker
from tests.simulator.world import Hub, Node, Wire, World

LAST_DAY = TODAY + 30


class GroupFederation:
    """Close it. `epochs`: members whose logs have so many epochs; their nodes write the last one."""

    def __init__(self, *names: str, epochs: Mapping[str, int] | None = None) -> None:
        speakers = [Speaker.named(name, epoch) for name in names for epoch in range(1, (epochs or {}).get(name, 1) + 1)]
        self.world = World(speakers)
        self.hub = Hub(self.world)
        self.nodes = {each.id: Node(self.world, each, Wire(self.hub, each.id)) for each in speakers}
        self.audits: dict[MemberId, AuditLog] = {}
        self.grouping: dict[MemberId, Grouping] = {}
        self.newcomers: dict[MemberId, GroupNewcomers] = {}
        self.reading: dict[MemberId, GroupReading] = {}
        self.sharing: dict[MemberId, GroupSharing] = {}
        for member, node in self.nodes.items():
            origin = Origin(node.origin.federation, member, 1, "audit")
            audit = AuditLog(store=node.store, origin=origin, clock=self.world.clock, random=os.urandom)
            self.audits[member] = audit
            self.grouping[member] = Grouping(audiences=node.groups, ledger=node.ledger, audit=audit)
            self.newcomers[member] = GroupNewcomers(audiences=node.groups, ledger=node.ledger, audit=audit)
            self.reading[member] = GroupReading(audiences=node.groups, audit=audit)
            self.sharing[member] = GroupSharing(audiences=node.groups, ledger=node.ledger, audit=audit)

    def close(self) -> None:
        for audit in self.audits.values():
            audit.close()

    def node(self, member: MemberId) -> Node:
        return self.nodes[member]

    def settle(self) -> None:
        """What everybody said reaches everybody."""

        async def all_of_it() -> None:
            for node in self.nodes.values():
                await node.publisher.round()
            for node in self.nodes.values():
                heads = await node.carrier.heads([])
                if any(node.size(head.origin) < head.cosigned_size for head in heads):
                    await node.catch_up()

        asyncio.run(all_of_it())

    def take_in(self, member: MemberId, *logs: Log) -> None:
        """The node of a member verifies and stores these logs, as they come from the hub."""
        node = self.node(member)
        packages: list[Package] = [log.package(hub=True) for log in logs]
        for package in packages:
            node.copies.open()
            node.copies.commit(node.copies.verify([package]))

    def found(
        self, founder: MemberId, *invited: MemberId, name: str = "Aurora", purpose: str = "find them"
    ) -> RecordId:
        wanted = NewGroup(name=name, purpose=purpose, invited=invited, last_day=LAST_DAY)
        said = self.grouping[founder].found(wanted)
        self.settle()
        return said.group

    def say(self, member: MemberId, step: GroupStep, name: str = "Aurora") -> None:
        self.grouping[member].say(name, step)
        self.settle()

    def views(self, member: MemberId) -> list[GroupView]:
        node = self.node(member)
        with node.store.read() as tx:
            return node.groups.book(tx).groups()

    def view(self, member: MemberId) -> GroupView:
        (found,) = self.views(member)
        return found

    def audited(self, member: MemberId) -> str:
        """All bodies of a member's audit log, as text."""
        origin = self.audits[member].origin
        with self.node(member).store.read() as tx:
            log = tx.log(origin)
            held = tx.held_at(origin, range(log.size if log else 0))
        return "\n".join(json.dumps(unpack_body(body)[0]) for _, body in held.values())
