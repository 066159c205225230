"""What the hub's operator does is in the hub's audit log before it is done, and how it ended after it."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from node.control.audit_commands import AuditCommands
from node.control.commands import Commands
from node.control.hub_commands import HubCommands
from node.domain.caller import Caller
from node.domain.ids import MemberId, Origin, federation_id
from node.domain.token import Token
from node.errors import DiskFull, Malformed, Refused, Unavailable
from node.usecases import acts
from node.usecases.audit import AuditLog
from tests.simulator import federation as sim
from tests.simulator.memory_store import MemoryStore

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
        self.store = MemoryStore()
        self.audit = AuditLog(store=self.store, origin=ORIGIN, clock=lambda: sim.NOW, random=os.urandom)
        roster = sim.roster(sim.Speaker.named("FR"))
        self.commands = HubCommands(
            federation="bench.vigil",
            addresses=("hub:1", "hub:2"),
            ca_sha256=bytes(32),
            store=self.store,
            audit=self.audit,
            desk=self,
            latest=lambda: roster,
            authority_until=lambda: None,
            request=bytes,
            accept=lambda _: self.did("admit", roster),
            suspend_member=lambda *_: self.did("suspend"),
            lift=lambda _: self.did("unsuspend"),
            attending=frozenset,
            claimed=dict,
            make_keys=lambda _: self.did("rekey", ("aaaa", "bbbb")),
            drop_keys=lambda: self.did("drop", result=True),
            new_keys=str,
            make_backup=lambda path: self.did("backup", {"path": path}),
            daemon=lambda: False,
            clock=lambda: sim.NOW,
        )

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
            who = Caller(officer="Sgt. Sato")
            async for _ in Commands.of(self.commands).run(name, ACTS[name], _nothing(), who):
                pass

        asyncio.run(all_lines())

    def read(self) -> list[Line]:
        reader = AuditCommands(origin=ORIGIN, store=self.store, audit=self.audit, clock=lambda: sim.NOW)

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


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.audit.close()


@pytest.mark.parametrize("name", ACTS)
def test_an_act_of_the_operator_is_written_down_and_done(hub: Hub, name: str) -> None:
    hub.run(name)
    body, outcome = hub.written()
    assert (body["what"], hub.done) == (name, [name])
    assert (body["at"], body["officer"]) == (sim.NOW, "Sgt. Sato")
    assert body.get("member", "FR") == "FR"
    assert (outcome["of"], outcome["outcome"]) == (0, "done")
    assert "telltale" not in json.dumps([body, outcome])


@pytest.mark.parametrize("name", ACTS)
def test_what_cannot_be_written_down_is_not_done(hub: Hub, name: str) -> None:
    hub.audit.close()
    with pytest.raises(Unavailable):
        hub.run(name)
    assert hub.done == []


FAULTS: dict[str, tuple[Exception, Line]] = {
    "refused": (
        Refused("FR is not a member of bench.vigil"),
        {"outcome": "refused", "error": "refused", "why": "FR is not a member of bench.vigil"},
    ),
    "a bad bundle": (Malformed("no bundle"), {"outcome": "refused", "error": "malformed", "why": "no bundle"}),
    "a full disk": (DiskFull("no space"), {"outcome": "failed", "error": "disk-full", "why": "no space"}),
    "a fault of ours": (ValueError("telltale"), {"outcome": "failed", "error": "ValueError"}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_was_refused_or_failed_does_not_read_like_a_done_one(hub: Hub, name: str, fault: str) -> None:
    hub.fault, expected = FAULTS[fault]
    with pytest.raises(type(hub.fault)):
        hub.run(name)
    (act,) = [line for line in hub.read() if line["kind"] == "administration"]
    assert (act["what"], act["ended_at"]) == (name, sim.NOW)
    assert {key: act[key] for key in ("outcome", "error", "why") if key in act} == expected
    assert "telltale" not in json.dumps(hub.written())


def test_an_act_that_runs_says_so_and_one_that_was_cut_short_is_unknown(hub: Hub) -> None:
    """A crash between the act and its outcome: nobody knows, and the audit says that."""
    seen: list[Line] = []

    def look() -> None:
        seen.extend(hub.read())

    acts.perform(hub.audit, "suspend", look, member="FR")
    assert seen[0]["outcome"] == "running"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(acts, "_end", lambda *_: None)  # the process dies here
        acts.perform(hub.audit, "unsuspend", lambda: None, member="FR")
    outcomes = [(line["what"], line["outcome"]) for line in hub.read() if line["kind"] == "administration"]
    assert outcomes == [("suspend", "done"), ("unsuspend", "unknown")]


def test_what_was_done_stays_done_where_its_outcome_cannot_be_written_down(
    hub: Hub, capfd: pytest.CaptureFixture[str]
) -> None:
    acts.perform(hub.audit, "suspend", hub.audit.close, member="FR")  # raises nothing
    out, err = capfd.readouterr()
    assert "outcome of an act was not written down" in out + err
    (body,) = hub.written()
    assert body["what"] == "suspend"
