"""Signed notes and verifier keys (c2sp.org/signed-note).

A note is its text, an empty line, and a line for each signature:

    <text, which ends in a newline>

    — <key name> base64(<4-byte key ID> || <signature>)

Rules this module upholds:

- The text counts only once a trusted key has signed it: `parse` returns the structure, `verify` checks the signatures.
- Signatures of unknown keys are ignored; one bad signature of a known key invalidates the note.
- No private key is stored here. The signing caller passes in a `Signer`, and its signature is checked before it is
  returned.
- A key has one purpose, given by its type: Ed25519 for notes, cosignature/v1 for cosignatures
  (`node.tlog.cosignature`). A key of an unknown type is passed on, and vouches for nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from node.errors import BadSignature, Malformed, Misuse
from node.tlog import ed25519
from node.tlog.ed25519 import check_public_key
from node.tlog.text import decode_base64, decode_text, encode_base64, is_name

__all__ = [
    "COSIGNATURE",
    "ED25519",
    "MAX_NOTE_SIZE",
    "MAX_SIGNATURES",
    "Note",
    "Signature",
    "Signer",
    "VerifierKey",
    "by_known_keys",
    "check_public_key",
    "format",
    "format_line",
    "format_vkey",
    "key_id",
    "make_vkey",
    "parse",
    "parse_line",
    "parse_vkey",
    "sign",
    "sign_raw",
    "verify",
]

ED25519: Final = 0x01
"""Signature type: Ed25519 over the note's text."""
COSIGNATURE: Final = 0x04
"""Signature type: timestamped Ed25519 over a checkpoint (c2sp.org/tlog-cosignature)."""

MAX_SIGNATURES: Final = 32
"""Signatures accepted on a note. The specification requires at least 16."""
MAX_NOTE_SIZE: Final = 262_144
"""Most bytes of a note: 32 post-quantum signatures of nearly 5 kB each in base64, and room for the text."""
_MAX_VKEY_SIZE: Final = 8_192
_KEY_ID_SIZE: Final = 4
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}")


class Signer(Protocol):
    """Holds one Ed25519 private key, and never reveals it."""

    def sign(self, message: bytes, /) -> bytes:
        """The 64-byte Ed25519 signature over exactly these bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key and what it may do. `key_type` is the type byte, known here or not; `key_id` four bytes."""

    name: str
    key_id: bytes
    key_type: int
    public_key: bytes

    @property
    def known(self) -> bool:
        """Whether this version can verify with it."""
        return self.key_type in (ED25519, COSIGNATURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line. `value` is what follows the key ID: 64 bytes for Ed25519, other content for other types."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note's text, with its last newline and without the empty line, and its signatures in order."""

    text: str
    signatures: tuple[Signature, ...]


# --- notes ------------------------------------------------------------------------------------------------------------


def parse(data: bytes) -> Note:
    """Reads a note. Raises Malformed for anything that `format` would not write."""
    if len(data) > MAX_NOTE_SIZE:
        raise Malformed("a note is too long")
    whole = decode_text(data, "a note")
    # The text may have empty lines of its own: the last one divides.
    text, divider, lines = whole.rpartition("\n\n")
    if not divider or not lines.endswith("\n"):
        raise Malformed("a note without signature lines")
    signatures = lines[:-1].split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise Malformed(f"a note has more than {MAX_SIGNATURES} signatures")
    return Note(text=text + "\n", signatures=tuple(_parse_line(line) for line in signatures))


def format(note: Note) -> bytes:  # noqa: A001 -- it is called as note.format, beside note.parse
    """Writes a note. Raises Misuse if it could not be read back: no signature, a control character, a bad name."""
    lines = "".join(map(_line, note.signatures))
    try:
        data = f"{note.text}\n{lines}".encode()
        if parse(data) == note:
            return data
    except (Malformed, UnicodeEncodeError) as fault:
        raise Misuse("a note that could not be read back") from fault
    raise Misuse("a note that would be read back as another")


def parse_line(data: bytes) -> Signature:
    """Reads one signature line with its newline, as a cosigner sends it. Raises Malformed."""
    text = decode_text(data[:MAX_NOTE_SIZE], "a signature line")
    if not text.endswith("\n") or text.count("\n") != 1 or len(data) > MAX_NOTE_SIZE:
        raise Malformed("not exactly one signature line")
    return _parse_line(text[:-1])


def format_line(signature: Signature) -> bytes:
    """Writes one signature line, with its newline. Raises Misuse if it could not be read back."""
    if not is_name(signature.name) or len(signature.key_id) != _KEY_ID_SIZE or not signature.value:
        raise Misuse("a signature line that could not be read back")
    return _line(signature).encode()


def _line(signature: Signature) -> str:
    return f"— {signature.name} {encode_base64(signature.key_id + signature.value)}\n"


def _parse_line(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not is_name(parts[1]):  # noqa: PLR2004 -- dash, name, base64
        raise Malformed("a signature line that is not a dash, a key name and base64")
    data = decode_base64(parts[2], "a signature")
    if len(data) <= _KEY_ID_SIZE:
        raise Malformed("a signature line without a signature")
    return Signature(name=parts[1], key_id=data[:_KEY_ID_SIZE], value=data[_KEY_ID_SIZE:])


# --- verifier keys ----------------------------------------------------------------------------------------------------


def key_id(name: str, key_type: int, public_key: bytes) -> bytes:
    """The four bytes that name a key in a signature line: of SHA-256(name || newline || type || public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([key_type]) + public_key).digest()[:_KEY_ID_SIZE]


def make_vkey(name: str, key_type: int, public_key: bytes) -> VerifierKey:
    """The verifier key of a public key of ours. Raises Misuse for a bad name, an unknown type or a weak key."""
    if not is_name(name) or key_type not in (ED25519, COSIGNATURE):
        raise Misuse("a verifier key needs a name without spaces and plus, and a type that this version knows")
    if len(public_key) != ed25519.KEY_SIZE or ed25519.is_weak(public_key):
        raise Misuse("a verifier key needs a public key that is 32 bytes long and not weak")
    return VerifierKey(name=name, key_id=key_id(name, key_type, public_key), key_type=key_type, public_key=public_key)


def parse_vkey(text: str) -> VerifierKey:
    """Reads `<name>+<hex key ID>+<base64 of type and key>`. Raises Malformed.

    Refuses a weak key of a known type, and a key with a wrong key ID. A key of another type is passed on with the key
    ID it states. Enrolment checks more: `check_public_key`.
    """
    parts = text.split("+", 2) if len(text) <= _MAX_VKEY_SIZE else []
    if len(parts) != 3 or not is_name(parts[0]) or not _KEY_ID.fullmatch(parts[1]):  # noqa: PLR2004 -- name, ID, key
        raise Malformed("a verifier key is a name, eight hex digits and base64, joined by plus signs")
    data = decode_base64(parts[2], "a verifier key")
    if len(data) <= 1:
        raise Malformed("a verifier key without a key")
    vkey = VerifierKey(name=parts[0], key_id=bytes.fromhex(parts[1]), key_type=data[0], public_key=data[1:])
    if not vkey.known:
        return vkey
    if len(vkey.public_key) != ed25519.KEY_SIZE or ed25519.is_weak(vkey.public_key):
        raise Malformed("a verifier key with an Ed25519 key that is not 32 bytes long, or weak")
    if vkey.key_id != key_id(vkey.name, vkey.key_type, vkey.public_key):
        raise Malformed("a verifier key with the key ID of another key")
    return vkey


def format_vkey(vkey: VerifierKey) -> str:
    """Writes a verifier key."""
    return f"{vkey.name}+{vkey.key_id.hex()}+{encode_base64(bytes([vkey.key_type]) + vkey.public_key)}"


# --- signing and verifying --------------------------------------------------------------------------------------------


def sign(text: str, vkey: VerifierKey, signer: Signer) -> Signature:
    """Signs a note's text as `vkey`. Raises Misuse if the signer holds another key, or the key has another purpose."""
    if vkey.key_type != ED25519:
        raise Misuse("a note is signed with a key of type Ed25519")
    return Signature(name=vkey.name, key_id=vkey.key_id, value=sign_raw(text.encode(), vkey, signer))


def sign_raw(message: bytes, vkey: VerifierKey, signer: Signer) -> bytes:
    """The 64-byte signature over exactly these bytes, checked before it is returned. Raises Misuse if it is wrong."""
    value = signer.sign(message)
    # A signature by the wrong key, or from faulty hardware, must not be sent: it could not be taken back.
    if not ed25519.verify(vkey.public_key, message, value):
        raise Misuse("the signer does not hold the key that it was asked to sign with")
    return value


def verify(note: Note, vkeys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Checks the Ed25519 signatures of the given keys; returns those that signed, in the order of the lines.

    Raises BadSignature if one of them signed wrongly, or none signed at all. Keys of other types are skipped, and so
    are signatures of other keys. The caller must judge the text, and whether these keys may vouch for it.
    """
    verified = []
    for vkey, value in by_known_keys(note, vkeys, ED25519):
        if not ed25519.verify(vkey.public_key, note.text.encode(), value):
            raise BadSignature("a signature of a known key does not verify")
        verified.append(vkey)
    if not verified:
        raise BadSignature("not signed by any key that may sign here")
    return tuple(verified)


def by_known_keys(note: Note, vkeys: Iterable[VerifierKey], key_type: int) -> list[tuple[VerifierKey, bytes]]:
    """The signatures that claim to be by one of these keys of this type, unverified, each with its key."""
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for vkey in vkeys:
        if vkey.key_type != key_type:
            continue
        if known.setdefault((vkey.name, vkey.key_id), vkey) != vkey:
            raise Misuse("two trusted keys have the same name and key ID: a signature does not say which key made it")
    return [
        (known[each.name, each.key_id], each.value) for each in note.signatures if (each.name, each.key_id) in known
    ]
