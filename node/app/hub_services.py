"""The wired services of one hub, for a home that this process owns. `hub_opening` makes them.

Rules this module upholds:

- The hub uses its own repository only after it has verified it from the authority's root, like every node.
- The daemon and an operator's command without a daemon use the same services.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from node.app import hub_requests
from node.app.ceremonies import HUB_KEY_FILE
from node.app.hub_archive import require_newest
from node.domain.ids import HUB_NAME, federation_id, spoken
from node.errors import Misuse, NotFound, VigilError
from node.hub.carrier import HubCarrier
from node.hub.enrolment import EnrolmentDesk
from node.hub.key_changes import open_log
from node.hub.own_log import HubLog, LogKey
from node.hub.roster_desk import RosterDesk
from node.pki.ca import CertificateAuthority, needs_renewal, read_certificate, server_hosts
from node.pki.change import HubChange, NextKeys, former_cas
from node.pki.client import RosterClient
from node.pki.courier import claim_hub
from node.pki.files import read_bounded, write_atomic
from node.pki.keys import ONLINE, KeyRing, log_role
from node.pki.metadata import RoleSigner
from node.pki.repository import Repository
from node.pki.wrapping import Passphrase
from node.usecases.audit import AuditLog
from node.usecases.custody import Custody
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.outliers import Outliers
from node.usecases.probes import Booked
from node.usecases.roster import Members, Pins, RosterGate
from node.wire import tls
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.app.homes import OpenDatabase
    from node.config import Config, Home
    from node.domain.ids import MemberId
    from node.domain.roster import Roster
    from node.domain.stores import HubStore
    from node.pki.courier import HubClaims
    from node.pki.documents import Membership

Line = dict[str, Any]
_log = structlog.get_logger(__name__)

MAX_CERTIFICATE = 65_536
HALTED = "somebody else may hold the hub's keys: nothing is cosigned until the authority has signed its new keys"


@dataclass(slots=True, kw_only=True)
class HubServices:
    """Everything of a hub except its servers.

    `halted`: why nothing is cosigned now, or "". `grown`: tells the followers that the hub's own log has grown.
    `changed_over`: called when the hub's keys have changed; these
    services are then closed and opened again.
    """

    home: Home
    settings: Config
    ring: KeyRing
    ca: CertificateAuthority
    database: OpenDatabase[HubStore]
    store: HubStore
    audit: AuditLog
    codec: ProtoCodec
    catalogue: LogCatalogue
    repository: Repository
    roster_client: RosterClient
    members: Members
    pins: Pins
    gate: RosterGate
    carrier: HubCarrier
    enrolment: EnrolmentDesk
    roster: RosterDesk
    custody: Custody
    booked: Booked
    change: HubChange
    outliers: Outliers
    own_log: HubLog
    secret: Passphrase = field(repr=False)
    halted: str = ""
    attending: Callable[[], frozenset[MemberId]] = field(default=frozenset)
    at_once: Callable[[MemberId], tuple[int, int]] = lambda _: (0, 0)
    daemon: bool = False
    changed_over: Callable[[], None] = lambda: None
    grown: Callable[[], None] = lambda: None

    @property
    def log_key(self) -> LogKey | None:
        """The key of the hub's own log; None in a hub of before that has none."""
        if not self.ring.has_log:
            return None
        epoch = self.ring.log_epoch
        return LogKey(epoch=epoch, vkey=self.ring.vkey(log_role(epoch)), signer=self.ring.signer(log_role(epoch)))

    def publish_own(self) -> None:
        """Publishes decisions that a crash left waiting. Blocking. A hub that may not write to its own log now keeps
        them.
        """
        try:
            self.own_log.resume()
        except VigilError as error:
            _log.warning("decisions on notices wait: the hub's own log cannot be signed now", kind=error.kind)

    def new_log_key(self) -> str:
        """Makes a new key for the hub's own log, which waits for the authority; a key that waits already is kept.
        Returns the digits of the hub's identity with it. Blocking.

        Raises `Misuse` if the present key can be used, or while other new keys wait; `Unavailable` in a restored hub
        that does not know yet what the authority has signed.
        """
        require_newest(self.home)
        if self.change.waits():
            raise Misuse(
                "new keys of this hub wait already, with a key of its own log among them",
                remedy="have them signed: vigil hub requests, vigil authority sign, vigil hub admit",
            )
        roster = self.members.latest()
        signed = roster.hub.logs if roster else ()
        key = self.log_key
        if key is None or (signed and key.epoch <= signed[-1].epoch):
            if key is not None and not self.why_own_log_is_closed():
                raise Misuse(
                    "the hub's own log has a key that can be used", remedy="to change all keys: vigil hub rekey"
                )
            fresh = self.ring.with_log(self._next_log_epoch())
            # A crash before this line leaves the former ring; after it, the same command keeps the new key.
            fresh.save(self.home.keys / HUB_KEY_FILE, self.secret)
            self.ring = fresh
        self.own_log.begin()
        return spoken(self.claims().fingerprint(self.ring.federation))

    def why_own_log_is_closed(self) -> str:
        """Why the hub cannot write to its own log now; "" if it can. Blocking."""
        try:
            self.own_log.require_open()
        except VigilError as error:
            return str(error)
        return ""

    def refused(self, member: MemberId) -> dict[str, int]:
        """How often a member was refused today, by limit."""
        now = time.time()
        return self.carrier.refusals.today(member, now) | self.booked.refusals.today(member, now)

    # --- the roster ---------------------------------------------------------------------------------------------------

    def refresh(self) -> Roster:
        """Refreshes the online roles, and puts the published roster in force. Blocking. Raises `NotFound` before the
        first bundle, and `PeerFault` kinds if the repository was tampered with.
        """
        self.repository.refresh(now=time.time())
        return self._verified()

    def accept(self, bundle: bytes) -> Roster:
        """Publishes what the authority signed, and puts it in force. If it signs this hub's new keys, changes over to
        them. Blocking.
        """
        now, waiting = time.time(), self.change.waiting(self.secret)
        if waiting is not None and self.change.is_for(bundle, waiting):
            self._announce(self.change.repository(waiting).check(bundle, now=now))
            self.change.take(bundle, waiting, now=now)
            self.repository = Repository(
                self.home.repository,
                federation=self.ring.federation,
                hub=waiting.claims.identity,
                online=RoleSigner(waiting.ring.signer(ONLINE), waiting.ring.public_bytes(ONLINE)),
            )
            self.changed_over()
        else:
            self._announce(self.repository.check(bundle, now=now))
            self.repository.accept(bundle, now=now)
        roster = self._verified()
        # A person has imported the newest bundle: a restored hub may serve.
        self.home.restored.unlink(missing_ok=True)
        self.enrolment.settle()
        return roster

    def rekey(self, *, compromised: bool) -> tuple[str, str]:
        """Makes new keys, which wait for the authority. Returns (digits of the new identity, digits of the present
        one). Blocking.

        `compromised`: somebody else may have the present keys, so nothing more is cosigned with them. Raises `Misuse`,
        and `NotFound` before the authority's first signature.
        """
        self.repository.membership()
        federation = federation_id(self.settings.federation)
        if compromised:
            # This comes before the sizes are read: later cosignatures would not be covered by them.
            self.halted = HALTED
        try:
            sizes = self.carrier.cosigned_sizes() if compromised else None
            # A hub of before gets no log key by the way: its nodes might not read a roster with one yet.
            log_epoch = self._next_log_epoch() if self.ring.has_log else 0
            waiting = self.change.prepare(self.secret, sizes=sizes, now=time.time(), log_epoch=log_epoch)
        except VigilError:
            self.halted = halted_by(self.change.waiting(self.secret))
            raise
        return (
            spoken(waiting.claims.fingerprint(federation)),
            spoken(claim_hub(self.ring, ca_sha256=self.ca.sha256).fingerprint(federation)),
        )

    def _next_log_epoch(self) -> int:
        roster = self.members.latest()
        epochs = [each.epoch for each in roster.hub.logs] if roster else []
        return max([*epochs, self.ring.log_epoch if self.ring.has_log else 0], default=0) + 1

    def drop_keys(self) -> bool:
        """Deletes waiting new keys, and returns whether there were any. Blocking. Raises `Misuse`."""
        found = self.change.drop()
        self.halted = ""
        with self.store.write() as tx:
            open_log(tx, HUB_NAME)
        return found

    def suspend(self, member: MemberId, reason: str) -> None:
        """Suspends the member: the hub refuses it, and its live streams end. Blocking."""
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
        """The time by which the authority must sign again (Unix seconds); None before its first signature."""
        try:
            return self.repository.authority_until()
        except NotFound:
            return None

    def _announce(self, coming: Membership) -> None:
        """This comes first and is durable: former certificates must not outlive keys that a new list of members
        removes.
        """
        self.enrolment.announce(coming.members)

    def claims(self) -> HubClaims:
        """This hub's identity; with the new keys, if some wait."""
        waiting = self.change.waiting(self.secret)
        return waiting.claims if waiting else claim_hub(self.ring, ca_sha256=self.ca.sha256)

    def signing_request(self) -> bytes:
        """What the operator carries to the authority (`hub_requests`). Blocking."""
        waiting = self.change.waiting(self.secret)
        return hub_requests.signing_request(self.store, self.members.latest(), self.ring, self.claims(), waiting)

    def describe_request(self) -> Line:
        """The digits that people on both sides of a signing request compare. Blocking."""
        return hub_requests.describe_request(self.store, self.members.latest(), self.claims(), self.ring.federation)

    # --- certificates -------------------------------------------------------------------------------------------------

    def server_files(self) -> tls.ServerFiles:
        """The key and certificates of both ports, from memory and the newest certificate on disk."""
        leaf = read_certificate(read_bounded(self.home.tls / "hub.der", MAX_CERTIFICATE, what="hub's certificate"))
        ca = tls_pem(self.ca.der)
        former = b"".join(map(tls_pem, former_cas(self.home.tls, now=time.time())))
        return tls.ServerFiles(key=self.ring.tls_key_pem(), chain=leaf.pem + ca, client_ca=ca + former)

    def renew_server(self) -> bool:
        """Issues a new server certificate if the old one is past two thirds of its life. Blocking."""
        path = self.home.tls / "hub.der"
        leaf = read_certificate(read_bounded(path, MAX_CERTIFICATE, what="hub's certificate"))
        if not needs_renewal(leaf, time.time()):
            return False
        write_atomic(path, self.ca.issue_server(server_hosts(leaf.der), now=time.time()).der)
        return True


def tls_pem(der: bytes) -> bytes:
    """A certificate as PEM."""
    return read_certificate(der).pem


def halted_by(waiting: NextKeys | None) -> str:
    """Why nothing is cosigned while these keys wait; "" if cosigning continues."""
    return HALTED if waiting is not None and waiting.sizes is not None else ""
