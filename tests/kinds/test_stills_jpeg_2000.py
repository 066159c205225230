"""JPEG 2000 of every depth, sampling and writer shows the picture that was written."""

import imagecodecs
import numpy as np
import pytest

from tests.kinds.still_samples import DEEP_GREY, DEEP_RGB, SAMPLES, by_ffmpeg
from tests.kinds.stills import GREY, PICTURE, RGB, Variant, assert_shown
from tests.unit.media.pictures import encoded


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("kind", SAMPLES)
def test_jpeg_2000(kind: str, bare: bool) -> None:
    samples, right = SAMPLES[kind]
    codec = "j2k" if bare else "jp2"
    picture = assert_shown(Variant(data=bytes(imagecodecs.jpeg2k_encode(samples, codecformat=codec)), right=right))
    assert picture.media_type == ("image/j2c" if bare else "image/jp2")


@pytest.mark.parametrize("bits", [4, 10, 12, 14])
def test_jpeg_2000_of_every_depth(bits: int) -> None:
    for deep, right in ((DEEP_GREY, GREY), (DEEP_RGB, RGB)):
        samples = deep >> (16 - bits)
        shown = right if bits > 8 else np.rint(samples * (255 / ((1 << bits) - 1))).astype(np.uint8)
        stored = samples if bits > 8 else samples.astype(np.uint8)
        assert_shown(Variant(data=bytes(imagecodecs.jpeg2k_encode(stored, bitspersample=bits)), right=shown))


@pytest.mark.parametrize("layout", ["rgb24", "gray", "yuv444p", "yuv422p", "yuv420p", "rgb48le", "gray16le", "ya8"])
def test_jpeg_2000_of_ffmpeg(layout: str) -> None:
    right = GREY if layout.startswith(("gray", "ya")) else RGB
    assert_shown(Variant(data=by_ffmpeg("jpeg2000", RGB, layout), right=right, lossy=True))


def test_jpeg_2000_of_inks() -> None:
    data = encoded(PICTURE.convert("CMYK"), "JPEG2000")
    assert_shown(Variant(data=data, right=RGB, lossy=True))


def test_jpeg_2000_of_signed_samples() -> None:
    signed = (DEEP_GREY.astype(int) - 32768).astype(np.int16)
    assert_shown(Variant(data=bytes(imagecodecs.jpeg2k_encode(signed)), right=GREY))


def test_high_throughput_jpeg_2000() -> None:
    for samples, right in (SAMPLES["grey"], SAMPLES["colour"], SAMPLES["deep colour"]):
        assert_shown(Variant(data=bytes(imagecodecs.htj2k_encode(samples)), right=right, lossy=True))
