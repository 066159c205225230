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
"""Milliseconds. A frame with this time or less counts as shown for `UNBELIEVED`, as in browsers."""
UNBELIEVED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFrame:
    """One frame, upright; `milliseconds`: how long a viewer shows it."""

    pixels: Pixels
    milliseconds: int


class Frames:
    """The frames of an opened picture, from Pillow."""

    def __init__(self, image: Image.Image, known: Format) -> None:
        self._image = image
        self._known = known
        self._given = 0

    @property
    def moves(self) -> bool:
        """Whether there may be more frames than the first."""
        return self._known is GIF or (self._known in _MOVING and self.stated > 1)

    @property
    def stated(self) -> int:
        """The stated number of frames. For a GIF, Pillow would have to read the whole file."""
        return int(getattr(self._image, "n_frames", 1))

    def next(self) -> ShownFrame | None:
        """Returns the next frame, or None after the last. Raises Pillow's errors."""
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
        """Returns the opacity of the last frame, see `alpha_of`."""
        return alpha_of(self._image)


class _WebPDecoder(Protocol):
    """The functions of Pillow's binding of libwebp's WebPAnimDecoder that are used here."""

    def get_next(self) -> tuple[bytes, int] | None:
        """Returns the next composed frame and the milliseconds until which it is shown, or None."""
        ...


class WebPFrames(Frames):
    """The frames of an upright WebP, directly from its decoder. Pillow would copy the pixels three more times, a
    seventh of all the work.
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
    """Returns how long a frame is shown (ms). Like viewers, it does not believe a hundredth of a second or less."""
    if not isinstance(stated, int | float) or not _BELIEVED < stated < float("inf"):
        return UNBELIEVED
    return round(stated)
