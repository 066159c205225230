"""The rota: which log is served next on a stream of packages.

Rules this module upholds:

- The log that has waited longest comes first. So a long log does not delay a short one, and a log with few entries
  comes before logs that always have some. A reopened stream continues where the last one stopped.
- A log that cannot be sent is held back for a time that doubles; the others continue.
- No I/O: the time is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.domain.ids import Origin
    from node.domain.log_ports import LogState
    from node.domain.queries import LogView

HELD_BACK_FIRST: Final = 5.0
HELD_BACK_MOST: Final = 300.0
"""Seconds for which a log is held back after its package could not be made: doubled up to the maximum."""


@dataclass(slots=True)
class Turns:
    """When each log was served last, by a count of turns. It outlives a stream: one per follower."""

    count: int = 0
    last: dict[Origin, int] = field(default_factory=dict)


class Rota:
    """One stream. `cursors`: what its follower has; a log that is not named starts at 0."""

    def __init__(self, cursors: Iterable[LogView], turns: Turns) -> None:
        self._at = {each.origin: each.size for each in cursors}
        self._turns = turns
        self._held: dict[Origin, tuple[float, float]] = {}  # for each log held back: until when, and for how long

    def at(self, origin: Origin) -> int:
        """The size up to which the follower has been served."""
        return self._at.get(origin, 0)

    def choose(self, logs: Sequence[LogState], now: float) -> LogState | None:
        """The log to serve next, None if everything that may be served was served."""
        ahead = [log for log in logs if self._is_ahead(log) and self._until(log.origin) <= now]
        return min(ahead, key=lambda log: self._turns.last.get(log.origin, 0), default=None)

    def wakes_in(self, logs: Sequence[LogState], now: float) -> float | None:
        """After how many seconds a held-back log is to be tried again, None if there is none."""
        waits = [self._until(log.origin) - now for log in logs if self._is_ahead(log) and log.origin in self._held]
        return max(min(waits), 0.0) if waits else None

    def served(self, origin: Origin, size: int) -> None:
        """The follower was served up to `size`."""
        self._at[origin] = size
        self._held.pop(origin, None)
        self._take_turn(origin)

    def hold_back(self, origin: Origin, now: float) -> None:
        """Nothing of this log can be sent now."""
        _, before = self._held.get(origin, (0.0, HELD_BACK_FIRST / 2))
        seconds = min(before * 2, HELD_BACK_MOST)
        self._held[origin] = (now + seconds, seconds)
        self._take_turn(origin)

    def _take_turn(self, origin: Origin) -> None:
        self._turns.count += 1
        self._turns.last[origin] = self._turns.count

    def _is_ahead(self, log: LogState) -> bool:
        return log.cosigned_size > self.at(log.origin)

    def _until(self, origin: Origin) -> float:
        return self._held.get(origin, (0.0, 0.0))[0]
