"""Tiny entries: two bytes each, of a later version of the format, which nobody may refuse to keep."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.attacks.writing import NOTHING, Entry, Scribe, writing

if TYPE_CHECKING:
    from bench.federation import Federation

AT_ONCE: Final = 40_000
"""Entries of a package: as many as the hub takes."""
LATER: Final = 2
"""A version of an entry that this program does not know."""


def story(_scribe: Scribe) -> Iterator[Sequence[Entry]]:
    """Package after package of them."""
    while True:
        yield [(bytes([LATER, byte]), NOTHING) for byte in os.urandom(AT_ONCE)]


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends."""
    with writing(made, member, story):
        yield
