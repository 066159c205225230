r"""The bytes that keys sign and digests cover, other than the log's own (see `tlog` and `envelope` for those).

Rules this module upholds:

- A preimage starts with `vigil/<type>/v1\n`. So no signature has two meanings, and no message signed with a statement
  key can be read as a checkpoint (whose first line is an origin).
- Every field after that is `u32 length (big-endian) || bytes`, even if its length is fixed, so that no two lists of
  fields give the same bytes. Text is UTF-8.
- PROTOCOL.md says the same, and golden bytes in the tests fix it.
"""

import hashlib
from typing import Final

from node.domain.ids import FederationId, MemberId

_QUERY: Final = b"vigil/query/v1\n"
_QUERY_DIGEST: Final = b"vigil/query-digest/v1\n"
_ANSWER: Final = b"vigil/answer/v1\n"
_PETITION: Final = b"vigil/petition/v1\n"
_RENEWAL: Final = b"vigil/renewal/v1\n"
_EXPORT: Final = b"vigil/export/v1\n"
_READING: Final = b"vigil/roster-reading/v1\n"
PREVIOUS: Final = "previous"
"""In a petition besides the three purposes: the statement key that the member gives up, which endorses the new ones."""


def preimage(domain: bytes, *fields: bytes | str) -> bytes:
    """`domain`, then each field preceded by its length (u32, big-endian)."""
    parts = [domain]
    for field in fields:
        data = field.encode() if isinstance(field, str) else field
        parts += (len(data).to_bytes(4, "big"), data)
    return b"".join(parts)


def query_preimage(federation: FederationId, header: bytes, payload: bytes) -> bytes:
    """What the asker's statement key signs: header and payload as they are sent."""
    return preimage(_QUERY, federation, header, payload)


def query_digest(header: bytes, payload: bytes) -> bytes:
    """SHA-256 (32 bytes) that binds an answer to one query: header and payload as they were sent."""
    return hashlib.sha256(preimage(_QUERY_DIGEST, header, payload)).digest()


def answer_preimage(federation: FederationId, answer: bytes) -> bytes:
    """What the answering member's statement key signs: the answer's bytes as they are sent."""
    return preimage(_ANSWER, federation, answer)


def petition_preimage(purpose: str, secret_sha256: bytes, csr_sha256: bytes, member: MemberId, vkey: str) -> bytes:
    """What each key of a joining node signs to prove possession.

    The key's purpose, the SHA-256 of the token's secret, the SHA-256 of the CSR (DER), the member, and the key itself
    as a C2SP verifier key.
    """
    return preimage(_PETITION, purpose, secret_sha256, csr_sha256, member, vkey)


def renewal_preimage(federation: FederationId, member: MemberId, csr: bytes, challenge: bytes) -> bytes:
    """What a member with an expired certificate signs with its statement key: the CSR (DER) and the hub's challenge."""
    return preimage(_RENEWAL, federation, member, csr, challenge)


def reading_preimage(federation: FederationId, member: MemberId, ca_sha256: bytes, challenge: bytes) -> bytes:
    """What a member without a certificate signs with its statement key to read the roster: the SHA-256 of the CA
    certificate that it was shown (so that an attacker in between cannot pass the signature on), and the hub's
    challenge.
    """
    return preimage(_READING, federation, member, ca_sha256, challenge)


def export_preimage(federation: FederationId, contents: bytes) -> bytes:
    """What an exporting member's statement key signs: the contents of the manifest of an exported list."""
    return preimage(_EXPORT, federation, contents)
