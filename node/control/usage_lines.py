"""What members have used of their limits, as lines; the same for a hub and for a node.

Rules this module upholds:

- A member without any use has an empty list. `usecases.member_usage` decides what is an alarm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.control.runner import Line
    from node.usecases.member_usage import MemberUsage, QuotaAlarm


def usage_line(of: MemberUsage) -> Line:
    """{"usage": one row per limit, "at_limit": names of limits, "refused_today": how often, by limit}."""
    return {
        "usage": [
            {"limit": each.rule.limit, "used": each.used, "allowed": each.allowed, "what": each.rule.what}
            for each in of.used
        ],
        "at_limit": list(of.at_limit),
        "refused_today": dict(of.refused),
    }


def quota_alarm_line(alarm: QuotaAlarm) -> Line:
    """A limit that a member has reached."""
    return {
        "alarm": "quota",
        "member": alarm.member,
        "limit": alarm.limit,
        "what": alarm.words,
        "remedy": alarm.remedy,
    }
