"""A whole federation's identity in a temporary folder: authority, hub, and members' rings. No network, no clock."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from node.domain.hub_ports import JoinRequest
from node.domain.ids import FederationId, MemberId
from node.domain.roster import Roster
from node.errors import NotFound
from node.pki.authority import Authority
from node.pki.ca import CertificateAuthority, make_request
from node.pki.client import RosterClient
from node.pki.courier import SigningRequest, claim_hub, encode_request
from node.pki.keys import HUB, ONLINE, KeyRing
from node.pki.metadata import RoleSigner
from node.pki.petition import make_petition, to_request
from node.pki.registrar import Registrar
from node.pki.repository import Repository
from node.pki.roster_files import Fetch
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
    ring: KeyRing, *, name: str = "", previous: KeyRing | None = None, secret: bytes | None = None
) -> JoinRequest:
    """What the hub keeps of a member's petition."""
    member = MemberId(ring.owner)
    petition = make_petition(
        ring,
        name=name or f"Police of {member}",
        secret=secret or secret_of(member),
        csr=make_request(ring),
        previous=previous,
    )
    return to_request(petition, now=NOW)


class Hub:
    """A hub's keys, CA and repository in a folder, as `app` puts them together."""

    def __init__(self, folder: Path) -> None:
        self.ring = KeyRing.load(folder / "keys", EMPTY, federation=FEDERATION, owner=HUB)
        self.ca = CertificateAuthority(self.ring, (folder / "ca.der").read_bytes())
        self.claims = claim_hub(self.ring, ca_sha256=self.ca.sha256)
        self.online = RoleSigner(self.ring.signer(ONLINE), self.ring.public_bytes(ONLINE))
        self.repository = Repository(
            folder / "repository", federation=FEDERATION, hub=self.claims.identity, online=self.online
        )

    @classmethod
    def create(cls, folder: Path, root: bytes) -> Hub:
        """A new hub on this root."""
        folder.mkdir(parents=True)
        ring = KeyRing.for_hub(FEDERATION)
        ring.save(folder / "keys", EMPTY)
        ca = CertificateAuthority.create(ring, now=NOW)
        (folder / "ca.der").write_bytes(ca.der)
        online = RoleSigner(ring.signer(ONLINE), ring.public_bytes(ONLINE))
        identity = claim_hub(ring, ca_sha256=ca.sha256).identity
        Repository.create(folder / "repository", root, federation=FEDERATION, hub=identity, online=online)
        return cls(folder)

    @property
    def registrar(self) -> Registrar:
        """Judges petitions and issues certificates."""
        return Registrar(federation=FEDERATION, ca=self.ca)

    def signing_request(
        self, petitions: Sequence[JoinRequest], *, log_sizes: Mapping[MemberId, int] | None = None
    ) -> bytes:
        """The file for the authority."""
        return encode_request(
            SigningRequest(
                federation=FEDERATION,
                hub=self.claims,
                petitions=tuple(petitions),
                log_sizes=dict.fromkeys((each.member for each in petitions), 0) if log_sizes is None else log_sizes,
            )
        )


class Federation:
    """What the hub serves, but for `forged`: other bytes a name, or None for a name that is to be missing."""

    def __init__(self, folder: Path, *, keys: int = 1, threshold: int = 1) -> None:
        self.folder = folder
        self.authority = Authority.create(
            folder / "authority", FEDERATION, EMPTY, now=NOW, keys=keys, threshold=threshold
        )
        self.hub = Hub.create(folder / "hub", self.authority.root)
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
        copy.hub = Hub(folder / "hub")
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
