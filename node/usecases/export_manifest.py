"""The signed manifest of an exported file: who exported it, when, how many rows, and what was left out.

Rules this module upholds:

- It names the file by its SHA-256 and size alone. No case, series, list, officer or file name is in it: it travels with
  the file.
- One manifest has one encoding: JSON with sorted keys, no spaces, ASCII. A reader refuses any other encoding, a field
  that it does not know, and a missing field.
- The statement key signs the encoded contents (`domain.signing.export_preimage`). A key that the member has since
  replaced still vouches for old manifests; a revoked one does not.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from node.domain.ids import HASH_SIZE, FederationId, MemberId, federation_id, foreign, member_id
from node.domain.roster import KeyPurpose, KeyStatus, Roster
from node.domain.signing import export_preimage
from node.errors import BadSignature, Malformed
from node.usecases.signatures import verify_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.ports import Signer

TYPE: Final = "vigil/export/v1"
MAX_MANIFEST: Final = 65_536
"""Bytes. A real one has about 600."""
MAX_REASONS: Final = 200
_MAX_WORD: Final = 100
_MOST: Final = 1 << 62
_SIGNATURE: Final = 64
_WHAT: Final = "the manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`format` and `profile` of the file, `profile` "" if the format has none. `at`: Unix seconds, by the member's own
    clock. `rows`: that were given to the writer; `left_out`: reason or name of a field -> rows. `size` in bytes;
    `sha256` of the file.
    """

    federation: FederationId
    member: MemberId
    format: str
    profile: str
    at: int
    rows: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    size: int
    sha256: bytes


def sign_manifest(manifest: Manifest, signer: Signer) -> bytes:
    """The manifest as a file. `signer`: the member's statement key."""
    contents = _contents(manifest)
    signature = signer.sign(export_preimage(manifest.federation, _encoded(contents)))
    return _encoded({"manifest": contents, "signature": base64.b64encode(signature).decode("ascii")}) + b"\n"


def verify_manifest(data: bytes, roster: Roster) -> Manifest:
    """Checks a manifest against a roster.

    1. It is a manifest in its one encoding. 2. It is of this federation. 3. A statement key of its member signed it.

    The caller must compare size and SHA-256 with the file, and check whether the roster is current. Raises `Malformed`,
    `BadSignature`.
    """
    # 1. The file.
    contents, signature = _read(data)
    manifest = _manifest(contents)
    # 2. The federation.
    if manifest.federation != roster.federation:
        raise BadSignature(foreign("a manifest", manifest.federation, roster.federation))
    # 3. The signer.
    member = roster.members.get(manifest.member)
    if member is None:
        raise BadSignature("a manifest of a member that is not in the roster")
    keys = [k for k in member.keys if k.purpose is KeyPurpose.STATEMENT and k.status is not KeyStatus.REVOKED]
    verify_message(export_preimage(manifest.federation, _encoded(contents)), signature, [key.vkey for key in keys])
    return manifest


def read_manifest(data: bytes) -> Manifest:
    """What a manifest says. Nothing is verified: see `verify_manifest`. Raises `Malformed`."""
    contents, _ = _read(data)
    return _manifest(contents)


def _encoded(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _contents(manifest: Manifest) -> dict[str, Any]:
    return {**asdict(manifest), "type": TYPE, "sha256": manifest.sha256.hex(), "left_out": dict(manifest.left_out)}


def _read(data: bytes) -> tuple[dict[str, Any], bytes]:
    """(Contents, signature) of a file in its one encoding."""
    if len(data) > MAX_MANIFEST:
        raise Malformed(f"a manifest has at most {MAX_MANIFEST:,} bytes")
    try:
        found = json.loads(data.decode("ascii"))
        if not isinstance(found, dict) or _encoded(found) + b"\n" != data:
            raise Malformed(f"{_WHAT} is not in its one form")
        contents, text = found.pop("manifest"), found.pop("signature")
        signature = base64.b64decode(text, validate=True)
    except (ValueError, RecursionError, KeyError, TypeError, binascii.Error) as error:
        raise Malformed(f"{_WHAT} is not JSON, or a part of it is missing") from error
    canonical = base64.b64encode(signature).decode("ascii") == text
    if found or not isinstance(contents, dict) or len(signature) != _SIGNATURE or not canonical:
        raise Malformed(f"{_WHAT} has a part that this version does not know")
    return contents, signature


def _manifest(contents: Mapping[str, Any]) -> Manifest:
    names = {"type", *Manifest.__dataclass_fields__}
    if contents.get("type") != TYPE:
        raise Malformed(f"{_WHAT} is not of type {TYPE}", remedy="a newer version of this program may read it")
    if set(contents) != names:
        raise Malformed(f"{_WHAT} lacks a field, or has one that this version does not know")
    return Manifest(
        federation=federation_id(_text(contents["federation"])),
        member=member_id(_text(contents["member"])),
        format=_text(contents["format"]),
        profile=_text(contents["profile"]),
        at=_number(contents["at"]),
        rows=_number(contents["rows"]),
        left_out=_counts(contents["left_out"]),
        size=_number(contents["size"]),
        sha256=_digest(contents["sha256"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_WORD or not value.isprintable():
        raise Malformed(f"{_WHAT} has a text that is too long, or is no text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise Malformed(f"{_WHAT} has a number that is not a count")
    return value


def _digest(value: object) -> bytes:
    try:
        digest = bytes.fromhex(_text(value))
    except ValueError as error:
        raise Malformed(f"{_WHAT} has a digest that is not hex") from error
    if len(digest) != HASH_SIZE or digest.hex() != value:
        raise Malformed(f"{_WHAT} has a digest of another length or form")
    return digest


def _counts(value: object) -> dict[str, int]:
    if not isinstance(value, dict) or len(value) > MAX_REASONS:
        raise Malformed(f"{_WHAT} does not say what was left out")
    return {_text(name): _number(count) for name, count in value.items()}
