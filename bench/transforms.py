"""Edits by people and programs of a copy of a picture, with the parameters of published measurements.

Rules this module upholds:

- A transform's name contains its parameter. It takes and returns an RGB picture. Random values come from a seed.
- The first ten have the parameters of Thorn perception's benchmark (its docs/examples/benchmarking.rst, which states
  imgaug's). The next are additional ones of PHASER (DFRWS EU 2024). The last are letterboxes as video players and
  screens make them. They are written here with Pillow and NumPy; imgaug is not needed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

BLACK: Final = (0, 0, 0)
WHITE: Final = (255, 255, 255)
RED: Final = (150, 30, 40)
_WATERMARK: Final = "SAMPLE.EXAMPLE"
_RESCALED_SIDE: Final = 96


@dataclass(frozen=True, slots=True)
class Given:
    """A picture with what a transform may need beside it: a seed, and another picture to be put beside."""

    image: Image.Image
    other: Image.Image
    seed: int


Transform = Callable[[Given], Image.Image]


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def _crop(left: float, top: float, right: float, bottom: float) -> Transform:
    """Cuts shares of the sides off, and brings what is left to the old size."""

    def cropped(given: Given) -> Image.Image:
        width, height = given.image.size
        box = (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
        return given.image.resize((width, height), Image.Resampling.BICUBIC, box=box)

    return cropped


def _gamma(exponent: float) -> Transform:
    table = [round(255 * (level / 255) ** exponent) for level in range(256)] * 3
    return lambda given: given.image.point(table)


def _noise(scale: float) -> Transform:
    """Gaussian noise, the same for the three colours, of a standard deviation of `scale` times 255."""

    def noisy(given: Given) -> Image.Image:
        values = np.asarray(given.image, dtype=np.float32)
        noise = np.random.default_rng(given.seed).normal(0, scale * 255, (*values.shape[:2], 1))
        return Image.fromarray(np.clip(values + noise, 0, 255).astype(np.uint8))

    return noisy


def _border(across: float, down: float, colour: tuple[int, int, int], quality: int | None = None) -> Transform:
    """A border: shares of the width and of the height on either side (pixels from 1 on); as a JPEG where asked."""

    def bordered(given: Given) -> Image.Image:
        width, height = given.image.size
        sides = (
            round(across if across >= 1 else across * width),
            round(down if down >= 1 else down * height),
        )
        made = ImageOps.expand(given.image, (*sides, *sides), fill=colour)
        return made if quality is None else _jpeg(made, quality)

    return bordered


def _rotate(degrees: float) -> Transform:
    """About the middle, the size kept, the corners black."""
    return lambda given: given.image.rotate(degrees, Image.Resampling.BILINEAR)


def _vignette(given: Given) -> Image.Image:
    """Darker towards the corners: a Gaussian of half the side on either axis, 37 % of the light in a corner."""
    values = np.asarray(given.image, dtype=np.float32)
    down, across = (np.exp(-0.5 * np.linspace(-1, 1, side) ** 2) for side in values.shape[:2])
    mask = down[:, np.newaxis] * across[np.newaxis, :]
    return Image.fromarray((values * mask[:, :, np.newaxis]).astype(np.uint8))


def _watermark(given: Given) -> Image.Image:
    """White letters under a black edge, a fifth of the width, in a corner."""
    image = given.image.copy()
    draw = ImageDraw.Draw(image)
    wanted = image.width / 5
    font = ImageFont.load_default(size=100)
    font = ImageFont.load_default(size=max(4.0, 100 * wanted / draw.textlength(_WATERMARK, font=font)))
    place = (image.width * 0.97, image.height * 0.97)
    draw.text(place, _WATERMARK, fill=WHITE, font=font, anchor="rs", stroke_width=1, stroke_fill=BLACK)
    return image


def _half(given: Given) -> Image.Image:
    return given.image.resize((given.image.width // 2, given.image.height // 2), Image.Resampling.BICUBIC)


def _rescaled(given: Given) -> Image.Image:
    small = given.image.copy()
    small.thumbnail((_RESCALED_SIDE, _RESCALED_SIDE), Image.Resampling.BICUBIC)
    return small


def _composite(given: Given) -> Image.Image:
    """Beside another picture, at one height."""
    height = given.image.height
    other = given.other.resize((round(given.other.width * height / given.other.height), height))
    both = Image.new("RGB", (given.image.width + other.width, height))
    both.paste(given.image, (0, 0))
    both.paste(other, (given.image.width, 0))
    return both


TRANSFORMS: Final[Mapping[str, Transform]] = {
    "blur-2": lambda given: given.image.filter(ImageFilter.GaussianBlur(2)),
    "crop-5": _crop(0.05, 0.05, 0.05, 0.05),
    "gamma-2": _gamma(2),
    "jpeg-95": lambda given: _jpeg(given.image, 7),
    "noise-0.2": _noise(0.2),
    "pad-20": _border(0, 0.2, BLACK),
    "resize-0.5": _half,
    "rotate-4": _rotate(4),
    "vignette": _vignette,
    "watermark-20": _watermark,
    "border-30px-white": _border(30, 30, WHITE),
    "border-16th-black": _border(1 / 16, 1 / 16, BLACK),
    "crop-10": _crop(0.1, 0.1, 0.1, 0.1),
    "crop-25-left-top": _crop(0.25, 0.25, 0, 0),
    "flip-left-right": lambda given: ImageOps.mirror(given.image),
    "flip-top-bottom": lambda given: ImageOps.flip(given.image),
    "rescale-96": _rescaled,
    "rotate-5": _rotate(5),
    "rotate-15": _rotate(15),
    "composite": _composite,
    "letterbox-jpeg-75": _border(0, 0.125, BLACK, 75),
    "pillarbox-jpeg-75": _border(0.15, 0, BLACK, 75),
    "frame-red-jpeg-30": _border(0.04, 0.04, RED, 30),
}
"""`jpeg-95` is imgaug's compression, about Pillow's quality 7."""
WITH_ANOTHER: Final = "composite"
"""The one of which another picture is a part: finding that one is no mistake."""
THORN: Final[Mapping[str, tuple[float, float]]] = {
    "blur-2": (100.0, 100.0),
    "crop-5": (30.6, 63.7),
    "gamma-2": (100.0, 100.0),
    "jpeg-95": (99.88, 99.88),
    "noise-0.2": (99.70, 99.82),
    "pad-20": (1.5, 3.5),
    "resize-0.5": (99.82, 100.0),
    "rotate-4": (73.4, 89.8),
    "vignette": (100.0, 100.0),
    "watermark-20": (99.82, 99.76),
}
"""Recall in percent of PDQ and of pHash (256 bits), as Thorn perception published it: 1,650 photographs, a threshold
fitted for each transform to a precision of at least 99.99 %."""
