"""pHash is the library's, whatever the picture's size and layout."""

from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.media.phash import phash, shrunken
from tests.unit.media.pictures import flat, scene


@given(width=st.integers(1, 500), height=st.integers(1, 500), mode=st.sampled_from(["RGB", "L"]))
def test_the_shrunken_picture_is_pillows_byte_for_byte(width: int, height: int, mode: str) -> None:
    image = scene(width, height).convert(mode)
    theirs = image.convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    assert np.array_equal(shrunken(*flat(image)), np.asarray(theirs))


@pytest.mark.parametrize("size", [(32, 32), (32, 900), (900, 32), (31, 33), (5000, 40), (1, 1)])
def test_sizes_at_the_edges_give_the_librarys_hash(size: tuple[int, int]) -> None:
    image = scene(*size)
    assert phash(*flat(image)).hex() == str(imagehash.phash(image))


def test_extreme_pixels_are_clipped_as_pillow_clips_them() -> None:
    """Lanczos overshoots beside hard edges."""
    stripes = np.zeros((200, 300, 3), np.uint8)
    stripes[:, ::7] = 255
    stripes[::11] = 255
    image = Image.fromarray(stripes)
    theirs = image.convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    assert np.array_equal(shrunken(*flat(image)), np.asarray(theirs))


def test_photographs_have_the_librarys_hash(photos: Path) -> None:
    for path in sorted((photos / "land").glob("*.jpg"))[:60]:
        with Image.open(path) as image:
            assert phash(*flat(image)).hex() == str(imagehash.phash(image)), path.name
