"""Loops over pixels, compiled by Numba when first called and kept in its cache.

Rules this module upholds:

- A kernel does only what its docstring says: no I/O, no policy, no allocation except its result.
- Pixels are `uint8` of shape (rows, width * channels), rows contiguous, channels interleaved: 1 (grey), 3 (RGB) or
  4 (RGB and a byte that is ignored), and read-only, so that each kernel has one type and is compiled once.
- If no folder can hold the cache, each process compiles the kernels. It starts more slowly, without an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

LUMA_RED: Final = 19595
LUMA_GREEN: Final = 38470
LUMA_BLUE: Final = 7471
"""ITU-R BT.601 luma in 16-bit fixed point, as Pillow converts RGB to L."""
COEFFICIENT_BITS: Final = 22
"""Fraction bits of Pillow's coefficients for resampling 8-bit channels: 32 minus 8 for data and 2 for headroom."""

_REORDERED: Final = {"contract", "reassoc", "nsz"}
"""Freedoms of floating-point arithmetic: any order of sums, fused multiply-add. Infinities are never excluded."""

_Kernel = TypeVar("_Kernel", bound=Callable[..., object])


def _compiled(function: _Kernel) -> _Kernel:
    """Compiles `function` to machine code at its first call."""
    try:
        return cast("_Kernel", numba.njit(cache=True, nogil=True, fastmath=_REORDERED)(function))
    except RuntimeError:  # Numba found no folder that it may write its cache to
        return cast("_Kernel", numba.njit(nogil=True, fastmath=_REORDERED)(function))


@_compiled
def tent_weights(
    length: int, samples: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """What two passes of PDQ's box filter along an axis of `length` do to each of `samples` sampled positions.

    A box of w = ceil(length / (2 * samples)) reaches (w - 1) // 2 to the left and w // 2 to the right, is cut off at
    the ends and divides by what is left of it; the samples lie at floor((k + 0.5) * length / samples). Two passes are
    a tent of at most 2 w - 1 weights, summing to 1. Source: the PDQ paper (Facebook, 2019), "Jarosz filter".

    Returns `(starts, counts, weights)`: sample k is the sum of weights[k, i] * x[starts[k] + i] over i < counts[k].
    """
    window = (length + 2 * samples - 1) // (2 * samples)
    left, right = (window - 1) // 2, window // 2
    starts = np.zeros(samples, np.int64)
    counts = np.zeros(samples, np.int64)
    weights = np.zeros((samples, 2 * window - 1), np.float32)
    tent = np.zeros(2 * window - 1, np.float64)
    for k in range(samples):
        centre = int(((k + 0.5) * length) / samples)
        outer_low, outer_high = max(centre - left, 0), min(centre + right, length - 1)
        first, last = max(outer_low - left, 0), min(outer_high + right, length - 1)
        tent[:] = 0.0
        for i in range(outer_low, outer_high + 1):
            low, high = max(i - left, 0), min(i + right, length - 1)
            share = 1.0 / ((outer_high - outer_low + 1) * (high - low + 1))
            for j in range(low, high + 1):
                tent[j - first] += share
        starts[k], counts[k] = first, last - first + 1
        for j in range(last - first + 1):
            weights[k, j] = np.float32(tent[j])
    return starts, counts, weights


@_compiled
def weighted_rows(
    pixels: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Returns weighted sums of whole rows: float32 of shape (len(starts), pixels.shape[1]).

    Memory limits the speed: it reads every row about once, in order, for any number of channels. Four rows per step
    save three passes over the sums.
    """
    width = pixels.shape[1]
    sums = np.zeros((starts.shape[0], width), np.float32)
    for k in range(starts.shape[0]):
        out, weight, first, count = sums[k], weights[k], starts[k], counts[k]
        step = 0
        while step + 4 <= count:
            row = first + step
            a, b, c, d = pixels[row], pixels[row + 1], pixels[row + 2], pixels[row + 3]
            u, v, w, z = weight[step], weight[step + 1], weight[step + 2], weight[step + 3]
            for x in range(width):
                out[x] += u * np.float32(a[x]) + v * np.float32(b[x]) + w * np.float32(c[x]) + z * np.float32(d[x])
            step += 4
        while step < count:
            a, u = pixels[first + step], weight[step]
            for x in range(width):
                out[x] += u * np.float32(a[x])
            step += 1
    return sums


@_compiled
def weighted_columns(
    values: npt.NDArray[np.float32],
    starts: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Returns weighted sums of whole columns: float32 of shape (values.shape[0], len(starts)), summed in float64."""
    sums = np.empty((values.shape[0], starts.shape[0]), np.float32)
    for y in range(values.shape[0]):
        for k in range(starts.shape[0]):
            total = 0.0
            for i in range(counts[k]):
                total += weights[k, i] * values[y, starts[k] + i]
            sums[y, k] = np.float32(total)
    return sums


@_compiled
def _luma(red: np.uint8, green: np.uint8, blue: np.uint8) -> np.uint8:
    """Returns Pillow's L of one RGB pixel, rounded to nearest."""
    weighted = np.uint32(red) * np.uint32(LUMA_RED) + np.uint32(green) * np.uint32(LUMA_GREEN)
    return np.uint8((weighted + np.uint32(blue) * np.uint32(LUMA_BLUE) + np.uint32(0x8000)) >> np.uint32(16))


@_compiled
def narrowed_luma(
    pixels: npt.NDArray[np.uint8],
    channels: int,
    starts: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    coefficients: npt.NDArray[np.int32],
) -> npt.NDArray[np.uint8]:
    """Returns the luma of every pixel, resampled along the rows only: uint8 of shape (pixels.shape[0], len(starts)).

    Both steps round like Pillow's `convert("L")` and the first half of its `resize`, so the bytes are the same. Strides
    are written out, luma has the width of the coefficients, and sums are cut back to 32 bits, because only then the
    compiler uses vectors throughout: it is more than ten times faster.
    """
    height, width = pixels.shape[0], pixels.shape[1] // channels
    narrow = np.empty((height, starts.shape[0]), np.uint8)
    luma = np.empty(width, np.int32)
    for y in range(height):
        row = pixels[y]
        if channels == 1:
            for x in range(width):
                luma[x] = row[x]
        elif channels == 3:  # noqa: PLR2004  (RGB)
            for x in range(width):
                luma[x] = _luma(row[3 * x], row[3 * x + 1], row[3 * x + 2])
        else:
            for x in range(width):
                luma[x] = _luma(row[4 * x], row[4 * x + 1], row[4 * x + 2])
        for k in range(starts.shape[0]):
            under, weight = luma[starts[k] : starts[k] + counts[k]], coefficients[k]
            total = np.int32(1 << (COEFFICIENT_BITS - 1))
            for i in range(counts[k]):
                total = np.int32(total + np.int32(under[i] * weight[i]))
            narrow[y, k] = np.uint8(min(max(int(total) >> COEFFICIENT_BITS, 0), 255))
    return narrow


@_compiled
def _over(value: np.uint8, share: np.uint8, level: int) -> np.uint8:
    """Returns one value of this opacity over the background, rounded to nearest."""
    mixed = np.uint32(value) * np.uint32(share) + np.uint32(255 - np.uint32(share)) * np.uint32(level)
    return np.uint8((mixed + np.uint32(127)) // np.uint32(255))


@_compiled
def composed(
    pixels: npt.NDArray[np.uint8], channels: int, alpha: npt.NDArray[np.uint8], level: int
) -> npt.NDArray[np.uint8]:
    """Returns the picture over a plain background: uint8 of shape (rows, width * 1) for grey, or (rows, width * 3).

    `alpha`: opacity, uint8 of shape (rows, width); `level`: the background in every colour, 0 to 255. Values are
    rounded to nearest. Strides are written out, because only then the compiler uses vectors.
    """
    height, width = alpha.shape
    made = np.empty((height, width * (1 if channels == 1 else 3)), np.uint8)
    for y in range(height):
        row, share, out = pixels[y], alpha[y], made[y]
        if channels == 1:
            for x in range(width):
                out[x] = _over(row[x], share[x], level)
        elif channels == 3:  # noqa: PLR2004  (RGB)
            for x in range(width):
                out[3 * x] = _over(row[3 * x], share[x], level)
                out[3 * x + 1] = _over(row[3 * x + 1], share[x], level)
                out[3 * x + 2] = _over(row[3 * x + 2], share[x], level)
        else:
            for x in range(width):
                out[3 * x] = _over(row[4 * x], share[x], level)
                out[3 * x + 1] = _over(row[4 * x + 1], share[x], level)
                out[3 * x + 2] = _over(row[4 * x + 2], share[x], level)
    return made
