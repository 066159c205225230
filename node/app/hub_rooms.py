"""A hub's rooms, wired: store, carrier, relay, repository, enrolment, over one home that this process owns.

Rules this module upholds:

- The hub believes its own repository only after verifying it from the authority's root, as every node does.
- The same rooms serve the daemon and an operator's command that works alone.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.app.ceremonies import HUB_KEY_FILE
from node.app.homes import HUB_MEMBER, opened_database, right_database
from node.control.audit_commands import AuditCommands
from node.control.commands import Commands
from node.control.hub_commands import HubCommands
from node.domain.ids import MemberId, Origin, federation_id
from node.errors import NotFound
from node.hub.carrier import HubCarrier
from node.hub.enrolment import EnrolmentDesk
from node.pki.ca import CertificateAuthority, needs_renewal, read_certificate
from node.pki.client import RosterClient
from node.pki.courier import SigningRequest, claim_hub, encode_request
from node.pki.files import read_bounded, write_atomic
from node.pki.keys import HUB, MIRROR, ONLINE, KeyRing
from node.pki.metadata import RoleSigner
from node.pki.registrar import Registrar
from node.pki.repository import Repository
from node.pki.wrapping import Passphrase
from node.usecases.audit import AuditLog
from node.usecases.catalogue import Catalogue
from node.usecases.custody import Custody, newest_entry
from node.usecases.roster import Members, Pins, RosterGate
from node.wire import tls
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.app.homes import OpenDatabase
    from node.config import Config, Home
    from node.domain.ports import Store
    from node.domain.roster import Roster

Line = dict[str, Any]

MAX_CERTIFICATE = 65_536
OWN_NAME = MemberId(HUB_MEMBER)
"""In the place of a member in the origin of the hub's audit log, which never leaves it."""


@dataclass(slots=True, kw_only=True)
class HubRooms:
    """Everything of a hub but its servers."""

    home: Home
    settings: Config
    ring: KeyRing
    ca: CertificateAuthority
    database: OpenDatabase
    store: Store
    audit: AuditLog
    codec: ProtoCodec
    catalogue: Catalogue
    repository: Repository
    roster_client: RosterClient
    members: Members
    pins: Pins
    gate: RosterGate
    carrier: HubCarrier
    enrolment: EnrolmentDesk
    custody: Custody
    attending: Callable[[], frozenset[MemberId]] = field(default=frozenset)
    daemon: bool = False

    def commands(self) -> Commands:
        """All commands of a hub by name."""
        return Commands.of(
            HubCommands(
                federation=self.settings.federation,
                addresses=(
                    self.settings.public_hub or self.settings.hub,
                    self.settings.public_enrolment or self.settings.enrolment,
                ),
                ca_sha256=self.ca.sha256,
                store=self.store,
                audit=self.audit,
                desk=self.enrolment,
                latest=self.members.latest,
                authority_until=self.authority_until,
                request=self.signing_request,
                accept=self.accept,
                suspend_member=self.suspend,
                lift=self.lift,
                attending=lambda: self.attending(),  # noqa: PLW0108 (the daemon sets it later)
                daemon=lambda: self.daemon,
                clock=time.time,
            ),
            AuditCommands(origin=self.audit.origin, store=self.store, audit=self.audit, clock=time.time),
        )

    # --- the roster ---------------------------------------------------------------------------------------------------

    def refresh(self) -> Roster:
        """Keeps the online roles fresh, and puts what is published in force. Blocking. Raises `NotFound` before the
        first bundle, and `PeerFault` kinds where the repository was tampered with.
        """
        self.repository.refresh(now=time.time())
        return self._verified()

    def accept(self, bundle: bytes) -> Roster:
        """Publishes what the authority signed, and puts it in force. Blocking."""
        self.repository.accept(bundle, now=time.time())
        roster = self._verified()
        self.enrolment.settle()
        return roster

    def suspend(self, member: MemberId, reason: str) -> None:
        """From now on the member is refused, and its live streams end. Blocking."""
        self.repository.suspend(member, reason, now=time.time())
        self._verified()

    def lift(self, member: MemberId) -> None:
        """Ends a suspension. Blocking."""
        self.repository.lift(member, now=time.time())
        self._verified()

    def _verified(self) -> Roster:
        roster = self.roster_client.refresh(self.repository.read, now=time.time())
        self.members.replace(roster)
        return roster

    def authority_until(self) -> float | None:
        """By when the authority has to sign again (Unix seconds); None before its first signature."""
        try:
            return self.repository.authority_until()
        except NotFound:
            return None

    def signing_request(self) -> bytes:
        """What the operator carries to the authority: who this hub is, and the petitions that wait."""
        federation = federation_id(self.settings.federation)
        with self.store.read() as tx:
            petitions = tuple(tx.join_requests(state="pending"))
            # Of each member the newest epoch: that is the log whose key a change of keys retires.
            logs = sorted((log for log in tx.logs() if log.origin.stream == "log"), key=lambda log: log.origin.epoch)
            sizes = {log.origin.member: log.cosigned_size for log in logs}
        known = {petition.member for petition in petitions}
        return encode_request(
            SigningRequest(
                federation=federation,
                hub=claim_hub(self.ring, ca_sha256=self.ca.sha256),
                petitions=petitions,
                log_sizes={member: size for member, size in sizes.items() if member in known},
            )
        )

    # --- certificates -------------------------------------------------------------------------------------------------

    def server_files(self) -> tls.ServerFiles:
        """What both ports show, from memory and the newest certificate on disk."""
        leaf = read_certificate(read_bounded(self.home.tls / "hub.der", MAX_CERTIFICATE, what="hub's certificate"))
        ca = tls_pem(self.ca.der)
        return tls.ServerFiles(key=self.ring.tls_key_pem(), chain=leaf.pem + ca, client_ca=ca)

    def renew_server(self) -> bool:
        """Issues a new server certificate where the old one is past two thirds of its life. Blocking."""
        path = self.home.tls / "hub.der"
        leaf = read_certificate(read_bounded(path, MAX_CERTIFICATE, what="hub's certificate"))
        if not needs_renewal(leaf, time.time()):
            return False
        hosts = sorted(
            {
                address.rpartition(":")[0].strip("[]")
                for address in (self.settings.public_hub, self.settings.public_enrolment)
                if address
            }
        )
        write_atomic(path, self.ca.issue_server(hosts, now=time.time()).der)
        return True


def tls_pem(der: bytes) -> bytes:
    """A certificate as PEM."""
    return read_certificate(der).pem


@contextmanager
def open_hub(home: Home, settings: Config, passphrase: Callable[[], str]) -> Iterator[HubRooms]:
    """Opens a hub's rooms. The caller holds the home's lock.

    Raises `WrongDatabase` kinds, `NotFound`, `Damaged`, `StoreError`, `PeerFault`.
    """
    # First: where the database is not the right one, nobody has to type a passphrase to be told so.
    examined = right_database(home, settings)
    federation = federation_id(settings.federation)
    secret = Passphrase(passphrase().encode())
    ring = KeyRing.load(home.keys / HUB_KEY_FILE, secret, federation=federation, owner=HUB)
    ca = CertificateAuthority(ring, read_bounded(home.tls / "ca.der", MAX_CERTIFICATE, what="CA certificate"))
    online = RoleSigner(ring.signer(ONLINE), ring.public_bytes(ONLINE))
    identity = claim_hub(ring, ca_sha256=ca.sha256).identity
    repository = Repository(home.repository, federation=federation, hub=identity, online=online)
    client = RosterClient.bootstrap(
        home.metadata,
        repository.read,
        federation=federation,
        root_version=1,
        root_sha256=bytes.fromhex(settings.root_sha256),
    )
    members = Members(clock=time.time)
    with ExitStack() as opened:
        database = opened.enter_context(opened_database(home, examined))
        store = database.store
        with store.read() as tx:
            known = {log.origin.member for log in tx.logs()} | {r.member for r in tx.join_requests()}
            pins = Pins(certificate for member in known for certificate in tx.certificates(member))
        origin = Origin(federation, OWN_NAME, 1, "audit")
        audit = AuditLog(store=store, origin=origin, clock=time.time, random=os.urandom)
        opened.callback(audit.close)
        codec = ProtoCodec()
        catalogue = Catalogue(store=store, index=None, codec=codec)
        rooms = HubRooms(
            home=home,
            settings=settings,
            ring=ring,
            ca=ca,
            database=database,
            store=store,
            audit=audit,
            codec=codec,
            catalogue=catalogue,
            repository=repository,
            roster_client=client,
            members=members,
            pins=pins,
            gate=RosterGate(federation=federation, members=members, pins=pins, clock=time.time),
            carrier=HubCarrier(
                store=store,
                catalogue=catalogue,
                codec=codec,
                roster=members.current,
                cosigner=ring.signer(MIRROR),
                cosigner_vkey=ring.vkey(MIRROR),
                clock=time.time,
            ),
            enrolment=EnrolmentDesk(
                federation=federation,
                store=store,
                members=members,
                pins=pins,
                registrar=Registrar(federation=federation, ca=ca),
                repository=repository,
                clock=time.time,
            ),
            custody=Custody(store=store, catalogue=catalogue, clock=time.time, witnessed=newest_entry),
        )
        with suppress(NotFound):
            # Before the authority's first signature there is no roster, and nobody is admitted.
            rooms.refresh()
        yield rooms
