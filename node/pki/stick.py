"""The offline authority's folder: stores and checks the signed files. This module uses no private key.

Rules this module upholds:

- The folder is the authority's only memory. It is checked against its own signatures when it is opened.
- A new authority's `authority.json` is written last. A crash before that leaves a folder without an authority.

The folder: `authority.json`, `policy.json` (what the next signature publishes), `keys/<role>-<n>.key`,
`metadata/<n>.root.json`, `metadata/<n>.targets.json`, `metadata/<sha256>.roster.json`, `metadata/<sha256>.policy.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tuf.api.metadata import Metadata, Root, Targets

from node.domain.ids import FederationId, federation_id
from node.domain.roster import Policy
from node.errors import BadSignature, Damaged, Misuse, PeerFault, StoreError
from node.pki import metadata
from node.pki.documents import POLICY_FILE, ROSTER_FILE, Membership, decode_membership, decode_policy
from node.pki.files import make_folder, read_bounded, write_atomic
from node.pki.strictjson import MAX_DOCUMENT, decode, encode

_STATE: Final = "vigil/authority/v1"
_STATE_FILE: Final = "authority.json"
_WHAT: Final = "the membership"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The verified content of the folder. `targets` and `membership` are None before the first signature.

    `interrupted`: a newer root has replaced the keys that signed the newest membership. The authority's present keys
    have to sign it again.
    """

    federation: FederationId
    policy: Policy
    roots: tuple[bytes, ...]
    targets: bytes | None
    membership: Membership | None
    interrupted: bool = False


class Stick:
    """One authority's folder. One process at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def prepare(cls, folder: Path) -> Stick:
        """An empty folder for a new authority. Raises `Misuse` if it holds an authority already."""
        if (folder / _STATE_FILE).exists():
            raise Misuse("there is an authority in this folder already", remedy="name another folder")
        for each in (folder, folder / "keys", folder / "metadata"):
            make_folder(each)
        return cls(folder)

    def found(self, federation: FederationId, policy: bytes, root: bytes) -> None:
        """Makes it an authority's."""
        self.write_policy(policy)
        self.write("1.root.json", root)
        write_atomic(self._folder / _STATE_FILE, encode({"type": _STATE, "federation": federation}))

    def write(self, name: str, data: bytes) -> None:
        """Stores a signed file, or a file that will be named in signed metadata."""
        write_atomic(self._folder / "metadata" / name, data)

    def write_policy(self, policy: bytes) -> None:
        """Stores the policy that the next signature publishes."""
        write_atomic(self._folder / POLICY_FILE, policy)

    def read(self, name: str, limit: int) -> bytes:
        """A signed file."""
        return read_bounded(self._folder / "metadata" / name, limit, what="signed file")

    def signed_policy(self, targets: bytes) -> Policy:
        """The policy that this signed list names. Raises `Damaged`."""
        try:
            return decode_policy(self._named(targets, POLICY_FILE))
        except PeerFault as error:
            raise Damaged(f"the authority's folder is damaged: {error}", remedy="restore it from its backup") from error

    def load(self) -> Held:
        """The whole content, each signature checked. Raises `NotFound` if there is no authority, `Damaged`."""
        state = read_bounded(self._folder / _STATE_FILE, MAX_DOCUMENT, what="authority")
        try:
            top = decode(state, _STATE, "an authority")
            federation = federation_id(top.text("federation"))
            top.end()
            policy = decode_policy(read_bounded(self._folder / POLICY_FILE, MAX_DOCUMENT, what="policy"))
            roots = self._load_roots()
            targets, interrupted = self._load_targets(roots)
            membership = self._load_membership(targets) if targets is not None else None
        except PeerFault as error:
            raise Damaged(f"the authority's folder is damaged: {error}", remedy="restore it from its backup") from error
        return Held(
            federation=federation,
            policy=policy,
            roots=tuple(roots),
            targets=targets,
            membership=membership,
            interrupted=interrupted,
        )

    def _load_roots(self) -> list[bytes]:
        roots: list[bytes] = []
        trusted: Metadata[Root] | None = None
        while (self._folder / "metadata" / f"{len(roots) + 1}.root.json").exists():
            roots.append(self.read(f"{len(roots) + 1}.root.json", metadata.MAX_METADATA))
            trusted = metadata.check_root(roots[-1], trusted)
        if not roots:
            raise StoreError("the authority's folder has no root", remedy="restore it from its backup")
        return roots

    def _load_targets(self, roots: Sequence[bytes]) -> tuple[bytes | None, bool]:
        """The newest membership, and whether the keys of an earlier root signed it."""
        versions = [int(path.name.split(".")[0]) for path in (self._folder / "metadata").glob("*.targets.json")]
        if not versions:
            return None, False
        data = self.read(f"{max(versions)}.targets.json", metadata.MAX_METADATA)
        try:
            _check_targets(data, roots[-1])
        except BadSignature:
            if len(roots) == 1:
                raise
            # The root is written before the membership that its keys sign. A crash can leave the former membership.
            _check_targets(data, roots[-2])
            return data, True
        return data, False

    def _load_membership(self, targets: bytes) -> Membership:
        return decode_membership(self._named(targets, ROSTER_FILE))

    def _named(self, targets: bytes, name: str) -> bytes:
        """A document that a signed list names."""
        info = metadata.parse(targets, Targets, _WHAT).signed.targets[name]
        data = self.read(f"{info.hashes['sha256']}.{name}", MAX_DOCUMENT)
        with metadata.tuf_errors(_WHAT):
            info.verify_length_and_hashes(data)
        return data


def _check_targets(data: bytes, root: bytes) -> None:
    found = metadata.parse(data, Targets, _WHAT)
    with metadata.tuf_errors(_WHAT):
        metadata.parse(root, Root, _WHAT).signed.verify_delegate(Targets.type, found.signed_bytes, found.signatures)
