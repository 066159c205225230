"""A JPEG of every sampling, colour and depth shows the picture that was written; so do lossless JPEG and JPEG-LS."""

import imagecodecs
import numpy as np
import pytest

from tests.kinds.still_samples import DEEP_GREY, DEEP_RGB, by_ffmpeg
from tests.kinds.stills import GREY, PICTURE, RGB, Variant, assert_shown
from tests.unit.media.pictures import encoded


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "411", "440"])
def test_jpeg_of_every_sampling(subsampling: str) -> None:
    data = bytes(imagecodecs.jpeg8_encode(RGB, subsampling=subsampling, level=95))
    assert_shown(Variant(data=data, right=RGB, lossy=True))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_of_every_colour(mode: str, progressive: bool) -> None:
    data = encoded(PICTURE.convert(mode), "JPEG", quality=95, progressive=progressive)
    assert_shown(Variant(data=data, right=GREY if mode == "L" else RGB, lossy=True))


def test_jpeg_of_inks_as_luma_and_differences() -> None:
    """YCCK, as Adobe's programs write it, inverted."""
    inks = 255 - np.asarray(PICTURE.convert("CMYK"))
    data = bytes(imagecodecs.jpeg8_encode(inks, colorspace="cmyk", outcolorspace="ycck", level=95))
    assert_shown(Variant(data=data, right=RGB, lossy=True))


@pytest.mark.parametrize("colour", [False, True])
def test_jpeg_of_12_bits(colour: bool) -> None:
    samples = (DEEP_RGB if colour else DEEP_GREY) >> 4
    data = bytes(imagecodecs.jpeg8_encode(samples, bitspersample=12, level=95))
    assert_shown(Variant(data=data, right=RGB if colour else GREY, lossy=True))


def test_lossless_jpeg() -> None:
    for data, right in (
        (imagecodecs.jpeg8_encode(RGB, lossless=True), RGB),
        (imagecodecs.jpeg8_encode(GREY, lossless=True), GREY),
        (imagecodecs.jpeg8_encode(DEEP_GREY, lossless=True, bitspersample=16), GREY),
        (imagecodecs.ljpeg_encode(DEEP_GREY), GREY),
    ):
        assert_shown(Variant(data=bytes(data), right=right))


def test_lossless_jpeg_of_luma_and_differences() -> None:
    """FFmpeg writes it; libjpeg-turbo shows it in wrong colours."""
    assert_shown(Variant(data=by_ffmpeg("ljpeg", RGB, "yuvj444p"), right=RGB, lossy=True))


def test_jpeg_ls() -> None:
    for samples, right in ((GREY, GREY), (RGB, RGB), (DEEP_GREY, GREY), (DEEP_GREY >> 4, GREY), (DEEP_RGB, RGB)):
        assert_shown(Variant(data=bytes(imagecodecs.jpegls_encode(samples)), right=right))
