"""pHash: the 64-bit hash of the imagehash library for pictures of any size, without the library's slow first step.

Rules this module upholds:

- The result equals the library's in every bit. The library gets a 32 x 32 grey picture whose bytes equal the picture
  that it makes itself with Pillow's `convert("L")` and Lanczos `resize`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from node.media import kernels

SIDE: Final = 32
"""imagehash.phash resamples to 32 x 32 (hash_size 8 times highfreq_factor 4)."""
_LANCZOS_SUPPORT: Final = 3.0
"""Pixels on either side, at scale 1."""


def phash(pixels: npt.NDArray[np.uint8], channels: int) -> bytes:
    """Computes `imagehash.phash` of a picture: 8 bytes, the first bit highest, so `.hex()` is the library's text.

    `pixels`: uint8 of shape (height, width * channels), C order; `channels` 1 (grey), 3 (RGB) or 4 (RGB and padding).
    """
    bits = imagehash.phash(Image.fromarray(shrunken(pixels, channels))).hash
    return np.packbits(np.asarray(bits, dtype=bool).reshape(-1)).tobytes()


def shrunken(pixels: npt.NDArray[np.uint8], channels: int) -> npt.NDArray[np.uint8]:
    """Returns the result of Pillow's `convert("L").resize((32, 32), LANCZOS)`: uint8 of shape (32, 32).

    Our own code does the horizontal half, which reads every pixel. Pillow does the vertical half, of 32 columns. Pillow
    does both for pictures about twice as high as wide, because it resamples these vertically first and rounds
    differently.
    """
    height, width = pixels.shape[0], pixels.shape[1] // channels
    if 2 * width < height + SIDE:
        whole = Image.fromarray(pixels.reshape((height, width) if channels == 1 else (height, width, channels)))
        return np.asarray(whole.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    narrow = kernels.narrowed_luma(pixels, channels, *_lanczos(width))
    return np.asarray(Image.fromarray(narrow).resize((SIDE, SIDE), Image.Resampling.LANCZOS))


@lru_cache(maxsize=64)  # pictures of one camera share their width
def _lanczos(length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Returns Pillow's fixed-point Lanczos coefficients that reduce an axis of `length` to 32: starts, counts, (32, k).
    As in Pillow, an axis of 32 stays unchanged.
    """
    one = 1 << kernels.COEFFICIENT_BITS
    if length == SIDE:
        return np.arange(SIDE), np.ones(SIDE, np.int64), np.full((SIDE, 1), one, np.int32)
    scale = length / SIDE
    stretch = max(scale, 1.0)
    support = _LANCZOS_SUPPORT * stretch
    starts = np.zeros(SIDE, np.int64)
    counts = np.zeros(SIDE, np.int64)
    coefficients = np.zeros((SIDE, math.ceil(support) * 2 + 1), np.int32)
    for k in range(SIDE):
        centre = (k + 0.5) * scale
        first = max(int(centre - support + 0.5), 0)
        last = min(int(centre + support + 0.5), length)
        distance = (np.arange(first, last) - centre + 0.5) * (1.0 / stretch)
        weight = np.where(np.abs(distance) < _LANCZOS_SUPPORT, np.sinc(distance) * np.sinc(distance / 3.0), 0.0)
        scaled = weight / weight.sum() * one
        starts[k], counts[k] = first, last - first
        coefficients[k, : last - first] = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int32)
    return starts, counts, coefficients
