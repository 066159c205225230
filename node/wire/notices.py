"""Log lines about callers that exceed a limit: who it was and which limit, at most once a minute for each.

Rules this module upholds:

- A caller that floods a hub does not flood its log: the first time is logged at once, later ones with their number.
- The memory for counting is bounded: beyond that number of callers, the rest are counted together.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 60.0
"""Time between two lines on the same caller and limit."""
PARTIES: Final = 1_000
"""Callers and limits that are counted separately."""
OTHERS: Final = "others"

Tell = Callable[[str, str, int], None]
"""Is called with caller, limit and the number since the last time."""


@dataclass(slots=True)
class _Count:
    """`due`: when the next line may be written; `times`: how often it happened since the last line."""

    due: float
    times: int = 0


class Notices:
    """On one event loop. `tell`: writes one line."""

    def __init__(self, tell: Tell, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._counts: dict[tuple[str, str], _Count] = {}

    def note(self, who: str, what: str) -> None:
        """It came about once more."""
        now = self._clock()
        key = (who, what)
        if key not in self._counts and len(self._counts) >= PARTIES:
            self._counts = {each: count for each, count in self._counts.items() if count.due > now}
            if len(self._counts) >= PARTIES:
                key = (OTHERS, what)
        count = self._counts.setdefault(key, _Count(due=now))
        count.times += 1
        if now >= count.due:
            self._tell(*key, count.times)
            count.times, count.due = 0, now + SECONDS
