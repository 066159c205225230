"""The pixels that hashes read: orientation applied, first frame, alpha dropped, deep channels cut to 8 bits."""

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from node.media.decode import decode_picture
from tests.unit.media.pictures import encoded, scene

Values = npt.NDArray[np.uint8]


def rgb(data: bytes) -> Values:
    """What was decoded, as (height, width, 3)."""
    pixels = decode_picture(data).pixels
    values = pixels.values.reshape(pixels.height, pixels.width, pixels.channels)
    return np.repeat(values, 3, axis=2) if pixels.channels == 1 else values[:, :, :3]


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    return made


SEEN: dict[int, Callable[[Values], Values]] = {
    1: lambda values: values,
    2: np.fliplr,
    3: lambda values: np.rot90(values, 2),
    4: np.flipud,
    5: lambda values: values.transpose(1, 0, 2),
    6: lambda values: np.rot90(values, -1),
    7: lambda values: np.rot90(values.transpose(1, 0, 2), 2),
    8: np.rot90,
}
"""How a picture with each EXIF orientation is to be seen (EXIF 2.32, tag 0x0112)."""


@pytest.mark.parametrize("orientation", SEEN)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_orientation_is_applied(kind: str, orientation: int) -> None:
    image = scene(60, 40)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(image, kind, exif=exif(orientation), **options)
    assert np.array_equal(rgb(data), SEEN[orientation](np.asarray(image)))


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_means_nothing_counts_as_upright(orientation: int) -> None:
    image = scene(60, 40)
    assert np.array_equal(rgb(encoded(image, "PNG", exif=exif(orientation))), np.asarray(image))


def test_exif_that_cannot_be_read_does_not_cost_the_picture() -> None:
    image = scene(60, 40)
    data = encoded(image, "PNG", exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff")
    assert np.array_equal(rgb(data), np.asarray(image))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_is_the_picture(kind: str) -> None:
    first, second = (Image.new("RGB", (50, 30), colour) for colour in ("red", "blue"))
    options = {"lossless": True} if kind == "WEBP" else {}
    values = rgb(encoded(first, kind, save_all=True, append_images=[second], duration=100, **options))
    assert np.array_equal(values, np.asarray(first))


def test_sixteen_bits_are_cut_to_the_eight_highest() -> None:
    deep = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    expected = np.repeat((deep >> 8).astype(np.uint8)[:, :, np.newaxis], 3, axis=2)
    image = Image.fromarray(deep)
    assert image.mode == "I;16"
    assert np.array_equal(rgb(encoded(image, "PNG")), expected)
    assert np.array_equal(rgb(encoded(image, "TIFF")), expected)


def test_twelve_bits_are_cut_to_the_eight_highest() -> None:
    """A TIFF of 2 x 2 samples of 12 bits, packed by rows, written out by hand."""
    tags = [(256, 3, 2), (257, 3, 2), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 8), (278, 3, 2), (279, 4, 6)]
    samples = bytes.fromhex("000fff8007ff")
    directory = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags
    )
    data = b"II*\x00" + struct.pack("<I", 14) + samples + directory + bytes(4)
    assert rgb(data)[:, :, 0].tolist() == [[0x00, 0xFF], [0x80, 0x7F]]


def test_numbers_without_a_range_are_stretched() -> None:
    values = np.linspace(-3.0, 5.0, 4096, dtype=np.float32).reshape(64, 64)
    decoded = rgb(encoded(Image.fromarray(values), "TIFF"))
    assert (decoded.min(), decoded.max()) == (0, 255)
    assert (np.diff(decoded[:, :, 0].ravel().astype(int)) >= 0).all()


def test_numbers_that_are_none_do_not_cost_the_picture() -> None:
    values = np.linspace(0.0, 1.0, 4096, dtype=np.float32).reshape(64, 64)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    decoded = rgb(encoded(Image.fromarray(values), "TIFF"))
    assert decoded[0, :3, 0].tolist() == [0, 255, 0]


def test_cmyk_is_read_as_colour() -> None:
    image = scene(60, 40)
    inks = image.convert("CMYK")
    assert np.abs(rgb(encoded(inks, "TIFF")).astype(int) - np.asarray(image)).max() <= 1
    assert np.abs(rgb(encoded(inks, "JPEG", quality=100)).astype(int) - np.asarray(image)).mean() <= 8


def test_lab_is_read_as_the_colours_that_it_was_made_of() -> None:
    image = scene(60, 40)
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(image, to_lab)
    assert lab is not None
    back = rgb(encoded(lab, "TIFF"))[:, :, :3].astype(np.int16)
    assert np.abs(back - np.asarray(image)).mean() <= 3  # 8 bits of a* and b* cannot tell every colour apart


def test_alpha_is_dropped_not_blended() -> None:
    """Colours under full transparency are pixels like any other, in every way of storing alpha."""
    image = scene(60, 40)
    clear = image.copy()
    clear.putalpha(0)
    assert np.array_equal(rgb(encoded(clear, "PNG")), np.asarray(image))
    grey = image.convert("L")
    both = Image.merge("LA", (grey, Image.new("L", grey.size, 0)))
    assert np.array_equal(rgb(encoded(both, "PNG"))[:, :, 0], np.asarray(grey))
    palette = image.quantize(64)
    assert np.array_equal(rgb(encoded(palette, "PNG", transparency=bytes(64))), np.asarray(palette.convert("RGB")))


def test_two_colours_and_palettes_are_read_as_they_look() -> None:
    image = scene(61, 41)
    two = image.convert("1")
    assert np.array_equal(rgb(encoded(two, "PNG"))[:, :, 0], np.asarray(two.convert("L")))
    palette = image.quantize(17)
    assert np.array_equal(rgb(encoded(palette, "GIF")), np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("width", [1, 2, 3, 5, 63, 640])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_pixels_read_in_place_are_those_that_a_copy_has(width: int, mode: str) -> None:
    image = scene(width, 37).convert(mode)
    pixels = decode_picture(encoded(image, "PNG")).pixels
    values = np.asarray(image)
    ours = pixels.values.reshape(37, width, pixels.channels)
    assert np.array_equal(ours[:, :, 0], values if mode == "L" else values[:, :, 0])
    assert np.array_equal(ours[:, :, min(2, pixels.channels - 1)], values if mode == "L" else values[:, :, 2])
    assert not pixels.values.flags.writeable


@pytest.mark.parametrize("kind", ["lossy", "lossless", "alpha", "moving", "turned"])
def test_a_webp_has_the_pixels_that_pillow_gives(kind: str) -> None:
    """They are taken from its decoder without Pillow's copies, but where it has to be turned."""
    image = scene(90, 70)
    if kind == "alpha":
        image.putalpha(image.convert("L"))
    made: dict[str, dict[str, Any]] = {
        "lossless": {"lossless": True},
        "moving": {"save_all": True, "append_images": [scene(90, 70, 2)]},
        "turned": {"exif": exif(6)},
    }
    data = encoded(image, "WEBP", **made.get(kind, {}))
    with Image.open(io.BytesIO(data)) as opened:
        theirs = np.asarray(ImageOps.exif_transpose(opened).convert("RGBA"))[:, :, :3]
    assert np.array_equal(rgb(data), theirs)
