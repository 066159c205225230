"""Each further page of a TIFF, and each further image of a HEIC, is a part."""

import io
import struct
from typing import Any

import numpy as np
import pytest
import tifffile

from node.domain.parts import Role
from node.media.parts.heif_images import heif_images
from node.media.parts.pages import pages
from tests.kinds.still_parts import OTHER, PICTURES, PLAIN, colours, read, tiff_of
from tests.unit.media.hostile import heif_of
from tests.unit.media.pictures import encoded, scene

TIFFS: dict[str, dict[str, Any]] = {
    "plain": {},
    "big-endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
    "BigTIFF big-endian": {"bigtiff": True, "byteorder": ">"},
}
WRITINGS: dict[str, dict[str, Any]] = {
    "one strip": {},
    "strips": {"rowsperstrip": 16},
    "tiles": {"tile": (64, 64)},
    "deflate": {"compression": "zlib", "predictor": True},
    "lzw": {"compression": "lzw", "rowsperstrip": 32},
    "planar": {"planarconfig": "separate", "rowsperstrip": 16},
    "jpeg": {"compression": "jpeg", "tile": (64, 64), "photometric": "ycbcr"},
}


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("layout", TIFFS)
def test_each_page_of_a_tiff_is_a_file_with_the_pixels_of_that_page(layout: str, writing: str) -> None:
    images = [scene(160, 128, seed) for seed in (1, 2, 3)]
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, **TIFFS[layout]) as made:
        for image in images:
            values = np.asarray(image)
            planar = writing == "planar"
            made.write(values.transpose(2, 0, 1) if planar else values, **({"photometric": "rgb"} | WRITINGS[writing]))
    parts, omissions = read(buffer.getvalue(), pages)
    assert [role for role, _ in parts] == [Role.PAGE] * 2
    assert not omissions
    for number, (_, data) in enumerate(parts, 1):
        with tifffile.TiffFile(io.BytesIO(data)) as copy, tifffile.TiffFile(io.BytesIO(buffer.getvalue())) as whole:
            assert len(copy.pages) == 1
            assert np.array_equal(copy.asarray(), whole.pages[number].asarray())
        if writing != "jpeg":
            assert np.array_equal(colours(data), np.asarray(images[number]))
        assert read(data, pages) == ([], [])


def test_a_page_has_the_same_bytes_wherever_it_stands() -> None:
    one = tiff_of(PLAIN, OTHER)
    other = tiff_of(scene(50, 40, 5), scene(60, 40, 6), OTHER)
    assert read(one, pages)[0][0] == read(other, pages)[0][1]


def test_pages_within_a_page_are_parts() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as made:
        made.write(np.asarray(PLAIN), photometric="rgb", subifds=1)
        made.write(np.asarray(OTHER), photometric="rgb")
    (part,) = read(buffer.getvalue(), pages)[0]
    assert np.array_equal(colours(part[1]), np.asarray(OTHER))


def test_a_chain_of_directories_that_is_a_circle_ends() -> None:
    made = bytearray(encoded(PLAIN, "TIFF"))
    (first,) = struct.unpack_from("<I", made, 4)
    (count,) = struct.unpack_from("<H", made, first)
    struct.pack_into("<I", made, first + 2 + 12 * count, first)
    assert read(bytes(made), pages) == ([], [])


def test_each_further_image_of_a_heic_is_a_part() -> None:
    images = [scene(160, 128, seed) for seed in (1, 2, 3)]
    parts, omissions = read(heif_of(images), heif_images)
    assert [role for role, _ in parts] == [Role.PAGE] * 2
    assert not omissions
    for image, (_, data) in zip(images[1:], parts, strict=True):
        assert np.abs(colours(data).astype(int) - np.asarray(image)).mean() < 6


def test_further_images_of_an_avif_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(PICTURES["avif"](), heif_images) == ([], [])
    moving = encoded(PLAIN, "AVIF", speed=10, save_all=True, append_images=[OTHER.resize(PLAIN.size)])
    assert read(moving, heif_images) == ([], [])
    monkeypatch.setattr("pillow_heif.HeifFile.__len__", lambda _: 3)
    assert read(PICTURES["avif"](), heif_images) == ([], ["2 further images of an AVIF"])
