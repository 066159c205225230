"""An ordinary picture of a common format is decoded exactly as Pillow decodes it."""

import io
from typing import Any

import numpy as np
from PIL import Image

from node.media.decode import decode_picture
from tests.kinds.stills import HEIGHT, PICTURE, WIDTH
from tests.unit.media.pictures import encoded


def test_ordinary_pictures_are_those_that_pillow_shows() -> None:
    """What everybody else hashes is not changed by another decoder."""
    for kind, options in (
        ("JPEG", {"quality": 80}), ("JPEG", {"quality": 80, "progressive": True}), ("PNG", {}), ("BMP", {}),
        ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"quality": 80}), ("JPEG2000", {}),
        ("AVIF", {"quality": 80}),
    ):  # fmt: skip
        made: Any = options
        data = encoded(PICTURE, kind, **made)
        with Image.open(io.BytesIO(data)) as opened:
            theirs = np.asarray(opened.convert("RGB"))
        pixels = decode_picture(data).pixels
        assert np.array_equal(pixels.values.reshape(HEIGHT, WIDTH, -1)[:, :, :3], theirs), kind
