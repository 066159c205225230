"""Pictures for integration tests: made of smooth noise, each unlike the others, and edited copies of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def image(number: int) -> Image.Image:
    """A picture of 480 x 320 pixels that PDQ gives a good quality; the same for the same number."""
    random = np.random.default_rng(number)
    layers = np.zeros((320, 480, 3))
    for scale in (3, 6, 12, 24):
        coarse = random.uniform(0, 255, (scale, scale * 2, 3)).astype(np.uint8)
        layers += np.asarray(Image.fromarray(coarse).resize((480, 320), Image.Resampling.BICUBIC)) / 4
    return Image.fromarray(layers.astype(np.uint8))


def picture(path: Path, number: int) -> Path:
    """The same as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image(number).save(path, quality=92)
    return path


def edited(original: Path, path: Path) -> Path:
    """A copy that was halved, mirrored and saved anew."""
    with Image.open(original) as opened:
        half = opened.resize((opened.width // 2, opened.height // 2), Image.Resampling.LANCZOS)
        ImageOps.mirror(half).save(path, quality=70)
    return path
