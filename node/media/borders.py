"""Finds plain borders of a picture: letterboxes, pillarboxes, frames and margins of one colour.

Rules this module upholds:

- The result is only a box. The picture and its hashes do not change. The area inside the borders is an additional
  variant in a query, never a replacement.
- The inside keeps at least a quarter of each side. A margin thinner than one sample of PDQ's 64 x 64 is not trimmed: it
  changes the hash too little to miss a match.
- A picture without borders costs little: only one line of pixels per side is read.

A line of pixels belongs to a border if nearly all of it has the colour of the picture's outermost line on that side.
JPEG keeps blocks inside a plain border plain at any quality, so only a small deviation is allowed. This also protects a
picture that begins with a dark sky. If the border ends inside a block, its last lines show ringing. They belong to the
border if a clear step follows. Without such a step the picture begins softly, and no line of it is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.media.pixels import Pixels

MEAN_DEVIATION: Final = 1.5
"""Levels of 255. The average difference of a border's line from its colour is at most this."""
OUTLIER: Final = 24
"""Levels of 255. A pixel that differs by this or more does not belong to the border."""
OUTLIER_SHARE: Final = 0.005
"""The share of such pixels that a border's line may have: dust."""
RINGING_LINES: Final = 18
"""Pixels: a JPEG block whose colours are halved (ITU-T T.81, 4:2:0), and two that smoothing the colours reaches."""
RINGING_DEVIATION: Final = 40.0
"""Levels of 255. The average difference of a line that rings is at most this."""
STEP: Final = 6.0
"""Levels of 255: the smallest step from a border that rings to its picture."""
STEP_SHARE: Final = 0.3
"""The same step, as a share of the difference of the picture's first line."""
SAME_COLOUR: Final = 24
"""Levels of 255 between two sides of a frame of one colour, one of which rings."""
LEAST_KEPT: Final = 4
"""The inside is at least a quarter of each side."""
SAMPLES: Final = 64
"""Trimming less than a 64th of an axis (one sample of PDQ) gains nothing."""
_BLOCK: Final = 64
"""Lines that are examined together."""

Lines = npt.NDArray[np.uint8]
Colour = npt.NDArray[np.int16]
Deviations = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The pixels from (`left`, `top`) up to, but without, (`right`, `bottom`)."""

    left: int
    top: int
    right: int
    bottom: int


def find_inside(pixels: Pixels) -> Box | None:
    """Returns the box inside a picture's plain borders. Returns None if there are no borders, or nothing else."""
    colours = min(pixels.channels, 3)
    picture = pixels.values.reshape(pixels.height, pixels.width, pixels.channels)[:, :, :colours]
    box = Box(left=0, top=0, right=pixels.width, bottom=pixels.height)
    found: list[Colour] = []
    # Lines across the whole picture first, and then those of what is left. What the border of one colour laid bare may
    # be the edge of the picture, however plain it is; so the second time only a colour that was found is a border's.
    for again in (False, True):
        known = tuple(found) if again else None
        rows, columns = picture[:, box.left : box.right], picture[box.top : box.bottom].transpose(1, 0, 2)
        top, bottom = _trimmed(rows, box.top, box.bottom, found, known)
        left, right = _trimmed(columns, box.left, box.right, found, known)
        box = Box(left=left, top=top, right=right, bottom=bottom)
        if not found:
            return None
    width, height = box.right - box.left, box.bottom - box.top
    if width * LEAST_KEPT < pixels.width or height * LEAST_KEPT < pixels.height:
        return None
    gained = (pixels.width - width) * SAMPLES >= pixels.width or (pixels.height - height) * SAMPLES >= pixels.height
    return box if gained else None


def cut(pixels: Pixels, box: Box) -> Pixels:
    """Returns a copy of the pixels of a box."""
    inside = pixels.values[box.top : box.bottom, box.left * pixels.channels : box.right * pixels.channels]
    values = np.ascontiguousarray(inside)
    values.flags.writeable = False
    return Pixels(values=values, channels=pixels.channels)


def _trimmed(
    lines: Lines, first: int, end: int, found: list[Colour], known: tuple[Colour, ...] | None
) -> tuple[int, int]:
    """Finds the first and the last line that are not plain, between `first` and `end`. Lines have the shape (lines,
    pixels, colours). It adds the colours of borders to `found`. If colours are `known`, only borders of these colours
    count. Then a side that lost nothing yet may be thinner than a block, so its whole border rings.
    """
    start = first + _border(lines[first:end], found, known, untouched=first == 0)
    if start == end:
        return first, end  # all of it is plain: no border, but a picture of nothing
    return start, end - _border(lines[start:end][::-1], found, known, untouched=end == len(lines))


def _border(lines: Lines, found: list[Colour], known: tuple[Colour, ...] | None, *, untouched: bool) -> int:
    """Returns how many lines from the first one belong to a border."""
    if not lines.size:
        return 0
    colour = np.median(lines[0], axis=0).astype(np.int16)
    if known is not None:
        near = [other for other in known if np.abs(colour - other).max() <= SAME_COLOUR]
        if not near:
            return 0
        colour = near[0]
    plain = _plain(lines, colour)
    thin = known is not None and untouched
    if plain == len(lines) or not (plain or thin):
        return plain
    found.append(colour)
    return plain + _ringing(_deviations(lines[plain : plain + RINGING_LINES + 1], colour)[0])


def _plain(lines: Lines, colour: Colour) -> int:
    """Returns how many lines from the first one have this colour."""
    plain = 0
    while plain < len(lines):
        # The first alone: most pictures have no border, and their first line says so.
        block = lines[plain : plain + (_BLOCK if plain else 1)]
        # JPEG too leaves most of a border exactly one colour.
        if all((block[:, :, at] == level).all() for at, level in enumerate(colour)):
            plain += len(block)
            continue
        mean, share = _deviations(block, colour)
        belongs = (mean <= MEAN_DEVIATION) & (share <= OUTLIER_SHARE)
        if not belongs.all():
            return plain + int(np.argmin(belongs))
        plain += len(block)
    return plain


def _ringing(mean: Deviations) -> int:
    """Returns how many of these lines still belong to a border. It looks for the largest step in their mean deviations
    from the border's colour.
    """
    if len(mean) < 2:  # noqa: PLR2004  (a step lies between two)
        return 0
    calm = np.flatnonzero(mean > RINGING_DEVIATION)
    steps = np.diff(mean[: int(calm[0]) + 1 if len(calm) else len(mean)])
    if not len(steps):
        return 0
    last = int(np.argmax(steps))
    return last + 1 if steps[last] >= max(STEP, STEP_SHARE * mean[last + 1]) else 0


def _deviations(lines: Lines, colour: Colour) -> tuple[Deviations, Deviations]:
    """Returns the mean deviation from `colour` (in levels) and the share of outliers of each line."""
    deviation = np.zeros(lines.shape[:2], np.int16)
    for at, level in enumerate(colour):  # a colour at a time: NumPy is slow at many short sums
        np.maximum(deviation, np.abs(lines[:, :, at].astype(np.int16) - level), out=deviation)
    return deviation.mean(axis=1), (deviation > OUTLIER).mean(axis=1)
