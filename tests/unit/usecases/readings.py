"""A node that holds material, with an audit log, and the use cases that show and search it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar

from node.domain.ids import Origin
from node.domain.roster import Policy
from node.usecases.audit import unpack_body
from node.usecases.case_reading import CaseReading
from node.usecases.cases import Cases
from node.usecases.hit_reading import HitReading
from node.usecases.ingesting import Ingesting
from node.usecases.list_hits import ListHits
from node.usecases.node_audit import NodeAuditLog
from node.usecases.searching import Searching
from tests.simulator import federation as sim
from tests.simulator.arriving import RADIUS, Holder
from tests.simulator.federation import Speaker
from tests.simulator.world import World

T = TypeVar("T")

FR, JP, DE = Speaker.named("FR"), Speaker.named("JP"), Speaker.named("DE")


class Reading(Holder):
    """The node of FR. Close it."""

    def __init__(self) -> None:
        super().__init__(World([FR, JP, DE]), FR)
        self.origin = Origin(sim.FEDERATION, FR.id, 1, "audit")
        self.audit = NodeAuditLog(store=self.store, origin=self.origin, clock=self.world.clock, random=os.urandom)
        self.cases = Cases(self.store)
        self.list_hits = ListHits(store=self.store, index=self.node.index, matcher=self.matcher, radius=lambda: RADIUS)
        self.hit_reading = HitReading(hits=self.list, list_hits=self.list_hits, cases=self.cases, audit=self.audit)
        self.case_reading = CaseReading(hits=self.list, list_hits=self.list_hits, cases=self.cases, audit=self.audit)
        self.ingesting = Ingesting(
            intake=self.intake,
            hits=self.list,
            cases=self.cases,
            store=self.store,
            audit=self.audit,
            random=os.urandom,
        )
        self.searching = Searching(
            policy=Policy,
            matcher=self.matcher,
            kept=self.kept,
            cases=self.cases,
            store=self.store,
            audit=self.audit,
        )

    def close(self) -> None:
        self.audit.close()

    def written(self) -> list[dict[str, Any]]:
        """The bodies of the audit log."""
        with self.store.read() as tx:
            log = tx.log(self.origin)
            if log is None or not log.size:
                return []
            return [unpack_body(body)[0] for body in tx.run(self.origin, 0, log.size, 1 << 24).bodies]


async def stream(given: Iterable[T]) -> AsyncIterator[T]:
    """The values one by one."""
    for each in given:
        yield each


async def collect(events: AsyncIterator[T]) -> list[T]:
    """All events."""
    return [event async for event in events]
