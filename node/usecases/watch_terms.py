"""Whether this node keeps another member's watch: the terms that it must meet, and how much of it fits.

Rules this module upholds:

- A watch costs its keepers for as long as it lasts. So watches and their fingerprints are limited: of each watch, of
  each member, and of all members together.
- A watch that a large part of the holdings would match is refused: it looks for nothing in particular.
- The checks use no clock and no store of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.kept_watches import WatchLoad
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.handling import Handling
    from node.domain.ids import MemberId
    from node.domain.roster import Policy
    from node.domain.watches import Watch

MOST_DAYS: Final = 366
"""The longest time from today to the last day of a watch."""
MOST_OF_MEMBER: Final = WatchLoad(watches=1_000, fingerprints=100_000)
"""What this node keeps for one member."""
MOST_OF_ALL: Final = WatchLoad(watches=20_000, fingerprints=1_000_000)
"""What this node keeps for all members: the index of these fingerprints takes at most some 700 MB."""
MOST_NEAR: Final = 1_000
"""A watch that more holdings and rows of lists match at present is too broad. So is one with more hits later."""
TOO_BROAD: Final = "the watch is too broad: it matches too much of what this member holds"


def require_last_day(until_day: int, today: int) -> None:
    """Raises `Misuse` for a last day that no watch may have. Days since 1970."""
    if not today <= until_day <= today + MOST_DAYS:
        raise Misuse(f"a watch stays until a day of the next {MOST_DAYS} days", remedy="give --until YYYY-MM-DD")


def objection(policy: Policy, watch: Watch, handling: Handling, cost: int, today: int) -> str:
    """Why a watch is not permitted, "" if it is. `cost`: its fingerprints (`admitting.cost_of`); `today`: days since
    1970.
    """
    if len(handling.purposes) != 1 or handling.purposes[0] not in policy.purposes:
        return "a watch has one purpose, and the policy must know it"
    if not (watch.legal_basis and watch.case_reference and watch.officer_role):
        return "a watch names its legal basis, case reference and officer role"
    if not 0 < cost <= policy.max_query_fingerprints:
        return f"a watch is about 1 to {policy.max_query_fingerprints} fingerprints"
    if not today <= handling.retain_until_day <= today + MOST_DAYS:
        return f"a watch has a last day, at most {MOST_DAYS} days from now"
    return ""


def crowded(asker: MemberId, cost: int, loads: Mapping[MemberId, WatchLoad]) -> str:
    """Which limit one more watch of this cost would exceed, "" if none. `loads`: what is kept now."""
    mine = loads.get(asker, WatchLoad())
    if mine.watches >= MOST_OF_MEMBER.watches or mine.fingerprints + cost > MOST_OF_MEMBER.fingerprints:
        return (
            f"this member keeps at most {MOST_OF_MEMBER.watches:,} watches with {MOST_OF_MEMBER.fingerprints:,} "
            "fingerprints for one member"
        )
    watches = sum(each.watches for each in loads.values())
    fingerprints = sum(each.fingerprints for each in loads.values())
    if watches >= MOST_OF_ALL.watches or fingerprints + cost > MOST_OF_ALL.fingerprints:
        return "this member keeps as many watches as it can"
    return ""
