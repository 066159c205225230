"""The endorsement of the hub's new keys by its former keys, as part of a signing request.

Rules this module upholds:

- Both former keys sign: the mirror cosigner and the online key. A person who stole one of them can name no successor.
- The signatures cover the sizes that the hub had cosigned. Cosignatures of the former key are valid up to these sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from node.domain.ids import FederationId, Origin
from node.domain.signing import preimage
from node.errors import BadSignature, Malformed
from node.pki.keys import HUB, MIRROR, ONLINE, KeyRing, vkey_name
from node.pki.strictjson import Fields, decode_hex, encode
from node.tlog import ed25519, note
from node.tlog.text import decode_base64, encode_base64

if TYPE_CHECKING:
    from node.pki.courier import HubClaims

_SUCCESSION: Final = b"vigil/hub-succession/v1\n"
_MAX_SIZE: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """The endorsement by the former keys: mirror vkey, online key (32 bytes), and a proof by each.

    `sizes`: if somebody else may hold the keys, the cosigned size of each log, by the text of its origin, when the hub
    stopped cosigning; None if the hub cosigns until the change-over.
    """

    mirror_vkey: str
    online: bytes
    sizes: Mapping[str, int] | None
    mirror_proof: bytes
    online_proof: bytes

    def message(self, hub: HubClaims, federation: FederationId) -> bytes:
        """The bytes that both former keys sign."""
        sizes = encode({"sizes": None if self.sizes is None else dict(self.sizes)})
        return preimage(_SUCCESSION, hub.message(federation), self.mirror_vkey, self.online, sizes)


def name_successor(
    former: KeyRing, hub: HubClaims, *, sizes: Mapping[str, int] | None, federation: FederationId
) -> Succession:
    """The former ring's endorsement of the hub's new identity."""
    bare = Succession(
        mirror_vkey=former.vkey(MIRROR),
        online=former.public_bytes(ONLINE),
        sizes=sizes,
        mirror_proof=b"",
        online_proof=b"",
    )
    message = bare.message(hub, federation)
    return replace(
        bare, mirror_proof=former.signer(MIRROR).sign(message), online_proof=former.signer(ONLINE).sign(message)
    )


def check_succession(succession: Succession, hub: HubClaims, federation: FederationId) -> None:
    """Raises `Malformed` or `BadSignature` unless both former keys signed this new identity. The caller checks that
    they are the keys of the hub in the roster.
    """
    mirror = note.parse_vkey(succession.mirror_vkey)
    if (mirror.name, mirror.key_type) != vkey_name(federation, HUB, MIRROR):
        raise Malformed("the hub's former mirror key has the name or the type of another key")
    message = succession.message(hub, federation)
    for key, proof in ((succession.online, succession.online_proof), (mirror.public_key, succession.mirror_proof)):
        if not ed25519.verify(key, message, proof):
            raise BadSignature("the hub's former keys have not signed its new ones")


def succession_fields(succession: Succession) -> dict[str, Any]:
    """Its JSON."""
    return {
        "mirror": succession.mirror_vkey,
        "online": succession.online.hex(),
        "sizes": None if succession.sizes is None else dict(succession.sizes),
        "mirror_proof": encode_base64(succession.mirror_proof),
        "online_proof": encode_base64(succession.online_proof),
    }


def decode_succession(value: Any) -> Succession:  # noqa: ANN401 -- JSON
    """Parses it and verifies nothing (see `check_succession`). Raises `Malformed`."""
    fields = Fields(value, "the word of the hub's former keys")
    sizes = None
    if not fields.missing("sizes"):
        table = Fields(fields.value("sizes"), "the sizes that the hub had cosigned")
        sizes = {str(Origin.parse(name)): table.number(name, 0, _MAX_SIZE) for name in table.names()}
    succession = Succession(
        mirror_vkey=fields.text("mirror"),
        online=decode_hex(fields.text("online"), ed25519.KEY_SIZE, "the word of the hub's former keys"),
        sizes=sizes,
        mirror_proof=decode_base64(fields.text("mirror_proof"), "a proof"),
        online_proof=decode_base64(fields.text("online_proof"), "a proof"),
    )
    fields.end()
    return succession
