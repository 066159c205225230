"""A petition to join: a node's keys, its certificate request, and the proofs that the node holds all of these keys.

Rules this module upholds:

- The hub and the offline authority check a petition with the same function. The authority does not trust the hub's
  check.
- Each key signs token, request, member and itself (`domain.signing.petition_preimage`), so no proof can be moved to
  another member, another key, another request or another token.
- A key of small or mixed order, one key for two purposes, and a wrong key name are refused. Such a key can verify a
  message that nobody signed, or a message of another member.
- If a member changes its keys, its former statement key signs the new ones too (`PREVIOUS`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from node.domain.hub_ports import JoinRequest
from node.domain.ids import HASH_SIZE, MemberId, Origin, member_id
from node.domain.roster import KeyPurpose
from node.domain.services import JoinPetition
from node.domain.signing import PREVIOUS, petition_preimage, preimage
from node.domain.texts import checked_text
from node.errors import BadSignature, Malformed, Misuse
from node.pki.ca import check_request, spki_sha256
from node.pki.keys import STATEMENT, KeyRing, log_role, vkey_name
from node.tlog import ed25519, note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.ids import FederationId

PURPOSES: Final = tuple(sorted(purpose.value for purpose in KeyPurpose))
SECRET_SIZE: Final = 32
_MEMBER_KEYS: Final = b"vigil/member-keys/v1\n"
MAX_NAME: Final = 100
"""Maximum characters of a member's display name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """A checked petition: `keys` by purpose, `spki_sha256` of its request, `previous` if a former key endorses it."""

    request: JoinRequest
    keys: Mapping[str, note.VerifierKey]
    log_epoch: int
    spki_sha256: bytes
    previous: note.VerifierKey | None = None

    @property
    def fingerprint(self) -> bytes:
        """32 bytes over member and keys. The people of the node and of the authority compare them by voice."""
        return keys_fingerprint(self.request.member, self.request.vkeys)


def keys_fingerprint(member: MemberId, vkeys: Mapping[str, str]) -> bytes:
    """SHA-256 over a member and its three keys, in the order of their purposes."""
    return hashlib.sha256(preimage(_MEMBER_KEYS, member, *(vkeys[each] for each in PURPOSES))).digest()


def check_name(name: str) -> str:
    """A member's display name (`domain.texts`). Raises `Malformed`."""
    return checked_text(name, MAX_NAME, "a member's name")


def make_petition(
    ring: KeyRing, *, name: str, secret: bytes, csr: bytes, previous: KeyRing | None = None
) -> JoinPetition:
    """The petition that a node sends to join, or to change its keys (`previous`: its former ring)."""
    member = member_id(ring.owner)
    if len(secret) != SECRET_SIZE:
        raise Misuse(f"a token's secret is {SECRET_SIZE} bytes long")
    hashes = hashlib.sha256(secret).digest(), hashlib.sha256(csr).digest()
    vkeys = ring.member_vkeys()
    roles = {KeyPurpose.LOG.value: log_role(ring.log_epoch)}
    proofs = {
        purpose: ring.signer(roles.get(purpose, purpose)).sign(petition_preimage(purpose, *hashes, member, vkey))
        for purpose, vkey in vkeys.items()
    }
    if previous is not None:
        proofs[PREVIOUS] = previous.signer(STATEMENT).sign(
            petition_preimage(PREVIOUS, *hashes, member, _endorsed(vkeys))
        )
        vkeys[PREVIOUS] = previous.vkey(STATEMENT)
    return JoinPetition(secret=secret, member=member, name=check_name(name), csr=csr, vkeys=vkeys, proofs=proofs)


def to_request(petition: JoinPetition, *, now: float) -> JoinRequest:
    """The petition as the hub keeps it: without the secret. Raises `Malformed` for a secret of another length."""
    if len(petition.secret) != SECRET_SIZE:
        raise Malformed(f"a token's secret is {SECRET_SIZE} bytes long")
    return JoinRequest(
        member=petition.member,
        name=petition.name,
        secret_sha256=hashlib.sha256(petition.secret).digest(),
        csr=petition.csr,
        vkeys=dict(petition.vkeys),
        proofs=dict(petition.proofs),
        requested_at=int(now),
    )


def check_petition(request: JoinRequest, federation: FederationId) -> Claims:
    """Checks in this order. Raises `Malformed` or `BadSignature`.

    1. member and name are well formed; 2. exactly the required keys and proofs; 3. each verifier key has
    its purpose's name, is strong, and is used once; 4. the certificate request proves its key; 5. each key proves
    itself; 6. the former statement key, if given, endorses all three.

    The caller checks that the token is valid, that `previous` is this member's key in the roster, and that the member
    may join.
    """
    member = member_id(request.member)
    check_name(request.name)
    purposes = {*PURPOSES, PREVIOUS} if PREVIOUS in request.vkeys else set(PURPOSES)
    if set(request.vkeys) != purposes or set(request.proofs) != purposes or len(request.secret_sha256) != HASH_SIZE:
        raise Malformed("a petition has exactly one key and one proof for each purpose, and the hash of its token")
    keys = {purpose: _check_key(federation, member, purpose, request.vkeys[purpose]) for purpose in PURPOSES}
    if len({key.public_key for key in keys.values()}) != len(keys):
        raise Malformed("a petition uses one key for two purposes")
    spki = spki_sha256(check_request(request.csr))
    hashes = request.secret_sha256, hashlib.sha256(request.csr).digest()
    for purpose, key in keys.items():
        message = petition_preimage(purpose, *hashes, member, request.vkeys[purpose])
        if not ed25519.verify(key.public_key, message, request.proofs[purpose]):
            raise BadSignature(f"a petition does not prove that its {purpose} key is held")
    claims = Claims(
        request=request, keys=keys, log_epoch=Origin.parse(keys[KeyPurpose.LOG].name).epoch, spki_sha256=spki
    )
    if PREVIOUS not in purposes:
        return claims
    previous = note.parse_vkey(request.vkeys[PREVIOUS])
    message = petition_preimage(PREVIOUS, *hashes, member, _endorsed(request.vkeys))
    if (previous.name, previous.key_type) != vkey_name(federation, member, STATEMENT):
        raise Malformed("a petition is endorsed by a key that is not a statement key of its member")
    if not ed25519.verify(previous.public_key, message, request.proofs[PREVIOUS]):
        raise BadSignature("a petition is not endorsed by the key that it names")
    return replace(claims, previous=previous)


def _endorsed(vkeys: Mapping[str, str]) -> str:
    return "\n".join(vkeys[purpose] for purpose in PURPOSES)


def _check_key(federation: FederationId, member: MemberId, purpose: str, text: str) -> note.VerifierKey:
    vkey = note.parse_vkey(text)
    role = purpose
    if purpose == KeyPurpose.LOG:
        role = log_role(Origin.parse(vkey.name).epoch)
    if (vkey.name, vkey.key_type) != vkey_name(federation, member, role):
        raise Malformed(f"a petition's {purpose} key has the name or the type of another key")
    note.check_public_key(vkey.public_key)
    return vkey
