"""The types of MISP attributes that hold a hash of a file (MISP core format, "Attribute").

Rules this module upholds:

- The whole name of a type decides. `ja3-fingerprint-md5` is an MD5 of something else than a file.
- Of a composite type (`filename|md5`, `malware-sample`) the hash is what follows the last `|`: a name may hold one.
"""

from __future__ import annotations

from typing import Final

from node.domain.fingerprint_kinds import MD5, SHA1, SHA256, FingerprintKind

_SEARCHED: Final = {"md5": MD5, "sha1": SHA1, "sha256": SHA256}
_OTHERS: Final = frozenset(
    {
        "authentihash",
        "cdhash",
        "imphash",
        "impfuzzy",
        "pehash",
        "sha224",
        "sha384",
        "sha512",
        "sha512/224",
        "sha512/256",
        "sha3-224",
        "sha3-256",
        "sha3-384",
        "sha3-512",
        "ssdeep",
        "telfhash",
        "tlsh",
        "vhash",
    }
)
_COMPOSITE: Final = "filename|"
_SAMPLE: Final = "malware-sample"


def kind_of(name: str) -> FingerprintKind | None:
    """The kind of hash that a type holds; None if it holds none that is searched."""
    return MD5 if name == _SAMPLE else _SEARCHED.get(name.removeprefix(_COMPOSITE))


def is_other_hash(name: str) -> bool:
    """Whether a type holds a hash of a file that is not searched."""
    return name.removeprefix(_COMPOSITE) in _OTHERS


def hash_text(name: str, value: object) -> object:
    """The hash of an attribute of this type: all of its value, or what follows the last `|`."""
    if isinstance(value, str) and (name == _SAMPLE or name.startswith(_COMPOSITE)):
        return value.rpartition("|")[2] if "|" in value else None
    return value
