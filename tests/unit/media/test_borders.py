"""Plain borders are found whatever their colour and JPEG's noise, and nothing else is taken for one."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR, PDQ_RADIUS
from node.domain.material import PictureFingerprints
from node.media import borders
from node.media.borders import Box, cut, find_inside
from node.media.pdq import pdq_hashes
from node.media.pixels import Pixels, pixels_of
from tests.unit.media.pictures import distance, encoded, scene
from tests.unit.media.reading import fingerprint

COLOURS = {"black": (0, 0, 0), "white": (255, 255, 255), "any": (150, 30, 40)}
SHAPES = {"letterbox": (0, 50), "pillarbox": (70, 0), "frame": (21, 21), "uneven": (33, 77)}


def bordered(picture: Image.Image, shape: str, colour: str) -> tuple[Image.Image, Box]:
    """The picture within a border, and where it is."""
    across, down = SHAPES[shape]
    more = 3 if shape == "uneven" else 0
    made = ImageOps.expand(picture, (across, down, across + 5 * more, down), fill=COLOURS[colour])
    return made, Box(left=across, top=down, right=across + picture.width, bottom=down + picture.height)


def reopened(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(image, "JPEG", quality=quality)))


def hash_of(pixels: Pixels) -> bytes:
    return pdq_hashes(pixels.values, pixels.channels).orientations[0]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_border_without_noise_is_found_to_the_pixel(shape: str, colour: str) -> None:
    made, box = bordered(scene(), shape, colour)
    for image in (made, made.convert("RGBA"), made.convert("L")):
        assert find_inside(pixels_of(image)) == box


@pytest.mark.parametrize("quality", [10, 30, 50, 75, 95])
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_lies_within_a_border_is_found_through_jpeg(shape: str, colour: str, quality: int) -> None:
    picture = scene()
    made, _ = bordered(picture, shape, colour)
    pixels = pixels_of(reopened(made, quality))
    box = find_inside(pixels)
    assert box is not None
    assert distance(hash_of(cut(pixels, box)), hash_of(pixels_of(picture))) <= PDQ_RADIUS


def test_photographs_are_found_within_borders(photos: Path) -> None:
    found = tried = 0
    for path in sorted((photos / "land").glob("*.jpg"))[::12]:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        whole = pixels_of(picture)
        if find_inside(whole) or pdq_hashes(whole.values, whole.channels).quality < PDQ_QUALITY_FLOOR:
            continue  # it has a border of its own, or never matches
        for colour in COLOURS:
            tried += 1
            pixels = pixels_of(reopened(bordered(picture, "letterbox", colour)[0], 75))
            box = find_inside(pixels)
            found += box is not None and distance(hash_of(cut(pixels, box)), hash_of(whole)) <= PDQ_RADIUS
    assert tried >= 30
    assert found >= 0.95 * tried


@pytest.mark.parametrize("seed", range(5))
def test_a_picture_without_a_border_has_none(seed: int) -> None:
    assert find_inside(pixels_of(scene(seed=seed))) is None
    assert find_inside(pixels_of(reopened(scene(seed=seed), 30))) is None


def test_a_plain_picture_is_not_trimmed_to_nothing() -> None:
    for colour in (0, 120, 255):
        assert find_inside(pixels_of(Image.new("RGB", (300, 200), (colour, 255 - colour, 7)))) is None


def test_a_small_thing_on_a_plain_ground_is_left_alone() -> None:
    ground = Image.new("RGB", (640, 480), (250, 250, 250))
    ground.paste(scene(80, 60), (300, 200))
    assert find_inside(pixels_of(ground)) is None


def test_a_hairline_is_not_worth_a_variant() -> None:
    made = ImageOps.expand(scene(), (3, 2, 3, 2), fill=(0, 0, 0))
    assert find_inside(pixels_of(made)) is None


def test_a_frame_on_a_page_is_taken_off_but_not_the_pictures_own_plain_edge() -> None:
    """What the border of one colour lays bare is the picture, however plain its edge."""
    picture = scene()
    picture.paste((20, 20, 90), (0, 0, 640, 120))
    made, box = bordered(picture, "letterbox", "black")
    assert find_inside(pixels_of(made)) == box


def test_the_whole_picture_keeps_its_hashes(tmp_path: Path) -> None:
    made, box = bordered(scene(), "frame", "black")
    (tmp_path / "framed.png").write_bytes(encoded(made, "PNG"))
    (tmp_path / "bare.png").write_bytes(encoded(scene(), "PNG"))
    framed, bare = (fingerprint(tmp_path / name) for name in ("framed.png", "bare.png"))
    assert isinstance(framed, PictureFingerprints)
    assert isinstance(bare, PictureFingerprints)
    whole = pixels_of(made)
    assert framed.pdq_orientations == pdq_hashes(whole.values, whole.channels).orientations
    assert bare.trimmed is None
    assert framed.trimmed is not None
    assert framed.trimmed.box == (box.left, box.top, box.right, box.bottom)
    assert framed.trimmed.pdq_orientations == bare.pdq_orientations
    assert (framed.trimmed.phash, framed.trimmed.pdq_quality) == (bare.phash, bare.pdq_quality)


@settings(max_examples=300)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([1, 3, 4]),
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(0, 20), st.integers(0, 20)),
)
def test_whatever_is_found_lies_within_and_keeps_a_quarter(
    size: tuple[int, int], channels: int, seed: int, corner: tuple[int, int]
) -> None:
    (width, height), (across, down) = size, corner
    random = np.random.default_rng(seed)
    values = np.full((height, width, channels), 9, np.uint8)
    values[down:, across:] = random.integers(0, 256, (max(height - down, 0), max(width - across, 0), channels))
    pixels = Pixels(values=values.reshape(height, width * channels), channels=channels)
    box = find_inside(pixels)
    if box is None:
        return
    assert 0 <= box.left < box.right <= width
    assert 0 <= box.top < box.bottom <= height
    assert (box.right - box.left) * borders.LEAST_KEPT >= width
    assert (box.bottom - box.top) * borders.LEAST_KEPT >= height
    inside = cut(pixels, box)
    assert (inside.width, inside.height) == (box.right - box.left, box.bottom - box.top)
    expected = values[box.top : box.bottom, box.left : box.right]
    assert np.array_equal(inside.values.reshape(expected.shape), expected)
