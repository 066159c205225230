"""PNG, BMP, JPEG, HEIF, AVIF and the rarer formats show the picture that was written, in every kind that has a writer.

The writers are other libraries than the decoders where there are any (FFmpeg, imagecodecs, our own by the
specification), so that no common mistake hides.
"""

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from av.video.codeccontext import VideoCodecContext
from PIL import Image

from node.errors import MediaError
from node.media.decode import decode_picture
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
    bmp,
    bmp_rows,
    chunk,
    png,
    psd,
    rgb_of,
)
from tests.unit.media.pictures import encoded, scene

DEEP_GREY, DEEP_RGB = GREY.astype(np.uint16) * 257, RGB.astype(np.uint16) * 257
RGBA: Values = np.dstack([RGB, GREY])
GREY_ALPHA: Values = np.dstack([GREY, GREY])


def palette(colours: int) -> tuple[Values, Values, Values]:
    """Indices, colours, and the picture that they show."""
    made = PICTURE.quantize(colours)
    table = np.zeros((colours, 3), np.uint8)
    stated = np.asarray(made.getpalette(), np.uint8).reshape(-1, 3)[:colours]
    table[: len(stated)] = stated
    indices: Values = np.asarray(made, np.uint8)
    return indices, table, np.asarray(table[indices])


def fewer(values: Values, bits: int) -> tuple[Values, Values]:
    """The highest bits of a picture, and what they show."""
    kept: Values = (values >> (8 - bits)).astype(np.uint8)
    return kept, np.rint(kept * (255 / ((1 << bits) - 1))).astype(np.uint8)


# --- PNG --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("transparent", [False, True])
def test_every_png(interlaced: bool, transparent: bool) -> None:
    """Every colour type with every depth (PNG, third edition, table 8)."""
    grey_key, colour_key = ([chunk(b"tRNS", bytes(size))] if transparent else [] for size in (2, 6))
    cases: list[tuple[bytes, Values]] = []
    for bits in (1, 2, 4, 8):
        kept, shown = fewer(GREY, bits)
        cases.append((png(kept, bits, 0, *grey_key, interlaced=interlaced), shown))
        indices, table, mapped = palette(1 << bits)
        key = [chunk(b"tRNS", bytes([0, 128][: 1 << bits]))] if transparent else []
        cases.append((png(indices, bits, 3, chunk(b"PLTE", table.tobytes()), *key, interlaced=interlaced), mapped))
    cases += [
        (png(DEEP_GREY, 16, 0, *grey_key, interlaced=interlaced), GREY),
        (png(DEEP_GREY >> 4, 16, 0, interlaced=interlaced), GREY),
        (png(RGB, 8, 2, *colour_key, interlaced=interlaced), RGB),
        (png(DEEP_RGB, 16, 2, *colour_key, interlaced=interlaced), RGB),
        (png(GREY_ALPHA, 8, 4, interlaced=interlaced), GREY),
        (png(GREY_ALPHA.astype(np.uint16) * 257, 16, 4, interlaced=interlaced), GREY),
        (png(RGBA, 8, 6, interlaced=interlaced), RGB),
        (png(RGBA.astype(np.uint16) * 257, 16, 6, interlaced=interlaced), RGB),
    ]
    for data, right in cases:
        assert_shown(Variant(data=data, right=right))


def test_a_png_of_a_sensor_keeps_8_of_its_12_bits() -> None:
    assert_shown(Variant(data=png(DEEP_RGB >> 4, 16, 2), right=RGB))


def test_a_deep_png_too_large_for_its_samples_is_left_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.media.decoders.png.MAX_SAMPLE_BYTES", 6 * WIDTH * HEIGHT)
    assert_shown(Variant(data=png(DEEP_RGB >> 4, 16, 2), right=RGB))
    deep = RGBA.astype(np.uint16) * 257
    monkeypatch.setattr("node.media.decoders.png.of_samples", None)  # it would fail
    assert_shown(Variant(data=png(deep, 16, 6), right=RGB))


def test_a_deep_png_that_is_cut_short_is_said_to_be_so() -> None:
    whole = png(DEEP_RGB, 16, 2)
    assert decode_picture(whole[: len(whole) * 9 // 10]).note.startswith("truncated PNG: ")


# --- BMP --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("size", [12, 16, 40, 52, 56, 64, 108, 124])
def test_every_bmp_with_a_palette_or_whole_bytes(size: int, top_down: bool) -> None:
    if top_down and size == 12:
        return  # it has no sign for it
    for bits in (1, 2, 4, 8):
        indices, table, mapped = palette(1 << bits)
        entries = table[:, ::-1] if size == 12 else np.hstack([table[:, ::-1], np.zeros((len(table), 1), np.uint8)])
        data = bmp(
            bmp_rows(indices, bits, top_down=top_down), bits, size=size, palette=entries.tobytes(), top_down=top_down
        )
        assert_shown(Variant(data=data, right=mapped))
    blue_first = RGB[:, :, ::-1]
    assert_shown(
        Variant(data=bmp(bmp_rows(blue_first, 24, top_down=top_down), 24, size=size, top_down=top_down), right=RGB)
    )


LAYOUTS: dict[str, tuple[int, tuple[int, int, int, int]]] = {
    "555": (16, (0x7C00, 0x03E0, 0x001F, 0)),
    "565": (16, (0xF800, 0x07E0, 0x001F, 0)),
    "444": (16, (0x0F00, 0x00F0, 0x000F, 0)),
    "4444": (16, (0x0F00, 0x00F0, 0x000F, 0xF000)),
    "888": (32, (0xFF0000, 0xFF00, 0xFF, 0)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "888 reversed": (32, (0xFF, 0xFF00, 0xFF0000, 0)),
    "8888 reversed": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "888 high": (32, (0xFF000000, 0xFF0000, 0xFF00, 0)),
    "101010": (32, (0x3FF00000, 0x000FFC00, 0x000003FF, 0)),
}


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("size", [40, 52, 56, 108, 124])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_bmp_with_masks(layout: str, size: int, top_down: bool) -> None:
    bits, masks = LAYOUTS[layout]
    values = np.full((HEIGHT, WIDTH), masks[3], np.uint32)
    right = RGB.copy()
    for channel, mask in enumerate(masks[:3]):
        shift, width = (mask & -mask).bit_length() - 1, mask.bit_count()
        plane = RGB[:, :, channel].astype(np.uint32)
        kept = plane >> (8 - width) if width < 8 else plane << (width - 8)
        values |= kept << np.uint32(shift)
        if width < 8:
            right[:, :, channel] = np.rint(kept * (255 / ((1 << width) - 1)))
    stated = masks[:3] if size in (40, 52) else masks
    data = bmp(
        bmp_rows(values, bits, top_down=top_down), bits, size=size, compression=3, masks=stated, top_down=top_down
    )
    # Pillow spreads 5 and 6 bits in its own way, by 4 of 255 at most; nothing is changed there.
    picture = decode_picture(data).pixels
    shown = picture.values.reshape(HEIGHT, WIDTH, -1)[:, :, :3].astype(int)
    assert np.abs(shown - right).max() <= (8 if layout in ("555", "565") else 1)


def run_lengths(indices: Values, bits: int) -> bytes:
    """RLE8 or RLE4 of a BMP: only runs, from the bottom to the top (Microsoft, "Bitmap Compression")."""
    rows = bytearray()
    for row in indices[::-1]:
        step = 1 if bits == 8 else 2
        for at in range(0, len(row), step):
            pair = [int(value) for value in row[at : at + step]]
            rows += bytes([len(pair), pair[0] if bits == 8 else pair[0] << 4 | (pair[1] if len(pair) > 1 else 0)])
        rows += b"\0\0"
    return bytes(rows) + b"\0\1"


@pytest.mark.parametrize("bits", [4, 8])
def test_bmp_of_run_lengths(bits: int) -> None:
    indices, table, mapped = palette(1 << bits)
    entries = np.hstack([table[:, ::-1], np.zeros((len(table), 1), np.uint8)]).tobytes()
    data = bmp(run_lengths(indices, bits), bits, compression=1 if bits == 8 else 2, palette=entries)
    assert_shown(Variant(data=data, right=mapped))


# --- JPEG -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "411", "440"])
def test_jpeg_of_every_sampling(subsampling: str) -> None:
    data = bytes(imagecodecs.jpeg8_encode(RGB, subsampling=subsampling, level=95))
    assert_shown(Variant(data=data, right=RGB, lossy=True))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_of_every_colour(mode: str, progressive: bool) -> None:
    data = encoded(PICTURE.convert(mode), "JPEG", quality=95, progressive=progressive)
    assert_shown(Variant(data=data, right=GREY if mode == "L" else RGB, lossy=True))


def test_jpeg_of_inks_as_luma_and_differences() -> None:
    """YCCK, as Adobe's programs write it, inverted."""
    inks = 255 - np.asarray(PICTURE.convert("CMYK"))
    data = bytes(imagecodecs.jpeg8_encode(inks, colorspace="cmyk", outcolorspace="ycck", level=95))
    assert_shown(Variant(data=data, right=RGB, lossy=True))


@pytest.mark.parametrize("colour", [False, True])
def test_jpeg_of_12_bits(colour: bool) -> None:
    samples = (DEEP_RGB if colour else DEEP_GREY) >> 4
    data = bytes(imagecodecs.jpeg8_encode(samples, bitspersample=12, level=95))
    assert_shown(Variant(data=data, right=RGB if colour else GREY, lossy=True))


def test_lossless_jpeg() -> None:
    for data, right in (
        (imagecodecs.jpeg8_encode(RGB, lossless=True), RGB),
        (imagecodecs.jpeg8_encode(GREY, lossless=True), GREY),
        (imagecodecs.jpeg8_encode(DEEP_GREY, lossless=True, bitspersample=16), GREY),
        (imagecodecs.ljpeg_encode(DEEP_GREY), GREY),
    ):
        assert_shown(Variant(data=bytes(data), right=right))


def test_lossless_jpeg_of_luma_and_differences() -> None:
    """FFmpeg writes it; libjpeg-turbo shows it in wrong colours."""
    assert_shown(Variant(data=by_ffmpeg("ljpeg", RGB, "yuvj444p"), right=RGB, lossy=True))


def test_jpeg_ls() -> None:
    for samples, right in ((GREY, GREY), (RGB, RGB), (DEEP_GREY, GREY), (DEEP_GREY >> 4, GREY), (DEEP_RGB, RGB)):
        assert_shown(Variant(data=bytes(imagecodecs.jpegls_encode(samples)), right=right))


# --- HEIF and AVIF ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("layout", ["yuv444", "yuv422", "yuv420", "yuv400"])
def test_avif_of_every_depth_and_sampling(layout: str, bits: int) -> None:
    values = GREY if layout == "yuv400" else RGB
    samples: Samples = values if bits == 8 else (values.astype(np.uint16) * 257) >> (16 - bits)
    data = bytes(imagecodecs.avif_encode(samples, bitspersample=bits, pixelformat=layout, level=95))
    assert_shown(Variant(data=data, right=values, lossy=True))


@pytest.mark.parametrize(("mode", "shift"), [("RGB;16", 0), ("RGB;12", 4), ("RGB;10", 6), ("RGB", 8), ("L;16", 0)])
def test_heif_of_every_depth(mode: str, shift: int) -> None:
    deep, right = (DEEP_GREY, GREY) if mode.startswith("L") else (DEEP_RGB, RGB)
    samples = (deep >> shift).astype(np.uint8 if mode == "RGB" else np.uint16)
    buffer = io.BytesIO()
    pillow_heif.from_bytes(mode, (WIDTH, HEIGHT), samples.tobytes()).save(buffer, quality=95)
    assert_shown(Variant(data=buffer.getvalue(), right=right, lossy=True))


# --- JPEG XL and JPEG 2000 --------------------------------------------------------------------------------------------

SAMPLES: dict[str, tuple[Samples, Values]] = {
    "grey": (GREY, GREY),
    "colour": (RGB, RGB),
    "alpha": (RGBA, RGB),
    "grey and alpha": (GREY_ALPHA, GREY),
    "deep grey": (DEEP_GREY, GREY),
    "deep colour": (DEEP_RGB, RGB),
}


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("kind", SAMPLES)
def test_jpeg_xl(kind: str, boxed: bool) -> None:
    samples, right = SAMPLES[kind]
    exact = bytes(imagecodecs.jpegxl_encode(samples, lossless=True, usecontainer=boxed))
    assert assert_shown(Variant(data=exact, right=right)).media_type == "image/jxl"
    near = bytes(imagecodecs.jpegxl_encode(samples, distance=0.5, usecontainer=boxed))
    assert_shown(Variant(data=near, right=right, lossy=True))


def test_jpeg_xl_of_a_jpeg() -> None:
    jpeg = encoded(PICTURE, "JPEG", quality=95)
    assert_shown(Variant(data=bytes(imagecodecs.jpegxl_encode_jpeg(jpeg)), right=RGB, lossy=True))


def test_jpeg_xl_that_moves_says_what_was_not_looked_at() -> None:
    frames = np.stack([RGB, 255 - RGB])
    data = bytes(imagecodecs.jpegxl_encode(frames, lossless=True, photometric="rgb"))
    picture = assert_shown(Variant(data=data, right=RGB))
    assert picture.note == "only its first frame was read: the further frames of an animated JPEG XL are not decoded"


@pytest.mark.parametrize(
    ("width", "height"), [(8, 8), (264, 8), (256, 256), (257, 200), (1200, 4), (3, 700), (160, 90), (120, 100)]
)
def test_the_size_in_a_jpeg_xl_is_read_before_it_is_decoded(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of the ways in which a size is written."""
    data = bytes(imagecodecs.jpegxl_encode(np.asarray(scene(width, height)), lossless=True))
    pixels = decode_picture(data).pixels
    assert (pixels.width, pixels.height) == (width, height)
    monkeypatch.setattr("node.media.decoders.decoded.MAX_PIXELS", width * height - 1)
    monkeypatch.setattr(imagecodecs, "jpegxl_decode", None)
    with pytest.raises(MediaError, match=rf"^too many pixels: {width} x {height}, "):
        decode_picture(data)


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("kind", SAMPLES)
def test_jpeg_2000(kind: str, bare: bool) -> None:
    samples, right = SAMPLES[kind]
    codec = "j2k" if bare else "jp2"
    picture = assert_shown(Variant(data=bytes(imagecodecs.jpeg2k_encode(samples, codecformat=codec)), right=right))
    assert picture.media_type == ("image/j2c" if bare else "image/jp2")


@pytest.mark.parametrize("bits", [4, 10, 12, 14])
def test_jpeg_2000_of_every_depth(bits: int) -> None:
    for deep, right in ((DEEP_GREY, GREY), (DEEP_RGB, RGB)):
        samples = deep >> (16 - bits)
        shown = right if bits > 8 else np.rint(samples * (255 / ((1 << bits) - 1))).astype(np.uint8)
        stored = samples if bits > 8 else samples.astype(np.uint8)
        assert_shown(Variant(data=bytes(imagecodecs.jpeg2k_encode(stored, bitspersample=bits)), right=shown))


@pytest.mark.parametrize("layout", ["rgb24", "gray", "yuv444p", "yuv422p", "yuv420p", "rgb48le", "gray16le", "ya8"])
def test_jpeg_2000_of_ffmpeg(layout: str) -> None:
    right = GREY if layout.startswith(("gray", "ya")) else RGB
    assert_shown(Variant(data=by_ffmpeg("jpeg2000", RGB, layout), right=right, lossy=True))


def test_jpeg_2000_of_inks() -> None:
    data = encoded(PICTURE.convert("CMYK"), "JPEG2000")
    assert_shown(Variant(data=data, right=RGB, lossy=True))


def test_jpeg_2000_of_signed_samples() -> None:
    signed = (DEEP_GREY.astype(int) - 32768).astype(np.int16)
    assert_shown(Variant(data=bytes(imagecodecs.jpeg2k_encode(signed)), right=GREY))


def test_high_throughput_jpeg_2000() -> None:
    for samples, right in (SAMPLES["grey"], SAMPLES["colour"], SAMPLES["deep colour"]):
        assert_shown(Variant(data=bytes(imagecodecs.htj2k_encode(samples)), right=right, lossy=True))


# --- Photoshop --------------------------------------------------------------------------------------------------------

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


# --- the small ones ---------------------------------------------------------------------------------------------------


def plain(kind: bytes, samples: Samples, most: int) -> bytes:
    """A portable anymap as text, with a comment."""
    words = " ".join(str(value) for value in samples.reshape(-1))
    ceiling = "" if kind == b"P1" else f"{most}\n"
    return kind + f"\n# made up\n{WIDTH} {HEIGHT}\n{ceiling}".encode() + words.encode()


def portable(kind: bytes, samples: Samples, most: int) -> bytes:
    header = f"\n{WIDTH} {HEIGHT}\n{most}\n".encode()
    return kind + header + samples.astype("u1" if most < 256 else ">u2").tobytes()


def test_every_portable_anymap() -> None:
    two = np.asarray(PICTURE.convert("1"))
    black = (~two).astype(np.uint8)
    kept, shown = np.rint(GREY / 255 * 100).astype(np.uint8), np.rint(np.rint(GREY / 255 * 100) * 2.55)
    pam = f"P7\nWIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n".encode()
    floats = (RGB.astype(np.float32) - RGB.min()) / (int(RGB.max()) - int(RGB.min()))
    stretched = np.rint(floats * 255).astype(np.uint8)
    for data, right in (
        (plain(b"P1", black, 1), two.astype(np.uint8) * 255),
        (plain(b"P2", GREY, 255), GREY),
        (plain(b"P3", RGB, 255), RGB),
        (b"P4\n%d %d\n" % (WIDTH, HEIGHT) + np.packbits(black, axis=1).tobytes(), two.astype(np.uint8) * 255),
        (portable(b"P5", GREY, 255), GREY),
        (portable(b"P5", kept, 100), shown.astype(np.uint8)),
        (portable(b"P5", DEEP_GREY, 65535), GREY),
        (portable(b"P5", DEEP_GREY >> 4, 4095), GREY),
        (portable(b"P6", RGB, 255), RGB),
        (portable(b"P6", DEEP_RGB, 65535), RGB),
        (pam + RGBA.tobytes(), RGB),
        (b"PF\n%d %d\n-1.0\n" % (WIDTH, HEIGHT) + floats[::-1].astype("<f4").tobytes(), stretched),
        (b"PF\n%d %d\n1.0\n" % (WIDTH, HEIGHT) + floats[::-1].astype(">f4").tobytes(), stretched),
    ):
        assert_shown(Variant(data=data, right=right))


def test_qoi() -> None:
    for samples in (RGB, RGBA):
        assert_shown(Variant(data=bytes(imagecodecs.qoi_encode(samples)), right=RGB))


@pytest.mark.parametrize("kind", ["grey", "colour", "alpha", "deep grey", "deep colour"])
def test_jpeg_xr(kind: str) -> None:
    samples, right = SAMPLES[kind]
    assert assert_shown(Variant(data=bytes(imagecodecs.jpegxr_encode(samples)), right=right)).media_type == "image/jxr"


@pytest.mark.parametrize("codec", ["targa", "sgi", "sunrast", "pcx", "qoi"])
def test_formats_that_ffmpeg_writes(codec: str) -> None:
    layout = "bgr24" if codec in ("targa", "sunrast") else "rgb24"
    assert_shown(Variant(data=by_ffmpeg(codec, RGB, layout), right=RGB))
    if codec not in ("qoi", "sunrast"):
        assert_shown(Variant(data=by_ffmpeg(codec, RGB, "gray"), right=GREY, lossy=True))


@pytest.mark.parametrize("orientation", [-1, 1])
@pytest.mark.parametrize("squeezed", [None, "tga_rle"])
@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_every_targa(mode: str, squeezed: str | None, orientation: int) -> None:
    image = PICTURE.quantize(256) if mode == "P" else PICTURE.convert(mode)
    data = encoded(image, "TGA", compression=squeezed, orientation=orientation)
    assert_shown(Variant(data=data, right=np.asarray(image.convert("RGB"))))


@pytest.mark.parametrize("bitmaps", ["bmp", "png"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_the_largest_image_of_an_icon_is_the_picture(mode: str, bitmaps: str) -> None:
    image = PICTURE.quantize(256) if mode == "P" else PICTURE.convert(mode)
    data = encoded(image, "ICO", sizes=[(16, 12), (WIDTH, HEIGHT)], bitmap_format=bitmaps)
    assert assert_shown(Variant(data=data, right=np.asarray(image.convert("RGB")))).media_type == (
        "image/vnd.microsoft.icon"
    )


def test_a_cursor() -> None:
    data = bytearray(encoded(PICTURE.resize((32, 32)), "ICO", sizes=[(32, 32)], bitmap_format="bmp"))
    data[2] = 2
    assert_shown(Variant(data=bytes(data), right=np.asarray(PICTURE.resize((32, 32)))))


def test_an_apple_icon() -> None:
    """The largest image in it, which Pillow's encoder made from a smaller one."""
    image = PICTURE.resize((256, 256))
    shown = Image.fromarray(rgb_of(decode_picture(encoded(image, "ICNS"))))
    assert shown.width >= 256
    assert np.abs(np.asarray(shown.resize((256, 256))).astype(int) - np.asarray(image)).mean() < 6


@pytest.mark.parametrize("layout", [None, "DXT1", "DXT3", "DXT5", "BC3"])
def test_a_directdraw_texture(layout: str | None) -> None:
    """As FFmpeg shows it: Pillow's encoder is a coarse one."""
    image = scene(128, 96, 5)
    data = encoded(image, "DDS", **({"pixel_format": layout} if layout else {}))
    decoder = av.CodecContext.create("dds", "r")
    assert isinstance(decoder, VideoCodecContext)
    theirs = [*decoder.decode(av.Packet(data)), *decoder.decode(None)][0].to_ndarray(format="rgb24")
    assert np.abs(rgb_of(decode_picture(data)).astype(int) - theirs).max() <= 4


def by_ffmpeg(codec: str, values: Values, layout: str) -> bytes:
    """One picture by FFmpeg's encoder."""
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.height, context.width = values.shape[:2]
    context.pix_fmt, context.time_base = layout, Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(values, format="rgb24").reformat(format=layout)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


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


def test_ordinary_pictures_are_those_that_pillow_shows() -> None:
    """What everybody else hashes is not changed by another decoder."""
    for kind, options in (
        ("JPEG", {"quality": 80}), ("JPEG", {"quality": 80, "progressive": True}), ("PNG", {}), ("BMP", {}),
        ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"quality": 80}), ("JPEG2000", {}),
        ("AVIF", {"quality": 80}),
    ):  # fmt: skip
        made: Any = options
        data = encoded(PICTURE, kind, **made)
        with Image.open(io.BytesIO(data)) as opened:
            theirs = np.asarray(opened.convert("RGB"))
        pixels = decode_picture(data).pixels
        assert np.array_equal(pixels.values.reshape(HEIGHT, WIDTH, -1)[:, :, :3], theirs), kind


@pytest.mark.parametrize("deep", [False, True])
def test_opacity_is_kept_apart_in_every_format(deep: bool) -> None:
    """A look over a background needs it; the hash of the picture itself does without."""
    samples = RGBA.astype(np.uint16) * 257 if deep else RGBA
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, photometric="rgb", extrasamples=["unassalpha"], metadata=None)
    files = {
        "PNG": png(samples, 16 if deep else 8, 6),
        "TIFF": buffer.getvalue(),
        "JPEG XL": bytes(imagecodecs.jpegxl_encode(samples, lossless=True)),
        "JPEG 2000": bytes(imagecodecs.jpeg2k_encode(samples)),
        "JPEG XR": bytes(imagecodecs.jpegxr_encode(samples)),
    }
    if not deep:
        files["QOI"] = bytes(imagecodecs.qoi_encode(RGBA))
    for name, data in files.items():
        alpha = decode_picture(data).alpha
        assert alpha is not None, name
        assert np.array_equal(alpha, GREY), name
        assert np.array_equal(rgb_of(decode_picture(data)), RGB), name


def test_an_opaque_picture_has_no_opacity() -> None:
    opaque = np.dstack([DEEP_RGB, np.full_like(DEEP_GREY, 65535)])
    assert decode_picture(png(opaque, 16, 6)).alpha is None
    assert decode_picture(bytes(imagecodecs.jpegxl_encode(opaque, lossless=True))).alpha is None
