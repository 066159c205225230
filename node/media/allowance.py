"""How a slow file requests processor time, and how much it gets."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from node.domain.material import PictureFingerprints

PIXELS_A_SECOND: Final = 50_000_000
"""Pixels of moving pictures that are decoded and hashed in a second of processor time, roughly: 35 to 100 million of an
animation, 65 of a film. By this a cost is estimated, before the work."""

DIGESTED_A_SECOND: Final = 100_000_000
"""Bytes that are read and digested, at the least, in a second of processor time."""
_GRACE_SECONDS: Final = 30
MAX_COST: Final = 20_000
"""Seconds: what is estimated to take longer counts as this."""


@dataclass(slots=True)
class Time:
    """Processor time that was given. `until`: on this process's own clock; `was_up`: whether it was found used up."""

    until: float
    was_up: bool = False

    def is_up(self) -> bool:
        """Whether it is used up, now or before."""
        self.was_up = self.was_up or time.process_time() > self.until
        return self.was_up


def grace(size: int) -> int:
    """Seconds of processor time between the end of decoding by our own clock and the end that the kernel would make:
    for one frame more, and for the digests of a file of `size` bytes.
    """
    return _GRACE_SECONDS + size // DIGESTED_A_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a file of `size` bytes asks for: the most processor time that it may take to decode by its size, and what it
    is estimated to take. In seconds.
    """

    size: int
    seconds: int
    cost: int


class Allow(Protocol):
    """Told, once a file at most, what it asks for, before it is taken."""

    def __call__(self, wish: Wish, so_far: PictureFingerprints | None = None) -> Time:
        """The time that it gets. `so_far`: what stands already, and is the result should the worker not survive what
        follows.
        """
        ...
