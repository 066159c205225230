"""A Photoshop document of every mode, depth and compression shows its flattened picture, or else its thumbnail."""

import struct

import numpy as np
import pytest

from tests.kinds.still_samples import DEEP_GREY, palette
from tests.kinds.stills import GREY, HEIGHT, PICTURE, RGB, WIDTH, Samples, Values, Variant, assert_shown, psd
from tests.unit.media.pictures import encoded

PLANES = np.moveaxis(RGB, 2, 0)
INKS = 255 - np.moveaxis(np.asarray(PICTURE.convert("CMYK")), 2, 0)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("compression", [0, 1, 2, 3])
def test_every_photoshop_document(compression: int, big: bool) -> None:
    two = np.asarray(PICTURE.convert("1"))
    indices, table, mapped = palette(256)
    full = (PLANES.astype(float) - PLANES.min()) / (int(PLANES.max()) - int(PLANES.min()))
    stretched = np.moveaxis(np.rint(full * 255).astype(np.uint8), 0, 2)
    cases: list[tuple[Samples, int, int, Values, bytes]] = [
        (GREY[np.newaxis], 1, 8, GREY, b""),
        (DEEP_GREY[np.newaxis], 1, 16, GREY, b""),
        (PLANES, 3, 8, RGB, b""),
        (np.concatenate([PLANES, GREY[np.newaxis]]), 3, 8, RGB, b""),
        (PLANES.astype(np.uint16) * 257, 3, 16, RGB, b""),
        (full, 3, 32, stretched, b""),
        (INKS, 4, 8, RGB, b""),
        (np.concatenate([INKS, GREY[np.newaxis]]).astype(np.uint16) * 257, 4, 16, RGB, b""),
        (indices[np.newaxis], 2, 8, mapped, table.T.tobytes()),
        (GREY[np.newaxis], 8, 8, GREY, b"what a duotone is made of"),
    ]
    if compression != 3:
        cases.append((np.packbits(~two, axis=1)[np.newaxis], 0, 1, two.astype(np.uint8) * 255, b""))
    for planes, mode, depth, right, colours in cases:
        data = psd(planes, mode, depth, compression=compression, big=big, palette=colours)
        assert assert_shown(Variant(data=data, right=right)).media_type == "image/vnd.adobe.photoshop"


def test_a_photoshop_document_without_a_picture_gives_its_thumbnail() -> None:
    """As Photoshop writes one that is not made "compatible": its flattened picture is white."""
    jpeg = encoded(PICTURE, "JPEG", quality=95)
    version = struct.pack(">I?", 1, False) + bytes(12)
    resources = b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + bytes(len(body) % 2)
        for number, body in ((1057, version), (1036, bytes(28) + jpeg))
    )
    data = psd(np.full((3, HEIGHT, WIDTH), 255, np.uint8), 3, 8, resources=resources)
    picture = assert_shown(Variant(data=data, right=RGB, lossy=True))
    assert picture.note == "a Photoshop document without a flattened picture: its thumbnail of 101 x 75 was read"
