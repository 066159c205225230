"""The result of a decoder, and the limits that every decoder checks.

Rules this module upholds:

- The size in the header is compared with the limits before a pixel is decoded.
- The result has 8 bits per channel, is upright, and is grey or RGB, like the result of `pixels` for a Pillow image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.errors import MediaError
from node.media.pixels import Pixels

MAX_PIXELS: Final = 200_000_000
"""The most pixels of one picture. The largest sensors of phones give 199.8 million. A decoded pixel takes 4 bytes."""
MAX_SAMPLE_BYTES: Final = 1_280 * 1024 * 1024
"""The most bytes of a picture's unpacked samples: 200 million pixels of 3 samples with 16 bits are 1.2 GB. A worker may
have 3 GiB, and also needs the same pixels with 8 bits per channel."""
LEAST_SHARE: Final = 0.25
"""The share of the pixels that must exist. Measured on 120 photographs cut to a share of their rows (7,140 pairs): at a
quarter, two different photographs are at least 52 bits apart; at 0.15 at least 36; at 0.1 two pairs match (20 bits)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A still picture. `note`: what a person must know about the decoding, or "". `media_type`: the media type of the
    content, or "" if it is the one of the signature. `alpha`: the opacity of each pixel (uint8, 255 is opaque) of shape
    (height, width), or None if all pixels are opaque.
    """

    pixels: Pixels
    alpha: npt.NDArray[np.uint8] | None = None
    note: str = ""
    media_type: str = ""


class Unreliable(MediaError):
    """Pixels of this kind cannot be decoded reliably: no available decoder returns what a viewer shows."""


class Overstated(MediaError):
    """A header states more pixels than the file can hold: its bytes cannot hold `LEAST_SHARE` of them."""


def bounded(name: str, width: int, height: int, *, sample_bytes: int = 1) -> None:
    """Raises `MediaError` if a stated size is not positive, or exceeds the limits. `sample_bytes`: bytes of
    one pixel.
    """
    if width < 1 or height < 1:
        raise MediaError(f"damaged {name}: its header states a size of {width} x {height} pixels")
    if width * height > MAX_PIXELS:
        raise MediaError(f"too many pixels: {width} x {height}, the limit is {MAX_PIXELS} in all")
    if width * height * sample_bytes > MAX_SAMPLE_BYTES:
        raise MediaError(
            f"too large: {width} x {height} pixels of {sample_bytes} bytes, the limit is {MAX_SAMPLE_BYTES} bytes"
        )


def believed(name: str, width: int, height: int, *, size: int, held: int) -> None:
    """Raises `Overstated` if a file cannot hold `LEAST_SHARE` of the pixels that its header states. `size`: bytes of
    the file; `held`: the most pixels that they can hold. `bounded` reports a size above `MAX_PIXELS`.
    """
    if held < width * height * LEAST_SHARE and width * height <= MAX_PIXELS:
        raise Overstated(
            f"damaged {name}: its header states {width} x {height} pixels, but a file of {size} bytes cannot hold "
            f"{LEAST_SHARE:.0%} of them, which is too little to compare"
        )


def pixels_from(values: npt.NDArray[np.uint8]) -> Pixels:
    """Makes `Pixels` from an array: uint8 of shape (height, width) or (height, width, 1, 3 or 4)."""
    channels = 1 if values.ndim == 2 else values.shape[2]  # noqa: PLR2004  (rows, columns)
    flat = np.ascontiguousarray(values.reshape(values.shape[0], -1))
    flat.flags.writeable = False
    return Pixels(values=flat, channels=channels)
