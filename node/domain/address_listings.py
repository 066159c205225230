"""Listings of addresses at which abuse material was found ("worst of" list), as hashes.

Rules this module upholds:

- The plain address never travels: only SHA-256 of its canonical form does.
- A listing is one member's statement. How many members it takes to put an address into force is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Granularity(IntEnum):
    """What an address names."""

    DOMAIN = 1
    HOST = 2
    URL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressListing:
    """`address`: SHA-256 (32 bytes) of the canonical form. `evidence_day`: the day (since 1970-01-01) on which the
    evidence was seen last.
    """

    address: bytes
    granularity: Granularity
    evidence_day: int
