"""Checks a statement's signature against the keys that the roster gives its author.

Rules this module upholds:

- Exactly Ed25519 (RFC 8032) under a verifier key of type 0x01; a key of any other type vouches for nothing here.
- Without keys nothing verifies: an empty list of keys never does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from node.errors import BadSignature
from node.tlog import ed25519
from node.tlog.note import ED25519, VerifierKey, parse_vkey

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARSED: Final = 4_096
"""Parsed keys that are kept in memory: a federation of 200 members has some 600."""


@lru_cache(maxsize=_PARSED)
def _parse(vkey: str) -> VerifierKey:
    return parse_vkey(vkey)


def verify_message(message: bytes, signature: bytes, vkeys: Sequence[str]) -> None:
    """Raises `BadSignature` unless one of the keys (C2SP vkey texts) made `signature` (64 bytes) over `message`."""
    for vkey in vkeys:
        key = _parse(vkey)
        if key.key_type == ED25519 and ed25519.verify(key.public_key, message, signature):
            return
    raise BadSignature("a signature does not verify under any key that the roster gives its speaker")
