"""What travels between the hub and the offline authority, by value: a signing request one way, a bundle the other.

Rules this module upholds:

- Each is one file of strict JSON that a stick, or a mail, can carry. Neither side ever needs the other's disk.
- A request proves itself: the hub's keys sign for the hub, each petition's keys for its member. The authority checks
  all of it again, so a request altered on its way is refused, not believed.
- A bundle is the authority's signed files and nothing else; the hub checks them as any node would.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from node.domain.hub_ports import JoinRequest
from node.domain.ids import FederationId, MemberId, federation_id, member_id
from node.domain.roster import HubIdentity
from node.domain.signing import preimage
from node.errors import BadSignature, Malformed
from node.pki.keys import HUB, MIRROR, ONLINE, KeyRing, vkey_name
from node.pki.strictjson import Fields, decode, decode_hex, encode
from node.pki.successor import Succession, decode_succession, succession_fields
from node.tlog import ed25519, note
from node.tlog.text import decode_base64, encode_base64

_REQUEST: Final = "vigil/signing-request/v1"
_BUNDLE: Final = "vigil/bundle/v1"
_HUB: Final = b"vigil/hub/v1\n"
MAX_PETITIONS: Final = 500
MAX_SIZE: Final = 2**63 - 1
_BUNDLE_FILE: Final = re.compile(r"[1-9][0-9]{0,8}\.(?:root|targets)\.json|[0-9a-f]{64}\.(?:roster|policy)\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubClaims:
    """The hub's identity as it states it: online TUF key (32 bytes), mirror vkey, CA fingerprint, and two proofs."""

    online: bytes
    mirror_vkey: str
    ca_sha256: bytes
    online_proof: bytes
    mirror_proof: bytes

    @property
    def identity(self) -> HubIdentity:
        """What the roster says of the hub."""
        return HubIdentity(cosigner_vkey=self.mirror_vkey, ca_sha256=self.ca_sha256)

    def message(self, federation: FederationId) -> bytes:
        """What both keys sign."""
        return preimage(_HUB, federation, self.online, self.mirror_vkey, self.ca_sha256)

    def fingerprint(self, federation: FederationId) -> bytes:
        """32 bytes for the hub's and the authority's people to compare by voice."""
        return hub_fingerprint(federation, self.online, self.mirror_vkey, self.ca_sha256)


def hub_fingerprint(federation: FederationId, online: bytes, mirror_vkey: str, ca_sha256: bytes) -> bytes:
    """32 bytes over a hub's identity: what people compare, and by which they name a hub that is gone."""
    return hashlib.sha256(preimage(_HUB, federation, online, mirror_vkey, ca_sha256)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """What the hub asks of the authority. `log_sizes`: of the logs of members that change keys, as the hub cosigned
    them; the old log key then vouches for no more than that. `succession`: where the hub changes its own keys.
    """

    federation: FederationId
    hub: HubClaims
    petitions: tuple[JoinRequest, ...]
    log_sizes: Mapping[MemberId, int] = field(default_factory=dict)
    succession: Succession | None = None


def claim_hub(ring: KeyRing, *, ca_sha256: bytes) -> HubClaims:
    """The hub's identity out of its ring, with the proofs."""
    bare = HubClaims(
        online=ring.public_bytes(ONLINE),
        mirror_vkey=ring.vkey(MIRROR),
        ca_sha256=ca_sha256,
        online_proof=b"",
        mirror_proof=b"",
    )
    message = bare.message(ring.federation)
    return HubClaims(
        online=bare.online,
        mirror_vkey=bare.mirror_vkey,
        ca_sha256=ca_sha256,
        online_proof=ring.signer(ONLINE).sign(message),
        mirror_proof=ring.signer(MIRROR).sign(message),
    )


def check_hub(claims: HubClaims, federation: FederationId) -> None:
    """Raises `Malformed` or `BadSignature`: 1. strong keys under the hub's names; 2. both proven held."""
    mirror = note.parse_vkey(claims.mirror_vkey)
    if (mirror.name, mirror.key_type) != vkey_name(federation, HUB, MIRROR) or mirror.public_key == claims.online:
        raise Malformed("the hub's mirror key has the name or the type of another key, or is its online key")
    for key, proof in ((claims.online, claims.online_proof), (mirror.public_key, claims.mirror_proof)):
        note.check_public_key(key)
        if not ed25519.verify(key, claims.message(federation), proof):
            raise BadSignature("the hub does not prove that its keys are held")


# --- the request ------------------------------------------------------------------------------------------------------


def encode_request(request: SigningRequest) -> bytes:
    """The file that the hub's operator carries to the authority."""
    hub = request.hub
    # Left out where the hub keeps its keys: then every version of the authority reads it.
    succession = {} if request.succession is None else {"succession": succession_fields(request.succession)}
    return encode(
        {
            "type": _REQUEST,
            "federation": request.federation,
            "hub": {
                "online": hub.online.hex(),
                "mirror": hub.mirror_vkey,
                "ca_sha256": hub.ca_sha256.hex(),
                "online_proof": encode_base64(hub.online_proof),
                "mirror_proof": encode_base64(hub.mirror_proof),
            },
            "petitions": [_petition_fields(each) for each in request.petitions],
            "log_sizes": dict(request.log_sizes),
            **succession,
        }
    )


def _petition_fields(petition: JoinRequest) -> dict[str, Any]:
    return {
        "member": petition.member,
        "name": petition.name,
        "secret_sha256": petition.secret_sha256.hex(),
        "csr": encode_base64(petition.csr),
        "vkeys": dict(petition.vkeys),
        "proofs": {purpose: encode_base64(proof) for purpose, proof in petition.proofs.items()},
        "requested_at": petition.requested_at,
    }


def decode_request(data: bytes) -> SigningRequest:
    """Reads a request; nothing in it is verified yet (`check_hub`, `check_petition`). Raises `Malformed`."""
    top = decode(data, _REQUEST, "a signing request")
    federation = federation_id(top.text("federation"))
    fields = Fields(top.value("hub"), "a signing request's hub")
    hub = HubClaims(
        online=decode_hex(fields.text("online"), ed25519.KEY_SIZE, "a signing request's hub"),
        mirror_vkey=fields.text("mirror"),
        ca_sha256=fields.digest("ca_sha256"),
        online_proof=decode_base64(fields.text("online_proof"), "a proof"),
        mirror_proof=decode_base64(fields.text("mirror_proof"), "a proof"),
    )
    fields.end()
    rows = top.items("petitions")
    if len(rows) > MAX_PETITIONS:
        raise Malformed(f"a signing request has at most {MAX_PETITIONS} petitions")
    petitions = tuple(map(_decode_petition, rows))
    if len({each.member for each in petitions}) != len(petitions):
        raise Malformed("a signing request has two petitions of one member")
    sizes = Fields(top.value("log_sizes"), "a signing request's log sizes")
    log_sizes = {member_id(name): sizes.number(name, 0, MAX_SIZE) for name in sizes.names()}
    succession = decode_succession(top.value("succession")) if "succession" in top.names() else None
    top.end()
    return SigningRequest(
        federation=federation, hub=hub, petitions=petitions, log_sizes=log_sizes, succession=succession
    )


def _decode_petition(value: Any) -> JoinRequest:  # noqa: ANN401 -- JSON
    fields = Fields(value, "a petition")
    petition = JoinRequest(
        member=member_id(fields.text("member")),
        name=fields.text("name"),
        secret_sha256=fields.digest("secret_sha256"),
        csr=decode_base64(fields.text("csr"), "a petition's certificate request"),
        vkeys=fields.table("vkeys"),
        proofs={purpose: decode_base64(text, "a proof") for purpose, text in fields.table("proofs").items()},
        requested_at=fields.number("requested_at", 0, 2**53),
    )
    fields.end()
    return petition


# --- the bundle -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The authority's files by name: every root, the newest targets, and the two documents it speaks for."""

    federation: FederationId
    files: Mapping[str, bytes]

    def versions(self, role: str) -> list[int]:
        """Which versions of `root` or `targets` are in it, in order."""
        ending = f".{role}.json"
        return sorted(int(name.removesuffix(ending)) for name in self.files if name.endswith(ending))

    def file(self, name: str) -> bytes:
        """Raises `Malformed` where it is not there."""
        if name not in self.files:
            raise Malformed("a bundle lacks a file that its metadata names")
        return self.files[name]


def encode_bundle(bundle: Bundle) -> bytes:
    """The file that the operator carries back to the hub."""
    files = {name: encode_base64(data) for name, data in bundle.files.items()}
    return encode({"type": _BUNDLE, "federation": bundle.federation, "files": files})


def decode_bundle(data: bytes) -> Bundle:
    """Reads a bundle; its signatures are `node.pki.repository`'s to check. Raises `Malformed`."""
    top = decode(data, _BUNDLE, "a bundle")
    federation = federation_id(top.text("federation"))
    files = {name: decode_base64(text, "a bundle's file") for name, text in top.table("files").items()}
    top.end()
    _check_names(files)
    return Bundle(federation=federation, files=files)


def _check_names(names: Iterable[str]) -> None:
    if not all(_BUNDLE_FILE.fullmatch(name) for name in names):
        raise Malformed("a bundle has a file that does not belong into one")
