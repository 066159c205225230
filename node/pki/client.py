"""Gets a roster that a node, or the hub itself, can trust.

Rules this module upholds:

- Trust starts at one root, pinned by the SHA-256 in the invitation, and follows signatures from there (TUF 1.0, section
  5.3, by python-tuf's `Updater`). It does not depend on the hub's TLS.
- Members and keys come from documents that the authority signed. The hub can suspend a member, and can add no member
  and no key.
- The folder remembers the newest roster seen. An older one is refused (rollback), and so is an expired one (freeze).
- A roster is returned once it is durable, as one file with everything that proves it. Without a network, each signature
  in that file is verified again, but not its dates: the caller compares `Roster.expires`. So an expired roster stops
  nobody from reading their own data, and admits nobody (`node.usecases.roster.Members`).
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
from tuf.api.metadata import Root, Signed, Snapshot, Targets, Timestamp
from tuf.ngclient import Updater
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from node.domain.ids import FederationId, foreign
from node.domain.roster import Member, MemberStatus, Roster
from node.errors import BadProof, Damaged, Expired, Malformed, NotFound, PeerFault
from node.pki import metadata
from node.pki.documents import (
    POLICY_FILE,
    ROSTER_FILE,
    SUSPENDED_FILE,
    Suspension,
    decode_membership,
    decode_policy,
    decode_suspended,
)
from node.pki.files import make_folder, read_bounded, store_errors, sync_file, write_atomic
from node.pki.roster_files import TIMESTAMP_FILE, WHAT, Fetch, as_of, document, everything, out_of, with_roots
from node.pki.strictjson import MAX_DOCUMENT, decode, encode
from node.tlog.text import decode_base64, encode_base64

_VERIFIED: Final = "vigil/verified-roster/v1"
_URL: Final = "roster:/"
PINNED_FILE: Final = "pinned.root.json"
_VERIFIED_FILE: Final = "verified.json"
_MAX_VERIFIED: Final = 4 * MAX_DOCUMENT
_DOCUMENTS: Final = (ROSTER_FILE, POLICY_FILE, SUSPENDED_FILE)
_CONFIG: Final = UpdaterConfig(
    max_root_rotations=metadata.MAX_ROOTS,
    max_delegations=2,
    root_max_length=metadata.MAX_METADATA,
    timestamp_max_length=metadata.MAX_METADATA,
    snapshot_max_length=metadata.MAX_METADATA,
    targets_max_length=metadata.MAX_METADATA,
)


class _Fetcher(FetcherInterface):
    """Lets the library fetch through our own call: bounded, and our own errors pass through unchanged."""

    def __init__(self, fetch: Fetch) -> None:
        self._get = fetch

    def _fetch(self, url: str) -> Iterator[bytes]:
        yield self._get(url.removeprefix(_URL), metadata.MAX_METADATA)

    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[io.BytesIO]:
        """The file at `url`, at most `max_length` bytes."""
        try:
            data = self._get(url.removeprefix(_URL), max_length)
        except NotFound as error:
            raise DownloadHTTPError("the hub has no such file", 404) from error
        if len(data) > max_length:
            raise DownloadLengthMismatchError
        yield io.BytesIO(data)


class _Walk(Updater):
    """One update from the pinned root to the newest roster, at a time that the caller passes in."""

    def __init__(self, folder: Path, fetch: Fetch, root: bytes, *, now: float) -> None:
        super().__init__(str(folder), _URL, fetcher=_Fetcher(fetch), config=_CONFIG, bootstrap=root)
        # The library reads the machine's clock in its constructor. It has no parameter for the time.
        self._trusted_set.reference_time = metadata.utc(now)

    def roles(self) -> dict[str, Signed]:
        """Every verified role by name. Valid after all documents were fetched."""
        found = self._trusted_set
        return {
            Root.type: found.root,
            Timestamp.type: found.timestamp,
            Snapshot.type: found.snapshot,
            Targets.type: found.targets,
            metadata.SUSPENSIONS: found[metadata.SUSPENSIONS],
        }


class RosterClient:
    """Keeps the newest verified roster in a folder of its own. Blocking; safe in any thread of one process."""

    def __init__(self, folder: Path, *, federation: FederationId | None, root_sha256: bytes | None) -> None:
        """Opens a folder that `bootstrap` made. Raises `NotFound`, or `Damaged` if another root is pinned.

        None for both: accepts the federation and root in the folder. Only for a person who vouches for the folder.
        """
        self._folder = folder
        self._federation = federation
        self._lock = threading.Lock()
        self._root = read_bounded(folder / PINNED_FILE, metadata.MAX_METADATA, what="pinned root")
        if root_sha256 is not None and self.root_sha256 != root_sha256:
            raise Damaged("the pinned root is not the root of the invitation", remedy="join again with a new token")

    @property
    def root_sha256(self) -> bytes:
        """SHA-256 of the pinned root (32 bytes)."""
        return hashlib.sha256(self._root).digest()

    @classmethod
    def bootstrap(
        cls, folder: Path, fetch: Fetch, *, federation: FederationId, root_version: int, root_sha256: bytes
    ) -> RosterClient:
        """Fetches and pins the root that the invitation names. Raises `BadProof` if the hub serves another."""
        root = fetch(f"{root_version}.root.json", metadata.MAX_METADATA)
        if hashlib.sha256(root).digest() != root_sha256:
            raise BadProof(
                "the hub has another root, not the one that the invitation names",
                remedy="do not join; compare the root's digits with the federation's authority",
            )
        metadata.check_root(root, None)
        make_folder(folder)
        write_atomic(folder / PINNED_FILE, root)
        return cls(folder, federation=federation, root_sha256=root_sha256)

    def leads_to(self, fetch: Fetch, *, root_version: int, root_sha256: bytes) -> bool:
        """Whether the pinned root and the root of an invitation belong to one authority: a chain of signatures leads
        from the older root to the newer one, through the roots between them, which `fetch` gets.
        """
        pinned = metadata.check_root(self._root, None).signed.version
        first, last = sorted((pinned, root_version))
        try:
            roots = [
                self._root if number == pinned else fetch(f"{number}.root.json", metadata.MAX_METADATA)
                for number in range(first, last + 1)
            ]
            trusted = None
            for root in roots:
                trusted = metadata.check_root(root, trusted)
        except (PeerFault, NotFound):
            return False
        return hashlib.sha256(roots[root_version - first]).digest() == root_sha256

    def published(self) -> Mapping[str, bytes]:
        """Everything that proves the last verified roster, under the names by which a hub serves it. Raises `NotFound`
        if no roster was verified.
        """
        kept = self._kept()
        if kept is None:
            raise NotFound("no roster was verified here yet")
        return kept

    def refresh(self, fetch: Fetch, *, now: float) -> Roster:
        """The newest roster, fetched, verified and kept. Durable once it returns.

        1. root, timestamp, snapshot and membership are valid by TUF, not older than seen before, not expired; 2. the
        documents are the ones they name; 3. they belong to this federation; 4. the hub's suspensions are applied.
        Raises `PeerFault` and its subclasses, `NotFound` if the authority signed nothing yet, and what `fetch` raises.

        The caller checks its own entry (`usecases.roster.Members`), and refreshes in time.
        """
        with self._lock:
            return self._take(fetch, self._kept() or {}, now=now)

    def carried(self, files: Mapping[str, bytes], *, now: float) -> Roster | None:
        """The roster that these files prove, if it is newer than the one here; None if it is not. Nothing is kept.

        For files that did not come from the hub. 1. It is verified from the pinned root, as at the last second of its
        timestamp if that has passed: the hub renews it every day, and files travel for longer. 2. What the authority
        signed has not expired at `now`. Raises `PeerFault` and its subclasses, `NotFound` if a file is missing. The
        caller must know that a suspension after that time is not in it.
        """
        then, kept = as_of(files, now), self._kept() or {}
        here = metadata.version(kept[TIMESTAMP_FILE], Timestamp) if kept else 0
        if metadata.version(files[TIMESTAMP_FILE], Timestamp) <= here:
            return None
        whole = with_roots(files, kept, metadata.check_root(self._root, None).signed.version)
        with tempfile.TemporaryDirectory(prefix="vigil-") as folder:
            walk, documents = self._walk(Path(folder), out_of(whole), {}, now=then)
            roster = self._roster(walk.roles(), documents)
        if now >= roster.signed_until:
            raise Expired(
                "the list of members in this file has expired: the authority signed it too long ago",
                remedy="compare the clock; then get a file that was written later",
            )
        return roster

    def bring(self, files: Mapping[str, bytes], *, now: float) -> Roster | None:
        """Keeps the roster of `carried`, if it is newer than the one here. Durable once it returns.

        All of it is verified before anything is kept. Raises as `carried`, and if a part is older than one seen before.
        """
        with self._lock:
            if self.carried(files, now=now) is None:
                return None
            return self._take(out_of(files), self._kept() or {}, now=as_of(files, now))

    def load(self) -> Roster:
        """The last verified roster, verified again from the pinned root without a network. Dates are not checked:
        compare `Roster.expires`. Raises `NotFound` if there is none, `Damaged` if it does not verify.
        """
        with self._lock:
            kept = self._kept()
            if kept is None:
                raise NotFound("no roster was verified here yet", remedy="connect to the hub once")
            try:
                with tempfile.TemporaryDirectory(prefix="vigil-") as folder:
                    walk, documents = self._walk(Path(folder), out_of(kept), {}, now=0)
                    return self._roster(walk.roles(), documents)
            except (PeerFault, NotFound) as error:
                raise Damaged(f"the roster kept here does not verify: {error}", remedy="connect to the hub") from error

    # --- steps --------------------------------------------------------------------------------------------------------

    def _take(self, fetch: Fetch, kept: Mapping[str, bytes], *, now: float) -> Roster:
        """Walks to the newest roster in our own folder, and keeps what proves it."""
        folder = self._folder / "metadata"
        make_folder(folder)
        walk, documents = self._walk(folder, fetch, kept, now=now)
        files = everything(folder, walk.roles(), documents)
        roster = self._roster(walk.roles(), documents)
        if files != kept:
            for path in folder.rglob("*.json"):
                sync_file(path)
            packed = {name: encode_base64(data) for name, data in files.items()}
            write_atomic(self._folder / _VERIFIED_FILE, encode({"type": _VERIFIED, "files": packed}))
        return roster

    def _walk(
        self, folder: Path, fetch: Fetch, kept: Mapping[str, bytes], *, now: float
    ) -> tuple[_Walk, dict[str, bytes]]:
        documents = {}
        with store_errors("keeping the roster"), metadata.tuf_errors(WHAT):
            try:
                walk = _Walk(folder, fetch, self._root, now=now)
                walk.refresh()
                for name in _DOCUMENTS:
                    info = walk.get_targetinfo(name)
                    if info is None:
                        raise Malformed(f"{WHAT} is without one of its documents")
                    documents[name] = document(info, fetch, kept)
            except DownloadHTTPError as error:
                raise NotFound(
                    "the hub lacks a file of the roster", remedy="the authority has to sign a list of members first"
                ) from error
        return walk, documents

    def _roster(self, roles: Mapping[str, Signed], documents: Mapping[str, bytes]) -> Roster:
        membership = decode_membership(documents[ROSTER_FILE])
        federation, suspended = decode_suspended(documents[SUSPENDED_FILE])
        expected = self._federation or membership.federation
        if membership.federation != expected or federation != expected:
            raise Malformed(foreign(WHAT, membership.federation, expected))
        return Roster(
            federation=expected,
            version=roles[Targets.type].version,
            expires=min(metadata.expires(role) for role in roles.values()),
            signed_until=min(metadata.expires(roles[role]) for role in (Root.type, Targets.type)),
            hub=membership.hub,
            members={
                member.id: _suspended(member, suspended[member.id])
                if member.id in suspended and member.status is MemberStatus.ACTIVE
                else member
                for member in membership.members.values()
            },
            policy=decode_policy(documents[POLICY_FILE]),
        )

    def _kept(self) -> dict[str, bytes] | None:
        try:
            data = read_bounded(self._folder / _VERIFIED_FILE, _MAX_VERIFIED, what="verified roster")
        except NotFound:
            return None
        try:
            top = decode(data, _VERIFIED, "the verified roster", limit=_MAX_VERIFIED)
            files = top.table("files")
            top.end()
            return {name: decode_base64(text, "a file of the roster") for name, text in files.items()}
        except PeerFault as error:
            raise Damaged(
                "the roster kept here cannot be read",
                remedy="delete the folder roster/ of this home, then start the node while the hub is reachable",
            ) from error


def _suspended(member: Member, why: Suspension) -> Member:
    return replace(member, status=MemberStatus.SUSPENDED, suspension=why.reason, suspended_since=why.since)
