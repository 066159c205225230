"""The hub's identity on its disk: ring, CA, and the repository of what the authority signed.

Rules this module upholds:

- Made once, on the authority's root, whose digits two people have compared. The authority's keys are never here.
- The server's certificate is issued from the CA when it is needed, and again in time; it is never on disk.
- A signing request is made of what the hub holds; whether any of it is true is the authority's to check.

The folder: `hub.json`, `keys` (wrapped), `ca.der`, `repository/`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from node.domain.ids import FederationId, MemberId, federation_id
from node.domain.ports import JoinRequest
from node.errors import Damaged, Misuse, PeerFault
from node.pki import metadata
from node.pki.ca import Certificate, CertificateAuthority, needs_renewal, to_pem
from node.pki.client import RosterClient
from node.pki.courier import SigningRequest, claim_hub, encode_request
from node.pki.files import make_folder, read_bounded, write_atomic
from node.pki.keys import HUB, ONLINE, KeyRing
from node.pki.registrar import Registrar
from node.pki.repository import Repository
from node.pki.strictjson import MAX_DOCUMENT, decode, encode
from node.pki.wrapping import Passphrase

_HUB: Final = "vigil/hub/v1"


class HubHome:
    """An opened hub folder, its ring in memory. One process at a time; blocking; safe in any thread of it."""

    def __init__(self, folder: Path, passphrase: Passphrase) -> None:
        """Raises `NotFound` where there is no hub, `Damaged` where keys or files do not open."""
        self._folder = folder
        try:
            top = decode(read_bounded(folder / "hub.json", MAX_DOCUMENT, what="hub"), _HUB, "a hub")
            self.federation: FederationId = federation_id(top.text("federation"))
            self.hosts = top.texts("hosts")
            top.end()
            self.ring = KeyRing.load(folder / "keys", passphrase, federation=self.federation, owner=HUB)
            self.ca = CertificateAuthority(
                self.ring, read_bounded(folder / "ca.der", MAX_DOCUMENT, what="CA certificate")
            )
        except PeerFault as error:
            raise Damaged("the hub's folder is damaged", remedy="restore it from the backup") from error
        self.claims = claim_hub(self.ring, ca_sha256=self.ca.sha256)
        self.repository = Repository(
            folder / "repository", federation=self.federation, hub=self.claims.identity, online=_online(self.ring)
        )
        self._lock = threading.Lock()
        self._leaf: Certificate | None = None

    @classmethod
    def create(
        cls,
        folder: Path,
        federation: FederationId,
        passphrase: Passphrase,
        *,
        root: bytes,
        hosts: Sequence[str],
        now: float,
    ) -> HubHome:
        """A new hub for the authority with this root.json. `hosts`: the names and addresses nodes reach it by.

        Raises `Misuse` where there is a hub already or no host is named, `PeerFault` and its kin for the root.
        """
        if (folder / "hub.json").exists():
            raise Misuse("there is a hub in this folder already", remedy="name another folder")
        make_folder(folder)
        ring = KeyRing.for_hub(federation)
        ca = CertificateAuthority.create(ring, now=now)
        ca.issue_server(hosts, now=now)  # refuses a host that no certificate can name, before anything is written
        claims = claim_hub(ring, ca_sha256=ca.sha256)
        Repository.create(folder / "repository", root, federation=federation, hub=claims.identity, online=_online(ring))
        ring.save(folder / "keys", passphrase)
        write_atomic(folder / "ca.der", ca.der)
        # Last: a crash before it leaves keys that nobody heard of.
        write_atomic(folder / "hub.json", encode({"type": _HUB, "federation": federation, "hosts": list(hosts)}))
        return cls(folder, passphrase)

    @property
    def registrar(self) -> Registrar:
        """Judges petitions and issues certificates."""
        return Registrar(federation=self.federation, ca=self.ca)

    @property
    def fingerprint(self) -> bytes:
        """32 bytes over the hub's identity, to compare by voice with the authority, which shows the same."""
        return self.claims.fingerprint(self.federation)

    def signing_request(
        self, petitions: Sequence[JoinRequest], *, log_sizes: Mapping[MemberId, int] | None = None
    ) -> bytes:
        """The file for the authority. `log_sizes`: entries cosigned of the logs of members that change keys."""
        return encode_request(
            SigningRequest(
                federation=self.federation, hub=self.claims, petitions=tuple(petitions), log_sizes=log_sizes or {}
            )
        )

    def roster_client(self) -> RosterClient:
        """The hub reads its own roster as any node does, from the root that it was made with."""
        folder = self._folder / "roster"
        root = self.repository.read("1.root.json", metadata.MAX_METADATA)
        return RosterClient.pinned(folder, root, federation=self.federation)

    def server_files(self, *, now: float) -> tuple[bytes, bytes, bytes]:
        """(key, chain of leaf and CA, CA), all PEM, for both ports. Seldom takes a millisecond; touches no disk."""
        with self._lock:
            if self._leaf is None or needs_renewal(self._leaf, now):
                self._leaf = self.ca.issue_server(self.hosts, now=now)
            ca = to_pem(self.ca.der)
            return self.ring.tls_key_pem(), self._leaf.pem + ca, ca


def _online(ring: KeyRing) -> metadata.RoleSigner:
    return metadata.RoleSigner(ring.signer(ONLINE), ring.public_bytes(ONLINE))
