"""How a slow file requests processor time, and how much it gets."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from node.domain.material import PictureFingerprints

PIXELS_A_SECOND: Final = 50_000_000
"""An estimate: pixels of moving pictures that are decoded and hashed in a second of processor time. Measured: 35 to 100
million for an animation, 65 million for a film. The cost of a file is estimated with it before the work."""

DIGESTED_A_SECOND: Final = 100_000_000
"""The fewest bytes that are read and digested in a second of processor time."""
_GRACE_SECONDS: Final = 30
MAX_COST: Final = 20_000
"""Seconds. A higher estimate is reported as this value."""


@dataclass(slots=True)
class Time:
    """Processor time that was given. `until`: the end, on this process's own clock; `was_up`: whether the end was
    reached before.
    """

    until: float
    was_up: bool = False

    def is_up(self) -> bool:
        """Tells whether the time is used up, now or before."""
        self.was_up = self.was_up or time.process_time() > self.until
        return self.was_up


def grace(size: int) -> int:
    """Returns the seconds of processor time between the end of decoding by our own clock and the end that the kernel
    enforces. They cover one more frame, and the digests of a file of `size` bytes.
    """
    return _GRACE_SECONDS + size // DIGESTED_A_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a file of `size` bytes requests. `seconds`: the most processor time that decoding may take by its size;
    `cost`: the estimate. Both in seconds.
    """

    size: int
    seconds: int
    cost: int


class Allow(Protocol):
    """Receives the request of a file before the time is used, at most once per file."""

    def __call__(self, wish: Wish, so_far: PictureFingerprints | None = None) -> Time:
        """Returns the time that the file gets. `so_far`: the result until now. It is the final result if the worker
        does not survive the rest.
        """
        ...
