"""How a person names one hit in a command.

Rules this module upholds:

- A hit on a record has a number of its own, which stays when the record is corrected: `419`.
- A hit on a row of a list is found again each time, so it is named by both sides: `7/r12` is holding 7 and row 12.
- Two holdings that are near each other are named by both numbers: `7/h9`.
- `read_hit_name` accepts only what `str` of a name gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from node.errors import Misuse

_MOST_DIGITS: Final = 18
_NUMBER: Final = f"[1-9][0-9]{{0,{_MOST_DIGITS - 1}}}"
_NAME: Final = re.compile(f"({_NUMBER})(?:/([rh])({_NUMBER}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHit:
    """A stored hit on another member's record."""

    hit: int

    def __str__(self) -> str:
        return f"{self.hit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowHit:
    """A holding and a row of a list, by their numbers here."""

    holding: int
    row: int

    def __str__(self) -> str:
        return f"{self.holding}/r{self.row}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingHit:
    """Two holdings."""

    holding: int
    other: int

    def __str__(self) -> str:
        return f"{self.holding}/h{self.other}"


HitName = RecordHit | RowHit | HoldingHit


def read_hit_name(text: str) -> HitName:
    """Raises `Misuse`."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise Misuse(
            f"{text[:40]!r} does not name a hit",
            remedy="vigil hits shows the number of each hit; 7/r12 is holding 7 and row 12 of a list, and 7/h9 are the "
            "holdings 7 and 9",
        )
    first, kind, second = found.groups()
    if kind is None:
        return RecordHit(hit=int(first))
    if kind == "r":
        return RowHit(holding=int(first), row=int(second))
    if first == second:
        raise Misuse("a holding is not compared with itself", remedy="name two different holdings")
    return HoldingHit(holding=int(first), other=int(second))
