"""JPEG XL shows the picture that was written, and its size is known before it is decoded."""

import imagecodecs
import numpy as np
import pytest

from node.errors import MediaError
from node.media.decode import decode_picture
from tests.kinds.still_samples import SAMPLES
from tests.kinds.stills import PICTURE, RGB, Variant, assert_shown
from tests.unit.media.pictures import encoded, scene


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("kind", SAMPLES)
def test_jpeg_xl(kind: str, boxed: bool) -> None:
    samples, right = SAMPLES[kind]
    exact = bytes(imagecodecs.jpegxl_encode(samples, lossless=True, usecontainer=boxed))
    assert assert_shown(Variant(data=exact, right=right)).media_type == "image/jxl"
    near = bytes(imagecodecs.jpegxl_encode(samples, distance=0.5, usecontainer=boxed))
    assert_shown(Variant(data=near, right=right, lossy=True))


def test_jpeg_xl_of_a_jpeg() -> None:
    jpeg = encoded(PICTURE, "JPEG", quality=95)
    assert_shown(Variant(data=bytes(imagecodecs.jpegxl_encode_jpeg(jpeg)), right=RGB, lossy=True))


def test_jpeg_xl_that_moves_says_what_was_not_looked_at() -> None:
    frames = np.stack([RGB, 255 - RGB])
    data = bytes(imagecodecs.jpegxl_encode(frames, lossless=True, photometric="rgb"))
    picture = assert_shown(Variant(data=data, right=RGB))
    assert picture.note == "only its first frame was read: the further frames of an animated JPEG XL are not decoded"


@pytest.mark.parametrize(
    ("width", "height"), [(8, 8), (264, 8), (256, 256), (257, 200), (1200, 4), (3, 700), (160, 90), (120, 100)]
)
def test_the_size_in_a_jpeg_xl_is_read_before_it_is_decoded(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of the ways in which a size is written."""
    data = bytes(imagecodecs.jpegxl_encode(np.asarray(scene(width, height)), lossless=True))
    pixels = decode_picture(data).pixels
    assert (pixels.width, pixels.height) == (width, height)
    monkeypatch.setattr("node.media.decoders.decoded.MAX_PIXELS", width * height - 1)
    monkeypatch.setattr(imagecodecs, "jpegxl_decode", None)
    with pytest.raises(MediaError, match=rf"^too many pixels: {width} x {height}, "):
        decode_picture(data)
