"""Small valid picture files of every format and many kinds, and what a seed makes of one of them: a damaged file.

Damage is of the kinds that decoders have fallen over: bytes changed (often in the header), runs wiped or repeated,
fields set to extremes, ends cut off, and the insides of one format put into another.
"""

import io
import random
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import ExifTags, Image

from tests.unit.media.pictures import encoded, scene

SMALL: Final = scene(72, 56)
_HEADER: Final = 96
"""Bytes; half of all changes fall into as many at the start."""
_EXTREMES: Final = tuple(
    value.to_bytes(size, order)
    for value, size in ((0, 4), (1, 4), (0x7FFFFFFF, 4), (0xFFFFFFFF, 4), (0x8000, 2), (0xFFFF, 2), (0, 2))
    for order in ("big", "little")
)


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return exif


def _moving(kind: str) -> bytes:
    return encoded(SMALL, kind, save_all=True, append_images=[scene(72, 56, 2), scene(72, 56, 3)], duration=40)


def _deep() -> Image.Image:
    return Image.fromarray((np.asarray(SMALL.convert("L")).astype(np.uint16) << 8) | 0x5A)


def heif_of(images: list[Image.Image]) -> bytes:
    """A HEIF of several images, none of which moves."""
    made = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for image in images:
        made.add_from_pillow(image)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def _tiff(samples: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, metadata=None, **options)
    return buffer.getvalue()


def _planes(image: Image.Image) -> Any:
    return np.moveaxis(np.asarray(image), 2, 0)


def _psd() -> bytes:
    rows = [bytes(imagecodecs.packbits_encode(row.tobytes())) for plane in _planes(SMALL) for row in plane]
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, SMALL.height, SMALL.width, 8, 3) + bytes(12) + b"\0\1"
    return head + struct.pack(f">{len(rows)}H", *map(len, rows)) + b"".join(rows)


def _bmp_of_2_bits() -> bytes:
    rows = np.random.default_rng(1).integers(0, 256, (SMALL.height, 20), dtype=np.uint8).tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, *SMALL.size, 1, 2, 0, len(rows), 0, 0, 4, 0)
    return b"BM" + struct.pack("<IHHI", 70 + len(rows), 0, 0, 70) + header + bytes(range(0, 256, 16)) + rows


def _icns() -> bytes:
    """An Apple icon of one image, a PNG of 128 pixels."""
    image = encoded(SMALL.resize((128, 128)), "PNG")
    return b"icns" + struct.pack(">I4sI", 16 + len(image), b"ic07", 8 + len(image)) + image


def _raw() -> bytes:
    """A sensor's values, and a camera's preview behind them."""
    sensor = _tiff(np.asarray(_deep()), photometric=32803, extratags=[(50706, 1, 4, b"\1\4\0\0", True)])
    return sensor + encoded(SMALL, "JPEG")


def _heif(**options: Any) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(SMALL).save(buffer, **options)
    return buffer.getvalue()


def _deep_heif() -> bytes:
    buffer = io.BytesIO()
    deep = np.repeat(np.asarray(_deep())[:, :, np.newaxis], 3, axis=2)
    pillow_heif.from_bytes("RGB;16", (72, 56), deep.tobytes()).save(buffer, quality=80)
    return buffer.getvalue()


MAKERS: Final[dict[str, Callable[[], bytes]]] = {
    "jpeg": lambda: encoded(SMALL, "JPEG", exif=_turned()),
    "jpeg progressive": lambda: encoded(SMALL, "JPEG", progressive=True, subsampling=2),
    "jpeg cmyk": lambda: encoded(SMALL.convert("CMYK"), "JPEG"),
    "jpeg grey": lambda: encoded(SMALL.convert("L"), "JPEG"),
    "png": lambda: encoded(SMALL, "PNG", exif=_turned()),
    "png deep": lambda: encoded(_deep(), "PNG"),
    "png palette": lambda: encoded(SMALL.quantize(16), "PNG", transparency=3),
    "png alpha": lambda: encoded(SMALL.convert("RGBA"), "PNG"),
    "png moving": lambda: _moving("PNG"),
    "gif": lambda: encoded(SMALL.quantize(64), "GIF"),
    "gif moving": lambda: _moving("GIF"),
    "webp": lambda: encoded(SMALL, "WEBP"),
    "webp lossless": lambda: encoded(SMALL.convert("RGBA"), "WEBP", lossless=True),
    "webp moving": lambda: _moving("WEBP"),
    "bmp": lambda: encoded(SMALL, "BMP"),
    "bmp palette": lambda: encoded(SMALL.quantize(256), "BMP"),
    "bmp bits": lambda: encoded(SMALL.convert("1"), "BMP"),
    "tiff": lambda: encoded(SMALL, "TIFF"),
    "tiff lzw": lambda: encoded(SMALL, "TIFF", compression="tiff_lzw"),
    "tiff deflate": lambda: encoded(_deep(), "TIFF", compression="tiff_adobe_deflate"),
    "tiff jpeg": lambda: encoded(SMALL, "TIFF", compression="jpeg"),
    "tiff fax": lambda: encoded(SMALL.convert("1"), "TIFF", compression="group4"),
    "tiff float": lambda: encoded(SMALL.convert("F"), "TIFF"),
    "tiff lab": lambda: encoded(SMALL.convert("LAB"), "TIFF"),
    "avif": lambda: encoded(SMALL, "AVIF", speed=10, exif=_turned()),
    "avif moving": lambda: _moving("AVIF"),
    "heif": lambda: _heif(quality=80),
    "heif deep": _deep_heif,
    "png deep colour": lambda: bytes(imagecodecs.png_encode(np.asarray(SMALL).astype(np.uint16) * 257)),
    "bmp of 2 bits": _bmp_of_2_bits,
    "jpeg of 12 bits": lambda: bytes(imagecodecs.jpeg8_encode(np.asarray(_deep()) >> 4, bitspersample=12)),
    "jpeg lossless": lambda: bytes(imagecodecs.jpeg8_encode(np.asarray(SMALL), lossless=True)),
    "jpeg lossless deep": lambda: bytes(imagecodecs.ljpeg_encode(np.asarray(_deep()))),
    "jpeg-ls": lambda: bytes(imagecodecs.jpegls_encode(np.asarray(SMALL))),
    "jpeg-xl": lambda: bytes(imagecodecs.jpegxl_encode(np.asarray(SMALL), distance=1.0)),
    "jpeg-xl in boxes": lambda: bytes(imagecodecs.jpegxl_encode_jpeg(encoded(SMALL, "JPEG"))),
    "jpeg-xr": lambda: bytes(imagecodecs.jpegxr_encode(np.asarray(SMALL))),
    "jpeg 2000": lambda: bytes(imagecodecs.jpeg2k_encode(np.asarray(SMALL), level=40)),
    "jpeg 2000 deep": lambda: bytes(imagecodecs.jpeg2k_encode(np.asarray(SMALL).astype(np.uint16) * 257)),
    "psd": _psd,
    "ico": lambda: encoded(SMALL, "ICO", bitmap_format="bmp"),
    "icns": _icns,
    "tga": lambda: encoded(SMALL, "TGA", compression="tga_rle"),
    "ppm": lambda: encoded(SMALL, "PPM"),
    "qoi": lambda: bytes(imagecodecs.qoi_encode(np.asarray(SMALL))),
    "dds": lambda: encoded(SMALL, "DDS", pixel_format="DXT5"),
    "pcx": lambda: encoded(SMALL, "PCX"),
    "sgi": lambda: encoded(SMALL, "SGI"),
    "sun": lambda: struct.pack(">8I", 0x59A66A95, *SMALL.size, 24, 0, 1, 0, 0) + np.asarray(SMALL).tobytes(),
    "tiff planes": lambda: _tiff(_planes(SMALL).astype(np.uint16) * 257, photometric="rgb", planarconfig="separate"),
    "tiff inks and alpha": lambda: _tiff(
        np.dstack([np.asarray(SMALL.convert("CMYK")), np.asarray(SMALL.convert("L"))]),
        photometric="separated",
        extrasamples=["unassalpha"],
        compression="lzw",
        predictor=True,
    ),
    "tiff half tiles": lambda: _tiff(
        (np.asarray(SMALL) / 255).astype(np.float16),
        photometric="rgb",
        tile=(32, 32),
        compression="zstd",
    ),
    "tiff jpeg 2000": lambda: _tiff(np.asarray(SMALL), photometric="rgb", compression="jpeg2000"),
    "tiff webp": lambda: _tiff(np.asarray(SMALL), photometric="rgb", compression="webp"),
    "tiff bits": lambda: _tiff(np.asarray(_deep()) >> 6, photometric="miniswhite", bitspersample=10),
    "camera raw": _raw,
}


@lru_cache(maxsize=1)
def originals() -> dict[str, bytes]:
    """The valid files, by kind."""
    return {name: make() for name, make in MAKERS.items()}


def damaged(seed: int) -> tuple[str, bytes]:
    """What a seed makes of one of `originals`, and of which."""
    source = random.Random(seed)
    name = source.choice(list(MAKERS))
    return name, hurt(originals()[name], source, list(originals().values()))


def hurt(whole: bytes, source: random.Random, others: Sequence[bytes]) -> bytes:
    """These bytes with damage that is drawn from `source`; some of it consists of the insides of `others`."""
    data = bytearray(whole)
    for _ in range(source.choice((1, 1, 2, 3, 8))):
        _damage(data, source, others)
    return bytes(data)


def _damage(data: bytearray, source: random.Random, others: Sequence[bytes]) -> None:
    length = len(data)
    if length < 8:
        return
    place = source.randrange(min(length, _HEADER) if source.random() < 0.5 else length)
    run = source.choice((1, 2, 4, 16, 64))
    match source.randrange(7):
        case 0 | 1:
            data[place] ^= 1 << source.randrange(8)
        case 2:
            data[place] = source.randrange(256)
        case 3:
            extreme = source.choice(_EXTREMES)
            data[place : place + len(extreme)] = extreme
        case 4:
            data[place : place + run] = bytes([source.choice((0, 255))]) * len(data[place : place + run])
        case 5:
            data[place:place] = data[place : place + run]
        case _:
            other = source.choice(others)
            start = source.randrange(len(other))
            data[place : place + run] = other[start : start + run]
    if source.random() < 0.1:
        del data[source.randrange(len(data)) :]
