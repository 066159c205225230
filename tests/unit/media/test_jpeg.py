"""The first scan of a progressive JPEG is enough for an eighth of its size. Zeros among pixels are noticed."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from node.media import jpeg
from node.media.decode import decode_picture
from tests.unit.media.pictures import scene


def saved(image: Image.Image, *, progressive: bool, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", progressive=progressive, **options)
    return file.getvalue()


def eighth(data: bytes) -> npt.NDArray[np.int16]:
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (image.width // 8, image.height // 8))
        return np.asarray(image.convert("L"), np.int16)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("quality", [40, 95])
def test_the_first_scan_is_enough_for_an_eighth_of_the_size(mode: str, quality: int) -> None:
    data = saved(scene(803, 601).convert(mode), progressive=True, quality=quality)
    first = jpeg.coarse(data)
    assert len(first) < len(data) / 2
    # The last bit of each mean follows in a later scan: the picture is a little darker, evenly.
    apart = eighth(first) - eighth(data)
    assert np.abs(apart).mean() < 3.0
    assert apart.std() < 2.0


@pytest.mark.parametrize("cut", range(2, 400, 23))
def test_what_is_not_a_whole_progressive_jpeg_stays_as_it_is(cut: int) -> None:
    picture = scene(160, 120)
    plain, progressive = saved(picture, progressive=False), saved(picture, progressive=True)
    assert jpeg.coarse(plain) == plain
    assert jpeg.coarse(progressive[:cut]) == progressive[:cut]
    assert jpeg.coarse(b"") == b""


def test_a_first_scan_without_luma_is_not_enough() -> None:
    data = bytearray(saved(scene(160, 120), progressive=True))
    scan = next(each for each in jpeg.segments(bytes(data)) if each.marker == 0xDA)
    data[scan.start + 1] = 2  # the scan names another component first
    assert jpeg.coarse(bytes(data)) == bytes(data)


def wiped(data: bytes, at: int, size: int) -> bytes:
    return data[:at] + bytes(size) + data[at + size :]


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_zeros_among_the_pixels_are_damage(mode: str) -> None:
    data = saved(scene(803, 601).convert(mode), progressive=False, quality=95)
    assert not jpeg.has_invalid_pixels(data)
    assert jpeg.has_invalid_pixels(wiped(data, len(data) // 2, 512))
    assert decode_picture(wiped(data, len(data) // 2, 512)).note.startswith("damaged JPEG")


def test_zeros_that_stand_for_one_colour_are_none() -> None:
    """With tables made for the picture, "no difference" and "end of block" are codes of zeros."""
    data = saved(Image.new("RGB", (4_000, 2_000)), progressive=False, optimize=True)
    assert bytes(64) in data[-2_000:]
    assert not jpeg.has_invalid_pixels(data)


def test_zeros_before_the_end_are_padding() -> None:
    data = saved(scene(160, 120), progressive=False)
    assert not jpeg.has_invalid_pixels(data[:-2] + bytes(512) + data[-2:])


def test_zeros_in_fax_data_are_damage() -> None:
    file = io.BytesIO()
    scene(803, 601).convert("1").save(file, "TIFF", compression="group4")
    data = file.getvalue()
    assert decode_picture(data).note == ""
    assert decode_picture(wiped(data, len(data) // 2, 512)).note.startswith("damaged TIFF")
