"""A header that states more pixels than the file can hold costs no decoder; the densest honest file is decoded."""

import io
import struct
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from node.errors import MediaError
from node.media.decode import decode_picture
from node.media.decoders.decoded import LEAST_SHARE, MAX_PIXELS, Overstated, believed
from node.media.picture_decoding import prepare
from tests.kinds.mac_icons import mac_icon
from tests.unit.media.pictures import encoded, scene

SMALL = scene(72, 56)
TALL = 2_000_000
"""Rows of a picture of 72 columns: 144 million pixels, within the limits."""


def patched(data: bytes, at: int, layout: str, *values: int) -> bytes:
    made = bytearray(data)
    struct.pack_into(layout, made, at, *values)
    return bytes(made)


def _jpeg(**options: object) -> bytes:
    data = encoded(SMALL, "JPEG", **options)
    frame = next(data.find(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in data)
    return patched(data, frame + 5, ">HH", 14_000, 14_000)


def _tiff(**options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.asarray(SMALL), metadata=None, photometric="rgb", **options)  # type: ignore[arg-type]
    data = buffer.getvalue()
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tag = file.pages.first.tags["ImageLength"]
        return patched(
            data, tag.valueoffset, "<H" if tag.dtype == 3 else "<I", TALL % 65536 if tag.dtype == 3 else TALL
        )


OVERSTATED = {
    "QOI": patched(bytes(imagecodecs.qoi_encode(np.asarray(SMALL))), 8, ">I", TALL),
    "PNG": patched(encoded(SMALL, "PNG"), 20, ">I", TALL),
    "TGA": patched(encoded(SMALL, "TGA"), 12, "<HH", 14_000, 14_000),
    "TGA packed": patched(encoded(SMALL, "TGA", compression="tga_rle"), 12, "<HH", 14_000, 14_000),
    "DDS": patched(encoded(SMALL, "DDS"), 12, "<I", TALL),
    "DDS of blocks": patched(encoded(SMALL, "DDS", pixel_format="DXT1"), 12, "<I", TALL),
    "PCX": patched(encoded(SMALL, "PCX"), 8, "<HH", 13_999, 13_999),
    "BMP": patched(encoded(SMALL, "BMP"), 22, "<i", TALL),
    "BMP from the top": patched(encoded(SMALL, "BMP"), 22, "<i", -TALL),
    "JPEG": _jpeg(),
    "JPEG in passes": _jpeg(progressive=True),
    "JPEG 2000": patched(
        bytes(imagecodecs.jpeg2k_encode(np.asarray(SMALL), level=40, codecformat="j2k")), 12, ">I", TALL
    ),
    "TIFF": _tiff(),
    "TIFF of strips": _tiff(rowsperstrip=8, compression="zlib"),
    "TIFF of tiles": _tiff(tile=(32, 32), compression="lzw"),
}
BLACK = Image.new("RGB", (4_000, 2_000))
DENSE: dict[str, Callable[[], bytes]] = {
    "QOI": lambda: bytes(imagecodecs.qoi_encode(np.asarray(BLACK))),
    "PNG": lambda: encoded(BLACK, "PNG", compress_level=9),
    "PNG of a bit": lambda: encoded(BLACK.convert("1"), "PNG", compress_level=9),
    "TGA": lambda: encoded(BLACK, "TGA", compression="tga_rle"),
    "TGA grey": lambda: encoded(BLACK.convert("L"), "TGA", compression="tga_rle"),
    "DDS": lambda: encoded(BLACK.resize((400, 200)), "DDS", pixel_format="DXT1"),
    "DDS grey": lambda: encoded(BLACK.resize((400, 200)).convert("L"), "DDS"),
    "PCX": lambda: encoded(BLACK, "PCX"),
    "PCX of a bit": lambda: encoded(BLACK.convert("1"), "PCX"),
    "BMP of a bit": lambda: encoded(BLACK.convert("1"), "BMP"),
    "JPEG": lambda: encoded(BLACK, "JPEG", optimize=True, quality=1, subsampling=2),
    "JPEG grey": lambda: encoded(BLACK.convert("L"), "JPEG", optimize=True, quality=1),
    "JPEG in passes": lambda: encoded(BLACK, "JPEG", progressive=True, quality=1),
    "JPEG 2000": lambda: bytes(imagecodecs.jpeg2k_encode(np.asarray(BLACK), level=40)),
    "TIFF of a bit": lambda: encoded(BLACK.convert("1"), "TIFF"),
    "TIFF by fax": lambda: encoded(BLACK.convert("1"), "TIFF", compression="group4"),
    "TIFF of strips": lambda: encoded(BLACK, "TIFF", compression="tiff_adobe_deflate"),
}
"""A picture of one colour is what each format stores in the fewest bytes."""


@pytest.mark.parametrize("kind", OVERSTATED)
def test_a_size_that_the_file_cannot_hold_is_refused_before_a_pixel_is_decoded(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare()
    for decoder in ("PIL.ImageFile.ImageFile.load", "imagecodecs.qoi_decode"):
        monkeypatch.setattr(decoder, None)  # it would fail
    with pytest.raises(Overstated, match=r"^damaged .*: its header states \d+ x \d+ pixels, but "):
        decode_picture(OVERSTATED[kind])


@pytest.mark.parametrize("kind", DENSE)
def test_the_densest_file_of_a_format_is_decoded(kind: str) -> None:
    picture = decode_picture(DENSE[kind]())
    assert picture.note == ""
    shown = picture.pixels.values.reshape(picture.pixels.height, picture.pixels.width, picture.pixels.channels)
    assert int(shown[:, :, :3].max()) <= 1


def test_a_picture_of_which_a_quarter_may_be_there_is_tried() -> None:
    believed("PNG", 100, 100, size=1, held=2500)
    with pytest.raises(Overstated):
        believed("PNG", 100, 100, size=1, held=2499)
    assert LEAST_SHARE == 0.25


def test_a_size_beyond_the_limit_has_its_own_reason() -> None:
    believed("PNG", MAX_PIXELS + 1, 1, size=1, held=0)
    with pytest.raises(MediaError, match="too many pixels"):
        decode_picture(patched(encoded(SMALL, "PNG"), 16, ">II", 100_000, 100_000))


@pytest.mark.parametrize(("kept", "said"), [(4, "damaged TIFF: 32 of 56 rows could be decoded"), (7, "")])
def test_rows_of_strips_that_a_tiff_does_not_list_are_missing_and_not_black(kept: int, said: str) -> None:
    """Pillow shows them as black, without a word."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.asarray(SMALL), metadata=None, photometric="rgb", rowsperstrip=8)
    data = buffer.getvalue()
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages.first.tags
        places = [tags[name].offset + 4 for name in ("StripOffsets", "StripByteCounts")]
    for place in places:
        data = patched(data, place, "<I", kept)
    picture = decode_picture(data)
    assert picture.note == said
    values = picture.pixels.values.reshape(56, 72, -1)[:, :, :3]
    assert (values[: kept * 8] == np.asarray(SMALL)[: kept * 8]).all()


def test_an_icon_whose_largest_picture_cannot_be_held_shows_another() -> None:
    broken = patched(encoded(SMALL, "PNG"), 20, ">I", TALL)
    data = mac_icon((b"ic08", broken), (b"ic07", encoded(SMALL, "PNG")))
    assert decode_picture(data).note == "damaged Mac icon: the image of 72 x 56 pixels in it was read"
    with pytest.raises(Overstated):
        decode_picture(mac_icon((b"ic08", broken)))


@pytest.mark.parametrize("bits", [8, 12])
def test_a_jpeg_2000_that_states_two_sizes_has_that_of_its_codestream(bits: int) -> None:
    """Pillow makes room for the size that the box around it states."""
    values = np.asarray(SMALL) if bits == 8 else np.asarray(SMALL).astype(np.uint16) << 4
    whole = bytes(imagecodecs.jpeg2k_encode(values, level=0, reversible=True, bitspersample=bits, codecformat="jp2"))
    data = patched(whole, whole.find(b"ihdr") + 4, ">I", TALL)
    picture = decode_picture(data)
    assert picture.note == "damaged JPEG 2000: its outer header states another size than its picture has"
    assert (picture.pixels.width, picture.pixels.height) == SMALL.size
    expected = decode_picture(whole).pixels.values.reshape(56, 72, -1)[:, :, :3]
    assert (picture.pixels.values.reshape(56, 72, -1)[:, :, :3] == expected).all()
