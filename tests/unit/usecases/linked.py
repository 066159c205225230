"""A node in memory whose owner links records of several members, at a hub."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass, field

from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.statements import Category, Opinion, Verdict
from node.domain.wording import Terms
from node.usecases.audit import AuditLog
from node.usecases.ledger import Draft
from node.usecases.link_reading import Component, LinkReading, WantedLinks
from node.usecases.linking import Linking, LinkWording
from node.usecases.own_links import OwnLinks
from node.usecases.recordlist import RecordList
from node.usecases.retraction import Retracting
from node.usecases.saying import Saying
from node.usecases.verification import Verifier
from tests.simulator.federation import Log, Speaker, picture
from tests.simulator.world import CODEC, Hub, Node, Wire, World

FR, JP, BR, DE = map(Speaker.named, ("FR", "JP", "BR", "DE"))
DEFAULT = Terms()


def only(*members: str) -> Handling:
    return Handling(audience=tuple(map(MemberId, members)))


def link_of(*records: RecordId, relation: Relation = Relation.SAME_VICTIM, note: str = "") -> RecordLink:
    return RecordLink(relation=relation, targets=records, certainty=Certainty.PROBABLE, note=note)


@dataclass
class Bench:
    """The node of FR, the hub, and the logs of three others. `send` brings everything to the node."""

    world: World = field(default_factory=lambda: World([FR, JP, BR, DE]))
    hub: Hub = field(init=False)
    node: Node = field(init=False)
    logs: dict[str, Log] = field(init=False)
    sent: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hub = Hub(self.world)
        self.node = Node(self.world, FR, Wire(self.hub, FR.id))
        self.logs = {each.id: Log(each) for each in (JP, BR, DE)}
        store, own = self.node.store, FR.origin
        self.audit = AuditLog(
            store=store, origin=Origin(own.federation, FR.id, 1, "audit"), clock=self.world.clock, random=os.urandom
        )
        self.verifier = Verifier(codec=CODEC, latest=self.world.current)
        self.records = RecordList(
            store=store, catalogue=self.node.catalogue, codec=CODEC, own=own, verifier=self.verifier
        )
        ledger = self.node.ledger
        groups = self.node.groups
        self.linking = Linking(
            store=store, records=self.records, ledger=ledger, groups=groups, codec=CODEC, audit=self.audit, own=own
        )
        self.reading = LinkReading(store=store, codec=CODEC, verifier=self.verifier, audit=self.audit, own=own)
        self.own = OwnLinks(store=store, codec=CODEC, verifier=self.verifier, audit=self.audit, own=own)
        self.saying = Saying(records=self.records, ledger=ledger, groups=groups, audit=self.audit, own=FR.id)
        self.retracting = Retracting(store=store, ledger=ledger, audit=self.audit, own=own)

    def mine(self, *numbers: int, handling: Handling | None = None) -> list[RecordId]:
        """Records of our own, published."""
        drafts = [Draft(statement=picture(number), handling=handling or Handling()) for number in numbers]
        made = self.node.ledger.contribute(drafts)
        self.publish()
        return made

    def publish(self) -> None:
        asyncio.run(self.node.publisher.round())

    def send(self) -> None:
        """The logs of the others come to the node."""
        for name, log in self.logs.items():
            start = self.sent.get(name, 0)
            if log.size > start:
                asyncio.run(self.hub.carrier.submit(log.speaker.id, log.package(start)))
                self.sent[name] = log.size
        asyncio.run(self.node.catch_up())

    def opine(self, who: str, about: RecordId, verdict: Verdict, category: Category | None = None) -> RecordId:
        said = Opinion(verdict=verdict, category=category)
        return self.logs[who].say(said, kind=Kind.OPINION, target=about)

    def link(self, *records: RecordId, relation: Relation = Relation.SAME_VICTIM, terms: Terms = DEFAULT) -> RecordId:
        return self.linking.link(LinkWording(records=tuple(map(str, records)), relation=relation), terms)

    def around(self, record: RecordId, **wanted: object) -> Component:
        return self.reading.component(WantedLinks(record=str(record), **wanted))  # type: ignore[arg-type]

    def acts(self) -> list[dict[str, object]]:
        """What the audit log says."""
        with self.node.store.read() as tx:
            log = tx.log(self.audit.origin)
            bodies = tx.run(self.audit.origin, 0, log.size, 1 << 24).bodies if log and log.size else []
        return [json.loads(body) for body in bodies]
