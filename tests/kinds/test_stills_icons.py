"""Icons of Windows and Apple, and cursors, show the largest image in them."""

import numpy as np
import pytest
from PIL import Image

from node.media.decode import decode_picture
from tests.kinds.stills import HEIGHT, PICTURE, WIDTH, Variant, assert_shown, rgb_of
from tests.unit.media.pictures import encoded


@pytest.mark.parametrize("bitmaps", ["bmp", "png"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_the_largest_image_of_an_icon_is_the_picture(mode: str, bitmaps: str) -> None:
    image = PICTURE.quantize(256) if mode == "P" else PICTURE.convert(mode)
    data = encoded(image, "ICO", sizes=[(16, 12), (WIDTH, HEIGHT)], bitmap_format=bitmaps)
    assert assert_shown(Variant(data=data, right=np.asarray(image.convert("RGB")))).media_type == (
        "image/vnd.microsoft.icon"
    )


def test_a_cursor() -> None:
    data = bytearray(encoded(PICTURE.resize((32, 32)), "ICO", sizes=[(32, 32)], bitmap_format="bmp"))
    data[2] = 2
    assert_shown(Variant(data=bytes(data), right=np.asarray(PICTURE.resize((32, 32)))))


def test_an_apple_icon() -> None:
    """The largest image in it, which Pillow's encoder made from a smaller one."""
    image = PICTURE.resize((256, 256))
    shown = Image.fromarray(rgb_of(decode_picture(encoded(image, "ICNS"))))
    assert shown.width >= 256
    assert np.abs(np.asarray(shown.resize((256, 256))).astype(int) - np.asarray(image)).mean() < 6
