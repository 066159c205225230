"""Time for a file that tests fingerprint in their own process."""

from __future__ import annotations

from node.domain.fingerprints import PictureFingerprints


class Noted:
    """Allows everything; `seconds` and `so_far` are what was said, in order."""

    def __init__(self) -> None:
        self.seconds: list[int] = []
        self.so_far: list[PictureFingerprints | None] = []

    def __call__(self, seconds: int, so_far: PictureFingerprints | None = None) -> None:
        self.seconds.append(seconds)
        self.so_far.append(so_far)


def unbounded(seconds: int, so_far: PictureFingerprints | None = None) -> None:
    """Allows everything."""
