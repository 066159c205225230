"""Key rings: the private keys of a node, of the hub or of the authority. Each key has one purpose.

Rules this module upholds:

- A ring is stored on disk only wrapped (`node.pki.wrapping`). It gives out signatures and public keys. It gives out one
  private key: the TLS key, because the transport needs it.
- A key's role fixes its algorithm, its type byte and the name of its verifier key, so no key can be used as another:

      log/<epoch>            Ed25519 0x01  <federation>/<member>/log/<epoch>   checkpoints of that log (the hub: HUB)
      statement              Ed25519 0x01  <federation>/<member>/statement     queries, answers, acknowledgements
      witness                Ed25519 0x04  <federation>/<member>/witness       cosignatures of the hub's head
      mirror                 Ed25519 0x04  <federation>/hub/mirror             the hub's cosignatures
      online                 Ed25519       TUF: timestamp, snapshot, suspensions
      root/<n>, targets/<n>  Ed25519       TUF: the offline authority
      tls, ca                P-256         certificates only

- A ring is a value. A change of keys makes another ring. The caller decides which ring is stored on disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from node.domain.ids import HUB_NAME, FederationId, MemberId, Origin, member_id
from node.domain.roster import KeyPurpose
from node.errors import Damaged, Misuse, NotFound
from node.pki.files import read_bounded, write_atomic
from node.pki.wrapping import Passphrase, unwrap, wrap
from node.tlog import note

STATEMENT: Final = "statement"
WITNESS: Final = "witness"
MIRROR: Final = "mirror"
ONLINE: Final = "online"
TLS: Final = "tls"
CA: Final = "ca"
HUB: Final = "hub"
AUTHORITY: Final = "authority"

_P256_ROLES: Final = frozenset({TLS, CA})
_ROLE: Final = re.compile(r"(log|root|targets)/([1-9][0-9]{0,8})|statement|witness|mirror|online|tls|ca")
_KEY_SIZE: Final = 32
_MAX_FILE: Final = 65_536

_PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def log_role(epoch: int) -> str:
    """The role of the log key of `epoch`."""
    return f"log/{epoch}"


def vkey_name(federation: FederationId, owner: str, role: str) -> tuple[str, int]:
    """(name, type byte) of the verifier key of `role`. Raises `Misuse` for a role without a verifier key."""
    if role.startswith("log/"):
        member = HUB_NAME if owner == HUB else member_id(owner)
        return str(Origin(federation, member, int(role.removeprefix("log/")))), note.ED25519
    types = {STATEMENT: note.ED25519, WITNESS: note.COSIGNATURE, MIRROR: note.COSIGNATURE}
    if role not in types:
        raise Misuse(f"a {role} key has no verifier key")
    return f"{federation}/{owner}/{role}", types[role]


class Ed25519Signer:
    """Signs with one key of a ring (`node.domain.ports.Signer`). Safe to call from any thread."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message` (RFC 8032)."""
        return self._key.sign(message)


def _generate(role: str) -> _PrivateKey:
    return ec.generate_private_key(ec.SECP256R1()) if role in _P256_ROLES else Ed25519PrivateKey.generate()


def _private_bytes(key: _PrivateKey) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.private_bytes_raw()
    return key.private_numbers().private_value.to_bytes(_KEY_SIZE, "big")


def _from_private_bytes(role: str, secret: bytes) -> _PrivateKey:
    if role in _P256_ROLES:
        return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    return Ed25519PrivateKey.from_private_bytes(secret)


class KeyRing:
    """The private keys of `owner` (a member id, `HUB` or `AUTHORITY`) in `federation`, by role."""

    __slots__ = ("_keys", "federation", "owner")

    def __init__(self, federation: FederationId, owner: str, keys: Mapping[str, _PrivateKey]) -> None:
        self.federation = federation
        self.owner = owner
        self._keys = dict(keys)

    def __repr__(self) -> str:
        return f"KeyRing({self.federation}/{self.owner}: {', '.join(sorted(self._keys))})"

    # --- made -------------------------------------------------------------------------------------------------------

    @classmethod
    def generate(cls, federation: FederationId, owner: str, roles: Iterable[str]) -> KeyRing:
        """A ring of fresh keys."""
        return cls(federation, owner, {role: _generate(role) for role in roles})

    @classmethod
    def for_member(cls, federation: FederationId, member: MemberId, *, epoch: int = 1) -> KeyRing:
        """A node's keys: log, statement, witness and TLS key."""
        return cls.generate(federation, member, (log_role(epoch), STATEMENT, WITNESS, TLS))

    @classmethod
    def for_hub(cls, federation: FederationId, *, epoch: int = 1) -> KeyRing:
        """The hub's keys: CA, TLS, mirror cosigner, online TUF key, and the key of its own log of `epoch`; 0: none."""
        log = (log_role(epoch),) if epoch else ()
        return cls.generate(federation, HUB, (CA, TLS, MIRROR, ONLINE, *log))

    def successor(self) -> KeyRing:
        """A ring for a change of all of a member's keys: the log key is for the next epoch. The old ring endorses."""
        return KeyRing.for_member(self.federation, member_id(self.owner), epoch=self.log_epoch + 1)

    def with_log(self, epoch: int) -> KeyRing:
        """The same ring with a new log key for `epoch` in place of any other log key."""
        kept = {role: key for role, key in self._keys.items() if not role.startswith("log/")}
        return KeyRing(self.federation, self.owner, {**kept, log_role(epoch): _generate(log_role(epoch))})

    # --- used -------------------------------------------------------------------------------------------------------

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the keys in this ring."""
        return frozenset(self._keys)

    @property
    def has_log(self) -> bool:
        """Whether it has a log key. The ring of a hub of before has none."""
        return any(role.startswith("log/") for role in self._keys)

    @property
    def log_epoch(self) -> int:
        """The newest epoch with a log key. Raises `Misuse` if there is none."""
        epochs = [int(role.removeprefix("log/")) for role in self._keys if role.startswith("log/")]
        if not epochs:
            raise Misuse("this ring has no log key")
        return max(epochs)

    def signer(self, role: str) -> Ed25519Signer:
        """Raises `Misuse` if the ring has no such Ed25519 key."""
        return Ed25519Signer(self._ed25519(role))

    def public_bytes(self, role: str) -> bytes:
        """The 32 bytes of an Ed25519 public key."""
        return self._ed25519(role).public_key().public_bytes_raw()

    def verifier(self, role: str) -> note.VerifierKey:
        """The verifier key of `role`, in the form that `node.tlog` uses."""
        name, key_type = vkey_name(self.federation, self.owner, role)
        return note.make_vkey(name, key_type, self.public_bytes(role))

    def vkey(self, role: str) -> str:
        """The verifier key of `role` as C2SP text, as in the roster."""
        return note.format_vkey(self.verifier(role))

    def member_vkeys(self) -> dict[str, str]:
        """The keys that a member enrols, by `KeyPurpose`: the newest log key, the statement and the witness key."""
        return {
            KeyPurpose.LOG.value: self.vkey(log_role(self.log_epoch)),
            KeyPurpose.STATEMENT.value: self.vkey(STATEMENT),
            KeyPurpose.WITNESS.value: self.vkey(WITNESS),
        }

    def p256(self, role: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key of `role`: for certificates, inside this package only."""
        key = self._keys.get(role)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Misuse(f"this ring has no P-256 key for {role}")
        return key

    def tls_key_pem(self) -> bytes:
        """The TLS key as unencrypted PKCS#8 PEM, for the transport's memory. Never written to disk."""
        return self.p256(TLS).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def _ed25519(self, role: str) -> Ed25519PrivateKey:
        key = self._keys.get(role)
        if not isinstance(key, Ed25519PrivateKey):
            raise Misuse(f"this ring has no Ed25519 key for {role}")
        return key

    # --- kept -------------------------------------------------------------------------------------------------------

    @property
    def _label(self) -> str:
        return f"keys of {self.federation}/{self.owner}"

    def save(self, path: Path, passphrase: Passphrase) -> None:
        """Writes the wrapped ring. A crash leaves the old file or the new one. Raises `StoreError`."""
        keys = {role: _private_bytes(key).hex() for role, key in sorted(self._keys.items())}
        write_atomic(path, wrap(json.dumps(keys).encode(), passphrase, label=self._label))

    @classmethod
    def load(cls, path: Path, passphrase: Passphrase, *, federation: FederationId, owner: str) -> KeyRing:
        """The ring in `path`. Raises `NotFound`, or `Damaged` if it does not open or belongs to another owner."""
        empty = cls(federation, owner, {})
        try:
            data = read_bounded(path, _MAX_FILE, what="key file")
        except NotFound as error:
            raise NotFound(
                f"the {empty._label} are missing: there is no file {path.name} in the folder keys/",
                remedy="restore the folder keys/ from a backup",
            ) from error
        secret = unwrap(data, passphrase, label=empty._label)
        try:
            keys = {}
            for role, digits in json.loads(secret).items():
                if not _ROLE.fullmatch(role) or len(digits) != 2 * _KEY_SIZE:
                    raise Damaged(f"the {empty._label} hold a key that this version does not know")
                keys[role] = _from_private_bytes(role, bytes.fromhex(digits))
        except (ValueError, TypeError, AttributeError) as error:
            raise Damaged(f"the {empty._label} cannot be read", remedy="restore the file from the backup") from error
        return cls(federation, owner, keys)
