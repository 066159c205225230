"""What every driver is made of: a home with a real database, the use cases over it, and a way to say what is known.

Rules this module upholds:

- A driver says a thing (one JSON line, one system call) only after the program told it so: what was said is what a
  person or a peer may rely on, whatever happens to the process next.
- Nothing is random and no clock runs, so that two runs make the same system calls in the same order.
- Importing this imports all that a driver needs: a driver imports nothing while it is watched.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from node.domain.services import Head
from node.domain.stores import NodeStore
from node.errors import VigilError
from node.hub.carrier import HubCarrier
from node.store.lock import own
from node.store.store import open_node_store
from node.tlog.note import format_vkey
from node.usecases.catalogue import Catalogue
from node.usecases.custody import Custody
from node.usecases.ledger import Ledger
from node.usecases.ownlog import OwnLog
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim

FR = sim.Speaker.named("FR")
JP = sim.Speaker.named("JP")
ROSTER = sim.roster(FR, JP)
DATABASE = "vigil.db"
SAID = 1
"""The descriptor that a driver speaks on."""


@dataclass
class Voice:
    """How a driver speaks. `die`: end at once, without closing anything, when a step failed."""

    die: bool = False
    failed: list[str] = field(default_factory=list)

    def say(self, **what: Any) -> None:
        os.write(SAID, json.dumps(what).encode() + b"\n")

    def step(self, name: str, action: Callable[[], None]) -> None:
        """One piece of work. An error that the program raises on purpose is said, and the next piece is tried."""
        try:
            action()
        except VigilError as error:
            self.failed.append(name)
            self.say(failed=name, kind=error.kind, text=str(error))
            if self.die:
                os._exit(0)


def text(data: bytes) -> str:
    """Bytes as a JSON string holds them."""
    return base64.b64encode(data).decode()


# --- a node -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NodeParts:
    """The node of FR over a real database."""

    store: NodeStore
    catalogue: Catalogue
    own: OwnLog
    ledger: Ledger
    custody: Custody


def node_over(store: NodeStore, seed: str) -> NodeParts:
    """The use cases of FR's node over `store`. `seed`: what its nonces come from, another for every start."""
    codec = ProtoCodec()
    catalogue = Catalogue(store=store, index=None, codec=codec)
    log = OwnLog(
        store=store,
        codec=codec,
        catalogue=catalogue,
        origin=FR.origin,
        vkey=format_vkey(FR.vkey),
        signer=FR.signer,
        roster=lambda: ROSTER,
    )
    ledger = Ledger(
        codec=codec,
        catalogue=catalogue,
        origin=FR.origin,
        roster=lambda: ROSTER,
        clock=lambda: sim.NOW,
        random=sim.seeded(seed),
    )
    custody = Custody(
        store=store, catalogue=catalogue, clock=lambda: sim.NOW + 40 * 86_400, witnessed=lambda _: sim.NOW + 40 * 86_400
    )
    return NodeParts(store=store, catalogue=catalogue, own=log, ledger=ledger, custody=custody)


@contextmanager
def opened(home: Path, *, create: bool = False) -> Iterator[NodeStore]:
    """The home's database, owned and open."""
    with own(home):
        store = open_node_store(home / DATABASE, create=create)
        try:
            yield store
        finally:
            store.close()


def hub_head(note: bytes, size: int) -> Head:
    """The head of FR's log at a hub that got as far as `note`; b"" where it got nothing."""
    return Head(origin=FR.origin, size=size, cosigned=sim.cosigned(note) if note else b"", cosigned_size=size)


# --- a hub ------------------------------------------------------------------------------------------------------------


def hub_over(store: NodeStore) -> HubCarrier:
    """The hub's carrier over `store`."""
    codec = ProtoCodec()
    return HubCarrier(
        store=store,
        catalogue=Catalogue(store=store, index=None, codec=codec),
        codec=codec,
        roster=lambda: ROSTER,
        cosigner=sim.HUB_SIGNER,
        cosigner_vkey=format_vkey(sim.HUB_VKEY),
        clock=lambda: sim.NOW,
    )


class InlineExecutor(ThreadPoolExecutor):
    """Runs at once in the thread that submits: strace counts system calls a thread, and so there is one."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  (as an executor does: the error is the future's)
            future.set_exception(error)
        return future


@contextmanager
def loop_in_one_thread() -> Iterator[asyncio.Runner]:
    """An event loop without threads."""
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(InlineExecutor(max_workers=1))
        yield runner
