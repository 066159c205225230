"""Everything that a store in memory holds, and the logs and their rows in it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields
from typing import TypeVar

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.log_ports import Chain, Link, LogState, Owed, PendingEntry
from node.domain.mentions import Mention, Stated
from node.domain.usage import Usage
from tests.simulator.memory_addresses import AddressTables
from tests.simulator.memory_answers import AnswerTables
from tests.simulator.memory_cases import CaseTables
from tests.simulator.memory_common import Common
from tests.simulator.memory_desk import DeskTables
from tests.simulator.memory_entities import EntityTables
from tests.simulator.memory_hits import HitTables
from tests.simulator.memory_hub import HubTables
from tests.simulator.memory_lists import ListTables
from tests.simulator.memory_local_watches import LocalWatchTables
from tests.simulator.memory_officers import OfficerTables
from tests.simulator.memory_previews import PreviewTables
from tests.simulator.memory_reviews import ReviewTables
from tests.simulator.memory_tables import Place
from tests.simulator.memory_threads import ThreadTables
from tests.simulator.memory_watches import WatchTables

Tables = TypeVar(
    "Tables",
    "Common",
    "Place",
    "HubTables",
    "HitTables",
    "ReviewTables",
    "PreviewTables",
    "AnswerTables",
    "ListTables",
    "OfficerTables",
    "DeskTables",
    "CaseTables",
    "WatchTables",
    "LocalWatchTables",
    "ThreadTables",
    "EntityTables",
    "AddressTables",
)


def clone(tables: Tables) -> Tables:
    """Containers of its own over the same values, which nobody changes."""
    return type(tables)(**{each.name: copy.copy(getattr(tables, each.name)) for each in fields(tables)})


@dataclass(slots=True)
class Row:
    """One entry. Never changed in place: a change puts a new one."""

    entry: bytes
    leaf: bytes
    state: BodyState
    disclosure: Disclosure
    expiry_day: int


@dataclass(slots=True)
class Log:
    """One log: its state, its rows, its tiles, and what was set aside."""

    state: LogState
    rows: list[Row] = field(default_factory=list)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)
    quarantine: dict[int, str] = field(default_factory=dict)
    evidence: list[bytes] = field(default_factory=list)

    def clone(self) -> Log:
        return Log(self.state, list(self.rows), dict(self.tiles), dict(self.quarantine), list(self.evidence))


@dataclass(slots=True)
class State:
    """Everything a store holds. `clone` shares the values, which nobody changes, and the logs, cloned when written."""

    logs: dict[Origin, Log] = field(default_factory=dict)
    targets: dict[RecordId, tuple[tuple[int, Origin, int, int], ...]] = field(default_factory=dict)
    links: dict[tuple[Origin, int], Link] = field(default_factory=dict)
    chains: dict[RecordId, Chain] = field(default_factory=dict)
    owed: dict[Owed, None] = field(default_factory=dict)
    mentions: dict[tuple[Origin, int], tuple[Mention, ...]] = field(default_factory=dict)
    stated: dict[tuple[Origin, int], Stated] = field(default_factory=dict)
    outbox: dict[int, PendingEntry] = field(default_factory=dict)
    last_pending: int = 0
    common: Common = field(default_factory=Common)
    place: Place = field(default_factory=Place)
    entities: EntityTables = field(default_factory=EntityTables)
    hits: HitTables = field(default_factory=HitTables)
    reviews: ReviewTables = field(default_factory=ReviewTables)
    previews: PreviewTables = field(default_factory=PreviewTables)
    answers: AnswerTables = field(default_factory=AnswerTables)
    lists: ListTables = field(default_factory=ListTables)
    addresses: AddressTables = field(default_factory=AddressTables)
    officers: OfficerTables = field(default_factory=OfficerTables)
    desk: DeskTables = field(default_factory=DeskTables)
    cases: CaseTables = field(default_factory=CaseTables)
    watches: WatchTables = field(default_factory=WatchTables)
    local_watches: LocalWatchTables = field(default_factory=LocalWatchTables)
    threads: ThreadTables = field(default_factory=ThreadTables)
    hub: HubTables = field(default_factory=HubTables)
    usage: dict[MemberId, Usage] = field(default_factory=dict)

    def clone(self) -> State:
        return State(
            logs=dict(self.logs),
            targets=dict(self.targets),
            links=dict(self.links),
            chains=dict(self.chains),
            owed=dict(self.owed),
            mentions=dict(self.mentions),
            stated=dict(self.stated),
            outbox=dict(self.outbox),
            last_pending=self.last_pending,
            common=clone(self.common),
            place=clone(self.place),
            entities=clone(self.entities),
            hits=clone(self.hits),
            reviews=clone(self.reviews),
            previews=clone(self.previews),
            answers=clone(self.answers),
            lists=clone(self.lists),
            addresses=clone(self.addresses),
            officers=clone(self.officers),
            desk=clone(self.desk),
            cases=clone(self.cases),
            watches=clone(self.watches),
            local_watches=clone(self.local_watches),
            threads=clone(self.threads),
            hub=clone(self.hub),
            usage={member: dict(counts) for member, counts in self.usage.items()},
        )
