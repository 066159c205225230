"""Rarer still pictures that are cut short: what is there is shown, and what is missing is said."""

import io
import struct
import time

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from node.errors import MediaError
from node.media.decode import decode_picture
from tests.unit.media.pictures import encoded, scene

SIZE = (320, 240)
PLAIN = scene(*SIZE)
JPEG = encoded(PLAIN, "JPEG", quality=90)


def sun_raster() -> bytes:
    """24 bits, blue first, not packed."""
    rows = np.asarray(PLAIN)[:, :, ::-1].tobytes()
    return struct.pack(">8I", 0x59A66A95, *SIZE, 24, len(rows), 1, 0, 0) + rows


@pytest.mark.parametrize("share", [0.9, 0.5])
def test_a_sun_raster_that_is_cut_says_how_many_rows_are_there(share: float) -> None:
    whole = sun_raster()
    assert not decode_picture(whole).note
    rows = int((int(len(whole) * share) - 32) / (3 * SIZE[0]))
    found = decode_picture(whole[: int(len(whole) * share)])
    assert found.note == f"truncated Sun raster: {rows} of {SIZE[1]} rows could be decoded"


@pytest.mark.parametrize("left", [-2, -2_000, 40_000])
def test_a_jpeg_ls_that_is_cut_is_refused_at_once(left: int) -> None:
    """CharLS took 16 seconds for it, and five minutes for a photograph."""
    whole = bytes(imagecodecs.jpegls_encode(np.asarray(PLAIN)))
    began = time.process_time()
    with pytest.raises(MediaError, match="truncated JPEG"):
        decode_picture(whole[:left])
    assert time.process_time() - began < 5


@pytest.mark.parametrize("share", [0.9, 0.7])
def test_an_icon_that_is_cut_shows_its_largest_image(share: float) -> None:
    buffer = io.BytesIO()
    PLAIN.resize((256, 256)).save(buffer, "ICO", sizes=[(32, 32), (256, 256)])
    whole = buffer.getvalue()
    found = decode_picture(whole[: int(len(whole) * share)])
    assert (found.pixels.width, found.pixels.height, found.media_type) == (256, 256, "image/vnd.microsoft.icon")
    assert "damaged Windows icon: truncated PNG" in found.note
    assert "rows could be decoded" in found.note


@pytest.mark.parametrize(("colours", "whole"), [(2.5, 2), (1.2, 1)])
@pytest.mark.parametrize("packed", [False, True])
def test_a_photoshop_document_without_its_last_colours_is_shown(colours: float, whole: int, packed: bool) -> None:
    planes = np.moveaxis(np.asarray(PLAIN), 2, 0)
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, SIZE[1], SIZE[0], 8, 3) + bytes(12) + struct.pack(">H", packed)
    rows = [row.tobytes() for plane in planes for row in plane]
    if packed:
        rows = [bytes(imagecodecs.packbits_encode(row)) for row in rows]
        head += struct.pack(f">{len(rows)}H", *map(len, rows))
    found = decode_picture(head + b"".join(rows[: int(colours * SIZE[1])]))
    shown = found.pixels.values.reshape(SIZE[1], SIZE[0], 3)
    assert np.array_equal(shown[:, :, :whole], np.asarray(PLAIN)[:, :, :whole])
    assert np.array_equal(shown[-9:, :, 2], shown[-9:, :, whole - 1])
    assert found.note == (
        f"truncated Photoshop document: {whole} of its 3 colours are whole, the rest was filled from them"
    )
    with pytest.raises(MediaError, match="truncated Photoshop document"):
        decode_picture(head + b"".join(rows[: SIZE[1] // 8]))


@pytest.mark.parametrize("order", [b"II*\0", b"MM\0*"])
def test_of_a_raw_file_that_is_cut_before_its_directory_the_preview_is_shown(order: bytes) -> None:
    at = struct.pack("<I" if order.startswith(b"I") else ">I", 500_000)
    found = decode_picture(order + at + encoded(Image.new("RGB", (64, 48)), "JPEG") + JPEG + bytes(9_000))
    with Image.open(io.BytesIO(JPEG)) as right:
        assert np.array_equal(found.pixels.values.reshape(SIZE[1], SIZE[0], -1)[:, :, :3], np.asarray(right))
    assert found.note == (
        "truncated TIFF: its directory is missing, and a JPEG picture of 320 x 240 pixels in it was read"
    )
    with pytest.raises(MediaError, match="truncated TIFF"):
        decode_picture(order + at + bytes(9_000))
