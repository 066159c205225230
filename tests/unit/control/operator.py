"""What the tests of `test_hub_audited` share with others."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from typing import Any

from node.control.audit_commands import AuditCommands
from node.control.commands import Commands
from node.control.hub_commands import HubCommands
from node.domain.caller import Caller
from node.domain.ids import MemberId, Origin, federation_id
from node.domain.token import Token
from node.usecases.audit import AuditLog
from node.usecases.audit_reading import AuditReading
from node.usecases.hub_operation import HubOperation
from node.usecases.hub_status import HubStatuses
from tests.simulator import federation as sim
from tests.simulator.memory_store import MemoryHubStore

Line = dict[str, Any]


ORIGIN = Origin(sim.FEDERATION, MemberId("HUB"), 1, "audit")


ACTS: dict[str, Line] = {
    "invite": {"member": "FR", "valid_seconds": 60},
    "admit": {"bundle": base64.b64encode(b"telltale").decode()},
    "suspend": {"member": "FR", "reason": "its keys were lost"},
    "unsuspend": {"member": "FR"},
    "refuse": {"member": "FR"},
    "rekey": {"compromised": True},
    "backup": {"path": "somewhere"},
}


class Hub:
    """An operator's commands over a store in memory; `done` is what reached the rooms behind them."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fault: Exception | None = None
        self.store = MemoryHubStore()
        self.audit = AuditLog(store=self.store, origin=ORIGIN, clock=lambda: sim.NOW, random=os.urandom)
        roster = sim.roster(sim.Speaker.named("FR"))
        self.roster = roster
        operation = HubOperation(
            addresses=("hub:1", "hub:2"),
            ca_sha256=bytes(32),
            store=self.store,
            audit=self.audit,
            desk=self,
            latest=lambda: self.roster,
            request=bytes,
            accept=lambda _: self.did("admit", roster),
            suspend_member=lambda *_: self.did("suspend"),
            lift=lambda _: self.did("unsuspend"),
            make_keys=lambda _: self.did("rekey", ("aaaa", "bbbb")),
            drop_keys=lambda: self.did("drop", result=True),
            make_log_key=lambda: self.did("log key", "cccc"),
            make_backup=lambda path: self.did("backup", {"path": path}),
        )
        statuses = HubStatuses(
            federation="bench.vigil",
            store=self.store,
            latest=lambda: self.roster,
            authority_until=lambda: None,
            attending=frozenset,
            claimed=dict,
            new_keys=str,
            daemon=lambda: False,
            clock=lambda: sim.NOW,
        )
        self.commands = HubCommands(operation=operation, statuses=statuses)

    def did(self, what: str, result: Any = None) -> Any:
        if self.fault is not None:
            raise self.fault
        self.done.append(what)
        return result

    def invite(self, member: MemberId, **given: Any) -> Token:
        self.did("invite")
        return Token(
            federation=federation_id("bench.vigil"),
            member=member,
            hub=given["hub"],
            enrolment=given["enrolment"],
            secret=bytes(32),
            ca_sha256=bytes(32),
            root_version=1,
            root_sha256=bytes(32),
            expires=1,
        )

    def refuse(self, _member: MemberId) -> None:
        self.did("refuse")

    def run(self, name: str) -> None:
        async def all_lines() -> None:
            who = Caller(name="Sgt. Sato")
            async for _ in Commands.of(self.commands).run(name, ACTS[name], _nothing(), who):
                pass

        asyncio.run(all_lines())

    def read(self) -> list[Line]:
        reader = AuditCommands(reading=AuditReading(store=self.store, audit=self.audit))

        async def all_lines() -> list[Line]:
            return [line async for line in reader.read_audit({}, _nothing())]

        return asyncio.run(all_lines())

    def written(self) -> list[Line]:
        with self.store.read() as tx:
            log = tx.log(ORIGIN)
            return [json.loads(body) for body in tx.run(ORIGIN, 0, log.size, 1 << 20).bodies] if log else []


async def _nothing() -> AsyncIterator[Line]:
    none: list[Line] = []
    for line in none:
        yield line
