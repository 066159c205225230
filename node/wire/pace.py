"""How fast a client may send: a budget of bytes that fills up again with time.

Rules this module upholds:

- Nothing that was read is dropped: whoever has used up its budget is read again only when the debt is paid.
- The connections of one member share one budget. A connection that no member has authenticated has its own, small one.
- The time is passed in.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from node.wire import limits


class Pace:
    """The budget of one sender. `rate`: bytes per second; `burst`: bytes that may come at once."""

    __slots__ = ("__weakref__", "_at", "_burst", "_left", "_rate")

    def __init__(self, *, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = now

    def take(self, size: int, now: float) -> float:
        """`size` bytes have come. Returns after how many seconds the next ones may be read; 0.0 for at once."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - size
        self._at = now
        return max(0.0, -self._left / self._rate)


class Paces:
    """The budgets of one port. That of a member lasts as long as one of its connections."""

    def __init__(self) -> None:
        self._of_members: WeakValueDictionary[str, Pace] = WeakValueDictionary()

    def stranger(self, now: float) -> Pace:
        """For one connection that no member has authenticated."""
        return Pace(rate=limits.STRANGER_BYTES_A_SECOND, burst=limits.STRANGER_BURST_BYTES, now=now)

    def member(self, name: str, now: float) -> Pace:
        """For all connections of this member."""
        found = self._of_members.get(name)
        if found is None:
            found = Pace(rate=limits.MEMBER_BYTES_A_SECOND, burst=limits.MEMBER_BURST_BYTES, now=now)
            self._of_members[name] = found
        return found
