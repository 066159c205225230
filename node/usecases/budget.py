"""The pace at which a member asks: an amount per minute, refilled evenly. `probes` keeps what outlives the process.

Rules this module upholds:

- The time is passed in.
- A budget is charged before the work and never refunded: a refused question was still asked.
- Memory is bounded: at most one bucket per member of the roster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.errors import Overloaded

if TYPE_CHECKING:
    from node.domain.ids import MemberId

SECONDS_A_MINUTE: Final = 60.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Budget:
    """One token bucket per member: `per_minute` units refill evenly, and a full minute's worth may be spent at once.

    Not thread-safe: one event loop, or a lock around it.
    """

    def __init__(self) -> None:
        self._buckets: dict[MemberId, _Bucket] = {}

    def charge(self, member: MemberId, cost: int, per_minute: int, now: float, *, spent: int = 0) -> None:
        """Takes `cost` units from `member`'s budget, or raises `Overloaded` (`retry_after` in seconds). `spent`: what
        is known to be spent in this minute, if this process has no data on the member yet.
        """
        bucket = self._buckets.setdefault(member, _Bucket(max(0.0, float(per_minute - spent)), now))
        bucket.tokens = _refilled(bucket, per_minute, now)
        bucket.at = max(now, bucket.at)
        if cost > bucket.tokens:
            wait = (cost - bucket.tokens) * SECONDS_A_MINUTE / per_minute if per_minute else SECONDS_A_MINUTE
            raise Overloaded(
                f"{member} has asked about more fingerprints than the policy allows per minute",
                retry_after=wait,
                remedy=f"wait {wait:.0f} s, or ask about fewer pictures at once",
            )
        bucket.tokens -= cost

    def left(self, member: MemberId, per_minute: int, now: float) -> int:
        """The whole units that `member` may spend now."""
        bucket = self._buckets.get(member)
        return per_minute if bucket is None else int(_refilled(bucket, per_minute, now))


def _refilled(bucket: _Bucket, per_minute: int, now: float) -> float:
    elapsed = max(0.0, now - bucket.at)
    return min(float(per_minute), bucket.tokens + elapsed * per_minute / SECONDS_A_MINUTE)
