"""The first scan of a progressive JPEG stands for the picture in an eighth of its size."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from node.media import jpeg
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
