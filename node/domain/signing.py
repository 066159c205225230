"""What is signed beside logs: the exact bytes under each signature of a statement key, and of a petition's keys.

Rules this module upholds:

- Every preimage starts with a line of its own, `vigil/<type>/v1`, so no signature is good for anything but its purpose.
- Every variable field after it is length-prefixed with 16 bits, big-endian, so no two messages share their bytes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from node.errors import Misuse

if TYPE_CHECKING:
    from node.domain.ids import FederationId, MemberId

_MAX_FIELD: Final = 0xFFFF


def preimage(kind: str, *fields: bytes) -> bytes:
    """The line `vigil/<kind>/v1` and the fields, each with its length before it. Raises `Misuse` for an oversize field."""
    if any(len(each) > _MAX_FIELD for each in fields):
        raise Misuse(f"a signed field has at most {_MAX_FIELD} bytes")
    return f"vigil/{kind}/v1\n".encode() + b"".join(len(each).to_bytes(2, "big") + each for each in fields)


def petition_preimage(purpose: str, secret_sha256: bytes, csr_sha256: bytes, member: MemberId, vkey: str) -> bytes:
    """What a petition's key of `purpose` signs to prove that it is held: by this member, for this token and request."""
    return preimage("petition", purpose.encode(), secret_sha256, csr_sha256, member.encode(), vkey.encode())


def renewal_preimage(federation: FederationId, member: MemberId, csr_sha256: bytes, challenge: bytes) -> bytes:
    """What a member's statement key signs to renew a certificate that ran out."""
    return preimage("renewal", federation.encode(), member.encode(), csr_sha256, challenge)


def hub_preimage(federation: FederationId, online: bytes, mirror_vkey: str, ca_sha256: bytes) -> bytes:
    """What the hub's online and mirror keys sign towards the authority to prove that they are held."""
    return preimage("hub", federation.encode(), online, mirror_vkey.encode(), ca_sha256)


def query_digest(header: bytes, payload: bytes) -> bytes:
    """SHA-256 (32 bytes) that names a question: over both parts as they travelled, each hashed first."""
    return hashlib.sha256(
        preimage("query-digest", hashlib.sha256(header).digest(), hashlib.sha256(payload).digest())
    ).digest()


def query_preimage(federation: FederationId, header: bytes, payload: bytes) -> bytes:
    """What the asker's statement key signs. The parts go in as SHA-256, because a payload outgrows 16 bits."""
    return preimage("query", federation.encode(), hashlib.sha256(header).digest(), hashlib.sha256(payload).digest())


def answer_preimage(federation: FederationId, answer: bytes) -> bytes:
    """What the answerer's statement key signs; the answer's bytes name the question by its digest."""
    return preimage("answer", federation.encode(), hashlib.sha256(answer).digest())
