"""The hub's new keys, stored next to its present ones until the authority has signed them; and the change-over.

Rules this module upholds:

- The folder `next` holds the new ring, CA and server certificate. Nothing uses them before the authority's bundle is
  here.
- The change-over is one sequence of steps: publish the bundle with the new keys, replace the former files with the new
  ones, remove `next`. After a crash at any step, the same sequence continues.
- Certificates of the former CA stay valid until the last of them has expired, so no member loses its connection. If
  somebody else may hold the former keys, they become invalid at once.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.domain.ids import FederationId
from node.errors import Expired, Misuse, NotFound, Refused
from node.pki.ca import MEMBER_LIFE, CertificateAuthority, server_hosts
from node.pki.courier import HubClaims, claim_hub, decode_bundle
from node.pki.documents import ROSTER_FILE, decode_membership
from node.pki.files import make_folder, read_bounded, store_errors, sync_folder, write_atomic
from node.pki.keys import HUB, ONLINE, KeyRing
from node.pki.metadata import RoleSigner
from node.pki.repository import Repository
from node.pki.strictjson import MAX_DOCUMENT, Fields, decode, encode
from node.pki.wrapping import Passphrase

KEY_FILE: Final = "hub.keys"
CA_FILE: Final = "ca.der"
SERVER_FILE: Final = "hub.der"
MAX_CERTIFICATE: Final = 65_536
_PLAN_FILE: Final = "plan.json"
_BUNDLE_FILE: Final = "bundle"
_PLAN: Final = "vigil/hub-change/v1"
_FORMER_CA: Final = re.compile(r"former-ca-([1-9][0-9]{0,11})\.der")


@dataclass(frozen=True, slots=True, kw_only=True)
class NextKeys:
    """New keys that are not in use yet. `sizes`: if somebody else may hold the present keys, the cosigned size of each
    log when the hub stopped cosigning; None if the hub cosigns until the change-over.
    """

    ring: KeyRing
    ca: CertificateAuthority
    sizes: Mapping[str, int] | None

    @property
    def claims(self) -> HubClaims:
        """The hub's identity with these keys."""
        return claim_hub(self.ring, ca_sha256=self.ca.sha256)


class HubChange:
    """The change of one hub's keys. `folder`: `next`; `keys`, `tls`, `repository`: the hub's own. Blocking."""

    def __init__(self, folder: Path, *, keys: Path, tls: Path, repository: Path, federation: FederationId) -> None:
        self._folder = folder
        self._keys = keys
        self._tls = tls
        self._repository = repository
        self._federation = federation

    # --- new keys -----------------------------------------------------------------------------------------------------

    def prepare(
        self, passphrase: Passphrase, *, sizes: Mapping[str, int] | None, now: float, log_epoch: int = 1
    ) -> NextKeys:
        """Makes new keys, or keeps the ones that exist. `log_epoch`: of the new key of the hub's own log; 0:
        it gets none.

        Raises `Misuse` if the keys that exist were made without `sizes` and the caller passes `sizes`: cosignatures
        made since then would have no bound.
        """
        waiting = self.waiting(passphrase)
        if waiting is not None:
            if sizes is not None and waiting.sizes is None:
                raise Misuse(
                    "new keys exist already, made while only the hub held its present keys",
                    remedy="delete them first: vigil hub rekey --drop",
                )
            return waiting
        self._clear()
        make_folder(self._folder)
        ring = KeyRing.for_hub(self._federation, epoch=log_epoch)
        ring.save(self._folder / KEY_FILE, passphrase)
        ca = CertificateAuthority.create(ring, now=now)
        write_atomic(self._folder / CA_FILE, ca.der)
        former = read_bounded(self._tls / SERVER_FILE, MAX_CERTIFICATE, what="hub's certificate")
        write_atomic(self._folder / SERVER_FILE, ca.issue_server(server_hosts(former), now=now).der)
        # The plan is last: a folder without it was shown to nobody, and is made again.
        plan = {"type": _PLAN, "sizes": None if sizes is None else dict(sizes)}
        write_atomic(self._folder / _PLAN_FILE, encode(plan))
        return NextKeys(ring=ring, ca=ca, sizes=sizes)

    def waits(self) -> bool:
        """Whether new keys wait."""
        return (self._folder / _PLAN_FILE).exists()

    def waiting(self, passphrase: Passphrase) -> NextKeys | None:
        """The new keys that are not in use yet, if there are any. Raises `Damaged`."""
        try:
            plan = read_bounded(self._folder / _PLAN_FILE, MAX_DOCUMENT, what="change of keys")
        except NotFound:
            return None
        top = decode(plan, _PLAN, "a change of the hub's keys")
        sizes = None
        if not top.missing("sizes"):
            table = Fields(top.value("sizes"), "the sizes of a change of the hub's keys")
            sizes = {name: table.number(name, 0, 2**63 - 1) for name in table.names()}
        ring = KeyRing.load(self._folder / KEY_FILE, passphrase, federation=self._federation, owner=HUB)
        ca = CertificateAuthority(ring, read_bounded(self._folder / CA_FILE, MAX_CERTIFICATE, what="CA certificate"))
        return NextKeys(ring=ring, ca=ca, sizes=sizes)

    def drop(self) -> bool:
        """Deletes unused new keys; whether there were any. Raises `Misuse` once the authority's bundle is here."""
        if self.begun():
            raise Misuse("the authority has already signed the new keys", remedy="start the hub: vigil hub run")
        found = self.waits()
        self._clear()
        return found

    def _clear(self) -> None:
        """Deletes the plan first: a crash then leaves files that nothing names."""
        if not self._folder.exists():
            return
        with store_errors("removing the new keys"):
            (self._folder / _PLAN_FILE).unlink(missing_ok=True)
            sync_folder(self._folder)
            shutil.rmtree(self._folder, ignore_errors=True)

    # --- the change over ----------------------------------------------------------------------------------------------

    def repository(self, waiting: NextKeys) -> Repository:
        """The hub's repository, opened with the new keys."""
        online = RoleSigner(waiting.ring.signer(ONLINE), waiting.ring.public_bytes(ONLINE))
        return Repository(self._repository, federation=self._federation, hub=waiting.claims.identity, online=online)

    def take(self, bundle: bytes, waiting: NextKeys, *, now: float) -> None:
        """Changes over with the authority's bundle. Raises what `Repository.accept` raises, before any change."""
        membership = self.repository(waiting).check(bundle, now=now)
        former = membership.hub.former[-1:]
        if waiting.sizes is None and former and former[0].until <= now:
            raise Refused(
                "the authority signed the new keys so long ago that the former keys are no longer valid",
                remedy="ask it again: vigil hub requests, vigil authority sign, vigil hub admit",
            )
        # After a crash from here on, the next start continues.
        write_atomic(self._folder / _BUNDLE_FILE, bundle)
        self.finish(waiting, now=now)

    def is_for(self, bundle: bytes, waiting: NextKeys) -> bool:
        """Whether the roster of a bundle names the new keys. The bundle is not verified yet. Raises `Malformed`."""
        found = decode_bundle(bundle)
        names = [name for name in found.files if name.endswith(f".{ROSTER_FILE}")]
        return any(decode_membership(found.file(name)).hub.is_hub(waiting.claims.identity) for name in names)

    def begun(self) -> bool:
        """Whether the authority's bundle is here and the change-over is not complete."""
        return all((self._folder / name).exists() for name in (_PLAN_FILE, _BUNDLE_FILE))

    def finish(self, waiting: NextKeys, *, now: float) -> None:
        """Runs the remaining steps, also after a crash."""
        bundle = read_bounded(self._folder / _BUNDLE_FILE, MAX_DOCUMENT, what="bundle")
        repository = self.repository(waiting)
        if not _publishes(repository, waiting):
            try:
                repository.accept(bundle, now=now)
            except Expired:
                # No step was done, and the bundle is no longer valid. The new keys need another bundle.
                (self._folder / _BUNDLE_FILE).unlink()
                raise
        ca = read_bounded(self._tls / CA_FILE, MAX_CERTIFICATE, what="CA certificate")
        if ca != waiting.ca.der and waiting.sizes is None and ca not in former_cas(self._tls, now=now):
            write_atomic(self._tls / f"former-ca-{int(now)}.der", ca)
        for name, folder in ((CA_FILE, self._tls), (SERVER_FILE, self._tls), (KEY_FILE, self._keys)):
            write_atomic(folder / name, read_bounded(self._folder / name, MAX_CERTIFICATE, what="new key"))
        self._clear()


def _publishes(repository: Repository, waiting: NextKeys) -> bool:
    """Whether the published roster names the new keys already."""
    try:
        return repository.membership().hub.is_hub(waiting.claims.identity)
    except NotFound:
        return False


def former_cas(tls: Path, *, now: float) -> Sequence[bytes]:
    """The former CAs (DER) whose certificates may still be valid; deletes older ones."""
    found = []
    for path in sorted(tls.iterdir()):
        name = _FORMER_CA.fullmatch(path.name)
        if name is None:
            continue
        if int(name[1]) + MEMBER_LIFE < now:
            path.unlink(missing_ok=True)
        else:
            found.append(read_bounded(path, MAX_CERTIFICATE, what="former CA certificate"))
    return found
