"""Thumbnails that a JPEG stores without compression, in JFIF itself and in its extension."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from node.domain.parts import Role
from node.media import jpeg
from node.media.decode import decode_picture
from node.media.parts.jfif_thumbnails import uncompressed
from node.media.parts.thumbnail import thumbnails
from tests.kinds.still_parts import read
from tests.unit.media.pictures import encoded, scene

WHOLE = scene(640, 480, 4)
CROPPED = WHOLE.crop((0, 0, 260, 200))
SMALL = WHOLE.resize((120, 90))


def with_segment(image: Image.Image, content: bytes) -> bytes:
    segment = b"\xff\xe0" + struct.pack(">H", len(content) + 2) + content
    return jpeg.START + segment + encoded(image, "JPEG")[2:]


def of_jfif(image: Image.Image, small: Image.Image) -> bytes:
    """T.871: version, units, densities, then the sides and the pixels of a thumbnail."""
    head = b"JFIF\0\1\2\0\0\1\0\1" + bytes(small.size)
    return with_segment(image, head + small.tobytes())


def by_colour(image: Image.Image, small: Image.Image) -> bytes:
    return with_segment(image, b"JFXX\0\x13" + bytes(small.size) + small.tobytes())


def by_palette(image: Image.Image, small: Image.Image) -> bytes:
    """A palette of greys from white to black."""
    palette = bytes(255 - index for index in range(256) for _ in range(3))
    numbers = bytes(255 - value for value in small.convert("L").tobytes())
    return with_segment(image, b"JFXX\0\x11" + bytes(small.size) + palette + numbers)


CARRIERS: dict[str, tuple[Callable[[Image.Image, Image.Image], bytes], Image.Image]] = {
    "jfif": (of_jfif, SMALL),
    "three bytes a pixel": (by_colour, SMALL),
    "one byte a pixel": (by_palette, SMALL.convert("L").convert("RGB")),
}


def pixmap(image: Image.Image) -> bytes:
    return encoded(image, "PPM")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_small_picture_of_what_was_cropped_away_is_a_part(carrier: str) -> None:
    write, shown = CARRIERS[carrier]
    parts, omissions = read(write(CROPPED, SMALL), thumbnails)
    assert (parts, omissions) == ([(Role.THUMBNAIL, pixmap(shown))], [])
    pixels = decode_picture(parts[0][1]).pixels
    assert (pixels.values.reshape(90, 120, -1)[:, :, :3] == np.asarray(shown)).all()


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_small_picture_of_the_same_is_no_part(carrier: str) -> None:
    write, _ = CARRIERS[carrier]
    assert read(write(WHOLE, SMALL), thumbnails) == ([], [])


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_small_picture_that_is_cut_short_says_so(carrier: str) -> None:
    write, shown = CARRIERS[carrier]
    each = 1 if carrier == "one byte a pixel" else 3
    whole = write(CROPPED, SMALL)
    segment = next(found for found in jpeg.segments(whole) if found.marker == 0xE0)
    shorter = whole[segment.start : segment.end - 30 * 120 * each]
    picture = decode_picture(next(uncompressed(with_segment(CROPPED, shorter))))
    assert picture.note == "truncated portable anymap: 60 of 90 rows could be decoded"
    assert (picture.pixels.values.reshape(90, 120, -1)[:60, :, :3] == np.asarray(shown)[:60]).all()


def test_the_small_picture_of_one_that_is_destroyed_is_a_part() -> None:
    whole = by_colour(WHOLE, SMALL)
    end = next(found.end for found in jpeg.segments(whole) if found.marker == 0xE0)
    assert read(whole[:end] + bytes(500), thumbnails)[0] == [(Role.THUMBNAIL, pixmap(SMALL))]


@pytest.mark.parametrize("content", [
    b"JFIF\0\1\2\0\0\1\0\1\0\0",
    b"JFIF\0\1\2\0\0\1\0\1\5\0",
    b"JFIF\0\1\2",
    b"JFXX\0",
    b"JFXX\0\x11\5\5" + bytes(700),
    b"JFXX\0\x11\5\5" + bytes(768),
    b"JFXX\0\x13\5",
    b"JFXX\0\x13\5\5",
    b"JFXX\0\x14\5\5" + bytes(75),
])  # fmt: skip
def test_a_segment_without_a_small_picture_gives_none(content: bytes) -> None:
    assert list(uncompressed(with_segment(CROPPED, content))) == []


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CARRIERS)), st.binary(max_size=900), st.integers(0, 40))
def test_any_segment_gives_pixmaps_within_bounds(carrier: str, noise: bytes, kept: int) -> None:
    write, _ = CARRIERS[carrier]
    whole = write(Image.new("RGB", (8, 8)), SMALL.resize((9, 7)))
    segment = next(found for found in jpeg.segments(whole) if found.marker == 0xE0)
    for small in uncompressed(with_segment(CROPPED, whole[segment.start : segment.start + kept] + noise)):
        head, pixels = small[:20].split(b"\n", 3)[:3], small.split(b"\n", 3)[3]
        width, height = map(int, head[1].split())
        assert 0 < len(pixels) <= width * height * 3 <= 255 * 255 * 3
