"""The edited copies that the demonstration plants and must find. Countries rarely hold exactly the same file.

Rules this module upholds:

- Every edit is one that a whole-picture hash survives, by its publication. Edits that it does not survive (crops,
  collages) are not shown.
- File names do not reveal the original, as in a real seizure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image, ImageFilter, ImageOps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[[Image.Image], Image.Image]


def _half(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)


def _blur(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(2))


def _grey(picture: Image.Image) -> Image.Image:
    return ImageOps.grayscale(picture).convert("RGB")


def _mirror(picture: Image.Image) -> Image.Image:
    return ImageOps.mirror(picture)


def _turn(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.ROTATE_90)


def _same(picture: Image.Image) -> Image.Image:
    return picture


EDITS: Final[tuple[tuple[str, Edit, int], ...]] = (
    ("half the size", _half, 90),
    ("saved as JPEG 30", _same, 30),
    ("blurred", _blur, 90),
    ("mirrored", _mirror, 90),
    ("in grey", _grey, 90),
    ("turned by 90 degrees", _turn, 90),
)
"""(what a person would call it, the edit, the JPEG quality of the copy)."""


def make_copy(original: Path, target: Path, number: int) -> str:
    """Writes edit `number` (taken round the list) of a picture, and says which it was."""
    name, edit, quality = EDITS[number % len(EDITS)]
    with Image.open(original) as picture:
        edit(picture.convert("RGB")).save(target, "JPEG", quality=quality)
    return name
