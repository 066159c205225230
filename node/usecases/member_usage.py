"""What members have used of their limits, and when that is an alarm; the same for a hub and for a node.

Rules this module upholds:

- A limit without any use is left out.
- A member is at a limit that it has reached or was refused for today: an alarm with its remedy. Asking or submitting
  faster than the policy allows is an alarm only if it happens all the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.usage import Period
from node.usecases.quotas import RULES, standings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import MemberId
    from node.domain.limits import Limits
    from node.domain.usage import Usage
    from node.usecases.quotas import Standing

REMEDY: Final = (
    "ask the member what it is doing. If it is right, the authority raises the limit (vigil authority policy); if not, "
    "the hub's operator suspends the member (vigil hub suspend)"
)
PACES: Final = frozenset(
    {rule.limit for rule in RULES if rule.period is Period.MINUTE} | {"query_cost_per_minute", "questions_at_once"}
)
"""Limits that a busy member reaches, waits for and passes."""
PACE_REFUSALS: Final = 200
"""This many refusals per day for one of them raise an alarm."""
_UNITS: Final = {rule.limit: rule.what for rule in RULES}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberUsage:
    """`used`: one value per limit with any use; `at_limit`: names of limits; `refused`: how often today, by limit."""

    used: Sequence[Standing]
    at_limit: Sequence[str]
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaAlarm:
    """A member is at a limit. `words`: what happened, for a person."""

    member: MemberId
    limit: str
    words: str

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDY


def member_usage(limits: Limits, usage: Usage, now: float, refused: Mapping[str, int]) -> MemberUsage:
    """The use of one member. `now`: Unix seconds; `refused`: how often it was refused today, by limit."""
    used = list(standings(limits, usage, now))
    full = [each.rule.limit for each in used if each.at_limit and each.rule.limit not in PACES]
    often = [limit for limit, times in refused.items() if limit not in PACES or times >= PACE_REFUSALS]
    return MemberUsage(
        used=used,
        at_limit=full + [limit for limit in often if limit not in full],
        refused=dict(refused),
    )


def quota_alarms(member: MemberId, usage: MemberUsage) -> list[QuotaAlarm]:
    """One alarm per limit that a member is at."""
    return [QuotaAlarm(member=member, limit=limit, words=_words(member, limit, usage)) for limit in usage.at_limit]


def _words(member: MemberId, limit: str, usage: MemberUsage) -> str:
    words = f"{member} is at its limit {limit}"
    standing = next((each for each in usage.used if each.rule.limit == limit), None)
    if standing is not None:
        words += f": {standing.used:,} of {standing.allowed:,} {standing.rule.what}"
    elif limit in _UNITS:
        words += f" ({_UNITS[limit]})"
    refused = usage.refused.get(limit, 0)
    return words + (f"; refused {refused:,} {'time' if refused == 1 else 'times'} today" if refused else "")
