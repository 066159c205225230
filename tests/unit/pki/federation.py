"""A whole federation's identity in a temporary folder: authority, hub, and members' rings. No network, no clock."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from node.domain.ids import FederationId, MemberId
from node.domain.ports import JoinRequest
from node.domain.roster import Roster
from node.errors import NotFound
from node.pki.authority import Authority
from node.pki.ca import make_request
from node.pki.client import Fetch, RosterClient
from node.pki.hubhome import HubHome
from node.pki.keys import KeyRing
from node.pki.petition import make_petition, to_request
from node.pki.wrapping import Passphrase

FEDERATION = FederationId("federation.example")
FR, JP, BR = MemberId("FR"), MemberId("JP"), MemberId("BR")
NOW = 1_800_000_000.0
"""Some second; only differences count."""
DAY = 86_400
EMPTY = Passphrase(b"", allow_empty=True)


def secret_of(member: MemberId) -> bytes:
    """A token's secret for tests."""
    return hashlib.sha256(b"secret of " + member.encode()).digest()


def petition_of(
    ring: KeyRing, *, name: str = "A member", previous: KeyRing | None = None, secret: bytes | None = None
) -> JoinRequest:
    """What the hub keeps of a member's petition."""
    member = MemberId(ring.owner)
    petition = make_petition(
        ring, name=name, secret=secret or secret_of(member), csr=make_request(ring), previous=previous
    )
    return to_request(petition, now=NOW)


class Federation:
    """`files`: what the hub serves; a test may put other bytes in `forged`, or make a name vanish with None."""

    def __init__(self, folder: Path, *, keys: int = 1, threshold: int = 1) -> None:
        self.folder = folder
        self.authority = Authority.create(
            folder / "authority", FEDERATION, EMPTY, now=NOW, keys=keys, threshold=threshold
        )
        self.hub = HubHome.create(
            folder / "hub", FEDERATION, EMPTY, root=self.authority.root, hosts=("localhost", "127.0.0.1"), now=NOW
        )
        self.rings: dict[MemberId, KeyRing] = {}
        self.forged: dict[str, bytes | None] = {}

    @classmethod
    def copy_of(cls, other: Federation, folder: Path) -> Federation:
        """The same federation in another folder, opened anew: quicker than making one."""
        copy = cls.__new__(cls)
        for name in ("authority", "hub"):
            shutil.copytree(other.folder / name, folder / name)
        copy.folder = folder
        copy.authority = Authority(folder / "authority", EMPTY)
        copy.hub = HubHome(folder / "hub", EMPTY)
        copy.rings = dict(other.rings)
        copy.forged = {}
        return copy

    def request(self, *petitions: JoinRequest, log_sizes: Mapping[MemberId, int] | None = None) -> bytes:
        """A signing request of this hub."""
        return self.hub.signing_request(petitions, log_sizes=log_sizes)

    def admit(self, *members: MemberId, now: float = NOW) -> bytes:
        """Fresh rings for these members, admitted and published. The bundle."""
        petitions = []
        for member in members:
            self.rings[member] = KeyRing.for_member(FEDERATION, member)
            petitions.append(petition_of(self.rings[member], name=f"Member {member}"))
        bundle = self.authority.sign(self.request(*petitions), now=now, admit_members=members, accept_hub=True)
        self.hub.repository.accept(bundle, now=now)
        return bundle

    def fetch(self, name: str, limit: int) -> bytes:
        """What a node gets when it asks the hub."""
        if name not in self.forged:
            return self.hub.repository.read(name, limit)
        data = self.forged[name]
        if data is None:
            raise NotFound("no such file")
        return data

    def client(self, name: str = "node", fetch: Fetch | None = None) -> RosterClient:
        """A node that joins with a token of now."""
        version, sha256 = self.hub.repository.root_pin()
        return RosterClient.bootstrap(
            self.folder / name, fetch or self.fetch, federation=FEDERATION, root_version=version, root_sha256=sha256
        )

    def roster(self, *, now: float = NOW) -> Roster:
        """What a new node believes."""
        return self.client(f"node-{len(list(self.folder.iterdir()))}").refresh(self.fetch, now=now)
