"""A member that poisons: records by the thousand that say one thing, or what every plain picture says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.fingerprint_kinds import PDQ, PHASH
from node.domain.fingerprints import Fingerprint
from node.domain.statements import Contribution

if TYPE_CHECKING:
    from collections.abc import Iterator


def identical(pdq: bytes, count: int, quality: int = 100) -> Iterator[Contribution]:
    """So many records that have nothing but the PDQ of one picture. Their words differ, so no two bodies are alike."""
    for number in range(count):
        yield Contribution(fingerprints=(Fingerprint(code=PDQ.code, value=pdq, quality=quality),), series=f"S-{number}")


def around(pdq: bytes, count: int, radius: int = 31) -> Iterator[Contribution]:
    """Records whose PDQ lies at every distance up to the radius from one picture's: no evidence has many."""
    number = int.from_bytes(pdq, "big")
    for at in range(count):
        value = number
        for bit in range(at % (radius + 1)):
            value ^= 1 << ((bit * 7 + at) % 256)
        yield from identical(value.to_bytes(PDQ.size, "big"), 1)


def plain_hashes() -> Iterator[Contribution]:
    """What a picture of nothing has, claimed to be of the best quality: zeros, ones, and a few bits."""
    for value in (bytes(32), b"\xff" * 32, bytes(31) + b"\x07"):
        yield Contribution(fingerprints=(Fingerprint(code=PDQ.code, value=value, quality=100),))
    for value in (bytes(8), b"\xff" * 8, bytes(7) + b"\x01"):
        yield Contribution(fingerprints=(Fingerprint(code=PHASH.code, value=value),))
        picture = Fingerprint(code=PDQ.code, value=b"\x0f" * 32, quality=100)
        yield Contribution(fingerprints=(picture, Fingerprint(code=PHASH.code, value=value)))
