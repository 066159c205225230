"""Stills with parts (behind a picture, small pictures, pages), and what a reader finds in a file."""

import io
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from node.domain.parts import Role
from node.media import jpeg
from node.media.decode import decode_picture
from node.media.parts.part import Omission, Part
from node.media.region import Region
from tests.unit.media.hostile import heif_of
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.videos import Scene, write_video

PLAIN = scene(320, 240)
OTHER = scene(200, 150, 7)
Reading = Callable[[Region], Iterator[Part | Omission]]


def read(data: bytes, reader: Reading) -> tuple[list[tuple[Role, bytes]], list[str]]:
    """The parts with their bytes, and the words for what was left out."""
    parts, omissions = [], []
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        for found in reader(Region(file.fileno())):
            if isinstance(found, Omission):
                omissions.append(found.reason)
                continue
            content = found.content
            parts.append((found.role, content.all(1 << 30) if isinstance(content, Region) else b"".join(content)))
    return parts, omissions


def colours(data: bytes) -> npt.NDArray[np.uint8]:
    """The colours of a picture, height x width x 3."""
    pixels = decode_picture(data).pixels
    return pixels.values.reshape(pixels.height, pixels.width, pixels.channels)[:, :, :3]


@lru_cache(maxsize=1)
def film() -> bytes:
    """A film of one second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        write_video(path, Scene(3), seconds=1)
        return path.read_bytes()


def archive() -> bytes:
    """A ZIP archive with a picture."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a.jpg", encoded(OTHER, "JPEG"))
    return buffer.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(PLAIN, "JPEG", exif=exif_with(encoded(PLAIN.resize((160, 120)), "JPEG"))),
    "jpeg progressive": lambda: encoded(PLAIN, "JPEG", progressive=True),
    "png": lambda: encoded(PLAIN, "PNG"),
    "gif": lambda: encoded(PLAIN.quantize(64), "GIF"),
    "gif moving": lambda: encoded(
        PLAIN.quantize(64), "GIF", save_all=True, append_images=[OTHER.resize(PLAIN.size).quantize(64)]
    ),
    "webp": lambda: encoded(PLAIN, "WEBP"),
    "bmp": lambda: encoded(PLAIN, "BMP"),
    "heic": lambda: heif_of([PLAIN]),
    "avif": lambda: encoded(PLAIN, "AVIF", speed=10),
}
BEHIND: dict[str, tuple[Role, Callable[[], bytes]]] = {
    "jpeg": (Role.PICTURE, lambda: encoded(OTHER, "JPEG")),
    "png": (Role.PICTURE, lambda: encoded(OTHER, "PNG")),
    "gif": (Role.PICTURE, lambda: encoded(OTHER.quantize(64), "GIF")),
    "webp": (Role.PICTURE, lambda: encoded(OTHER, "WEBP")),
    "heic": (Role.PICTURE, lambda: heif_of([OTHER])),
    "film": (Role.FILM, film),
    "zip": (Role.MEMBER, archive),
    "pdf": (Role.MEMBER, lambda: b"%PDF-1.7\n" + bytes(range(10, 200))),
}


# --- small pictures ---------------------------------------------------------------------------------------------------


def exif_with(small: bytes) -> bytes:
    """Exif whose second directory names a JPEG."""
    first = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 26)
    second = struct.pack(">HHHIIHHIII", 2, 513, 4, 1, 56, 514, 4, 1, len(small), 0)
    return b"Exif\0\0MM\0*\0\0\0\x08" + first + second + small


def jpeg_with(image: Image.Image, exif: bytes) -> bytes:
    """A JPEG with this Exif."""
    return encoded(image, "JPEG", exif=exif)


def _photoshop(image: Image.Image, small: bytes) -> bytes:
    resource = b"8BIM" + struct.pack(">HH", 1036, 0) + struct.pack(">I", 28 + len(small)) + bytes(28) + small
    content = b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">HHI", 1005, 0, 4) + bytes(4) + resource
    return _jpeg_with_segment(image, 0xED, content)


def _jpeg_with_segment(image: Image.Image, marker: int, content: bytes) -> bytes:
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content
    return jpeg.START + segment + encoded(image, "JPEG")[2:]


def _jfxx(image: Image.Image, small: bytes) -> bytes:
    return _jpeg_with_segment(image, 0xE0, b"JFXX\0\x10" + small)


CARRIERS: dict[str, Callable[[Image.Image, bytes], bytes]] = {
    "exif of a jpeg": lambda image, small: jpeg_with(image, exif_with(small)),
    "exif of a png": lambda image, small: encoded(image, "PNG", exif=exif_with(small)[6:]),
    "exif of a webp": lambda image, small: encoded(image, "WEBP", exif=exif_with(small)),
    "photoshop": _photoshop,
    "jfxx": _jfxx,
}


def small_of(image: Image.Image) -> bytes:
    """A small JPEG of a picture, as cameras store it."""
    return encoded(image.resize((160, 120)), "JPEG")


# --- pages ------------------------------------------------------------------------------------------------------------


def tiff_of(*images: Image.Image) -> bytes:
    """A TIFF with a page for each image."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as made:
        for image in images:
            made.write(np.asarray(image), photometric="rgb", metadata=None)
    return buffer.getvalue()
