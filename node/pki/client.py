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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
from tuf.api.metadata import Root, Signed, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from node.domain.ids import FederationId
from node.domain.roster import Member, MemberStatus, Roster
from node.errors import BadProof, Damaged, Malformed, NotFound, PeerFault
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
from node.pki.strictjson import MAX_DOCUMENT, decode, encode
from node.tlog.text import decode_base64, encode_base64

Fetch = Callable[[str, int], bytes]
"""(name of a file in the hub's repository, max bytes) -> the file. Raises `NotFound`, `Unavailable`. Blocking."""

_WHAT: Final = "the roster"
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
            folder = self._folder / "metadata"
            make_folder(folder)
            kept = self._kept() or {}
            walk, documents = self._walk(folder, fetch, kept, now=now)
            files = _everything(folder, walk.roles(), documents)
            roster = self._roster(walk.roles(), documents)
            if files != kept:
                for path in folder.rglob("*.json"):
                    sync_file(path)
                packed = {name: encode_base64(data) for name, data in files.items()}
                write_atomic(self._folder / _VERIFIED_FILE, encode({"type": _VERIFIED, "files": packed}))
            return roster

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
                    walk, documents = self._walk(Path(folder), _out_of(kept), {}, now=0)
                    return self._roster(walk.roles(), documents)
            except (PeerFault, NotFound) as error:
                raise Damaged(f"the roster kept here does not verify: {error}", remedy="connect to the hub") from error

    # --- steps --------------------------------------------------------------------------------------------------------

    def _walk(
        self, folder: Path, fetch: Fetch, kept: Mapping[str, bytes], *, now: float
    ) -> tuple[_Walk, dict[str, bytes]]:
        documents = {}
        with store_errors("keeping the roster"), metadata.tuf_errors(_WHAT):
            try:
                walk = _Walk(folder, fetch, self._root, now=now)
                walk.refresh()
                for name in _DOCUMENTS:
                    info = walk.get_targetinfo(name)
                    if info is None:
                        raise Malformed(f"{_WHAT} is without one of its documents")
                    documents[name] = _document(info, fetch, kept)
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
            raise Malformed(f"{_WHAT} is of another federation")
        return Roster(
            federation=expected,
            version=roles[Targets.type].version,
            expires=min(metadata.expires(role) for role in roles.values()),
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


def _document(info: TargetFile, fetch: Fetch, kept: Mapping[str, bytes]) -> bytes:
    if info.length > MAX_DOCUMENT:
        raise Malformed(f"{_WHAT} has a document of more than {MAX_DOCUMENT} bytes")
    name = f"{info.hashes['sha256']}.{info.path}"
    data = kept[name] if name in kept else fetch(name, info.length)
    info.verify_length_and_hashes(data)
    return data


def _out_of(files: Mapping[str, bytes]) -> Fetch:
    def fetch(name: str, limit: int) -> bytes:
        if name not in files or len(files[name]) > limit:
            raise NotFound("no such file was kept")
        return files[name]

    return fetch


def _everything(folder: Path, roles: Mapping[str, Signed], documents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Everything that proves a roster, under the names by which the hub serves it."""

    def read(path: Path) -> bytes:
        return read_bounded(path, metadata.MAX_METADATA, what="roster metadata")

    files = {f"{hashlib.sha256(data).hexdigest()}.{name}": data for name, data in documents.items()}
    for version in range(1, roles[Root.type].version + 1):
        path = folder / "root_history" / f"{version}.root.json"
        if path.exists():
            files[path.name] = read(path)
    files["timestamp.json"] = read(folder / "timestamp.json")
    for role in (Snapshot.type, Targets.type, metadata.SUSPENSIONS):
        files[f"{roles[role].version}.{role}.json"] = read(folder / f"{role}.json")
    return files
