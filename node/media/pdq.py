"""PDQ: the 256-bit perceptual hash of a picture, its quality, and the hashes of its eight orientations.

Rules this module upholds:

- The full picture is hashed, filtered as in the paper, never a smaller copy (a copy changes up to 32 of 256 bits).
- Bits are in the published order: the bit of row frequency i and column frequency j (both from 0) is number 16 i + j,
  and bit 255 is the highest of the first byte, so `hash.hex()` is the published text.
- All orientations come from one filtered 64 x 64 buffer: a rotated or mirrored picture only has a transposed DCT and
  other signs at odd frequencies.

Source: Facebook, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (2019); the reference is
facebook/ThreatExchange, pdq.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from node.domain.fingerprint_kinds import PDQ_BITS
from node.domain.material import VideoFrame
from node.media import kernels

SAMPLES: Final = 64
"""Side of the filtered buffer."""
FREQUENCIES: Final = 16
"""Frequencies 1 to 16 of each axis make the hash. The constant term is left out."""
SMALLEST_SIDE: Final = 5
"""Pixels. A picture with a shorter side has no hash: all bits 0, quality 0 (as the reference states)."""
_LUMA: Final = (0.299, 0.587, 0.114)
"""ITU-R BT.601 weights of R, G and B, as in the paper."""
_GRADIENT_UNITS_A_POINT: Final = 90
"""Sum of quantised gradients that makes one point of quality."""
_BEST_QUALITY: Final = 100

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class PdqHashes:
    """`orientations`: 32 bytes each, in the order of `node.domain.orientations.ORIENTATIONS`; `quality` 0 to 100."""

    orientations: tuple[bytes, ...]
    quality: int

    def shown_at(self, at: int) -> VideoFrame:
        """Returns the hash of a frame that is shown at `at` milliseconds: one orientation, unchanged."""
        return VideoFrame(at=at, pdq=self.orientations[0], quality=self.quality)


def pdq_hashes(pixels: npt.NDArray[np.uint8], channels: int) -> PdqHashes:
    """Computes PDQ of a picture in all eight orientations.

    `pixels`: uint8 of shape (height, width * channels), C order; `channels` 1 (grey), 3 (RGB) or 4 (RGB and padding).
    """
    if min(pixels.shape[0], pixels.shape[1] // channels) < SMALLEST_SIDE:
        return PdqHashes(orientations=(bytes(PDQ_BITS // 8),) * 8, quality=0)
    buffer = filtered(pixels, channels)
    return PdqHashes(orientations=orientation_hashes(buffer), quality=quality(buffer))


def filtered(pixels: npt.NDArray[np.uint8], channels: int) -> Floats:
    """Returns the picture's luma after two box filters along both axes, sampled: float32 of shape (64, 64), 0 to 255.

    The filters of the two axes and the luma are linear and independent, so their order is free: rows first (they need
    all the memory traffic), then luma, then columns.
    """
    height, width = pixels.shape[0], pixels.shape[1] // channels
    rows = kernels.weighted_rows(pixels, *_tent(height))
    if channels == 1:
        luma = rows
    else:
        colours = rows.reshape(SAMPLES, width, channels)
        red, green, blue = (np.float32(weight) for weight in _LUMA)
        luma = red * colours[:, :, 0] + green * colours[:, :, 1] + blue * colours[:, :, 2]
    return kernels.weighted_columns(luma, *_tent(width))


@lru_cache(maxsize=64)  # pictures of one camera share their sides
def _tent(length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    return kernels.tent_weights(length, SAMPLES)


def quality(buffer: Floats) -> int:
    """Returns the paper's gradient measure of a filtered (64, 64) buffer, 0 (flat) to 100.

    Each difference of neighbours is scaled to percent and cut to a whole number before the sum. So many faint gradients
    do not add up to a picture.
    """
    total = 0
    for axis in (0, 1):
        percent = np.diff(buffer, axis=axis) * np.float32(100) / np.float32(255)
        total += int(np.abs(percent.astype(np.int32)).sum())
    return min(total // _GRADIENT_UNITS_A_POINT, _BEST_QUALITY)


def orientation_hashes(buffer: Floats) -> tuple[bytes, ...]:
    """Returns the hashes of a filtered (64, 64) buffer in the order of `ORIENTATIONS`."""
    cosines = _cosines()
    dct = cosines @ buffer.astype(np.float64) @ cosines.T
    # Mirroring an axis negates its odd frequencies, which are the even places: frequency 1 stands at place 0.
    flip = np.where(np.arange(FREQUENCIES) % 2 == 0, -1.0, 1.0)[:, np.newaxis]
    flop = flip.T
    turned = dct.T
    variants = (
        dct,
        turned * flip,
        dct * flip * flop,
        turned * flop,
        dct * flip,
        dct * flop,
        turned,
        turned * flip * flop,
    )
    return tuple(_bits(variant) for variant in variants)


@lru_cache(maxsize=1)
def _cosines() -> npt.NDArray[np.float64]:
    """Returns rows 1 to 16 of the orthonormal 64-point DCT-II: float64 of shape (16, 64)."""
    frequency = np.arange(1, FREQUENCIES + 1)[:, np.newaxis]
    place = 2 * np.arange(SAMPLES)[np.newaxis, :] + 1
    return np.asarray(np.cos(np.pi / (2 * SAMPLES) * frequency * place) * math.sqrt(2.0 / SAMPLES), dtype=np.float64)


def _bits(dct: npt.NDArray[np.float64]) -> bytes:
    """Returns one bit per coefficient: whether it is above the median (of 256 values the lower one, as in the
    reference).
    """
    flat = dct.reshape(PDQ_BITS)
    median = np.partition(flat, PDQ_BITS // 2 - 1)[PDQ_BITS // 2 - 1]
    return np.packbits((flat > median)[::-1]).tobytes()
