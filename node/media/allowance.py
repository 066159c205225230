"""How a file that takes long asks for its time."""

from __future__ import annotations

from typing import Protocol

from node.domain.fingerprints import PictureFingerprints


class Allow(Protocol):
    """Told, once a file at most, how many seconds of processor time it may take, before they are taken."""

    def __call__(self, seconds: int, so_far: PictureFingerprints | None = None) -> None:
        """`so_far`: what stands already, and is the result should the worker not survive what follows."""
        ...
