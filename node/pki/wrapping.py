"""Encryption of stored secrets: a passphrase, scrypt and AES-256-GCM.

Rules this module upholds:

- The bytes: `MAGIC` | log2 N u8 | r u8 | p u8 | salt 16 | nonce 12 | ciphertext and tag. Everything before the
  ciphertext is authenticated, and so is the label of the secret. So a file cannot replace a file of another label.
- A reader accepts only costs between named bounds, so a forged file can neither weaken the wrap nor exhaust memory.
- An empty passphrase is refused unless it was allowed explicitly (the demonstration, tests).
- The error names both causes, a wrong passphrase and a damaged file, because a reader cannot distinguish them.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from node.errors import ConfigError, Damaged

MAGIC: Final = b"vigil/wrapped/v1\n"
_HEADER: Final = struct.Struct(f">{len(MAGIC)}sBBB16s12s")
_TAG_SIZE: Final = 16
_KEY_SIZE: Final = 32

SCRYPT_LOG2_N: Final = 17
"""128 MiB and about half a second (RFC 7914; the interactive cost that OWASP recommends)."""
SCRYPT_R: Final = 8
SCRYPT_P: Final = 1
EMPTY_LOG2_N: Final = 10
"""For an empty passphrase: a high cost would protect nothing."""
_MAX_LOG2_N: Final = 20

PASSPHRASE_VARIABLE: Final = "VIGIL_PASSPHRASE"  # noqa: S105 -- where a passphrase is found, not one
_MAX_PASSPHRASE: Final = 1_024


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase in UTF-8; never shown. Empty only if `allow_empty`. Raises `ConfigError`."""

    secret: bytes = field(repr=False)
    allow_empty: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if not self.secret and not self.allow_empty:
            raise ConfigError(
                "the passphrase is empty",
                remedy=f"set {PASSPHRASE_VARIABLE} or a passphrase file; a demonstration may allow an empty one",
            )
        if len(self.secret) > _MAX_PASSPHRASE:
            raise ConfigError(f"a passphrase has at most {_MAX_PASSPHRASE} bytes")


def _derive(passphrase: Passphrase, salt: bytes, log2_n: int) -> bytes:
    return Scrypt(salt=salt, length=_KEY_SIZE, n=1 << log2_n, r=SCRYPT_R, p=SCRYPT_P).derive(passphrase.secret)


def wrap(secret: bytes, passphrase: Passphrase, *, label: str) -> bytes:
    """`secret` encrypted with `passphrase`, bound to `label` (its name, such as "node keys")."""
    log2_n = SCRYPT_LOG2_N if passphrase.secret else EMPTY_LOG2_N
    header = _HEADER.pack(MAGIC, log2_n, SCRYPT_R, SCRYPT_P, os.urandom(16), os.urandom(12))
    *_, salt, nonce = _HEADER.unpack(header)
    return header + AESGCM(_derive(passphrase, salt, log2_n)).encrypt(nonce, secret, header + label.encode())


def unwrap(data: bytes, passphrase: Passphrase, *, label: str) -> bytes:
    """The secret that `wrap` encrypted. Raises `Damaged` if the bytes have another form or do not open."""
    if len(data) < _HEADER.size + _TAG_SIZE:
        raise Damaged(f"the file of the {label} is cut short", remedy="restore it from the backup")
    magic, log2_n, r, p, salt, nonce = _HEADER.unpack_from(data)
    if magic != MAGIC or not EMPTY_LOG2_N <= log2_n <= _MAX_LOG2_N or (r, p) != (SCRYPT_R, SCRYPT_P):
        raise Damaged(
            f"the file of the {label} has a form that this version does not read", remedy="restore it from the backup"
        )
    header, sealed = data[: _HEADER.size], data[_HEADER.size :]
    try:
        return AESGCM(_derive(passphrase, salt, log2_n)).decrypt(nonce, sealed, header + label.encode())
    except InvalidTag as error:
        raise Damaged(
            f"the {label} cannot be opened: the passphrase is wrong, or the file is damaged",
            remedy=f"check {PASSPHRASE_VARIABLE} or the passphrase file; if it is right, restore the file from the "
            f"backup",
        ) from error
