"""Countries in memory that list addresses to each other."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

from node.domain.address_book import Evidence
from node.domain.address_listings import Granularity
from node.domain.addresses import read_address
from node.domain.envelope import Kind
from node.domain.ids import Origin
from node.domain.statements import Reason
from node.domain.wording import Terms
from node.usecases.address_book import AddressBook, Given, Taken, Typed
from node.usecases.address_checking import AddressChecks
from node.usecases.address_listing import AddressListings, Outcome
from node.usecases.audit import unpack_body
from node.usecases.consent import Consent
from node.usecases.listed_addresses import Listed, ListedAddresses
from node.usecases.node_audit import NodeAuditLog
from node.usecases.recordlist import RecordList
from tests.simulator.federation import TODAY, Speaker
from tests.simulator.world import CODEC, Hub, Node, Wire, World

SPEAKERS = [Speaker.named(name) for name in ("DE", "FR", "IT", "JP")]
DAY = 86_400
YES = Consent(yes=True)


class FewSuffixes:
    """`PublicSuffixes` of two names."""

    def is_registry(self, name: str) -> bool:
        return name == "co.example"

    def is_shared(self, name: str) -> bool:
        return name in {"co.example", "hosting.example"}


@dataclass
class Country:
    """A node and its use cases on addresses. Close it."""

    node: Node
    audit: NodeAuditLog = field(init=False)

    def __post_init__(self) -> None:
        node, clock = self.node, self.node.world.clock
        origin = Origin(node.origin.federation, node.origin.member, 1, "audit")
        self.audit = NodeAuditLog(store=node.store, origin=origin, clock=clock, random=os.urandom)
        self.listed = ListedAddresses(codec=CODEC, roster=node.world.current, clock=clock)
        seen: dict[str, Any] = {"store": node.store, "audit": self.audit}
        self.book = AddressBook(**seen, clock=clock, suffixes=FewSuffixes(), listed=self.listed)
        self.checks = AddressChecks(**seen, suffixes=FewSuffixes(), listed=self.listed)
        records = RecordList(store=node.store, catalogue=node.catalogue, codec=CODEC, own=node.origin)
        self.listings = AddressListings(
            store=node.store,
            ledger=node.ledger,
            records=records,
            listed=self.listed,
            audit=self.audit,
            own=node.origin.member,
        )

    def add(
        self, *texts: str, day: int = TODAY, granularity: Granularity | None = None, unusual: bool = False
    ) -> list[Taken]:
        given = Given(evidence=Evidence(day=day, note="seen"), granularity=granularity, unusual=unusual)
        return self.book.add([Typed(text=text) for text in texts], given)

    def submit(self, *texts: str, granularity: Granularity | None = None) -> list[Outcome]:
        return self.listings.submit([Typed(text=text) for text in texts], granularity, Terms(), YES)

    def list_(self, *texts: str, day: int = TODAY, granularity: Granularity | None = None) -> list[Outcome]:
        """Takes addresses in and lists them."""
        self.add(*texts, day=day, granularity=granularity)
        return self.submit(*texts, granularity=granularity)

    def withdraw(self, *texts: str) -> list[Outcome]:
        return self.listings.withdraw([Typed(text=text) for text in texts], None, Reason.MISTAKE, YES)

    def of(self, text: str, granularity: Granularity | None = None) -> Listed | None:
        """What the members say about exactly this address, as this node sees it."""
        read = read_address(text)
        key = read.at(granularity or read.given).key
        with self.node.store.read() as tx:
            return self.listed.within(tx).of([key]).get(key)

    def audited(self) -> list[dict[str, Any]]:
        """The bodies of the audit log."""
        with self.node.store.read() as tx:
            log = tx.log(self.audit.origin)
            size = log.size if log else 0
            run = tx.run(self.audit.origin, 0, size, 1 << 30)
        return [unpack_body(body)[0] for body in run.bodies]

    def lists(self) -> int:
        """How many listings of its own log stand here."""
        with self.node.store.read() as tx:
            return tx.count_listings().get(self.node.origin, 0)


class Federation:
    """Four countries and their hub."""

    def __init__(self) -> None:
        self.world = World(SPEAKERS)
        self.hub = Hub(self.world)
        self.countries = {each.id: Country(Node(self.world, each, Wire(self.hub, each.id))) for each in SPEAKERS}
        self.de, self.fr, self.it, self.jp = self.countries.values()

    def settle(self) -> None:
        """Everybody publishes, then everybody follows."""
        for each in self.countries.values():
            asyncio.run(each.node.publisher.round())
        for each in self.countries.values():
            asyncio.run(each.node.catch_up())

    def days_pass(self, days: int) -> None:
        self.world.clock.now += days * DAY

    def close(self) -> None:
        for each in self.countries.values():
            each.audit.close()


def kinds_in(node: Node) -> list[int]:
    """The kinds of the entries of a node's own log."""
    with node.store.read() as tx:
        log = tx.log(node.origin)
        return [Kind(entry[1]) for entry in tx.run(node.origin, 0, log.size if log else 0, 1 << 30).entries]
