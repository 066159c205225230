"""Case files, notes, timelines and categorising over a node in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from node.domain.caller import Caller
from node.domain.case_events import FIRST_PLACE, CaseEvent
from node.domain.roster import CategoryScheme, Policy
from node.usecases.acting import acting_for
from node.usecases.case_notes import CaseNotes
from node.usecases.case_timeline import CaseTimeline
from node.usecases.case_work import CaseWork, Defaults
from node.usecases.categorising import Categorised, Categorising, Wanted
from node.usecases.selection import Named, Selection, Selector
from tests.simulator.federation import Speaker
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import Desk

FR = Speaker.named("FR")
TITLE = Defaults(title="Bridge")
SCHEMES = (CategoryScheme(scheme="uk-caid", version="1", codes=("A", "B")),)


class CaseDesk(Desk):
    """The desk of one node, with cases."""

    def __init__(self) -> None:
        world = World([FR])
        super().__init__(node=Node(world, FR, Wire(Hub(world), FR.id)))
        self.clock = world.clock
        self.policy = replace(Policy(), schemes=SCHEMES)
        store, audit = self.node.store, self.audit
        self.work = CaseWork(store=store, audit=audit, policy=lambda: self.policy, clock=self.clock)
        self.notes = CaseNotes(store=store, audit=audit, clock=self.clock)
        self.timeline = CaseTimeline(store=store, audit=audit)
        self.categorising = Categorising(
            store=store, selector=Selector(self.node.index), audit=audit, policy=lambda: self.policy, clock=self.clock
        )

    def categorise(self, wanted: Wanted) -> list[Categorised]:
        return [each for batch in self.categorising.carry_out(self.categorising.plan(wanted)) for each in batch]

    def events(self, case: str = "C") -> list[CaseEvent]:
        with self.node.store.read() as tx:
            return tx.case_events(case, FIRST_PLACE, 100)

    def kinds(self, case: str = "C") -> list[str]:
        return [each.kind for each in self.events(case)]

    def written(self) -> list[dict[str, Any]]:
        """The audit log's bodies."""
        with self.node.store.read() as tx:
            log = tx.log(self.audit.origin)
            size = log.size if log else 0
            return [json.loads(body) for body in tx.run(self.audit.origin, 0, size, 1 << 24).bodies]


@contextmanager
def officer(name: str) -> Iterator[None]:
    with acting_for(Caller(name=name)):
        yield


def named(*holdings: int, case: str = "") -> Selection:
    return Selection(case=case, named=tuple(Named(holding=each) for each in holdings))
