"""When a listed address is in force.

Rules this module upholds:

- The practice is that of CIRCAMP: an address is in force while at least `MEMBERS_NEEDED` members have listed it with
  evidence of the last three months, so that no member alone puts an address into force.
- A dispute puts an address under review: it is in force only while more members list it than dispute it. A member that
  does both counts as disputing.
- Only active members count, each once. A listing says what its author saw until the day of its entry, whatever later
  day it states; a day in the future counts for nothing.
- The standing depends on the set of statements, not on the order in which they came. Nothing here does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from node.domain.ids import MemberId

MEMBERS_NEEDED: Final = 2
VALID_DAYS: Final = 92
"""Three months: the most days that three months in a row have (31 + 30 + 31 or 31 + 31 + 30)."""
SKEW_DAYS: Final = 1
"""How far a day may lie in the future: clocks and time zones differ."""


class Force(StrEnum):
    """What the members say about an address."""

    UNLISTED = "unlisted"
    """Nobody has listed it within the valid days."""
    TOO_FEW = "too-few"
    """Fewer members than needed have."""
    UNDER_REVIEW = "under-review"
    """As many members dispute it as list it."""
    IN_FORCE = "in-force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A member's listing: the day of its evidence, and the day of its entry."""

    member: MemberId
    evidence_day: int
    issued_day: int

    @property
    def day(self) -> int:
        """The day that counts."""
        return min(self.evidence_day, self.issued_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What members say about an address. `members`: who lists it within the valid days; `lapsed`: whose listing is
    older; `disputed_by`: who disputes it. `last_day`: the last day on which it is in force unless a member renews its
    listing; 0 if it is not in force.
    """

    force: Force
    members: tuple[MemberId, ...] = ()
    lapsed: tuple[MemberId, ...] = ()
    disputed_by: tuple[MemberId, ...] = ()
    last_day: int = 0


def standing(
    listings: Iterable[Stated], disputed_by: Collection[MemberId], active: Collection[MemberId], today: int
) -> Standing:
    """The standing of one address on the day `today`."""
    newest: dict[MemberId, int] = {}
    for each in listings:
        if each.member in active and each.day <= today + SKEW_DAYS:
            newest[each.member] = max(each.day, newest.get(each.member, each.day))
    against = {member for member in disputed_by if member in active}
    valid = {member: day for member, day in newest.items() if day + VALID_DAYS >= today and member not in against}
    lapsed = newest.keys() - valid.keys() - against
    force = _force(len(valid), len(against))
    needed = max(MEMBERS_NEEDED, len(against) + 1)
    last = sorted(valid.values(), reverse=True)[needed - 1] + VALID_DAYS if force is Force.IN_FORCE else 0
    return Standing(
        force=force,
        members=tuple(sorted(valid)),
        lapsed=tuple(sorted(lapsed)),
        disputed_by=tuple(sorted(against)),
        last_day=last,
    )


def _force(listing: int, disputing: int) -> Force:
    if not listing:
        return Force.UNLISTED
    if disputing >= listing:
        return Force.UNDER_REVIEW
    return Force.IN_FORCE if listing >= MEMBERS_NEEDED else Force.TOO_FEW
