"""Still pictures in every format that a library at hand can write.

Rules this module upholds:

- A kind is a name and a function from an RGB picture to the bytes of a file. What a kind loses (colour, depth) a person
  still knows the picture by.
- A kind whose writer is not installed, or refuses, is left out and counted: its absence is no pass.
- What no library writes (PSD, raw files of cameras, interlaced PNG) is put together here, field by field.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from bench.evidence.handmade import interlaced_png, psd, raf, raw
from bench.evidence.originals import Rgb

Maker = Callable[[Image.Image], bytes]


@dataclass(frozen=True, slots=True)
class Still:
    """A kind of still picture. `suffix` of its file's name."""

    suffix: str
    make: Maker


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """As Pillow writes it."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _pillow(suffix: str, kind: str, mode: str = "RGB", **options: object) -> Still:
    return Still(suffix, lambda image: saved(image.convert(mode), kind, **options))


def _grey(image: Image.Image) -> Rgb:
    return np.asarray(image.convert("L"))


def deep(image: Image.Image) -> NDArray[np.uint16]:
    """The picture with 16 bits a sample, (height, width, 3)."""
    return np.asarray(image).astype(np.uint16) * 257


def _deep_grey_png(image: Image.Image) -> bytes:
    return saved(Image.fromarray(_grey(image).astype(np.uint16) * 257), "PNG")


def _cut_out(image: Image.Image) -> Image.Image:
    """With a soft alpha that hides none of it."""
    made = image.copy()
    made.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda value: 200 + value // 5))
    return made


def _moving(suffix: str, kind: str, **options: object) -> Still:
    def make(image: Image.Image) -> bytes:
        more = [image.point(lambda value, by=by: value * by // 8) for by in (7, 6)]
        return saved(image, kind, save_all=True, append_images=more, duration=200, loop=0, **options)

    return Still(suffix, make)


def heif_of(images: list[Image.Image], **options: object) -> bytes:
    """A HEIC of several images."""
    made = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for image in images:
        made.add_from_pillow(image)
    buffer = io.BytesIO()
    made.save(buffer, **options)
    return buffer.getvalue()


def _deep_heif(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", image.size, deep(image).tobytes()).save(buffer, quality=80)
    return buffer.getvalue()


def _coded(name: str, **options: object) -> Maker:
    """As a codec of imagecodecs writes it."""

    def make(image: Image.Image) -> bytes:
        encode = getattr(importlib.import_module("imagecodecs"), f"{name}_encode")
        return bytes(encode(np.asarray(image), **options))

    return make


def _ten_bits(image: Image.Image) -> bytes:
    encode = importlib.import_module("imagecodecs").avif_encode
    return bytes(encode((deep(image) >> 6).astype(np.uint16), bitspersample=10, speed=10))


def _tiff(change: Callable[[Image.Image], Any] | None = None, **options: object) -> Still:
    """As tifffile writes it."""

    def make(image: Image.Image) -> bytes:
        written = np.asarray(image) if change is None else change(image)
        buffer = io.BytesIO()
        rest = dict(options)
        order = rest.pop("byteorder", "<")
        big = rest.pop("bigtiff", False)
        tifffile = importlib.import_module("tifffile")
        with tifffile.TiffWriter(buffer, byteorder=order, bigtiff=big) as writer:
            writer.write(written, metadata=None, **({"photometric": "rgb"} | rest))
        return buffer.getvalue()

    return Still(".tif", make)


def _ffmpeg(suffix: str, codec: str, pixels: str = "rgb24") -> Still:
    """One frame as FFmpeg's encoder of still pictures writes it."""

    def make(image: Image.Image) -> bytes:
        context: Any = av.CodecContext.create(codec, "w")
        context.width, context.height = image.size
        context.pix_fmt, context.time_base = pixels, Fraction(1, 25)
        frame = av.VideoFrame.from_ndarray(np.asarray(image)).reformat(format=pixels)
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])

    return Still(suffix, make)


def _planar(image: Image.Image) -> NDArray[np.uint16]:
    return np.moveaxis(deep(image), -1, 0)


_MADE: Final[Mapping[str, Still]] = {
    "jpeg": _pillow(".jpg", "JPEG", quality=90),
    "jpeg progressive": _pillow(".jpg", "JPEG", progressive=True, quality=90),
    "jpeg grey": _pillow(".jpg", "JPEG", "L", quality=90),
    "jpeg cmyk": _pillow(".jpg", "JPEG", "CMYK", quality=90),
    "jpeg 4:4:4": _pillow(".jpg", "JPEG", subsampling=0, quality=90),
    "jpeg restart markers": _pillow(".jpg", "JPEG", restart_marker_rows=1, quality=90),
    "jpeg by ffmpeg": _ffmpeg(".jpg", "mjpeg", "yuvj420p"),
    "png": _pillow(".png", "PNG"),
    "png alpha": Still(".png", lambda image: saved(_cut_out(image), "PNG")),
    "png palette": Still(".png", lambda image: saved(image.quantize(256), "PNG")),
    "png grey": _pillow(".png", "PNG", "L"),
    "png 1 bit": _pillow(".png", "PNG", "1"),
    "png 16 bits": _ffmpeg(".png", "png", "rgb48be"),
    "png 16 bits grey": Still(".png", _deep_grey_png),
    "png interlaced": Still(".png", lambda image: interlaced_png(np.asarray(image))),
    "png moving": _moving(".png", "PNG"),
    "gif": Still(".gif", lambda image: saved(image.quantize(256), "GIF")),
    "gif interlaced": Still(".gif", lambda image: saved(image.quantize(256), "GIF", interlace=1)),
    "gif moving": _moving(".gif", "GIF"),
    "webp": _pillow(".webp", "WEBP", quality=90),
    "webp lossless": _pillow(".webp", "WEBP", lossless=True),
    "webp alpha": Still(".webp", lambda image: saved(_cut_out(image), "WEBP", lossless=True)),
    "webp moving": _moving(".webp", "WEBP", quality=90),
    "bmp": _pillow(".bmp", "BMP"),
    "bmp 8 bits": Still(".bmp", lambda image: saved(image.quantize(256), "BMP")),
    "bmp 32 bits": Still(".bmp", lambda image: saved(image.convert("RGBA"), "BMP")),
    "bmp 1 bit": _pillow(".bmp", "BMP", "1"),
    "bmp 5-6-5": _ffmpeg(".bmp", "bmp", "rgb565le"),
    "tiff": _pillow(".tif", "TIFF"),
    "tiff lzw": _pillow(".tif", "TIFF", compression="tiff_lzw"),
    "tiff deflate": _pillow(".tif", "TIFF", compression="tiff_adobe_deflate"),
    "tiff packbits": _pillow(".tif", "TIFF", compression="packbits"),
    "tiff jpeg": _pillow(".tif", "TIFF", compression="jpeg"),
    "tiff fax": _pillow(".tif", "TIFF", "1", compression="group4"),
    "tiff cmyk": _pillow(".tif", "TIFF", "CMYK"),
    "tiff lab": _pillow(".tif", "TIFF", "LAB"),
    "tiff palette": Still(".tif", lambda image: saved(image.quantize(256), "TIFF")),
    "tiff 16 bits": _tiff(deep),
    "tiff 16 bits big-endian": _tiff(deep, byteorder=">"),
    "tiff 16 bits planar": _tiff(_planar, planarconfig="separate"),
    "tiff white is zero": _tiff(lambda image: 255 - _grey(image), photometric="miniswhite"),
    "tiff 16 bits white is zero": _tiff(lambda image: 65535 - deep(image)[:, :, 1], photometric="miniswhite"),
    "tiff float": _tiff(lambda image: (np.asarray(image) / 255).astype(np.float32)),
    "tiff float big-endian": _tiff(
        lambda image: (_grey(image) / 255).astype(">f4"), photometric="minisblack", byteorder=">"
    ),
    "tiff tiled": _tiff(tile=(128, 128), compression="zlib", predictor=True),
    "tiff strips": _tiff(rowsperstrip=16, compression="lzw"),
    "tiff zstd": _tiff(compression="zstd"),
    "tiff webp": _tiff(compression="webp"),
    "tiff jpeg 2000": _tiff(compression="jpeg2000"),
    "tiff big": _tiff(bigtiff=True),
    "tiff cmyk alpha": _tiff(
        lambda image: np.dstack([np.asarray(image.convert("CMYK")), np.full(image.size[::-1], 255, np.uint8)]),
        photometric="separated",
        extrasamples=["unassalpha"],
    ),
    "avif": _pillow(".avif", "AVIF", speed=10, quality=80),
    "avif moving": _moving(".avif", "AVIF", speed=10),
    "avif 10 bits": Still(".avif", _ten_bits),
    "heic": Still(".heic", lambda image: heif_of([image], quality=80)),
    "heic deep": Still(".heic", _deep_heif),
    "jpeg 2000": _pillow(".jp2", "JPEG2000"),
    "jpeg 2000 codestream": _pillow(".j2k", "JPEG2000", no_jp2=True),
    "jpeg 2000 tiled": _pillow(".jp2", "JPEG2000", tile_size=(128, 128), irreversible=True, quality_layers=[20]),
    "jpeg xl": Still(".jxl", _coded("jpegxl", effort=3)),
    "jpeg xl of a jpeg": Still(".jxl", lambda image: _transcoded(saved(image, "JPEG", quality=90))),
    "jpeg xr": Still(".jxr", _coded("jpegxr")),
    "jpeg ls": _ffmpeg(".jls", "jpegls"),
    "qoi": Still(".qoi", _coded("qoi")),
    "psd": Still(".psd", lambda image: psd(np.asarray(image))),
    "psb": Still(".psb", lambda image: psd(np.asarray(image), large=True)),
    "raw dng": Still(".dng", lambda image: raw(saved(image, "JPEG", quality=90), maker=b"Vigil", dng=True)),
    "raw nef": Still(".nef", lambda image: raw(saved(image, "JPEG", quality=90), maker=b"NIKON CORPORATION")),
    "raw arw": Still(".arw", lambda image: raw(saved(image, "JPEG", quality=90), maker=b"SONY")),
    "raw cr2": Still(".cr2", lambda image: raw(saved(image, "JPEG", quality=90), maker=b"Canon", cr2=True)),
    "raw rw2": Still(".rw2", lambda image: raw(saved(image, "JPEG", quality=90), maker=b"Panasonic", magic=b"IIU\0")),
    "raw orf": Still(".orf", lambda image: raw(saved(image, "JPEG", quality=90), maker=b"OLYMPUS", magic=b"IIRO")),
    "raw raf": Still(".raf", lambda image: raf(saved(image, "JPEG", quality=90))),
    "ico": Still(".ico", lambda image: saved(image.resize((256, 192)), "ICO", sizes=[(256, 192), (32, 24)])),
    "icns": Still(".icns", lambda image: saved(image.resize((512, 512)), "ICNS")),
    "tga": _pillow(".tga", "TGA"),
    "tga run-length": _pillow(".tga", "TGA", compression="tga_rle"),
    "ppm": _pillow(".ppm", "PPM"),
    "pgm": _pillow(".pgm", "PPM", "L"),
    "pbm": _pillow(".pbm", "PPM", "1"),
    "pam": _ffmpeg(".pam", "pam"),
    "pfm": _ffmpeg(".pfm", "pfm", "gbrpf32le"),
    "dds": _pillow(".dds", "DDS", "RGBA"),
    "dds dxt5": _pillow(".dds", "DDS", "RGBA", pixel_format="DXT5"),
    "pcx": _pillow(".pcx", "PCX"),
    "sgi": _pillow(".sgi", "SGI"),
    "sun raster": _ffmpeg(".ras", "sunrast", "bgr24"),
    "xwd": _ffmpeg(".xwd", "xwd", "rgb24"),
    "dpx": _ffmpeg(".dpx", "dpx", "rgb24"),
    "exr": _ffmpeg(".exr", "exr", "gbrpf32le"),
    "radiance hdr": _ffmpeg(".hdr", "hdr", "gbrpf32le"),
    "wbmp": _ffmpeg(".wbmp", "wbmp", "monob"),
}  # fmt: skip

STILLS: Final = _MADE


def _transcoded(jpeg: bytes) -> bytes:
    return bytes(importlib.import_module("imagecodecs").jpegxl_encode_jpeg(jpeg))


def written(kind: str, image: Image.Image) -> bytes | None:
    """A file of this kind, or None where nothing at hand can write it."""
    try:
        return STILLS[kind].make(image)
    except Exception:  # noqa: BLE001  (a writer that is absent or refuses is counted, whatever it says)
        return None
