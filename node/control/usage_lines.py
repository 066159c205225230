"""What members have used of their limits, as lines; the same for a hub and for a node.

Rules this module upholds:

- A limit without any use is left out; a member without any use has an empty list.
- "at_limit" names every limit that a member has reached or was refused for today: an alarm with its remedy. Asking or
  submitting faster than the policy allows is an alarm only if it happens all the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.domain.usage import Period
from node.usecases.quotas import RULES, standings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.control.runner import Line
    from node.domain.ids import MemberId
    from node.domain.limits import Limits
    from node.domain.usage import Usage

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


def usage_line(limits: Limits, usage: Usage, now: float, refused: Mapping[str, int]) -> Line:
    """{"usage": one row per limit, "at_limit": names of limits, "refused_today": how often, by limit}."""
    found = list(standings(limits, usage, now))
    full = [each.rule.limit for each in found if each.at_limit and each.rule.limit not in PACES]
    often = [limit for limit, times in refused.items() if limit not in PACES or times >= PACE_REFUSALS]
    return {
        "usage": [
            {
                "limit": each.rule.limit,
                "used": each.used,
                "allowed": each.allowed,
                "what": each.rule.what,
            }
            for each in found
        ],
        "at_limit": full + [limit for limit in often if limit not in full],
        "refused_today": dict(refused),
    }


def quota_alarms(member: MemberId, line: Line) -> list[Line]:
    """One alarm per limit that a member has reached, from `usage_line`."""
    rows = {row["limit"]: row for row in line["usage"]}
    return [
        {
            "alarm": "quota",
            "member": member,
            "limit": limit,
            "what": _words(member, limit, rows.get(limit), line["refused_today"].get(limit, 0)),
            "remedy": REMEDY,
        }
        for limit in line["at_limit"]
    ]


def _words(member: MemberId, limit: str, row: Line | None, refused: int) -> str:
    words = f"{member} is at its limit {limit}"
    if row is not None:
        words += f": {row['used']:,} of {row['allowed']:,} {row['what']}"
    elif limit in _UNITS:
        words += f" ({_UNITS[limit]})"
    return words + (f"; refused {refused:,} {'time' if refused == 1 else 'times'} today" if refused else "")
