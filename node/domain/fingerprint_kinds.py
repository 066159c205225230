"""The kinds of fingerprints that this version understands, each one value with what it is and how it behaves.

Rules this module upholds:

- A kind is data (`FingerprintKind`), not a class hierarchy: a kind this version does not know is an integer code that
  is kept, carried and reported as not searched.
- Thresholds live here once, with unit and source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PDQ_BITS: Final = 256
PDQ_RADIUS: Final = 31
"""Bits of 256 within which two PDQ hashes match (ThreatExchange, PDQ README: "match <= 31")."""
PDQ_QUALITY_FLOOR: Final = 50
"""PDQ qualities run 0..100; 49 and below are discarded (ThreatExchange, PDQ README)."""
PHASH_RADIUS: Final = 6
"""Bits of 64 within which two pHashes are shown as a second opinion. Never a hit of its own across a border."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintKind:
    """A kind of fingerprint. `code` is its number in a body; `size` its length in bytes; `weak`: a broken digest."""

    name: str
    code: int
    size: int
    exact: bool
    weak: bool = False
    has_quality: bool = False


MD5: Final = FingerprintKind(name="md5", code=1, size=16, exact=True, weak=True)
SHA1: Final = FingerprintKind(name="sha1", code=2, size=20, exact=True, weak=True)
SHA256: Final = FingerprintKind(name="sha256", code=3, size=32, exact=True)
PDQ: Final = FingerprintKind(name="pdq", code=4, size=32, exact=False, has_quality=True)
PHASH: Final = FingerprintKind(name="phash", code=5, size=8, exact=False)
PHOTODNA: Final = FingerprintKind(name="photodna", code=6, size=144, exact=False)
FRAME: Final = FingerprintKind(name="vpdq-frame", code=7, size=32, exact=False, has_quality=True)
"""The PDQ of one frame of a video or an animated picture. The rules of PDQ hold for it: radius, quality floor, order of
bits."""

KINDS: Final = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
KIND_BY_CODE: Final = {kind.code: kind for kind in KINDS}
KIND_BY_NAME: Final = {kind.name: kind for kind in KINDS}

TELLING_BITS: Final = {PDQ.code: (64, 192), FRAME.code: (64, 192), PHASH.code: (16, 48)}
"""How many bits of a perceptual hash are set, at least and at most, where it tells anything: half of them, give or take
a quarter. Measured: 612 photographs whose PDQ reaches the floor have 128 of 256 and 32 of 64, every one (ADR 30)."""
