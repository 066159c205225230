"""The asker's own pace: how long to wait before the next part of a question, so that no budget abroad is exceeded.

Rules this module upholds:

- The hub and every member charge the same budget, each by its own clock and some moments apart. The asker keeps to a
  part of it, so that what the hub lets through is not refused by a member a moment later.
- Deciding needs no clock of its own: the time is passed in.
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
"""Of the policy's budget a minute. The rest covers the moments by which the clocks of hub and members are apart."""
RESERVE_SECONDS: Final = (1 - SHARE) * SECONDS_A_MINUTE
"""What is waited beyond what the hub says, so that the members' budgets have recovered too."""


def paced(policy: Policy) -> int:
    """Fingerprints a minute that an asker allows itself."""
    return max(1, int(policy.query_cost_per_minute * SHARE))


class Pace:
    """What this node has asked lately. Thread-safe. It knows only what was asked since the process started: of what
    came before, the hub reminds it (`Overloaded`).
    """

    def __init__(self, me: MemberId) -> None:
        self._me = me
        self._budget = Budget()
        self._lock = threading.Lock()

    def wait(self, cost: int, policy: Policy, now: float) -> float:
        """0 where `cost` fingerprints may be asked now, and they are then taken to be asked; else seconds to wait
        before the same question is put again.
        """
        most = paced(policy)
        with self._lock:
            try:
                self._budget.charge(self._me, min(cost, most), most, now)
            except Overloaded as error:
                return max(error.retry_after, 0.001)
        return 0.0
