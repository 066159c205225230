"""Time for a file that tests fingerprint in their own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.media.allowance import Time, Wish

if TYPE_CHECKING:
    from node.domain.material import PictureFingerprints


class Noted:
    """Allows everything; `wishes` and `so_far` are what was said, in order."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.so_far: list[PictureFingerprints | None] = []

    @property
    def seconds(self) -> list[int]:
        """What was asked for each time."""
        return [wish.seconds for wish in self.wishes]

    def __call__(self, wish: Wish, so_far: PictureFingerprints | None = None) -> Time:
        self.wishes.append(wish)
        self.so_far.append(so_far)
        return Time(until=float("inf"))


def unbounded(wish: Wish, so_far: PictureFingerprints | None = None) -> Time:
    """Allows everything."""
    del wish, so_far
    return Time(until=float("inf"))
