"""The files that people carry between the hub and the offline authority: a signing request, and a bundle in return.

Rules this module upholds:

- Each is one file of strict JSON, for a removable disk or a mail. Neither side needs access to the other's disk.
- A request proves itself: the hub's keys sign for the hub, each petition's keys sign for its member. The authority
  checks all proofs again, so it refuses a request that was altered on the way.
- A bundle contains the authority's signed files only. The hub checks them as any node does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from node.domain.hub_ports import JoinRequest
from node.domain.ids import FederationId, MemberId, Origin, federation_id, member_id
from node.domain.roster import HubIdentity, KeyPurpose, MemberKey
from node.domain.signing import preimage
from node.errors import BadSignature, Malformed
from node.pki.keys import HUB, MIRROR, ONLINE, KeyRing, log_role, vkey_name
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
    """The identity that a hub claims: online TUF key (32 bytes), mirror vkey, CA fingerprint, and two proofs.

    `log_vkey`, `log_proof`: the key of its own log, and the proof of it; empty for a hub that has none.
    """

    online: bytes
    mirror_vkey: str
    ca_sha256: bytes
    online_proof: bytes
    mirror_proof: bytes
    log_vkey: str = ""
    log_proof: bytes = b""

    @property
    def identity(self) -> HubIdentity:
        """The hub's entry in the roster, without former keys. Raises `Malformed` for a log key with another name."""
        keys: tuple[MemberKey, ...] = ()
        if self.log_vkey:
            epoch = Origin.parse(note.parse_vkey(self.log_vkey).name).epoch
            keys = (MemberKey(purpose=KeyPurpose.LOG, vkey=self.log_vkey, epoch=epoch),)
        return HubIdentity(cosigner_vkey=self.mirror_vkey, ca_sha256=self.ca_sha256, logs=keys)

    def message(self, federation: FederationId) -> bytes:
        """What each of the keys signs."""
        return _hub_preimage(federation, self.online, self.mirror_vkey, self.ca_sha256, self.log_vkey)

    def fingerprint(self, federation: FederationId) -> bytes:
        """32 bytes for the hub's and the authority's people to compare by voice."""
        return hashlib.sha256(self.message(federation)).digest()


def hub_fingerprint(federation: FederationId, online: bytes, hub: HubIdentity) -> bytes:
    """32 bytes over a hub's identity. People compare them, and use them to name a former hub."""
    log_vkey = hub.log_key.vkey if hub.log_key else ""
    return hashlib.sha256(_hub_preimage(federation, online, hub.cosigner_vkey, hub.ca_sha256, log_vkey)).digest()


def _hub_preimage(federation: FederationId, online: bytes, mirror_vkey: str, ca_sha256: bytes, log_vkey: str) -> bytes:
    """Without a log key, as a hub of before signs it."""
    more = (log_vkey,) if log_vkey else ()
    return preimage(_HUB, federation, online, mirror_vkey, ca_sha256, *more)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """The hub's request to the authority. `log_sizes`: for members that change keys, the size of the log that the hub
    cosigned; the old log key is valid up to that size only. `succession`: set if the hub changes its own keys.
    """

    federation: FederationId
    hub: HubClaims
    petitions: tuple[JoinRequest, ...]
    log_sizes: Mapping[MemberId, int] = field(default_factory=dict)
    succession: Succession | None = None


def claim_hub(ring: KeyRing, *, ca_sha256: bytes) -> HubClaims:
    """The hub's identity from its ring, with the proofs."""
    bare = HubClaims(
        online=ring.public_bytes(ONLINE),
        mirror_vkey=ring.vkey(MIRROR),
        ca_sha256=ca_sha256,
        online_proof=b"",
        mirror_proof=b"",
        log_vkey=ring.vkey(log_role(ring.log_epoch)) if ring.has_log else "",
    )
    message = bare.message(ring.federation)
    return replace(
        bare,
        online_proof=ring.signer(ONLINE).sign(message),
        mirror_proof=ring.signer(MIRROR).sign(message),
        log_proof=ring.signer(log_role(ring.log_epoch)).sign(message) if ring.has_log else b"",
    )


def check_hub(claims: HubClaims, federation: FederationId) -> None:
    """Raises `Malformed` or `BadSignature`. Checks: 1. strong keys with the hub's names; 2. possession of each."""
    mirror = note.parse_vkey(claims.mirror_vkey)
    if (mirror.name, mirror.key_type) != vkey_name(federation, HUB, MIRROR) or mirror.public_key == claims.online:
        raise Malformed("the hub's mirror key has the name or the type of another key, or is its online key")
    proofs = [(claims.online, claims.online_proof), (mirror.public_key, claims.mirror_proof)]
    if claims.log_vkey:
        log = note.parse_vkey(claims.log_vkey)
        role = log_role(Origin.parse(log.name).epoch)
        if (log.name, log.key_type) != vkey_name(federation, HUB, role) or log.public_key in dict(proofs):
            raise Malformed("the key of the hub's log has the name or the type of another key, or is another key of it")
        proofs.append((log.public_key, claims.log_proof))
    for key, proof in proofs:
        note.check_public_key(key)
        if not ed25519.verify(key, claims.message(federation), proof):
            raise BadSignature("the hub does not prove that its keys are held")


# --- the request ------------------------------------------------------------------------------------------------------


def encode_request(request: SigningRequest) -> bytes:
    """The file that the hub's operator carries to the authority."""
    hub = request.hub
    # Omitted if the hub keeps its keys, so that every version of the authority can read the request.
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
                **({"log": hub.log_vkey, "log_proof": encode_base64(hub.log_proof)} if hub.log_vkey else {}),
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
    """Parses a request and verifies nothing (see `check_hub`, `check_petition`). Raises `Malformed`."""
    top = decode(data, _REQUEST, "a signing request")
    federation = federation_id(top.text("federation"))
    fields = Fields(top.value("hub"), "a signing request's hub")
    has_log = "log" in fields.names()
    hub = HubClaims(
        log_vkey=fields.text("log") if has_log else "",
        log_proof=decode_base64(fields.text("log_proof"), "a proof") if has_log else b"",
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
    """The authority's files by name: every root, the newest targets, and the two documents that it names."""

    federation: FederationId
    files: Mapping[str, bytes]

    def versions(self, role: str) -> list[int]:
        """The versions of `root` or `targets` in it, sorted."""
        ending = f".{role}.json"
        return sorted(int(name.removesuffix(ending)) for name in self.files if name.endswith(ending))

    def file(self, name: str) -> bytes:
        """Raises `Malformed` if the file is missing."""
        if name not in self.files:
            raise Malformed("a bundle lacks a file that its metadata names")
        return self.files[name]


def encode_bundle(bundle: Bundle) -> bytes:
    """The file that the operator carries back to the hub."""
    files = {name: encode_base64(data) for name, data in bundle.files.items()}
    return encode({"type": _BUNDLE, "federation": bundle.federation, "files": files})


def decode_bundle(data: bytes) -> Bundle:
    """Parses a bundle. `node.pki.repository` checks its signatures. Raises `Malformed`."""
    top = decode(data, _BUNDLE, "a bundle")
    federation = federation_id(top.text("federation"))
    files = {name: decode_base64(text, "a bundle's file") for name, text in top.table("files").items()}
    top.end()
    _check_names(files)
    return Bundle(federation=federation, files=files)


def _check_names(names: Iterable[str]) -> None:
    if not all(_BUNDLE_FILE.fullmatch(name) for name in names):
        raise Malformed("a bundle has a file that does not belong in a bundle")
