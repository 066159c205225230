"""Listings of addresses at which abuse material was found ("worst of" list), as hashes.

Rules this module upholds:

- The plain address never travels: only SHA-256 of its canonical form does.
- A listing is one member's statement. How many members it takes to put an address into force is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Granularity(IntEnum):
    """How much an address covers."""

    DOMAIN = 1
    """A name and every name below it."""
    HOST = 2
    """One name or IP address: everything on it; with a port, everything on that port."""
    URL = 3
    """One page or file: host, path and query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressListing:
    """`address`: SHA-256 (32 bytes) of the canonical form. `evidence_day`: the day (since 1970-01-01) on which the
    evidence was seen last.
    """

    address: bytes
    granularity: Granularity
    evidence_day: int


class AddressKey(NamedTuple):
    """What a listing names: the granularity, and SHA-256 (32 bytes) of the canonical form."""

    granularity: Granularity
    hash: bytes
