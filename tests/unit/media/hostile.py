"""Small valid picture files of every format and many kinds, and what a seed makes of one of them: a damaged file.

Damage is of the kinds that decoders have fallen over: bytes changed (often in the header), runs wiped or repeated,
fields set to extremes, ends cut off, and the insides of one format put into another.
"""

import io
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pillow_heif
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
