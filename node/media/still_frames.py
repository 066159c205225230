"""The frames of an opened picture, one by one, as viewers show them.

Rules this module upholds:

- A frame is decoded on request, and composed with earlier frames by the format's library.
- Exceptions of a library pass through. `decode` replaces them with our own errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.media.pixels import Pixels, pixels_of
from node.media.sniff import AVIF, GIF, PNG, WEBP, Format
from node.media.transparency import alpha_of, opacity

_MOVING: Final = (GIF, WEBP, PNG, AVIF)
_BELIEVED: Final = 10
"""Milliseconds up to which no frame is believed to be shown; browsers show such a frame for `UNBELIEVED`."""
UNBELIEVED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFrame:
    """One frame, upright; `milliseconds`: how long a viewer shows it."""

    pixels: Pixels
    milliseconds: int


class Frames:
    """The frames of an opened picture, as Pillow gives them."""

    def __init__(self, image: Image.Image, known: Format) -> None:
        self._image = image
        self._known = known
        self._given = 0

    @property
    def moves(self) -> bool:
        """Whether there may be more than the first."""
        return self._known is GIF or (self._known in _MOVING and self.stated > 1)

    @property
    def stated(self) -> int:
        """Frames by the file's own account, which Pillow would count by reading all of a GIF's."""
        return int(getattr(self._image, "n_frames", 1))

    def next(self) -> ShownFrame | None:
        """The next one; None after the last. Raises whatever Pillow raises."""
        image = self._image
        if self._given:
            if self._known is not GIF and self._given >= self.stated:
                return None
            try:
                image.seek(self._given)
            except EOFError:
                if self._known is GIF:  # which ends so, be it by its trailer or without
                    return None
                raise
        self._given += 1
        image.load()
        return ShownFrame(pixels=pixels_of(image), milliseconds=_shown_for(image.info.get("duration")))

    def alpha(self) -> npt.NDArray[np.uint8] | None:
        """The opacity of the frame that was given last, as `alpha_of`."""
        return alpha_of(self._image)


class _WebPDecoder(Protocol):
    """Pillow's binding of libwebp's WebPAnimDecoder, as far as it is used here."""

    def get_next(self) -> tuple[bytes, int] | None:
        """The next composed frame and the milliseconds until which it is shown; None where there is none."""
        ...


class WebPFrames(Frames):
    """The same of a WebP that is upright, straight from its decoder, which gives the pixels as they are wanted; Pillow
    would copy them three times more, a seventh of all the work.
    """

    def __init__(self, image: Image.Image, known: Format, decoder: _WebPDecoder) -> None:
        super().__init__(image, known)
        self._decoder = decoder
        self._until = 0
        self._alpha: npt.NDArray[np.uint8] | None = None

    def alpha(self) -> npt.NDArray[np.uint8] | None:
        return None if self._alpha is None or not self._image.has_transparency_data else opacity(self._alpha)

    def next(self) -> ShownFrame | None:
        if self._given >= self.stated:
            return None
        frame = self._decoder.get_next()
        if frame is None:
            raise EOFError
        values, until = frame
        self._given += 1
        shown, self._until = until - self._until, until
        height, width = self._image.height, self._image.width
        pixels = Pixels(values=np.frombuffer(values, np.uint8).reshape(height, width * 4), channels=4)
        self._alpha = pixels.values[:, 3::4]
        return ShownFrame(pixels=pixels, milliseconds=_shown_for(shown))


def _shown_for(stated: object) -> int:
    """How long a frame is shown (ms). Viewers do not believe in a hundredth of a second or less, or in none at all."""
    if not isinstance(stated, int | float) or not _BELIEVED < stated < float("inf"):
        return UNBELIEVED
    return round(stated)
