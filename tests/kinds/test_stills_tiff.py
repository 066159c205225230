"""Every kind of TIFF shows the picture that was written, or is refused in plain words: no other picture is ever hashed.

Written by tifffile and by hand; the right value is the picture itself.
"""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image, ImageCms

from node.errors import MediaError
from node.media.decode import decode_picture
from node.media.decoders.decoded import Unreliable
from tests.conftest import absent
from tests.kinds.stills import (
    GREY,
    HEIGHT,
    PICTURE,
    RGB,
    WIDTH,
    Samples,
    Values,
    Variant,
    assert_shown,
    hashed,
    packed,
    rgb_of,
    tiff,
)
from tests.unit.media.pictures import distance, encoded

INKS: Values = np.asarray(PICTURE.convert("CMYK"))
PALETTE = PICTURE.quantize(200)
INDICES: Values = np.asarray(PALETTE)
COLOURS: Values = np.asarray(PALETTE.getpalette(), np.uint8).reshape(-1, 3)
MAPPED: Values = np.asarray(PALETTE.convert("RGB"))
LAYOUTS: dict[str, dict[str, Any]] = {
    f"{order}{'big' if big else 'classic'} {'tiles' if tile else 'strips'}": {
        "byteorder": order,
        "bigtiff": big,
        **({"tile": tile} if tile else {"rowsperstrip": 16}),
    }
    for order in "<>"
    for big in (False, True)
    for tile in (None, (32, 48))
}
COMPRESSIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "lzw": {"compression": "lzw"},
    "lzw with differences": {"compression": "lzw", "predictor": True},
    "deflate": {"compression": "adobe_deflate"},
    "deflate with differences": {"compression": "adobe_deflate", "predictor": True},
    "packbits": {"compression": "packbits"},
    "zstd": {"compression": "zstd"},
    "lzma": {"compression": "lzma"},
}


def wide(values: Values, kind: type[np.unsignedinteger[Any]] = np.uint16) -> Samples:
    """8 bits spread over all bits of a deeper whole number."""
    return values.astype(kind) * np.asarray(np.iinfo(kind).max // 255, kind)


def colour_map(bits: int, *, spread: int = 1, deep: bool = True) -> npt.NDArray[np.uint16]:
    table = np.zeros((3, 1 << bits), np.uint16)
    table[:, np.arange(len(COLOURS)) * spread] = COLOURS.T.astype(np.uint16) * (257 if deep else 1)
    return table


def kinds() -> dict[str, tuple[Samples, Values, dict[str, Any]]]:
    """Samples, what is shown, and how to write them."""
    grey, inverted, planes = {"photometric": "minisblack"}, {"photometric": "miniswhite"}, {"planarconfig": "separate"}
    colour, inks, alpha = {"photometric": "rgb"}, {"photometric": "separated"}, {"extrasamples": ["unassalpha"]}
    contig = {"planarconfig": "contig"}
    halves = (PICTURE.size[1], PICTURE.size[0], 1)
    opaque: Values = np.full(halves, 255, np.uint8)
    made: dict[str, tuple[Samples, Values, dict[str, Any]]] = {
        "grey 8": (GREY, GREY, grey),
        "white is zero 8": (255 - GREY, GREY, inverted),
        "grey 16": (wide(GREY), GREY, grey),
        "white is zero 16": (wide(255 - GREY), GREY, inverted),
        "grey 32": (wide(GREY, np.uint32), GREY, grey),
        "white is zero 32": (wide(255 - GREY, np.uint32), GREY, inverted),
        "signed 8": ((GREY.astype(int) - 128).astype(np.int8), GREY, grey),
        "signed 16": ((wide(GREY).astype(int) - 32768).astype(np.int16), GREY, grey),
        "grey 12 in 16": (wide(GREY) >> 4, GREY, grey),
        "white is zero 12 in 16": (wide(255 - GREY) >> 4, GREY, inverted),
        "colour 12 in 16": (wide(RGB) >> 4, RGB, colour),
        "colour 10 in 16": (wide(RGB) >> 6, RGB, colour),
        "colour 8": (RGB, RGB, colour),
        "colour 16": (wide(RGB), RGB, colour),
        "colour 8 in planes": (np.moveaxis(RGB, 2, 0), RGB, colour | planes),
        "colour 16 in planes": (np.moveaxis(wide(RGB), 2, 0), RGB, colour | planes),
        "colour 12 in 16 in planes": (np.moveaxis(wide(RGB) >> 4, 2, 0), RGB, colour | planes),
        "alpha 8": (np.dstack([RGB, GREY]), RGB, colour | alpha),
        "alpha 16": (np.dstack([wide(RGB), wide(GREY)]), RGB, colour | alpha),
        "alpha 8 in planes": (np.moveaxis(np.dstack([RGB, GREY]), 2, 0), RGB, colour | planes | alpha),
        "alpha 16 in planes": (np.moveaxis(np.dstack([wide(RGB), wide(GREY)]), 2, 0), RGB, colour | planes | alpha),
        "grey and alpha 8": (np.dstack([GREY, GREY]), GREY, grey | alpha | contig),
        "grey and alpha 16": (np.dstack([wide(GREY), wide(GREY)]), GREY, grey | alpha | contig),
        "premultiplied 16": (
            np.dstack([wide(RGB), wide(opaque)]), RGB, colour | {"extrasamples": ["assocalpha"]},
        ),
        "grey premultiplied 8": (
            np.dstack([GREY, opaque]), GREY, grey | contig | {"extrasamples": ["assocalpha"]},
        ),
        "inks 8": (INKS, RGB, inks),
        "inks 16": (wide(INKS), RGB, inks),
        "inks 8 in planes": (np.moveaxis(INKS, 2, 0), RGB, inks | planes),
        "inks and alpha 8": (np.dstack([INKS, GREY]), RGB, inks | alpha),
        "inks and alpha 16": (np.dstack([wide(INKS), wide(GREY)]), RGB, inks | alpha),
        "palette 8": (INDICES, MAPPED, {"photometric": "palette", "colormap": colour_map(8)}),
        "palette 8, map of 8 bits": (
            INDICES, MAPPED, {"photometric": "palette", "colormap": colour_map(8, deep=False)},
        ),
        "palette 16": (
            INDICES.astype(np.uint16) * 300, MAPPED, {"photometric": "palette", "colormap": colour_map(16, spread=300)},
        ),
    }  # fmt: skip
    for name, kind in (("half", np.float16), ("float", np.float32), ("double", np.float64)):
        floats = {"grey": GREY, "colour": RGB}
        for what, values in floats.items():
            ranged = values.astype(float)
            ranged = (ranged - ranged.min()) / (ranged.max() - ranged.min())
            shown = np.rint(ranged * 255).astype(np.uint8)
            made[f"{name} {what}"] = (ranged.astype(kind), shown, grey if what == "grey" else colour)
            if what == "grey":
                made[f"{name} white is zero"] = ((1 - ranged).astype(kind), shown, inverted)
            else:
                made[f"{name} colour in planes"] = (np.moveaxis(ranged.astype(kind), 2, 0), shown, colour | planes)
    return made


KINDS = kinds()


def stretched(values: Values) -> Values:
    least, most = int(values.min()), int(values.max())
    return np.rint((values.astype(float) - least) * 255 / (most - least)).astype(np.uint8)


def written(samples: Samples, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, metadata=None, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_shown_in_every_layout_and_compression(kind: str) -> None:
    """Each kind in every layout without compression, and in one layout after the other with each compression."""
    samples, right, options = KINDS[kind]
    if samples.dtype.kind in "uif" and samples.dtype.itemsize >= 4 and samples.dtype.kind != "f":
        right = np.rint((right.astype(float) - right.min()) * 255 / (int(right.max()) - int(right.min()))).astype(
            np.uint8
        )
    if samples.dtype.kind == "i":
        right = np.rint((right.astype(float) - right.min()) * 255 / (int(right.max()) - int(right.min()))).astype(
            np.uint8
        )
    layouts = list(LAYOUTS)
    cases = [("plain", layout) for layout in layouts]
    cases += [(name, layouts[number % len(layouts)]) for number, name in enumerate(COMPRESSIONS) if name != "plain"]
    cases += [
        (name, layouts[(number + 5) % len(layouts)]) for number, name in enumerate(COMPRESSIONS) if name != "plain"
    ]
    for compression, layout in cases:
        data = written(samples, **options, **COMPRESSIONS[compression], **LAYOUTS[layout])
        try:
            assert_shown(Variant(data=data, right=right))
        except (AssertionError, MediaError) as error:
            raise AssertionError(f"{kind}, {compression}, {layout}: {error}") from error


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 7, 10, 12, 14])
def test_samples_packed_to_the_bit(bits: int, order: str, white_is_zero: bool) -> None:
    """The highest bit first, whatever the byte order (TIFF 6.0, section "FillOrder")."""
    for values in (GREY, RGB):
        least = values.astype(np.uint32) >> (8 - bits) if bits < 8 else values.astype(np.uint32) << (bits - 8)
        shown = np.rint(least * 255 / ((1 << bits) - 1)).astype(np.uint8) if bits < 8 else values
        if values.ndim == 3 and white_is_zero:
            continue
        stored = ((1 << bits) - 1) - least if white_is_zero else least
        samples = 1 if values.ndim == 2 else 3
        tags: dict[int, Any] = {
            256: WIDTH, 257: HEIGHT, 258: [bits] * samples, 259: 1, 262: 2 if samples == 3 else int(not white_is_zero),
            277: samples, 278: HEIGHT, 284: 1,
        }  # fmt: skip
        data = tiff(tags, [packed(stored, bits)], order=order)
        assert_shown(Variant(data=data, right=shown))


@pytest.mark.parametrize("compression", ["tiff_ccitt", "group3", "group4", "packbits", "tiff_lzw", None])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_two_colours(compression: str | None, white_is_zero: bool) -> None:
    two = PICTURE.convert("1")
    options = {"compression": compression} if compression else {}
    data = encoded(two, "TIFF", tiffinfo={262: 0 if white_is_zero else 1}, **options)
    assert_shown(Variant(data=data, right=np.asarray(two.convert("L"))))


def test_bits_in_reversed_order() -> None:
    tags: dict[int, Any] = {256: WIDTH, 257: HEIGHT, 258: 8, 259: 1, 262: 1, 266: 2, 277: 1, 278: HEIGHT}
    reverse = np.array([int(f"{value:08b}"[::-1], 2) for value in range(256)], np.uint8)
    data = tiff(tags, [reverse[GREY].tobytes()])
    assert_shown(Variant(data=data, right=GREY))


@pytest.mark.parametrize("photometric", [8, 9])
@pytest.mark.parametrize("bits", [8, 16])
def test_lab(photometric: int, bits: int) -> None:
    """CIELab has signed a and b, ICCLab counts them from the middle on; both are shown as the same colours."""
    made = ImageCms.applyTransform(
        PICTURE,
        ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"),
    )
    assert made is not None
    signed = np.asarray(made).copy()  # as CIELab
    right = np.asarray(made.convert("RGB"))
    stored = signed if photometric == 8 else signed ^ np.array([0, 128, 128], np.uint8)
    samples = stored if bits == 8 else stored.astype("<u2") << 8
    tags: dict[int, Any] = {
        256: WIDTH, 257: HEIGHT, 258: [bits] * 3, 259: 1, 262: photometric, 277: 3, 278: HEIGHT, 284: 1,
    }  # fmt: skip
    data = tiff(tags, [samples.tobytes()])
    assert_shown(Variant(data=data, right=right))


@pytest.mark.parametrize("steps", [(1, 1), (2, 1), (2, 2), (4, 2)])
def test_luma_and_colour_differences_without_compression(steps: tuple[int, int]) -> None:
    """Units of luma samples, then one Cb and one Cr (TIFF 6.0, section 21)."""
    across, down = steps
    width, height = 96, 72
    part = PICTURE.crop((0, 0, width, height))
    planes = np.asarray(part.convert("YCbCr")).astype(np.uint8)
    units = bytearray()
    for top in range(0, height, down):
        for left in range(0, width, across):
            unit = planes[top : top + down, left : left + across]
            units += unit[:, :, 0].tobytes()
            units += bytes(int(unit[:, :, channel].mean()) for channel in (1, 2))
    tags: dict[int, Any] = {
        256: width, 257: height, 258: [8, 8, 8], 259: 1, 262: 6, 277: 3, 278: height, 284: 1, 530: [across, down],
    }  # fmt: skip
    data = tiff(tags, [bytes(units)])
    assert_shown(Variant(data=data, right=np.asarray(part), lossy=True))


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "jpegxl", "webp", "png", "jpegxr"])
def test_pictures_within_a_tiff(compression: str) -> None:
    options: dict[str, Any] = {"photometric": "rgb", "compression": compression, "tile": (64, 64)}
    if compression == "jpeg":
        options["compressionargs"] = {"level": 95}
    data = written(RGB, **options)
    assert_shown(Variant(data=data, right=RGB, lossy=True))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_deep_tiff_is_turned_as_it_states(orientation: int) -> None:
    """As the same picture of 8 bits is, which Pillow turns."""
    shallow = written(RGB, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    deep = written(wide(RGB), photometric="rgb", planarconfig="contig", extratags=[(274, 3, 1, orientation, True)])
    ours, pillows = decode_picture(deep).pixels, decode_picture(shallow).pixels
    assert np.array_equal(
        ours.values.reshape(ours.height, ours.width, -1)[:, :, :3],
        pillows.values.reshape(pillows.height, pillows.width, -1)[:, :, :3],
    )


def test_colours_of_a_rare_kind_are_refused() -> None:
    complex_numbers = written(GREY.astype(np.complex64), photometric="minisblack")
    other_inks = written(INKS, photometric="separated", extratags=[(332, 3, 1, 2, True)])
    for data in (complex_numbers, other_inks):
        with pytest.raises(Unreliable, match=r"reliably|of a kind that Vigil does not decode"):
            decode_picture(data)


@pytest.mark.parametrize("kind", ["colour 16 in planes", "half colour", "inks and alpha 8"])
def test_a_strip_that_is_missing_is_never_filled_up_in_silence(kind: str) -> None:
    samples, _, options = KINDS[kind]
    whole = written(samples, **options, rowsperstrip=16)
    try:
        said = decode_picture(whole[: len(whole) - 100]).note
    except MediaError as error:
        said = str(error)
    assert said.startswith("truncated TIFF")


def test_limits_hold_before_a_pixel_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, _, options = KINDS["colour 16 in planes"]
    monkeypatch.setattr("node.media.decoders.decoded.MAX_PIXELS", WIDTH * HEIGHT - 1)
    monkeypatch.setattr(tifffile.TiffPage, "asarray", None)  # it would fail
    with pytest.raises(MediaError, match=r"^too many pixels"):
        decode_picture(written(samples, **options))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("04-tiff-rgb16-planar.tif", (240, 120)),
        ("05-tiff-grey16-white-is-zero.tif", (240, 120)),
        ("06a-tiff-cmyk-alpha.tif", (240, 120)),
    ],
)
def test_the_reported_files_show_the_picture_that_they_were_made_of(
    vectors: Any, name: str, size: tuple[int, int]
) -> None:
    path = vectors / "files" / name
    original = vectors / "files" / "base" / "A.jpg"
    if not path.is_file() or not original.is_file():
        absent("the vectors have no such file")
    with Image.open(original) as opened:
        right = np.asarray(opened.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    assert distance(hashed(rgb_of(decode_picture(path.read_bytes()))), hashed(right)) <= 10
