"""Composes a picture with transparent areas as viewers show it: over white and over black.

Rules this module upholds:

- The reference of these hashes drops the alpha channel, and so uses the colours that an encoder left in transparent
  pixels. Encoders may clear these, so the same cut-out saved twice can have two hashes. A person sees the same picture
  in both cases, so the visible picture is hashed too.
- A look is added only if it differs from the reference's picture, and from the other look, by more than the radius.
- One look is composed at a time: memory holds the picture and one more of the same size.

Source: PNG (W3C, third edition), 12.8 (alpha channel processing), in the coded values, as browsers do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.domain.fingerprint_kinds import PDQ_RADIUS
from node.domain.material import BLACK, WHITE, ComposedFingerprints
from node.media import kernels
from node.media.pdq import PdqHashes, pdq_hashes
from node.media.phash import phash
from node.media.pixels import Pixels, turn_of

_LEVELS: Final = ((WHITE, 255), (BLACK, 0))
_OPAQUE: Final = 255


def alpha_of(image: Image.Image) -> npt.NDArray[np.uint8] | None:
    """Returns the opacity of each pixel of a decoded image, upright: uint8 of shape (height, width), 255 is opaque.
    Returns None if all pixels are opaque. Raises Pillow's errors.
    """
    if not image.has_transparency_data:
        return None
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else image.convert("RGBA").getchannel("A")
    turn = turn_of(image)
    return opacity(np.asarray(alpha if turn is None else alpha.transpose(turn)))


def opacity(alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8] | None:
    """Returns the argument, or None if all pixels are opaque."""
    return None if bool((alpha == _OPAQUE).all()) else alpha


def composed_looks(
    pixels: Pixels, alpha: npt.NDArray[np.uint8] | None, reference: PdqHashes
) -> tuple[ComposedFingerprints, ...]:
    """Returns the looks of a picture over white and over black that differ from its `reference`, the hash without
    alpha. `alpha`: see `alpha_of`. Empty for an opaque picture.
    """
    looks: list[ComposedFingerprints] = []
    if alpha is None or alpha.shape != (pixels.height, pixels.width):
        return ()
    near = [reference.orientations[0]]
    for name, level in _LEVELS:
        over = composed(pixels, alpha, level)
        pdq = pdq_hashes(over.values, over.channels)
        if all(_distance(pdq.orientations[0], other) > PDQ_RADIUS for other in near):
            near.append(pdq.orientations[0])
            looks.append(
                ComposedFingerprints(
                    background=name,
                    pdq_quality=pdq.quality,
                    pdq_orientations=pdq.orientations,
                    phash=phash(over.values, over.channels),
                )
            )
    return tuple(looks)


def composed(pixels: Pixels, alpha: npt.NDArray[np.uint8], level: int) -> Pixels:
    """Composes the picture over a plain background with this level (0 to 255) in every colour."""
    shares = np.ascontiguousarray(alpha).view()
    shares.flags.writeable = False  # one type, hence compiled once
    made = kernels.composed(pixels.values, pixels.channels, shares, level)
    made.flags.writeable = False
    return Pixels(values=made, channels=1 if pixels.channels == 1 else 3)


def _distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
