"""The roster as TUF metadata (The Update Framework 1.0): roles, lifetimes, signing, and errors in our own words.

Rules this module upholds:

- The offline authority signs `root` and `targets`. The hub's online key signs `snapshot`, `timestamp` and the delegated
  `suspensions`, which covers suspended.json only.
- Unchanged metadata is published as the signed bytes. It is never serialised again.
- No error of the library reaches a caller: `tuf_errors` replaces each with one of ours, and says what it means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, NoReturn, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.exceptions import Error as SecureSystemsError
from securesystemslib.signer import Signature, Signer, SSlibKey
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from node.domain import ports
from node.domain.calendar import SECONDS_A_DAY
from node.errors import BadProof, BadSignature, Expired, Malformed, Misuse, PeerFault
from node.pki.documents import SUSPENDED_FILE

DAY: Final = SECONDS_A_DAY
ROOT_LIFE: Final = 365 * DAY
"""Seconds. After the root expires, nobody trusts the roster until the authority has held a ceremony."""
TARGETS_LIFE: Final = 90 * DAY
"""Seconds. The authority has to sign the membership again within this time."""
SNAPSHOT_LIFE: Final = 7 * DAY
SUSPENSIONS_LIFE: Final = 7 * DAY
TIMESTAMP_LIFE: Final = DAY
"""Seconds. A hub can hide a suspension from a node for this time (freeze). A node works without its hub as long."""
REFRESH_AT: Final = 0.5
"""The hub signs online metadata again after this share of its lifetime."""

SUSPENSIONS: Final = "suspensions"
"""The delegated targets role of the hub."""
ONLINE_ROLES: Final = (Snapshot.type, Timestamp.type)
"""The top-level roles that the hub's online key signs."""
MAX_METADATA: Final = 524_288
"""Maximum bytes of one metadata file. The membership is in roster.json, so these files are small."""
MAX_ROOTS: Final = 256
"""Maximum number of root versions in one update of a node."""

_T = TypeVar("_T", Root, Timestamp, Snapshot, Targets)


def utc(seconds: float) -> datetime:
    """Unix seconds in TUF's form: whole seconds, UTC."""
    return datetime.fromtimestamp(int(seconds), UTC)


def tuf_key(public_key: bytes) -> SSlibKey:
    """A TUF key from 32 bytes of Ed25519. Its id is the hash of its content, as the library computes it."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public_key))


class RoleSigner(Signer):
    """A key of a ring, or of hardware, with the interface of the TUF library."""

    def __init__(self, signer: ports.Signer, public_key: bytes) -> None:
        self._signer = signer
        self._public_key = tuf_key(public_key)

    @classmethod
    def from_priv_key_uri(cls, *_: object, **__: object) -> NoReturn:
        """Always raises `Misuse`: keys come from a ring, never from a URI."""
        raise Misuse("a signing key comes from a key ring, not from a URI")

    @property
    def public_key(self) -> SSlibKey:
        """The public half."""
        return self._public_key

    def sign(self, payload: bytes) -> Signature:
        """Signs the canonical bytes of a role."""
        return Signature(self._public_key.keyid, self._signer.sign(payload).hex())


@contextmanager
def tuf_errors(what: str) -> Iterator[None]:
    """Raises `PeerFault` or a subclass for every error of the library about bytes from outside."""
    try:
        yield
    except ExpiredMetadataError as error:
        raise Expired(
            f"{what}: its metadata has expired",
            remedy="compare the clocks; if they agree, the hub does not refresh, or the authority must sign again",
        ) from error
    except UnsignedMetadataError as error:
        raise BadSignature(
            f"{what}: not signed by the keys that may sign it", remedy="do not trust this hub; call the authority"
        ) from error
    except BadVersionNumberError as error:
        raise PeerFault(
            f"{what}: it has the wrong version: an older one was put in its place, or a newer one was withheld",
            remedy="call the hub's operator: this happens when a hub was restored from an old backup, or is hostile",
        ) from error
    except LengthOrHashMismatchError as error:
        raise BadProof(f"{what}: a file is not the one that was signed for") from error
    except DownloadLengthMismatchError as error:
        raise Malformed(f"{what}: a file is longer than it may be") from error
    except (RepositoryError, DownloadError, SecureSystemsError) as error:
        raise Malformed(f"{what}: metadata that cannot be read") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # The library parses first, then checks signatures, then contents.
        raise Malformed(f"{what}: metadata of the wrong form") from error


def parse(data: bytes, role: type[_T], what: str) -> Metadata[_T]:
    """Metadata of `role`, unverified. Raises `Malformed`."""
    if len(data) > MAX_METADATA:
        raise Malformed(f"{what}: metadata is longer than {MAX_METADATA} bytes")
    with tuf_errors(what):
        found: Metadata[_T] = Metadata.from_bytes(data)
    if found.signed.type != role.type:
        raise Malformed(f"{what}: metadata of another role")
    return found


def check_root(data: bytes, trusted: Metadata[Root] | None) -> Metadata[Root]:
    """A root that follows `trusted` (None: the first root). Raises `PeerFault` and its subclasses.

    1. signed by the trusted root's keys; 2. signed by its own keys; 3. its version is the next one.
    """
    what = "the authority's root"
    found = parse(data, Root, what)
    with tuf_errors(what):
        if trusted is not None:
            trusted.signed.verify_delegate(Root.type, found.signed_bytes, found.signatures)
            if found.signed.version != trusted.signed.version + 1:
                raise BadVersionNumberError
        found.signed.verify_delegate(Root.type, found.signed_bytes, found.signatures)
    return found


def anchor(roots: Sequence[bytes]) -> int:
    """The version of the root that introduced the newest root's own keys and threshold. `roots`: from version 1."""
    parsed = [parse(data, Root, "the authority's root").signed for data in roots]
    version = len(parsed)
    while version > 1 and _root_keys(parsed[version - 2]) == _root_keys(parsed[-1]):
        version -= 1
    return version


def _root_keys(root: Root) -> tuple[frozenset[str], int]:
    return frozenset(root.roles[Root.type].keyids), root.roles[Root.type].threshold


def sign(signed: _T, signers: Iterable[RoleSigner]) -> bytes:
    """`signed` as metadata with the signatures of all of `signers`."""
    found = Metadata(signed)
    for signer in signers:
        found.sign(signer, append=True)
    return found.to_bytes()


def target_file(name: str, data: bytes) -> TargetFile:
    """The entry for a file in targets metadata: its length and SHA-256."""
    return TargetFile(len(data), {"sha256": hashlib.sha256(data).hexdigest()}, name)


def stored_name(name: str, data: bytes) -> str:
    """The name under which a target is stored and fetched (consistent snapshots): `<sha256>.<name>`."""
    return f"{hashlib.sha256(data).hexdigest()}.{name}"


def delegate_suspensions(online: SSlibKey) -> Delegations:
    """The delegation by which the authority lets the hub's online key suspend members, and do nothing else."""
    role = DelegatedRole(SUSPENSIONS, [online.keyid], 1, terminating=True, paths=[SUSPENDED_FILE])
    return Delegations(keys={online.keyid: online}, roles={SUSPENSIONS: role})


def check_delegation(targets: Targets, online: SSlibKey) -> None:
    """Raises `Malformed` unless `targets` delegates exactly as `delegate_suspensions` does."""
    if targets.delegations is None or targets.delegations.to_dict() != delegate_suspensions(online).to_dict():
        raise Malformed("the membership delegates more than suspensions, or delegates to another key")


def expires(signed: Signed) -> float:
    """The expiry of a role, in Unix seconds."""
    return signed.expires.timestamp()


def version(data: bytes, role: type[_T]) -> int:
    """The version of metadata of ours."""
    return int(parse(data, role, "the repository").signed.version)


def meta(data: bytes, role: type[_T]) -> MetaFile:
    """The entry for a metadata file in a snapshot or timestamp: version, length and SHA-256."""
    return MetaFile.from_data(version(data, role), data, ["sha256"])


def is_due(data: bytes, key: SSlibKey, *, life: int, now: float) -> bool:
    """Whether online metadata must be signed again: `REFRESH_AT` of `life` has passed, or a former key signed it."""
    with tuf_errors("the repository"):
        found: Metadata[Snapshot] = Metadata.from_bytes(data)
    return key.keyid not in found.signatures or now >= expires(found.signed) - REFRESH_AT * life
