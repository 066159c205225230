"""What is told of those who ask for more than they may have: who it was and what was too much, never more often than
once a minute for each.

Rules this module upholds:

- Who floods a hub does not flood its log: the first time is told at once, those that follow with their number.
- What is kept to count with is bounded: of more parties than that, the rest are counted together.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 60.0
"""Between two lines on the same."""
PARTIES: Final = 1_000
"""Who and what, counted apart."""
OTHERS: Final = "others"

Tell = Callable[[str, str, int], None]
"""Is given who, what and how often since the last time."""


@dataclass(slots=True)
class _Count:
    """`due`: when it may be told again; `times`: how often it came about since it was told last."""

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
