"""Makes previews from the pixels that were decoded for the fingerprints.

Rules this module upholds:

- Nothing is decoded for a preview: it comes from the upright pixels of the hashes, within the confined worker.
- A clear picture is a new JPEG of at most `SIDE` pixels. It has no metadata of the file.
- A covered picture is the mean colours of the clear one. What it shows cannot be recognised, however it is enlarged.
- The stills of a film are chosen when its end is known. Until then at most `_MOST` small pictures are kept, for a film
  of any length: if there are more, every second one is dropped, and the distance doubles from then on.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from node.domain.previews import MAX_CLEAR, MAX_STILLS, MEANS, SIDE, Preview
from node.media.pixels import Pixels

_MOST: Final = 24
_STEP: Final = 200
"""Milliseconds between the first small pictures of a film. Frames are not hashed more often (`sampling`)."""
_USUAL: Final = 75
_LEAST: Final = 40
"""Qualities of the JPEG. The second is for pictures that do not fit otherwise, such as noise."""
_MODES: Final = {1: "L", 3: "RGB", 4: "RGBX"}
"""Of Pillow, by the number of channels."""
_REDUCED: Final = 1.1
"""A large picture is first averaged to this many times the wanted size: fast, and without visible loss."""


def preview_of(pixels: Pixels) -> Preview:
    """Returns the preview of a picture."""
    return _written(_small(pixels))


class Stills:
    """The stills of a film: `take` looks at each hashed frame, `finish` returns the previews."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, Image.Image]] = []
        self._step = _STEP
        self._next = 0

    def take(self, at: int, pixels: Pixels) -> None:
        """Takes the frame that is shown at `at` milliseconds, which never decrease."""
        if at < self._next:
            return
        self._kept.append((at, _small(pixels)))
        self._next = at + self._step
        if len(self._kept) > _MOST:
            self._step *= 2
            self._kept = self._kept[::2]
            self._next = self._kept[-1][0] + self._step

    def finish(self, milliseconds: int) -> tuple[Preview, ...]:
        """Returns the stills nearest to a sixth, a half and five sixths of the time, each once. `milliseconds`: when
        the last frame is shown.
        """
        wanted = [milliseconds * (2 * number + 1) // (2 * MAX_STILLS) for number in range(MAX_STILLS)]
        nearest = [min(self._kept, key=lambda each: abs(each[0] - at), default=None) for at in wanted]
        chosen = {each[0]: each[1] for each in nearest if each is not None}
        return tuple(_written(image) for _, image in sorted(chosen.items(), key=lambda each: each[0]))


def warm() -> None:
    """Makes one preview, so that nothing has to be loaded later."""
    preview_of(Pixels(values=np.zeros((8, 8 * 4), np.uint8), channels=4))


def _small(pixels: Pixels) -> Image.Image:
    """Returns the picture in RGB, not larger than a preview, in memory of its own."""
    width, height = pixels.width, pixels.height
    by = min(SIDE / max(width, height), 1.0)
    size = max(round(width * by), 1), max(round(height * by), 1)
    return _viewed(pixels).resize(size, Image.Resampling.BICUBIC, reducing_gap=_REDUCED).convert("RGB")


def _viewed(pixels: Pixels) -> Image.Image:
    """Returns pixels as an image of Pillow. It shares their memory, except for three channels, which Pillow has in
    another form: then their rows are averaged first, so that little is copied.
    """
    width, height, mode = pixels.width, pixels.height, _MODES[pixels.channels]
    values = np.ascontiguousarray(pixels.values)
    at_once = int(max(width, height) / SIDE / _REDUCED)
    if mode == "RGB" and at_once > 1:
        rows = Image.frombuffer("L", (3 * width, height), values, "raw", "L", 0, 1).reduce((1, at_once))
        return Image.frombytes("RGB", (width, rows.height), rows.tobytes())
    return Image.frombuffer(mode, (width, height), values, "raw", mode, 0, 1)


def _written(small: Image.Image) -> Preview:
    means = small.resize((MEANS, MEANS), Image.Resampling.BOX)
    clear = _encoded(small, _USUAL)
    return Preview(clear=clear if len(clear) <= MAX_CLEAR else _encoded(small, _LEAST), covered=means.tobytes())


def _encoded(small: Image.Image, quality: int) -> bytes:
    to = io.BytesIO()
    small.save(to, "JPEG", quality=quality)
    return to.getvalue()
