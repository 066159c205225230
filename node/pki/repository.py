"""The hub's TUF repository: publishes what the authority signed, keeps it fresh, and may suspend.

Rules this module upholds:

- Before it publishes files of the authority, the hub checks them as a node does, and against its own identity. So a
  hub cannot be made to serve a roster that its members refuse.
- Order: target files, targets, suspensions, snapshot, root, and last the timestamp. Each is durable before the next. A
  crash leaves the former state published. The next publication overwrites files that this state does not name.
- Consistent snapshots: a published file never changes, except `timestamp.json`, so a node always reads one state.
- The online key may suspend members and lift its own suspensions. It cannot write the membership.
- The version of online metadata is at least the number of minutes since 1970. So a repository that was restored from an
  older backup, or made again, is newer than what its members have seen, and they accept it.

Files: `<n>.root.json`, `<n>.targets.json`, `<n>.suspensions.json`, `<n>.snapshot.json`, `timestamp.json`,
`<sha256>.roster.json`, `<sha256>.policy.json`, `<sha256>.suspended.json`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp

from node.domain.ids import FederationId, MemberId
from node.domain.roster import HubIdentity, MemberStatus
from node.errors import BadProof, Expired, Malformed, Misuse, NotFound, Refused
from node.pki import metadata
from node.pki.acceptance import Accepted, check_bundle
from node.pki.courier import decode_bundle
from node.pki.documents import (
    ROSTER_FILE,
    SUSPENDED_FILE,
    Membership,
    Suspension,
    check_reason,
    decode_membership,
    decode_suspended,
    encode_suspended,
)
from node.pki.files import make_folder, read_bounded, write_atomic
from node.pki.strictjson import MAX_DOCUMENT

_SERVED: Final = re.compile(
    r"timestamp\.json|[1-9][0-9]{0,8}\.(?:root|targets|suspensions|snapshot)\.json"
    r"|[0-9a-f]{64}\.(?:roster|policy|suspended)\.json"
)
_TIMESTAMP: Final = "timestamp.json"
_FIRST_ROOT: Final = "1.root.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    """The published bytes by role, and the suspensions in them."""

    targets: bytes
    suspensions: bytes
    snapshot: bytes
    timestamp: bytes
    suspended: Mapping[MemberId, Suspension]


class Repository:
    """The repository in one folder. Blocking; safe in any thread of the one process that owns the folder."""

    def __init__(
        self, folder: Path, *, federation: FederationId, hub: HubIdentity, online: metadata.RoleSigner
    ) -> None:
        """`online`: the hub's online key. Raises `NotFound` if the folder holds no repository."""
        self._folder = folder
        self._federation = federation
        self._hub = hub
        self._online = online
        self._lock = threading.RLock()
        self._roots = self._load_roots()

    @classmethod
    def create(
        cls, folder: Path, root: bytes, *, federation: FederationId, hub: HubIdentity, online: metadata.RoleSigner
    ) -> Repository:
        """A new repository from a root whose SHA-256 a person has compared. Raises `PeerFault`, `Misuse`."""
        first = metadata.check_root(root, None)
        if first.signed.version != 1:
            raise Malformed("a new hub needs the first root of its authority, or a later bundle of it")
        if (folder / _TIMESTAMP).exists():
            raise Misuse("there is a repository in this folder already")
        make_folder(folder)
        write_atomic(folder / _FIRST_ROOT, root)
        return cls(folder, federation=federation, hub=hub, online=online)

    @staticmethod
    def recover(folder: Path, files: Mapping[str, bytes]) -> None:
        """Restores the published files from the hub's own verified copy (`RosterClient.published`). Existing files are
        overwritten with the same bytes. The first root is written last, because it marks a complete repository.
        """
        make_folder(folder)
        for name in sorted(files, key=lambda name: (name == _FIRST_ROOT, name == _TIMESTAMP)):
            if _SERVED.fullmatch(name):
                write_atomic(folder / name, files[name])

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(self, name: str, limit: int) -> bytes:
        """A published file of at most `limit` bytes. Raises `NotFound` for any other name, `Refused` for the length."""
        if not _SERVED.fullmatch(name):
            raise NotFound("the repository has no such file")
        data = read_bounded(self._folder / name, MAX_DOCUMENT, what="such file in the repository")
        if len(data) > limit:
            raise Refused("a file of the roster is longer than was asked for")
        return data

    def root_pin(self) -> tuple[int, bytes]:
        """(version, SHA-256) of the root in a token: the root that introduced the authority's present keys.

        The same keys sign later roots, which have another hub or a later date. So people compare the digits that the
        authority read out when it made these keys. The digits stay the same until it makes new keys.
        """
        with self._lock:
            version = metadata.anchor(self._roots)
            return version, hashlib.sha256(self._roots[version - 1]).digest()

    def membership(self) -> Membership:
        """The authority's last signed membership. Raises `NotFound` before the first bundle."""
        return decode_membership(self._target(self._published().targets, ROSTER_FILE))

    def suspended(self) -> Mapping[MemberId, Suspension]:
        """The hub's suspensions. Raises `NotFound` before the first bundle."""
        return self._published().suspended

    def authority_until(self) -> float:
        """The time (Unix seconds) by which the authority has to sign again. Raises `NotFound`."""
        with self._lock:
            published = self._published()
            root = metadata.parse(self._roots[-1], Root, "the root").signed
            targets = metadata.parse(published.targets, Targets, "the membership").signed
            return min(metadata.expires(root), metadata.expires(targets))

    # --- what the authority signed ------------------------------------------------------------------------------------

    def check(self, data: bytes, *, now: float) -> Membership:
        """The content of a bundle after `check_bundle`; raises what that raises. Publishes nothing."""
        with self._lock:
            return self._checked(data, self._published_or_none(), now=now).membership

    def accept(self, data: bytes, *, now: float) -> Membership:
        """Publishes a bundle after `check_bundle`; raises what that raises. Idempotent. Signs all online metadata
        again.
        """
        with self._lock:
            former = self._published_or_none()
            checked = self._checked(data, former, now=now)
            for name, document in checked.documents.items():
                self._write(metadata.stored_name(name, document), document)
            suspended = former.suspended if former else {}
            self._publish(checked.targets, suspended, former, roots=checked.roots, now=now, renewed=True)
            return checked.membership

    def _checked(self, data: bytes, former: _Published | None, *, now: float) -> Accepted:
        return check_bundle(
            decode_bundle(data),
            roots=self._roots,
            held=former.targets if former else None,
            federation=self._federation,
            hub=self._hub,
            online=self._online.public_key,
            now=now,
        )

    # --- what the hub signs -------------------------------------------------------------------------------------------

    def suspend(self, member: MemberId, reason: str, *, now: float) -> None:
        """Published when it returns. Raises `Refused` if the member is unknown, `Malformed` for a bad reason."""
        check_reason(reason)
        with self._lock:
            former = self._published()
            known = self.membership().members.get(member)
            if known is None or known.status is MemberStatus.LEFT:
                raise Refused(f"{member} is not a member of {self._federation}")
            suspended = {**former.suspended, member: Suspension(reason=reason, since=int(now))}
            self._publish(former.targets, suspended, former, roots=self._roots, now=now)

    def lift(self, member: MemberId, *, now: float) -> None:
        """Lifts the hub's own suspension; a suspension by the authority stays. Raises `NotFound` if there is none."""
        with self._lock:
            former = self._published()
            if member not in former.suspended:
                raise NotFound(f"{member} is not suspended by this hub")
            suspended = {each: why for each, why in former.suspended.items() if each != member}
            self._publish(former.targets, suspended, former, roots=self._roots, now=now)

    def refresh(self, *, now: float) -> bool:
        """Signs metadata again after `REFRESH_AT` of its lifetime; returns whether it signed any. Raises `NotFound`
        before the first bundle, `Expired` if the authority has to sign.
        """
        with self._lock:
            former = self._published()
            if now >= self.authority_until():
                raise Expired("the authority's signatures have expired", remedy="the authority has to sign again")
            if not self._due(former.timestamp, metadata.TIMESTAMP_LIFE, now):
                return False
            self._publish(former.targets, former.suspended, former, roots=self._roots, now=now)
            return True

    def renew(self, *, now: float) -> None:
        """Signs all online metadata again, regardless of its age: the published files may come from an older backup,
        and members may have seen newer ones. Raises `NotFound` before the first bundle.
        """
        with self._lock:
            former = self._published()
            self._publish(former.targets, former.suspended, former, roots=self._roots, now=now, renewed=True)

    def _publish(
        self,
        targets: bytes,
        suspended: Mapping[MemberId, Suspension],
        former: _Published | None,
        *,
        roots: Sequence[bytes],
        now: float,
        renewed: bool = False,
    ) -> None:
        """Writes everything that a node fetches, in the order above. The timestamp publishes the new state."""
        suspensions = self._sign_suspensions(suspended, former, now=now, renewed=renewed)
        versions = {
            "targets.json": metadata.meta(targets, Targets),
            f"{metadata.SUSPENSIONS}.json": metadata.meta(suspensions, Targets),
        }
        snapshot = self._sign_snapshot(versions, former, now=now, renewed=renewed)
        timestamp = Timestamp(
            version=_next_version(metadata.version(former.timestamp, Timestamp) if former else 0, now),
            expires=metadata.utc(now + metadata.TIMESTAMP_LIFE),
            snapshot_meta=metadata.meta(snapshot, Snapshot),
        )
        if former is None or former.targets != targets:
            self._write(f"{versions['targets.json'].version}.targets.json", targets)
        self._write(f"{versions[f'{metadata.SUSPENSIONS}.json'].version}.{metadata.SUSPENSIONS}.json", suspensions)
        self._write(f"{timestamp.snapshot_meta.version}.snapshot.json", snapshot)
        for version in range(len(self._roots) + 1, len(roots) + 1):
            self._write(f"{version}.root.json", roots[version - 1])
        self._write(_TIMESTAMP, metadata.sign(timestamp, [self._online]))
        self._roots = list(roots)

    def _sign_suspensions(
        self, suspended: Mapping[MemberId, Suspension], former: _Published | None, *, now: float, renewed: bool
    ) -> bytes:
        same = former is not None and not renewed and dict(former.suspended) == dict(suspended)
        if former is not None and same and not self._due(former.suspensions, metadata.SUSPENSIONS_LIFE, now):
            return former.suspensions
        data = encode_suspended(self._federation, suspended)
        self._write(metadata.stored_name(SUSPENDED_FILE, data), data)
        return metadata.sign(
            Targets(
                version=_next_version(metadata.version(former.suspensions, Targets) if former else 0, now),
                expires=metadata.utc(now + metadata.SUSPENSIONS_LIFE),
                targets={SUSPENDED_FILE: metadata.target_file(SUSPENDED_FILE, data)},
            ),
            [self._online],
        )

    def _sign_snapshot(
        self, versions: Mapping[str, MetaFile], former: _Published | None, *, now: float, renewed: bool
    ) -> bytes:
        if former is not None and not renewed and not self._due(former.snapshot, metadata.SNAPSHOT_LIFE, now):
            held = metadata.parse(former.snapshot, Snapshot, "the snapshot").signed
            if held.meta == dict(versions):
                return former.snapshot
        return metadata.sign(
            Snapshot(
                version=_next_version(metadata.version(former.snapshot, Snapshot) if former else 0, now),
                expires=metadata.utc(now + metadata.SNAPSHOT_LIFE),
                meta=dict(versions),
            ),
            [self._online],
        )

    def _due(self, data: bytes, life: int, now: float) -> bool:
        return metadata.is_due(data, self._online.public_key, life=life, now=now)

    # --- the folder ---------------------------------------------------------------------------------------------------

    def _write(self, name: str, data: bytes) -> None:
        write_atomic(self._folder / name, data)

    def _load_roots(self) -> list[bytes]:
        roots: list[bytes] = []
        trusted: Metadata[Root] | None = None
        while (self._folder / f"{len(roots) + 1}.root.json").exists():
            roots.append(self.read(f"{len(roots) + 1}.root.json", metadata.MAX_METADATA))
            trusted = metadata.check_root(roots[-1], trusted)
        if not roots:
            raise NotFound(
                "there is no roster repository here", remedy="run `vigil hub init` with the authority's root"
            )
        return roots

    def _published_or_none(self) -> _Published | None:
        try:
            return self._published()
        except NotFound:
            return None

    def _published(self) -> _Published:
        """The files that the timestamp names. Raises `NotFound` before the first bundle."""
        with self._lock:
            try:
                stamp = self.read(_TIMESTAMP, metadata.MAX_METADATA)
            except NotFound as error:
                raise NotFound(
                    "the authority has not signed this hub yet", remedy="carry a signing request to the authority"
                ) from error
            version = metadata.parse(stamp, Timestamp, "the timestamp").signed.snapshot_meta.version
            snapshot = self.read(f"{version}.snapshot.json", metadata.MAX_METADATA)
            meta = metadata.parse(snapshot, Snapshot, "the snapshot").signed.meta
            targets = self.read(f"{meta['targets.json'].version}.targets.json", metadata.MAX_METADATA)
            role = f"{metadata.SUSPENSIONS}.json"
            suspensions = self.read(f"{meta[role].version}.{role}", metadata.MAX_METADATA)
            _, suspended = decode_suspended(self._target(suspensions, SUSPENDED_FILE))
            return _Published(
                targets=targets, suspensions=suspensions, snapshot=snapshot, timestamp=stamp, suspended=suspended
            )

    def _target(self, signed: bytes, name: str) -> bytes:
        info = metadata.parse(signed, Targets, "the roster").signed.targets[name]
        data = self.read(f"{info.hashes['sha256']}.{name}", MAX_DOCUMENT)
        if hashlib.sha256(data).hexdigest() != info.hashes["sha256"]:
            raise BadProof(
                "a file of the repository is not the one that was signed for", remedy="accept the bundle again"
            )
        return data


def _next_version(former: int, now: float) -> int:
    """The version after `former` (0: no former version), at least the minutes since 1970."""
    return max(1 + former, int(now) // 60)
