"""A node's identity on its disk: keys, the petition while it is pending, the certificate, and what the token pinned.

Rules this module upholds:

- Made once per token, then the same bytes again and again: a restart in the middle of joining sends the same petition.
- A certificate is checked before it is kept. It is useless without its key, which is on disk only wrapped.
- The token's secret is deleted once the member is in.
- A change of keys keeps the former ring until the new one is admitted, and then replaces it in one rename.

The folder: `identity.json`, `keys` (wrapped), `ca.der`, `certificate.der`; while a petition is pending `pending.json`,
and, for a change of keys, `keys.next`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.domain.ids import HASH_SIZE, FederationId, MemberId, federation_id, member_id, spiffe_id
from node.domain.services import JoinPetition
from node.domain.token import Token, address
from node.errors import BadSignature, Damaged, Misuse, NotFound, PeerFault
from node.pki.ca import Certificate, check_issued, from_pem, make_request, needs_renewal, read_certificate, to_pem
from node.pki.files import make_folder, read_bounded, remove, write_atomic
from node.pki.keys import KeyRing
from node.pki.petition import SECRET_SIZE, check_name, keys_fingerprint, make_petition
from node.pki.strictjson import MAX_DOCUMENT, decode, decode_hex, encode
from node.pki.wrapping import Passphrase
from node.tlog.text import decode_base64, encode_base64

_IDENTITY: Final = "vigil/node-identity/v1"
_PENDING: Final = "vigil/pending-petition/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a node knows of itself and its hub, nothing of it secret. Addresses are `host:port`."""

    federation: FederationId
    member: MemberId
    name: str
    hub: str
    enrolment: str
    ca_sha256: bytes
    root_version: int
    root_sha256: bytes


class NodeIdentity:
    """An opened identity folder, its ring in memory. One process at a time; blocking."""

    def __init__(self, folder: Path, passphrase: Passphrase) -> None:
        """Raises `NotFound` where this node never joined, `Damaged` where keys or files do not open."""
        self._folder = folder
        self._passphrase = passphrase
        try:
            self.facts = _decode_facts(read_bounded(folder / "identity.json", MAX_DOCUMENT, what="node identity"))
        except PeerFault as error:
            raise Damaged("the node's identity cannot be read", remedy="restore it from the backup") from error
        self.ring = self._load("keys")

    @classmethod
    def create(cls, folder: Path, token: Token, *, name: str, ca_pem: bytes, passphrase: Passphrase) -> NodeIdentity:
        """Fresh keys and a pending petition for `token`. `ca_pem`: the hub's CA, as first contact brought it.

        Raises `BadSignature` where that is not the token's, `Misuse` where there is an identity here already.
        """
        if (folder / "identity.json").exists():
            raise Misuse("this node has an identity already", remedy="use another home, or change its keys instead")
        make_folder(folder)
        ca = _checked_ca(ca_pem, token)
        ring = KeyRing.for_member(token.federation, token.member)
        ring.save(folder / "keys", passphrase)
        write_atomic(folder / "ca.der", ca)
        write_atomic(folder / "pending.json", _encode_pending(token.secret, make_request(ring)))
        # The identity last: a crash before it leaves keys that nobody heard of, and the next attempt makes others.
        write_atomic(folder / "identity.json", _encode_facts(token, check_name(name)))
        return cls(folder, passphrase)

    def change_keys(self, token: Token) -> None:
        """Fresh keys and a petition for them, endorsed by the present ring, which stays in use until `admit`."""
        if token.federation != self.facts.federation or token.member != self.facts.member:
            raise Misuse("this token is for another member than this node's")
        ring = self.ring.successor()
        ring.save(self._folder / "keys.next", self._passphrase)
        write_atomic(self._folder / "pending.json", _encode_pending(token.secret, make_request(ring)))

    # --- joining ------------------------------------------------------------------------------------------------------

    @property
    def pending(self) -> bool:
        """Whether a petition awaits its answer."""
        return (self._folder / "pending.json").exists()

    def petition(self) -> JoinPetition:
        """What is sent to the hub until it is answered. Raises `NotFound` where none is pending."""
        secret, csr = self._pending()
        ring, former = self._next()
        return make_petition(ring, name=self.facts.name, secret=secret, csr=csr, previous=former)

    @property
    def fingerprint(self) -> bytes:
        """32 bytes over member and (new) keys, to compare by voice with the authority, which shows the same."""
        return keys_fingerprint(self.facts.member, self._next()[0].member_vkeys())

    def admit(self, chain: tuple[bytes, ...], *, now: float) -> Certificate:
        """Checks and keeps the chain that answers the petition; new keys come into use. Raises `PeerFault` and its kin.

        Durable once it returns. A crash in between leaves the petition pending, and asking again mends it.
        """
        ring, former = self._next()
        leaf = self._check(chain, ring, now)
        write_atomic(self._folder / "certificate.der", leaf.der)
        if former is not None:
            ring.save(self._folder / "keys", self._passphrase)
            remove(self._folder / "keys.next")
        remove(self._folder / "pending.json")
        self.ring = ring
        return leaf

    # --- running ------------------------------------------------------------------------------------------------------

    @property
    def ca_pem(self) -> bytes:
        """The hub's CA certificate."""
        return to_pem(read_bounded(self._folder / "ca.der", MAX_DOCUMENT, what="CA certificate"))

    def certificate(self) -> Certificate:
        """The present certificate. Raises `NotFound` before the member was admitted."""
        try:
            return read_certificate(read_bounded(self._folder / "certificate.der", MAX_DOCUMENT, what="certificate"))
        except PeerFault as error:
            raise Damaged("the node's certificate cannot be read", remedy="renew it") from error

    def needs_renewal(self, now: float) -> bool:
        """Whether two thirds of the certificate's life are over."""
        return needs_renewal(self.certificate(), now)

    def renewal_request(self) -> bytes:
        """The certificate request (DER) for the next certificate, over the same TLS key."""
        return make_request(self.ring)

    def renewed(self, chain: tuple[bytes, ...], *, now: float) -> Certificate:
        """Checks and keeps a renewed chain. Raises `PeerFault` and its kin, and the present one stays."""
        leaf = self._check(chain, self.ring, now)
        write_atomic(self._folder / "certificate.der", leaf.der)
        return leaf

    # --- the folder ---------------------------------------------------------------------------------------------------

    def _check(self, chain: tuple[bytes, ...], ring: KeyRing, now: float) -> Certificate:
        if not chain:
            raise BadSignature("the hub sent no certificate")
        ca = read_bounded(self._folder / "ca.der", MAX_DOCUMENT, what="CA certificate")
        name = spiffe_id(self.facts.federation, self.facts.member)
        return check_issued(chain[0], ca, spiffe=name, ring=ring, now=now)

    def _next(self) -> tuple[KeyRing, KeyRing | None]:
        """(ring that the petition is for, former ring that endorses it)."""
        if (self._folder / "keys.next").exists():
            return self._load("keys.next"), self.ring
        return self.ring, None

    def _load(self, name: str) -> KeyRing:
        facts = self.facts
        return KeyRing.load(self._folder / name, self._passphrase, federation=facts.federation, owner=facts.member)

    def _pending(self) -> tuple[bytes, bytes]:
        try:
            data = read_bounded(self._folder / "pending.json", MAX_DOCUMENT, what="pending petition")
            top = decode(data, _PENDING, "a pending petition")
            secret = decode_hex(top.text("secret"), SECRET_SIZE, "a pending petition")
            csr = decode_base64(top.text("csr"), "a pending petition")
            top.end()
        except NotFound as error:
            raise NotFound("no petition is pending here", remedy="join with a token first") from error
        except PeerFault as error:
            raise Damaged("the pending petition cannot be read", remedy="join again with a new token") from error
        return secret, csr


def _checked_ca(ca_pem: bytes, token: Token) -> bytes:
    ca = from_pem(ca_pem)
    if read_certificate(ca).sha256 != token.ca_sha256:
        raise BadSignature(
            "the hub shows another CA than the token names", remedy="compare the digits with the hub's operator"
        )
    return ca


def _encode_pending(secret: bytes, csr: bytes) -> bytes:
    return encode({"type": _PENDING, "secret": secret.hex(), "csr": encode_base64(csr)})


def _encode_facts(token: Token, name: str) -> bytes:
    return encode(
        {
            "type": _IDENTITY,
            "federation": token.federation,
            "member": token.member,
            "name": name,
            "hub": token.hub,
            "enrolment": token.enrolment,
            "ca_sha256": token.ca_sha256.hex(),
            "root_version": token.root_version,
            "root_sha256": token.root_sha256.hex(),
        }
    )


def _decode_facts(data: bytes) -> Facts:
    top = decode(data, _IDENTITY, "a node's identity")
    facts = Facts(
        federation=federation_id(top.text("federation")),
        member=member_id(top.text("member")),
        name=check_name(top.text("name")),
        hub=address(top.text("hub")),
        enrolment=address(top.text("enrolment")),
        ca_sha256=decode_hex(top.text("ca_sha256"), HASH_SIZE, "a node's identity"),
        root_version=top.number("root_version", 1, 2**31),
        root_sha256=decode_hex(top.text("root_sha256"), HASH_SIZE, "a node's identity"),
    )
    top.end()
    return facts
