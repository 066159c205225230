"""Converts samples of any depth to the 8 bits that the hashes read.

Rules this module upholds:

- Deeper integers are cut to their 8 highest bits. Shallower ones are scaled to 0..255.
- If the whole picture leaves the highest 4 or more of 16 bits unused, the samples are taken as 12 or 10 bits: unscaled
  values of a sensor. Cut to 8 of 16 bits, they would keep 4 bits or fewer.
- Floats, signed numbers and integers of 32 bits or more have no stated range. They are scaled between the minimum and
  the maximum of all channels together.
- Memory: the result and one band of rows at a time.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

Values = npt.NDArray[np.uint8]
Samples = npt.NDArray[Any]

_BAND_SAMPLES: Final = 1 << 22
"""Samples of one band: 32 MiB as 64-bit floats."""
_BYTE: Final = 8
_DEEPEST: Final = 16
"""Bits of a whole number that has a range. TIFF, PNG, PNM and PSD files of 16 bits use all of it."""
_SENSORS: Final = (10, 12)


def eight_bit(samples: Samples, bits: int) -> Values:
    """Converts samples of shape (height, ...) to uint8. `bits`: stated bits of an unsigned sample, ignored for other
    kinds.
    """
    if samples.dtype.kind == "b":
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype.kind != "u" or bits > _DEEPEST:
        return stretched(samples)
    if bits == _BYTE:
        return samples.astype(np.uint8, copy=False)
    if bits < _BYTE:
        table = np.rint(np.arange(256) * (255.0 / ((1 << bits) - 1))).clip(0, 255).astype(np.uint8)
        return np.asarray(table[samples])
    shift = used_bits(samples, bits) - _BYTE
    made = np.empty(samples.shape, np.uint8)
    for rows in _bands(samples):
        made[rows] = (samples[rows] >> shift).astype(np.uint8)
    return made


def opacity_of(alpha: Samples, bits: int) -> Values | None:
    """Converts samples of opacity, of shape (height, width), to uint8 (255 is opaque). `bits`: see `eight_bit`. Returns
    None if the whole picture is opaque.

    Unlike colours, opacity has a range in every kind: for floats it is 0 to 1.
    """
    if alpha.dtype.kind == "f":
        made = np.rint(np.nan_to_num(alpha, nan=1.0).clip(0, 1) * 255).astype(np.uint8)
    elif alpha.dtype.kind == "u" and bits > _BYTE:
        made = (alpha >> (bits - _BYTE)).astype(np.uint8)
    elif alpha.dtype.kind == "u":
        made = eight_bit(alpha, bits)
    else:
        return None
    return None if bool((made == 255).all()) else made  # noqa: PLR2004  (opaque)


def used_bits(samples: Samples, bits: int) -> int:
    """Returns the bits of unsigned samples that are used: `bits`, or 10 or 12 if the picture has no greater value."""
    greatest = int(samples.max()) if samples.size else 0
    for fewer in _SENSORS:
        if fewer < bits == _DEEPEST and 0 < greatest < 1 << fewer:
            return fewer
    return bits


def stretched(samples: Samples) -> Values:
    """Scales values to 0..255. NaN counts as the least value, and a flat picture as black."""
    least, greatest = np.inf, -np.inf
    for rows in _bands(samples):
        finite = samples[rows][np.isfinite(samples[rows])]
        if finite.size:
            least, greatest = min(least, float(finite.min())), max(greatest, float(finite.max()))
    made = np.zeros(samples.shape, np.uint8)
    if not greatest > least:
        return made
    scale = 255.0 / (greatest - least)
    for rows in _bands(samples):
        band = np.nan_to_num(samples[rows].astype(np.float64), nan=least, posinf=greatest, neginf=least)
        made[rows] = np.rint((band - least) * scale)
    return made


def rgb_of_inks(inks: Values) -> Values:
    """Converts CMYK of shape (height, width, 4), 255 for full ink, to RGB like Pillow."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(inks), "CMYK").convert("RGB"))


def rgb_of_lab(lab: Values) -> Values:
    """Converts CIE L*a*b* of shape (height, width, 3) to RGB like Pillow. a and b count from 128."""
    height, width = lab.shape[:2]
    signed = lab ^ np.array([0, 0x80, 0x80], np.uint8)  # as TIFF 6.0 writes a and b, which is what Pillow reads
    image = Image.frombytes("LAB", (width, height), signed.tobytes(), "raw", "LAB")
    return np.asarray(image.convert("RGB"))


def _bands(samples: Samples) -> list[slice]:
    rows = samples.shape[0]
    step = max(1, _BAND_SAMPLES // max(1, samples.size // max(1, rows)))
    return [slice(start, start + step) for start in range(0, rows, step)]
