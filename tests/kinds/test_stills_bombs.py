"""A picture that states a size beyond the limit is refused before it is decoded, whatever its format."""

import struct
from collections.abc import Callable

import imagecodecs
import pytest

from node.errors import MediaError
from node.media.decode import decode_picture
from tests.kinds.still_samples import DEEP_RGB

HEADERS: dict[str, Callable[[], bytes]] = {
    "QOI": lambda: b"qoif" + struct.pack(">IIBB", 60_000, 60_000, 3, 0),
    "portable anymap": lambda: b"P6\n60000 60000\n255\n",
    "Photoshop document": lambda: struct.pack(">4sH6xHIIHH", b"8BPS", 2, 3, 60_000, 60_000, 8, 3),
    "JPEG 2000": lambda: _stating(bytes(imagecodecs.jpeg2k_encode(DEEP_RGB, codecformat="j2k")), 8, ">II"),
    "SGI picture": lambda: b"\x01\xda\x00\x01\x00\x03" + struct.pack(">3H", 60_000, 60_000, 3) + bytes(500),
    "Sun raster": lambda: b"\x59\xa6\x6a\x95" + struct.pack(">7I", 60_000, 60_000, 24, 0, 1, 0, 0),
    "BMP": lambda: (
        b"BM" + struct.pack("<IHHI", 0, 0, 0, 54) + struct.pack("<IiiHH", 40, 60_000, 60_000, 1, 2) + bytes(24)
    ),
    "Targa picture": lambda: struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 60_000, 60_000, 24, 0) + bytes(99),
}


def _stating(data: bytes, at: int, kind: str) -> bytes:
    made = bytearray(data)
    struct.pack_into(kind, made, at, 60_000, 60_000)
    return bytes(made)


@pytest.mark.parametrize("name", HEADERS)
def test_a_bomb_of_any_format_is_refused_by_its_stated_size(name: str) -> None:
    with pytest.raises(MediaError, match=r"^too many pixels: 60000 x 60000, the limit is "):
        decode_picture(HEADERS[name]())
