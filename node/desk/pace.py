"""How many requests the desk takes, from one place and in all.

Rules this module upholds:

- A token bucket for each address and kind of request. Signing in is slow on purpose, reading is not.
- The number of addresses that are remembered is bounded: the oldest are forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.desk.route_table import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from node.desk.route_table import Route

MAX_PLACES: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`burst` requests at once, and `a_second` after that."""

    burst: float
    a_second: float


READING: Final = Rate(burst=400, a_second=100)
"""One officer who holds an arrow key down asks for a sheet every few hundredths of a second."""
CHANGING: Final = Rate(burst=200, a_second=40)
"""The same officer, who holds a digit down."""
SIGNING_IN: Final = Rate(burst=20, a_second=0.5)


class Pace:
    """Counts requests. Event loop only. `now`: monotonic seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._buckets: OrderedDict[tuple[Hashable, Rate], tuple[float, float]] = OrderedDict()

    def admits(self, whence: Hashable, route: Route) -> bool:
        """Whether a request from there may go on now; counts it if so."""
        rate = rate_of(route)
        now, key = self._now(), (whence, rate)
        left, at = self._buckets.pop(key, (rate.burst, now))
        left = min(rate.burst, left + (now - at) * rate.a_second)
        admitted = left >= 1
        self._buckets[key] = (left - admitted, now)
        while len(self._buckets) > MAX_PLACES:
            self._buckets.popitem(last=False)
        return admitted


def rate_of(route: Route) -> Rate:
    """The rate for a kind of request."""
    if route.method == "GET":
        return READING
    return SIGNING_IN if route.work is Access.PUBLIC else CHANGING
