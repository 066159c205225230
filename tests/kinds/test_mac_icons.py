"""Mac icons (ICNS): every image in them is shown, named, or the same as the picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from node.domain.parts import Role
from node.errors import MediaError
from node.media import icns
from node.media.decode import decode_picture
from node.media.decoders.icns import decoded
from node.media.kinds import READERS
from node.media.parts.icns_images import icns_images
from node.media.pdq import pdq_hashes
from node.media.sniff import ICNS
from tests.kinds.mac_icons import mac_icon, packed_colours
from tests.kinds.still_parts import read
from tests.unit.media.pictures import distance, encoded, scene

PLAIN, OTHER = scene(256, 256), scene(128, 128, 7)
BY_ICNSUTIL: Final = {
    ("ic04", 16): base64.b64decode(
        "aWNucwAAAiRUT0MgAAAAEGljMDQAAAIMaWMwNAAAAgxBUkdCgf+B94HvgeeB/4H3ge+B54H/gfeB74Hngf+B94HvgeeB94HvgeeB/4H3ge+B54H/"
        "gfeB74Hngf+B94HvgeeB/4HvgeeB/4H3ge+B54H/gfeB74Hngf+B94HvgeeB/4H3geeB/4H3ge+B54H/gfeB74Hngf+B94HvgeeB/4H3ge+BAIEl"
        "gUqBb4EAgSWBSoFvgQCBJYFKgW+BAIElgUqBb4E9gWKBh4GsgT2BYoGHgayBPYFigYeBrIE9gWKBh4GsgXqBn4HEgemBeoGfgcSB6YF6gZ+BxIHp"
        "gXqBn4HEgemBt4HcgQGBJoG3gdyBAYEmgbeB3IEBgSaBt4HcgQGBJoEAgQuBFoEhgQCBC4EWgSGBAIELgRaBIYEAgQuBFoEhgVqBZYFwgXuBWoFl"
        "gXCBe4FagWWBcIF7gVqBZYFwgXuBtIG/gcqB1YG0gb+ByoHVgbSBv4HKgdWBtIG/gcqB1YEOgRmBJIEvgQ6BGYEkgS+BDoEZgSSBL4EOgRmBJIEv"
        "gQCByIGQgViBAIHIgZCBWIEAgciBkIFYgQCByIGQgViBB4HPgZeBX4EHgc+Bl4FfgQeBz4GXgV+BB4HPgZeBX4EOgdaBnoFmgQ6B1oGegWaBDoHW"
        "gZ6BZoEOgdaBnoFmgRWB3YGlgW2BFYHdgaWBbYEVgd2BpYFtgRWB3YGlgW0="
    ),
    ("icsb", 18): base64.b64decode(
        "aWNucwAAAxVUT0MgAAAAEGljc2IAAAL9aWNzYgAAAv1BUkdCgf+B94HvgeeD/4H3ge+B54P/gfeB74Hng/+B94HvgecB//+B94HvgeeB/4P3ge+B"
        "54H/g/eB74Hngf+D94HvgeeB/wH394HvgeeB/4H3g++B54H/gfeD74Hngf+B94PvgeeB/4H3Ae/vgeeB/4H3ge+D54H/gfeB74Pngf+B94Hvg+eB"
        "/4H3ge8B5+eB/4H3ge+B54P/gfeB74HnAf//gQCBJYFKgW8BlJSBAIElgUqBbwGUlIEAgSWBSoFvAZSUgQCBJYFKgW8BlJSBPYFigYeBrAHR0YE9"
        "gWKBh4GsAdHRgT2BYoGHgawB0dGBPYFigYeBrAHR0YF6gZ+BxIHpAQ4OgXqBn4HEgekBDg6BeoGfgcSB6QEODoF6gZ+BxIHpAQ4OgbeB3IEBgSYB"
        "S0uBt4HcgQGBJgFLS4G3gdyBAYEmAUtLgbeB3IEBgSYBS0uB9IEZgT6BYwGIiIH0gRmBPoFjAYiIgQCBC4EWgSEBLCyBAIELgRaBIQEsLIEAgQuB"
        "FoEhASwsgQCBC4EWgSEBLCyBWoFlgXCBewGGhoFagWWBcIF7AYaGgVqBZYFwgXsBhoaBWoFlgXCBewGGhoG0gb+ByoHVAeDggbSBv4HKgdUB4OCB"
        "tIG/gcqB1QHg4IG0gb+ByoHVAeDggQ6BGYEkgS8BOjqBDoEZgSSBLwE6OoEOgRmBJIEvATo6gQ6BGYEkgS8BOjqBaIFzgX6BiQGUlIFogXOBfoGJ"
        "AZSUgQCByIGQgVgBICCBAIHIgZCBWAEgIIEAgciBkIFYASAggQCByIGQgVgBICCBB4HPgZeBXwEnJ4EHgc+Bl4FfAScngQeBz4GXgV8BJyeBB4HP"
        "gZeBXwEnJ4EOgdaBnoFmAS4ugQ6B1oGegWYBLi6BDoHWgZ6BZgEuLoEOgdaBnoFmAS4ugRWB3YGlgW0BNTWBFYHdgaWBbQE1NYEVgd2BpYFtATU1"
        "gRWB3YGlgW0BNTWBHIHkgayBdAE8PIEcgeSBrIF0ATw8"
    ),
    ("icp4", 16): base64.b64decode(
        "aWNucwAAArBUT0MgAAAAGGljcDQAAAGIczhtawAAAQhpY3A0AAABiIEAgSWBSoFvgQCBJYFKgW+BAIElgUqBb4EAgSWBSoFvgT2BYoGHgayBPYFi"
        "gYeBrIE9gWKBh4GsgT2BYoGHgayBeoGfgcSB6YF6gZ+BxIHpgXqBn4HEgemBeoGfgcSB6YG3gdyBAYEmgbeB3IEBgSaBt4HcgQGBJoG3gdyBAYEm"
        "gQCBC4EWgSGBAIELgRaBIYEAgQuBFoEhgQCBC4EWgSGBWoFlgXCBe4FagWWBcIF7gVqBZYFwgXuBWoFlgXCBe4G0gb+ByoHVgbSBv4HKgdWBtIG/"
        "gcqB1YG0gb+ByoHVgQ6BGYEkgS+BDoEZgSSBL4EOgRmBJIEvgQ6BGYEkgS+BAIHIgZCBWIEAgciBkIFYgQCByIGQgViBAIHIgZCBWIEHgc+Bl4Ff"
        "gQeBz4GXgV+BB4HPgZeBX4EHgc+Bl4FfgQ6B1oGegWaBDoHWgZ6BZoEOgdaBnoFmgQ6B1oGegWaBFYHdgaWBbYEVgd2BpYFtgRWB3YGlgW2BFYHd"
        "gaWBbXM4bWsAAAEI//////f39/fv7+/v5+fn5//////39/f37+/v7+fn5+f/////9/f39+/v7+/n5+fn//////f39/fv7+/v5+fn5/f39/fv7+/v"
        "5+fn5//////39/f37+/v7+fn5+f/////9/f39+/v7+/n5+fn//////f39/fv7+/v5+fn5//////v7+/v5+fn5//////39/f37+/v7+fn5+f/////"
        "9/f39+/v7+/n5+fn//////f39/fv7+/v5+fn5//////39/f35+fn5//////39/f37+/v7+fn5+f/////9/f39+/v7+/n5+fn//////f39/fv7+/v"
        "5+fn5//////39/f37+/v7w=="
    ),
}
"""Written by icnsutil 1.1.0, each with a table of contents; `icp4` with a mask. The pixels are those of `planes`."""


def planes(side: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Alpha, red, green, blue of shape (4, side, side)."""
    y, x = np.mgrid[:side, :side] // 4
    return np.array([255 - 8 * ((x + y) % 4), 37 * x + 61 * y, 11 * x + 90 * y, 200 * x + 7 * y], np.int64).astype(
        np.uint8, casting="unsafe"
    )


def png(image: Image.Image) -> bytes:
    return encoded(image, "PNG")


def jpeg2000(image: Image.Image) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(np.asarray(image), level=40, codecformat="jp2"))


def colours(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    pixels = decode_picture(data).pixels
    return pixels.values.reshape(pixels.height, pixels.width, pixels.channels)[:, :, :3]


@pytest.mark.parametrize(("kind", "side"), BY_ICNSUTIL)
def test_packed_colours_that_pillow_does_not_know_are_those_that_were_written(kind: str, side: int) -> None:
    data = BY_ICNSUTIL[kind, side]
    picture = decode_picture(data)
    alpha, *written = planes(side)
    assert picture.media_type == "image/x-icns"
    assert not picture.note
    assert (colours(data) == np.dstack(written)).all()
    assert picture.alpha is not None
    assert (picture.alpha == alpha).all()


PACKED = [(b"is32", b"s8mk", 16), (b"il32", b"l8mk", 32), (b"ih32", b"h8mk", 48), (b"it32", b"t8mk", 128)]


@pytest.mark.parametrize(("kind", "mask", "side"), PACKED)
def test_packed_colours_that_pillow_knows_are_left_to_it_and_ours_are_the_same(
    kind: bytes, mask: bytes, side: int
) -> None:
    image = scene(side, side, 5)
    lead = bytes(4) if side == 128 else b""
    data = mac_icon((kind, lead + packed_colours(image)), (mask, bytes(range(256)) * (side * side // 256)))
    with Image.open(io.BytesIO(data)) as opened:
        by_pillow = np.asarray(opened.convert("RGBA"))
    assert (colours(data) == by_pillow[:, :, :3]).all()
    (ours,) = map(decoded, icns.packed(data))
    assert (ours.pixels.values.reshape(side, side, 3) == by_pillow[:, :, :3]).all()
    assert ours.alpha is not None
    assert (ours.alpha == by_pillow[:, :, 3]).all()


@pytest.mark.parametrize("kind", [b"ic04", b"ic05", b"icsb", b"icsB", b"sb24", b"SB24"])
@pytest.mark.parametrize("write", [png, jpeg2000])
def test_a_picture_in_a_type_that_pillow_does_not_know_is_the_picture(
    kind: bytes, write: Callable[[Image.Image], bytes]
) -> None:
    content = write(PLAIN)
    picture = decode_picture(mac_icon((b"TOC ", bytes(8)), (kind, content)))
    assert not picture.note
    assert (colours(mac_icon((kind, content))) == colours(content)).all()


IMAGES = {
    "png": (b"ic13", png(OTHER)),
    "jpeg 2000": (b"ic13", jpeg2000(OTHER)),
    "rgb of 128": (b"it32", bytes(4) + packed_colours(OTHER)),
}


@pytest.mark.parametrize("image", IMAGES)
def test_another_picture_in_an_icon_is_a_part(image: str) -> None:
    kind, content = IMAGES[image]
    ((role, found),), omissions = read(mac_icon((b"ic08", png(PLAIN)), (kind, content)), icns_images)
    assert (role, omissions) == (Role.PICTURE, [])
    assert distance(pdq(found), pdq(png(OTHER))) <= 10
    assert found == (mac_icon((kind, content)) if kind == b"it32" else content)
    assert icns_images in READERS[ICNS.media_type]


def pdq(data: bytes) -> bytes:
    pixels = decode_picture(data).pixels
    return pdq_hashes(pixels.values, pixels.channels).orientations[0]


def test_packed_colours_keep_their_mask_and_are_the_same_file_wherever_they_stand() -> None:
    mask = (b"t8mk", bytes(range(256)) * 64)
    image = (b"it32", bytes(4) + packed_colours(OTHER))
    ((_, one),), _ = read(mac_icon((b"ic08", png(PLAIN)), image, mask), icns_images)
    ((_, other),), _ = read(mac_icon(mask, (b"ic09", png(PLAIN)), (b"icnV", bytes(4)), image), icns_images)
    assert one == other == mac_icon(image, mask)
    assert decode_picture(one).alpha is not None


def test_one_drawing_in_several_sizes_is_one_picture() -> None:
    sizes = [(kind, png(PLAIN.resize((side, side)))) for kind, side in ((b"ic08", 256), (b"ic07", 128), (b"ic12", 64))]
    small = (b"it32", bytes(4) + packed_colours(PLAIN.resize((128, 128))))
    assert read(mac_icon(*sizes, small), icns_images) == ([], [])


@pytest.mark.parametrize("kind", [b"slct", b"sbtp", b"\xfd\xd9\x2f\xa8"])
@pytest.mark.parametrize("headed", [True, False])
def test_an_icon_within_an_icon_is_a_part_that_stands_by_itself(kind: bytes, headed: bool) -> None:
    within = mac_icon((b"ic07", png(OTHER)))
    parts, _ = read(mac_icon((b"ic08", png(PLAIN)), (kind, within if headed else within[8:])), icns_images)
    assert parts == [(Role.PICTURE, within)]


def test_images_of_a_few_bits_are_named() -> None:
    data = mac_icon((b"ic08", png(PLAIN)), (b"ICN#", bytes(256)), (b"icl8", bytes(1024)))
    assert read(data, icns_images) == ([], ["2 small images of at most 8 bits a pixel"])


def test_the_smaller_image_of_an_icon_is_shown_where_the_largest_is_destroyed() -> None:
    whole = png(PLAIN)
    data = mac_icon((b"ic08", whole[:40] + bytes(len(whole) - 40)), (b"ic07", png(OTHER)))
    picture = decode_picture(data)
    assert picture.note == "damaged Mac icon: the image of 128 x 128 pixels in it was read"
    assert (colours(data) == np.asarray(OTHER)).all()


@pytest.mark.parametrize("cut", [6, 40, 300, 500])
def test_packed_colours_that_are_cut_short_are_not_filled(cut: int) -> None:
    data = BY_ICNSUTIL["ic04", 16][:cut]
    with pytest.raises(MediaError, match=r"^(truncated|damaged) Mac icon|not a picture"):
        decode_picture(data)


def test_elements_without_end_are_bounded() -> None:
    data = mac_icon(*[(b"ic04", b"ARGB")] * 5_000)
    assert sum(1 for _ in icns.elements(data)) == 1_000
    with pytest.raises(MediaError):
        decode_picture(data)


WHOLE = mac_icon(
    (b"ic08", png(PLAIN.resize((24, 24)))),
    (b"il32", packed_colours(scene(32, 32, 3))),
    (b"ic04", packed_colours(scene(16, 16), alpha=True)),
)
PATCHES = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=6)), max_size=6)


@settings(max_examples=200, deadline=None)
@given(PATCHES, st.integers(8, len(WHOLE)))
def test_any_damage_gives_a_picture_or_our_own_error(places: list[tuple[int, bytes]], keep: int) -> None:
    made = bytearray(WHOLE)
    for place, piece in places:
        made[place : place + len(piece)] = piece
    data = b"icns" + bytes(made[4:keep])
    with suppress(MediaError):
        assert decode_picture(data).pixels.width > 0
    parts, _ = read(data, icns_images)
    assert all(role is Role.PICTURE and content for role, content in parts)
