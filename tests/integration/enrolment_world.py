"""A federation with its hub's desk in front of it, in one process: only the transport is left out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from node.domain.ids import MemberId
from node.domain.services import JoinPetition
from node.domain.stores import HubStore
from node.domain.token import Token, format_token, parse_token
from node.hub.brake import Brake
from node.hub.challenges import Challenges
from node.hub.enrolment import EnrolmentDesk
from node.hub.roster_desk import RosterDesk
from node.pki.ca import make_request, read_certificate
from node.pki.keys import KeyRing
from node.pki.petition import make_petition
from node.usecases.enrolment import ask_to_join, renew_after_absence
from node.usecases.roster import Members, Pins, RosterGate
from tests.simulator.memory_store import MemoryHubStore
from tests.unit.pki.federation import FEDERATION, NOW, Federation

T = TypeVar("T")
HOUR = 3_600


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class World:
    """A federation with its hub's desk in front of it. `now` is everybody's clock."""

    def __init__(self, folder: Path, store: HubStore) -> None:
        self.now = NOW
        self.federation = Federation(folder)
        self.store = store
        self.members = Members(clock=self.clock)
        self.pins = Pins()
        self.gate = RosterGate(federation=FEDERATION, members=self.members, pins=self.pins, clock=self.clock)
        self.desk = self.new_desk()
        self.hubs_roster = self.federation.client("hub-roster")

    def clock(self) -> float:
        return self.now

    def new_desk(self) -> EnrolmentDesk:
        """The desk after a restart: the same store, nothing else remembered."""
        asked, guesses = Challenges(self.clock), Brake(self.clock)
        self.roster = RosterDesk(
            federation=FEDERATION,
            store=self.store,
            members=self.members,
            repository=self.federation.hub.repository,
            challenges=asked,
            brake=guesses,
            ca_sha256=self.federation.hub.ca.sha256,
            clock=self.clock,
        )
        return EnrolmentDesk(
            federation=FEDERATION,
            store=self.store,
            members=self.members,
            pins=self.pins,
            registrar=self.federation.hub.registrar,
            repository=self.federation.hub.repository,
            challenges=asked,
            brake=guesses,
            roster=self.roster,
            clock=self.clock,
        )

    def invite(self, member: MemberId, **options: Any) -> Token:
        token = self.desk.invite(
            member, hub="localhost:1", enrolment="localhost:2", ca_sha256=self.federation.hub.ca.sha256, **options
        )
        return parse_token(format_token(token))

    def refresh(self) -> None:
        """What the hub's job does."""
        self.federation.hub.repository.refresh(now=self.now)
        self.members.replace(self.hubs_roster.refresh(self.federation.hub.repository.read, now=self.now))

    def sign(self, *, admit: tuple[MemberId, ...] = (), replace_keys: tuple[MemberId, ...] = ()) -> None:
        """Request to the authority, bundle back, hub refreshed."""
        with self.store.read() as reader:
            pending = reader.join_requests(state="pending")
        bundle = self.federation.authority.sign(
            self.federation.request(*pending),
            now=self.now,
            admit_members=admit,
            replace_keys=replace_keys,
            accept_hub=True,
        )
        self.desk.announce(self.federation.hub.repository.check(bundle, now=self.now).members)
        self.federation.hub.repository.accept(bundle, now=self.now)
        self.refresh()

    def admitted(self, member: MemberId) -> Node:
        """A node that went the whole way."""
        node = Node(self, member)
        run(self.desk.join(node.petition))
        self.sign(admit=(member,))
        node.chain = run(ask_to_join(self.desk, node.petition))
        return node


class Node:
    """A node's ring, its petition for a token of its own, and the chain that it got."""

    def __init__(self, world: World, member: MemberId, *, token: Token | None = None) -> None:
        self.world = world
        self.token = token or world.invite(member)
        self.ring = KeyRing.for_member(FEDERATION, member)
        self.petition = petition(self.ring, self.token)
        self.chain: tuple[bytes, ...] = ()

    def admit(self) -> MemberId:
        """Shows the certificate at the gate."""
        leaf = read_certificate(self.chain[0])
        return self.world.gate.admit(leaf.uris[0], leaf.spki_sha256, leaf.not_after)


def petition(ring: KeyRing, token: Token, *, previous: KeyRing | None = None) -> JoinPetition:
    return make_petition(
        ring, name=f"Police of {ring.owner}", secret=token.secret, csr=make_request(ring), previous=previous
    )


def sealed(member: MemberId) -> Token:
    """What stands in a token's place where none was given out: a secret of the node's own."""
    return Token(
        federation=FEDERATION, member=member, hub="localhost:1", enrolment="localhost:2", ca_sha256=bytes(32),
        root_version=1, root_sha256=bytes(32), secret=os.urandom(32), expires=1,
    )  # fmt: skip


async def away(world: World, node: Node, **changes: Any) -> tuple[bytes, ...]:
    """Renews as a node that was away does."""
    options = {
        "federation": FEDERATION,
        "member": MemberId(node.ring.owner),
        "csr": make_request(node.ring),
        "statement": node.ring.signer("statement"),
    }
    return await renew_after_absence(world.desk, **{**options, **changes})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, MemoryHubStore())
