"""The invitation token: the data a node needs to join, as one line that a person can paste.

Rules this module upholds:

- `vigil1.` and base64url, without padding, of the fields and the first 8 bytes of SHA-256 over the line
  `vigil/token/v1` and the fields. The fields: federation, member, hub address, enrolment address, each preceded by its
  length (u8); CA SHA-256 32; root version u32; root SHA-256 32; secret 32; expiry u64 (Unix seconds). Integers
  big-endian.
- A parser accepts exactly what the formatter emits, so a copying error is distinguished from a refused token.
- It pins CA and root by their hashes: no secret is sent to a server that the CA does not vouch for, and no roster is
  trusted that does not lead back to the root. People compare the digits of these hashes by voice.
- Only `format` shows the secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from dataclasses import dataclass, field
from typing import Final

from node.domain.ids import HASH_SIZE, FederationId, MemberId, federation_id, member_id
from node.errors import Malformed, Misuse

PREFIX: Final = "vigil1."
SECRET_SIZE: Final = 32
INVITATION_SECONDS: Final = 48 * 3_600
"""How long an invitation is valid if its operator gives no other time."""
MAX_TOKEN: Final = 2_048
"""Most characters of a token. One has about 260."""
_CHECKSUM: Final = 8
_DOMAIN: Final = b"vigil/token/v1\n"
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]+")
_ADDRESS: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]):([1-9][0-9]{0,4})")
_MAX_PORT: Final = 65_535
_TAIL: Final = struct.Struct(f">{HASH_SIZE}sI{HASH_SIZE}s{SECRET_SIZE}sQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`hub` and `enrolment` are `host:port`; `ca_sha256` is of the CA certificate's DER; `expires` Unix seconds."""

    federation: FederationId
    member: MemberId
    hub: str
    enrolment: str
    ca_sha256: bytes
    root_version: int
    root_sha256: bytes
    secret: bytes = field(repr=False)
    expires: int

    @property
    def secret_sha256(self) -> bytes:
        """The part of the secret that the hub stores."""
        return hashlib.sha256(self.secret).digest()


def address(text: str) -> str:
    """`host:port` with a lower-case DNS name, an IPv4 address or a bracketed IPv6 address. Raises `Malformed`."""
    found = _ADDRESS.fullmatch(text)
    if not found or int(found[1]) > _MAX_PORT:
        raise Malformed("not an address: expected host:port, in lower case")
    return text


def format_token(token: Token) -> str:
    """The token's one line. Raises `Misuse` if it could not be read back."""
    parts = [each.encode() for each in (token.federation, token.member, token.hub, token.enrolment)]
    try:
        fields = b"".join(bytes([len(part)]) + part for part in parts)
        fields += _TAIL.pack(token.ca_sha256, token.root_version, token.root_sha256, token.secret, token.expires)
        text = PREFIX + base64.urlsafe_b64encode(fields + _checksum(fields)).decode("ascii").rstrip("=")
        if _parse(text) != token:
            raise Misuse("a token that could not be read back")
    except (struct.error, ValueError, Malformed) as error:
        raise Misuse(f"a token cannot be made of this: {error}") from error
    return text


def parse_token(text: str) -> Token:
    """Reads a token. Raises `Malformed`. The caller must check its expiry, and two people compare its digits."""
    token = _parse(text)
    if format_token(token) != text:
        raise Malformed("the token is not in its exact form", remedy="paste it again, whole")
    return token


def _checksum(fields: bytes) -> bytes:
    return hashlib.sha256(_DOMAIN + fields).digest()[:_CHECKSUM]


def _parse(text: str) -> Token:
    encoded = text.removeprefix(PREFIX)
    if len(text) > MAX_TOKEN or not text.startswith(PREFIX) or not _TEXT.fullmatch(encoded):
        raise Malformed(f"not a token: one starts with {PREFIX} and is one line", remedy="paste it again, whole")
    try:
        data = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except binascii.Error as error:
        raise Malformed("a token that was cut", remedy="paste it again, whole") from error
    fields, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
    if checksum != _checksum(fields):
        raise Malformed("the token has a copying error: its checksum does not match", remedy="paste it again, whole")
    parts: list[bytes] = []
    while len(parts) < 4:  # noqa: PLR2004 -- the four variable fields
        size = 1 + int.from_bytes(fields[:1], "big")
        parts.append(fields[1:size])
        fields = fields[size:]
    if len(fields) != _TAIL.size:
        raise Malformed("a token whose fields do not match its length")
    try:
        federation, member, hub, enrolment = (part.decode("ascii") for part in parts)
    except UnicodeDecodeError as error:
        raise Malformed("a token whose fields are not text") from error
    ca_sha256, version, root_sha256, secret, expires = _TAIL.unpack(fields)
    return Token(
        federation=federation_id(federation),
        member=member_id(member),
        hub=address(hub),
        enrolment=address(enrolment),
        ca_sha256=ca_sha256,
        root_version=version,
        root_sha256=root_sha256,
        secret=secret,
        expires=expires,
    )
