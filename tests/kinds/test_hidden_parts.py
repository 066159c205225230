"""Parts that no viewer shows: another image of an icon, the small picture of a Photoshop document, a joined film."""

import io
import struct
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from node.domain.parts import Role
from node.media.decode import decode_picture
from node.media.kinds import READERS, kind_of
from node.media.parts.icon_images import icon_images
from node.media.parts.joined import joined
from node.media.parts.part import Part, Reader
from node.media.parts.thumbnail import thumbnails
from node.media.pdq import pdq_hashes
from node.media.region import Region
from tests.unit.media.pictures import distance, encoded, scene
from tests.unit.media.videos import Scene, write_video

PLAIN, OTHER = scene(256, 256), scene(128, 128, 7)


def parts(data: bytes, reader: Reader) -> list[tuple[Role, bytes]]:
    def bytes_of(part: Part) -> bytes:
        return part.content.all(1 << 30) if isinstance(part.content, Region) else b"".join(part.content)

    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return [(found.role, bytes_of(found)) for found in reader(Region(file.fileno())) if isinstance(found, Part)]


def readers_of(data: bytes) -> tuple[Reader, ...]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return kind_of(Region(file.fileno())).readers


def icon(*images: Image.Image) -> bytes:
    contents = [encoded(image, "PNG") for image in images]
    at = 6 + 16 * len(contents)
    entries = b""
    for image, content in zip(images, contents, strict=True):
        entries += struct.pack("<BBBBHHII", image.width % 256, image.height % 256, 0, 0, 1, 32, len(content), at)
        at += len(content)
    return struct.pack("<HHH", 0, 1, len(contents)) + entries + b"".join(contents)


def photoshop(image: Image.Image, small: bytes) -> bytes:
    thumbnail = struct.pack(">6I2H", 1, 160, 120, 480, 57_600, len(small), 24, 1) + small
    resource = b"8BIM" + struct.pack(">HHI", 1036, 0, len(thumbnail)) + thumbnail + bytes(len(thumbnail) & 1)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, image.height, image.width, 8, 3)
    planes = np.moveaxis(np.asarray(image), 2, 0).tobytes()
    return head + struct.pack(">I", 0) + struct.pack(">I", len(resource)) + resource + struct.pack(">IH", 0, 0) + planes


@lru_cache(maxsize=2)
def film(seed: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        write_video(path, Scene(seed), seconds=1)
        return path.read_bytes()


def shown(data: bytes) -> bytes:
    pixels = decode_picture(data).pixels
    return pdq_hashes(pixels.values, pixels.channels).orientations[0]


def hash_of(image: Image.Image) -> bytes:
    return shown(encoded(image, "PNG"))


def test_another_picture_in_an_icon_is_a_part() -> None:
    data = icon(PLAIN, OTHER)
    [(role, found)] = parts(data, icon_images)
    assert role is Role.PICTURE
    assert distance(shown(found), hash_of(OTHER)) <= 2
    with Image.open(io.BytesIO(found)) as opened:  # a file of its own, as any viewer takes it
        assert opened.format == "ICO"
    assert icon_images in readers_of(data)


def test_one_drawing_in_several_sizes_is_one_picture() -> None:
    sizes = [PLAIN.resize((side, side), Image.Resampling.LANCZOS) for side in (256, 128, 64, 48)]
    assert parts(icon(*sizes), icon_images) == []


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_a_damaged_icon_gives_no_error(cut: int) -> None:
    assert all(role is Role.PICTURE for role, _ in parts(icon(PLAIN, OTHER)[:cut], icon_images))


def test_the_small_picture_of_a_photoshop_document_is_a_part_where_it_shows_something_else() -> None:
    small = encoded(OTHER, "JPEG")
    data = photoshop(PLAIN, small)
    assert parts(data, thumbnails) == [(Role.THUMBNAIL, small)]
    assert thumbnails in readers_of(data)
    assert parts(photoshop(PLAIN, encoded(PLAIN.resize((160, 160)), "JPEG")), thumbnails) == []


def pieces() -> Iterator[tuple[bytes, list[tuple[Role, bytes]]]]:
    one, other = film(3), film(8)
    yield one, []
    yield one + other, [(Role.FILM, other)]
    yield one + other + one, [(Role.FILM, other + one)]  # the third is found in the second
    yield one + bytes(100), []
    yield one + other[:40], [(Role.FILM, other[:40])]  # its beginning alone: the part says what is missing


def test_a_film_behind_a_film_is_a_part() -> None:
    for data, expected in pieces():
        assert parts(data, joined) == expected
    assert joined in readers_of(film(3))
    assert joined not in READERS["video/x-matroska"]
