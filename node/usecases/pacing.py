"""The asker's own pace: how long to wait before the next part of a question, so that no member's budget is exceeded.

Rules this module upholds:

- The hub and every member charge the same budget, each by its own clock and some moments apart. The asker uses only
  part of it, so that a member does not refuse what the hub has just forwarded.
- The time is passed in.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from node.errors import Overloaded
from node.usecases.budget import SECONDS_A_MINUTE, Budget

if TYPE_CHECKING:
    from node.domain.ids import MemberId
    from node.domain.roster import Policy

SHARE: Final = 0.9
"""Share of the policy's budget per minute. The rest covers clock differences between the hub and the members."""
RESERVE_SECONDS: Final = (1 - SHARE) * SECONDS_A_MINUTE
"""Extra wait beyond the hub's, so that the members' budgets have recovered too."""


def paced(policy: Policy) -> int:
    """Fingerprints per minute that an asker allows itself."""
    return max(1, int(policy.query_cost_per_minute * SHARE))


class Pace:
    """What this node has asked recently. Thread-safe. It knows only what was asked since the process started; the hub
    reports what came before (`Overloaded`).
    """

    def __init__(self, me: MemberId) -> None:
        self._me = me
        self._budget = Budget()
        self._lock = threading.Lock()

    def wait(self, cost: int, policy: Policy, now: float) -> float:
        """0 if `cost` fingerprints may be asked now, and they then count as asked; else seconds to wait before the same
        question is tried again.
        """
        most = paced(policy)
        with self._lock:
            try:
                self._budget.charge(self._me, min(cost, most), most, now)
            except Overloaded as error:
                return max(error.retry_after, 0.001)
        return 0.0

    def left(self, policy: Policy, now: float) -> int:
        """How many fingerprints may be asked about now without a wait."""
        with self._lock:
            return self._budget.left(self._me, paced(policy), now)
