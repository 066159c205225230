"""A small picture in a still's file is a part where it shows something else than the still."""

import io
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageDraw, ImageOps

from node.domain.parts import Role
from node.media import jpeg
from node.media.parts.heif_images import heif_images
from node.media.parts.thumbnail import thumbnails
from tests.kinds.still_parts import CARRIERS, PLAIN, exif_with, jpeg_with, read, small_of
from tests.unit.media.pictures import encoded, scene


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_small_picture_of_what_was_cropped_away_is_a_part(carrier: str) -> None:
    whole = scene(640, 480, 4)
    small = small_of(whole)
    cropped = CARRIERS[carrier](whole.crop((0, 0, 260, 200)), small)
    assert read(cropped, thumbnails) == ([(Role.THUMBNAIL, small)], [])


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_small_picture_of_the_same_is_no_part(carrier: str) -> None:
    whole = scene(640, 480, 4)
    assert read(CARRIERS[carrier](whole, small_of(whole)), thumbnails) == ([], [])


def test_a_small_picture_of_what_was_painted_over_is_a_part() -> None:
    whole = scene(640, 480, 4)
    painted = whole.copy()
    ImageDraw.Draw(painted).rectangle((60, 40, 560, 380), fill=(0, 0, 0))
    assert [role for role, _ in read(jpeg_with(painted, exif_with(small_of(whole))), thumbnails)[0]] == [Role.THUMBNAIL]


def test_a_small_picture_turned_or_in_plain_borders_is_the_same() -> None:
    whole = scene(640, 420, 4)
    bordered = ImageOps.expand(whole.resize((160, 105)), (0, 7, 0, 8))
    assert read(jpeg_with(whole, exif_with(encoded(bordered, "JPEG"))), thumbnails) == ([], [])
    turned = whole.resize((160, 105)).transpose(Image.Transpose.ROTATE_90)
    assert read(jpeg_with(whole, exif_with(encoded(turned, "JPEG"))), thumbnails) == ([], [])


def test_the_small_picture_of_one_that_is_destroyed_is_a_part() -> None:
    whole = jpeg_with(PLAIN, exif_with(small_of(PLAIN)))
    destroyed = whole[: next(each.end for each in jpeg.segments(whole) if each.marker == 0xE1)] + bytes(500)
    assert read(destroyed, thumbnails)[0] == [(Role.THUMBNAIL, small_of(PLAIN))]


def test_photographs_have_no_small_picture_that_differs(photos: Path) -> None:
    """A real thumbnail is made by other means than ours: here by a camera's box filter, at low quality."""
    for path in sorted((photos / "land").glob("*.jpg"))[:12]:
        with Image.open(path) as image:
            whole = image.convert("RGB")
        small = encoded(whole.reduce(max(whole.width // 160, 1)), "JPEG", quality=60)
        assert read(jpeg_with(whole, exif_with(small)), thumbnails) == ([], []), path.name


def test_a_small_picture_in_the_exif_of_a_heic_is_a_part_where_it_shows_something_else() -> None:
    whole = scene(640, 480, 4)
    small = small_of(whole)

    def with_exif(image: Image.Image) -> bytes:
        buffer = io.BytesIO()
        pillow_heif.from_pillow(image).save(buffer, exif=exif_with(small))
        return buffer.getvalue()

    assert read(with_exif(whole), heif_images) == ([], [])
    assert read(with_exif(whole.crop((0, 0, 260, 200))), heif_images) == ([(Role.THUMBNAIL, small)], [])
