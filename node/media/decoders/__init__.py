"""Decoders beside Pillow: one module for each format or family that Pillow does not read, or does not read right.

Rules this package upholds:

- A module has `decode(data)`, which raises anything on a file that it cannot read (`node.media.decode` says that in our
  own words), and `prepare()` where its libraries load something late.
- It opens nothing and starts no thread. It holds the size that a header states against the limits before it decodes a
  pixel (`decoded.bounded`).
- None in place of a picture: Pillow is to read it.
"""

from __future__ import annotations

from node.media.decoders import tiff
from node.media.decoders.decoded import Decoded
from node.media.sniff import TIFF, Format

__all__ = ["Decoded", "decode", "prepare"]


def decode(data: bytes, known: Format, *, pillow_failed: bool = False) -> Decoded | None:
    """The picture by the decoder that is the better one for it; None where that is Pillow. Raises anything.

    `pillow_failed`: Pillow has no name for this kind.
    """
    if known is TIFF:
        return tiff.decode(data, pillow_failed=pillow_failed)
    return None


def prepare() -> None:
    """Loads everything that a decoder would load late."""
    tiff.prepare()
