"""Each write fails twice: once so that nothing of it is stored, and once so that all of it is and the caller is told
otherwise. Whoever tries again ends up in the same place: nothing acknowledged is lost, nothing is signed twice
differently, nothing that was purged comes back.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from node.domain.batch import Package
from node.domain.envelope import Kind
from node.domain.ids import Origin, RecordId
from node.domain.queries import Level
from node.domain.services import Head
from node.domain.stores import NodeStore, NodeStoreWriter
from node.errors import NotFound, Refused, StoreError
from node.hub.carrier import HubCarrier
from node.tlog.note import format_vkey
from node.usecases.audit import AuditEntry
from node.usecases.catalogue import Catalogue
from node.usecases.ledger import Draft, Ledger
from node.usecases.node_audit import NodeAuditLog
from node.usecases.ownlog import OwnLog
from node.usecases.receipts import Receipt
from node.wire.convert import ProtoCodec
from tests.faults import invariants
from tests.faults.drivers import append, submit
from tests.faults.drivers.parts import FR, ROSTER, hub_head, loop_in_one_thread, opened, text
from tests.faults.flaky import FlakyStore, Mode, RememberingSigner
from tests.simulator import federation as sim

AUDIT = Origin(sim.FEDERATION, FR.id, 1, "audit")
T = TypeVar("T")
both_ways = pytest.mark.parametrize("mode", Mode)


@pytest.fixture(scope="module")
def node_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("node")
    append.prepare(home)
    return home


@pytest.fixture(scope="module")
def hub_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hub")
    submit.prepare(home)
    return home


@contextmanager
def failing(prepared: Path, scratch: Path, fail_at: int | None, mode: Mode) -> Iterator[tuple[Path, FlakyStore]]:
    """A copy of a home, and its store with that fault."""
    home = scratch / f"{mode.value}{fail_at}"
    shutil.copytree(prepared, home)
    with opened(home) as store:
        yield home, FlakyStore(store, fail_at, mode)


def insist(action: Callable[[], T], *done: type[Exception]) -> T | None:
    """Does it until it succeeds, as a person would who was told that it failed. `done`: errors that say, the second
    time, that it happened the first time.
    """
    for attempt in range(3):
        try:
            return action()
        except StoreError:
            continue
        except done:
            assert attempt, "it was refused though nobody had tried it before"
            return None
    raise AssertionError("it does not succeed")


# --- a node's day -----------------------------------------------------------------------------------------------------

CORRECTED, RETRACTED, REMAINS, SHARED, REPLACED, WAITED = range(700, 706)


@dataclass
class Day:
    """A node that says things and takes some back. `said`: as `tests.faults.drivers` would say it."""

    store: FlakyStore
    signer: RememberingSigner = field(default_factory=lambda: RememberingSigner(f"log {FR.origin}"))
    said: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        codec = ProtoCodec()
        catalogue = Catalogue(store=self.store, index=None, codec=codec)
        self.own = OwnLog(
            store=self.store,
            codec=codec,
            catalogue=catalogue,
            origin=FR.origin,
            vkey=format_vkey(FR.vkey),
            signer=self.signer,
            roster=lambda: ROSTER,
        )
        self.ledger = Ledger(
            codec=codec,
            catalogue=catalogue,
            origin=FR.origin,
            roster=lambda: ROSTER,
            clock=lambda: sim.NOW,
            random=sim.seeded("day"),
        )
        self.holdings = {SHARED: 1}
        with self.store.inner.write() as writer:
            for number in (CORRECTED, RETRACTED, REMAINS, WAITED):
                prints = replace(append.HOLDING, sha256=bytes([number % 256]) * 32)
                self.holdings[number], _ = writer.put_holding(
                    prints, level=Level.NATIONAL, case="C-2", tag=bytes([number % 256]) * 32, now=int(sim.NOW)
                )

    def live(self) -> None:
        state = self.own.state()
        insist(lambda: self.own.reconcile(hub_head(state.checkpoint, state.checkpoint_size)))
        corrected, retracted, _ = self.contribute(CORRECTED, RETRACTED, REMAINS)
        self.place()
        self.contribute(SHARED)
        self.said.append({"holding": 1})
        insist(lambda: self.ledger.correct(corrected, sim.picture(REPLACED), sim.OPEN), Refused)
        insist(lambda: self.ledger.retract(retracted), Refused)
        (waited,) = self.contribute(WAITED)
        insist(lambda: self.ledger.retract(waited), NotFound)
        self.said.append({"replacing": str(waited)})
        self.place()

    def contribute(self, *numbers: int) -> list[RecordId]:
        """As the command does it: about holdings, so that it can be said again and is the same."""
        drafts = [Draft(statement=sim.picture(number), holding=self.holdings[number]) for number in numbers]
        records = insist(lambda: self.ledger.contribute(drafts)) or []
        self.said.append({"acknowledged": [str(each) for each in records]})
        return records

    def place(self) -> None:
        state = insist(self.own.place_and_sign)
        assert state is not None
        self.said.append({"signed": text(state.checkpoint)})


def spend_a_day(prepared: Path, scratch: Path, fail_at: int | None, mode: Mode) -> FlakyStore:
    """A day on a store that fails once, judged."""
    with failing(prepared, scratch, fail_at, mode) as (home, store):
        day = Day(store)
        day.live()
        invariants.forgotten(home, [CORRECTED, RETRACTED, WAITED])
    assert day.signer.contradictions() == []
    assert len(day.signer.signed) >= 2
    invariants.node_stands(home, day.said)
    return store


@both_ways
def test_a_nodes_day_comes_out_the_same_whichever_write_fails(node_home: Path, scratch: Path, mode: Mode) -> None:
    steps = spend_a_day(node_home, scratch, None, mode).done
    assert steps > 10
    for step in range(steps):
        assert spend_a_day(node_home, scratch, step, mode).failed


def test_a_holding_whose_sharing_was_reported_failed_is_not_shared_twice(node_home: Path, scratch: Path) -> None:
    with failing(node_home, scratch, 0, Mode.REPORTED) as (_, store):
        day = Day(store)
        (record,) = day.contribute(SHARED)
        assert store.failed
        with store.read() as reader:
            assert [each.leaf for each in reader.pending(FR.origin, 10)] == [record.leaf]


def test_a_scrub_that_failed_is_made_up_for_with_the_next_change(node_home: Path, scratch: Path) -> None:
    with failing(node_home, scratch, 2, Mode.LOST) as (home, store):
        day = Day(store)
        (waited,) = day.contribute(WAITED)
        with pytest.raises(StoreError, match="scrub"):
            day.ledger.retract(waited)
        assert invariants.bytes_left(home, invariants.secrets_of(WAITED)[0]) != []
        day.contribute(REMAINS)
        invariants.forgotten(home, [WAITED])


def test_a_scrub_that_never_came_is_made_up_for_by_the_next_start(node_home: Path, scratch: Path) -> None:
    with failing(node_home, scratch, 2, Mode.LOST) as (home, store):
        day = Day(store)
        (waited,) = day.contribute(WAITED)
        with pytest.raises(StoreError, match="scrub"):
            day.ledger.retract(waited)
        # What a process that is killed here leaves: the files as they are, and nobody who closes them.
        left = scratch / "left"
        shutil.copytree(home, left)
    assert invariants.bytes_left(left, invariants.secrets_of(WAITED)[0]) != []
    with opened(left):
        invariants.forgotten(left, [WAITED])


# --- a hub's ----------------------------------------------------------------------------------------------------------


def receive_all(prepared: Path, scratch: Path, fail_at: int | None, mode: Mode) -> FlakyStore:
    """A hub that is handed everything, on a store that fails once; judged."""
    cosigner, said = RememberingSigner("hub cosigner"), []
    with failing(prepared, scratch, fail_at, mode) as (home, store), loop_in_one_thread() as runner:
        codec = ProtoCodec()
        carrier = HubCarrier(
            store=store,
            catalogue=Catalogue(store=store, index=None, codec=codec),
            codec=codec,
            roster=lambda: ROSTER,
            cosigner=cosigner,
            cosigner_vkey=format_vkey(sim.HUB_VKEY),
            clock=lambda: sim.NOW,
        )
        for package in submit.packages()[1:]:
            head = insist(partial(_submit, runner, carrier, package))
            assert head is not None
            assert head.size >= package.end
            said.append(
                {
                    "head": str(head.origin),
                    "size": head.size,
                    "cosigned": text(head.cosigned),
                    "cosigned_size": head.cosigned_size,
                    "gone": [],
                }
            )
    assert cosigner.contradictions() == []
    assert len(cosigner.signed) >= len(said) - 1
    invariants.hub_stands(home, said)
    return store


def _submit(runner: asyncio.Runner, carrier: HubCarrier, package: Package) -> Head:
    return runner.run(carrier.submit(package.origin.member, package))


@both_ways
def test_a_hub_gives_the_same_heads_whichever_write_fails(hub_home: Path, scratch: Path, mode: Mode) -> None:
    steps = receive_all(hub_home, scratch, None, mode).done
    assert steps >= len(submit.packages()) - 1
    for step in range(steps):
        assert receive_all(hub_home, scratch, step, mode).failed


# --- audit ------------------------------------------------------------------------------------------------------------


def audit_over(store: NodeStore) -> NodeAuditLog:
    return NodeAuditLog(store=store, origin=AUDIT, clock=lambda: sim.NOW, random=sim.seeded("audit"))


def grouped(audit: NodeAuditLog, numbers: Sequence[int]) -> list[Receipt]:
    """Entries that share one commit: the thread is kept busy with another until all of them wait."""
    begun, gate = threading.Event(), threading.Event()

    def hold(_writer: NodeStoreWriter) -> None:
        begun.set()
        assert gate.wait(20)

    busy = audit.submit(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body={"n": -1}), also=hold)
    assert begun.wait(20)
    receipts = [audit.submit(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body={"n": number})) for number in numbers]
    gate.set()
    busy.result(20)
    return receipts


@both_ways
def test_a_group_of_audit_entries_that_fails_is_told_to_each_and_can_be_said_again(
    node_home: Path, scratch: Path, mode: Mode
) -> None:
    with failing(node_home, scratch, 1, mode) as (_, store):
        audit = audit_over(store)
        for receipt in grouped(audit, range(5)):
            with pytest.raises(StoreError, match="made to fail"):
                receipt.result(20)
        assert store.failed
        places = {number: receipt.result(20) for number, receipt in enumerate(grouped(audit, range(5)))}
        audit.close()
        with store.read() as reader:
            run = reader.run(AUDIT, 0, 1_000, 1 << 30)
        bodies = [json.loads(body)["n"] for body in run.bodies]
        assert [bodies[place] for place in places.values()] == list(places)
        assert bodies == [-1, *(range(5) if mode is Mode.REPORTED else ()), -1, *range(5)]
        invariants.whole(store)


def test_who_no_longer_waits_for_its_audit_entry_stops_nobody_elses(node_home: Path, scratch: Path) -> None:
    """A stream that is cut while its answer is written down: the entry is kept, and the log goes on."""
    with failing(node_home, scratch, None, Mode.LOST) as (_, store):
        audit = audit_over(store)
        grouped(audit, range(3))
        assert audit.submit(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body={"n": 9})).result(20) == 4
        audit.close()
        invariants.whole(store)
