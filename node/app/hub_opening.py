"""Opens a hub: finishes what a crash interrupted, opens its keys and its database, and wires its services.

Rules this module upholds:

- Nothing is signed before an interrupted change of keys is finished.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from node.app.ceremonies import HUB_KEY_FILE
from node.app.homes import opened_database, right_database
from node.app.hub_archive import is_newest
from node.app.hub_roster import recover_repository
from node.app.hub_services import MAX_CERTIFICATE, HubServices, halted_by
from node.domain.ids import HUB_NAME, Origin, federation_id
from node.errors import Expired, NotFound
from node.hub.brake import Brake
from node.hub.carrier import HubCarrier
from node.hub.challenges import Challenges
from node.hub.enrolment import EnrolmentDesk
from node.hub.key_changes import standing
from node.hub.own_log import HubLog
from node.hub.roster_desk import RosterDesk
from node.pki.ca import CertificateAuthority
from node.pki.change import HubChange
from node.pki.client import RosterClient
from node.pki.courier import claim_hub
from node.pki.files import read_bounded
from node.pki.keys import HUB, MIRROR, ONLINE, KeyRing
from node.pki.metadata import RoleSigner
from node.pki.registrar import Registrar
from node.pki.repository import Repository
from node.pki.wrapping import Passphrase
from node.store.store import open_hub_store
from node.usecases.audit import AuditLog
from node.usecases.custody import Custody, newest_entry
from node.usecases.log_catalogue import LogCatalogue
from node.usecases.outliers import Outliers
from node.usecases.probes import Booked
from node.usecases.roster import Members, Pins, RosterGate
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.config import Config, Home


@contextmanager
def open_hub(home: Home, settings: Config, passphrase: Callable[[], str]) -> Iterator[HubServices]:
    """Opens a hub's services. The caller holds the home's lock.

    First finishes what a crash interrupted. Raises `WrongDatabase` kinds, `NotFound`, `Damaged`,
    `StoreError`, `PeerFault`.
    """
    # This comes first, so that nobody types a passphrase for a wrong database.
    examined = right_database(home, settings)
    federation = federation_id(settings.federation)
    secret = Passphrase(passphrase().encode())
    change = HubChange(home.next_keys, keys=home.keys, tls=home.tls, repository=home.repository, federation=federation)
    older = recover_repository(home, settings) or is_newest(home)
    waiting = change.waiting(secret)
    if waiting is not None and change.begun():
        # A crash interrupted the change of keys: it is finished before anything is signed with either key. If its
        # bundle has expired meanwhile, the new keys wait for the next bundle.
        with suppress(Expired):
            change.finish(waiting, now=time.time())
        waiting = change.waiting(secret)
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
        database = opened.enter_context(opened_database(home, examined, open_hub_store))
        store = database.store
        with store.read() as tx:
            known = {log.origin.member for log in tx.logs()} | {r.member for r in tx.join_requests()}
            pins = Pins(certificate for member in known for certificate in standing(tx, member))
        origin = Origin(federation, HUB_NAME, 1, "audit")
        audit = AuditLog(store=store, origin=origin, clock=time.time, random=os.urandom)
        opened.callback(audit.close)
        codec = ProtoCodec()
        catalogue = LogCatalogue(store=store, codec=codec)
        catalogue.pay()
        catalogue.read_later()
        challenges, brake = Challenges(time.time), Brake(time.time)
        roster = RosterDesk(
            federation=federation,
            store=store,
            members=members,
            repository=repository,
            challenges=challenges,
            brake=brake,
            ca_sha256=ca.sha256,
            clock=time.time,
        )
        services = HubServices(
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
                halted=lambda: services.halted,
                clock=time.time,
            ),
            change=change,
            own_log=HubLog(
                store=store,
                catalogue=catalogue,
                codec=codec,
                federation=federation,
                key=lambda: services.log_key,
                roster=members.current,
                claimed=lambda: services.carrier.claimed(),  # noqa: PLW0108 (made right after this)
                publish=lambda origin: services.carrier.publish(origin),  # noqa: PLW0108 (made right after this)
                told=lambda: services.grown(),  # noqa: PLW0108 (the daemon sets it later)
                clock=time.time,
                random=os.urandom,
            ),
            outliers=Outliers(codec),
            secret=secret,
            halted=halted_by(waiting),
            enrolment=EnrolmentDesk(
                federation=federation,
                store=store,
                members=members,
                pins=pins,
                registrar=Registrar(federation=federation, ca=ca),
                repository=repository,
                challenges=challenges,
                brake=brake,
                roster=roster,
                clock=time.time,
            ),
            roster=roster,
            custody=Custody(store=store, catalogue=catalogue, clock=time.time, witnessed=newest_entry),
            booked=Booked(store),
        )
        with suppress(NotFound):
            # Before the authority's first signature there is no roster, and no member is admitted.
            if older:
                repository.renew(now=time.time())
            services.refresh()
            if is_newest(home):
                home.restored.unlink()
        services.publish_own()
        yield services
