"""The rota: which log is served next on a stream of packages.

Rules this module upholds:

- Whoever waited longest comes first, so a long log does not keep a short one waiting, and one that gets an entry now
  and then comes before those that always have some. A stream that is opened again goes on where the last one was.
- A log that cannot be handed out is held back for a while that doubles; the others go on.
- No I/O: time is a value that is passed in.
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
"""Seconds for which a log is held back after its package could not be made: doubled up to the most."""


@dataclass(slots=True)
class Turns:
    """When each log was served last, by a count of turns. It outlives a stream: one for each follower."""

    count: int = 0
    last: dict[Origin, int] = field(default_factory=dict)


class Rota:
    """One stream. `cursors`: what its follower has; a log that is not named starts at 0."""

    def __init__(self, cursors: Iterable[LogView], turns: Turns) -> None:
        self._at = {each.origin: each.size for each in cursors}
        self._turns = turns
        self._held: dict[Origin, tuple[float, float]] = {}  # of each log held back: until when, and for how long

    def at(self, origin: Origin) -> int:
        """The size of the log up to which the follower has been served."""
        return self._at.get(origin, 0)

    def choose(self, logs: Sequence[LogState], now: float) -> LogState | None:
        """The log to serve next, None where all that may be served is."""
        ahead = [log for log in logs if self._is_ahead(log) and self._until(log.origin) <= now]
        return min(ahead, key=lambda log: self._turns.last.get(log.origin, 0), default=None)

    def wakes_in(self, logs: Sequence[LogState], now: float) -> float | None:
        """After how many seconds a log that is held back is to be tried again, None where there is none."""
        waits = [self._until(log.origin) - now for log in logs if self._is_ahead(log) and log.origin in self._held]
        return max(min(waits), 0.0) if waits else None

    def served(self, origin: Origin, size: int) -> None:
        """The follower was served up to `size`."""
        self._at[origin] = size
        self._held.pop(origin, None)
        self._take_turn(origin)

    def hold_back(self, origin: Origin, now: float) -> None:
        """Nothing can be handed out of this log now."""
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
