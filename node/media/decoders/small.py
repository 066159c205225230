"""Rarer formats with one decoder each: QOI and JPEG XR by imagecodecs, SGI and Sun raster by FFmpeg.

Rules this module upholds:

- Our own code reads the size from the header and compares it with the limits before the decoder gets a byte.

Sources: qoiformat.org (2022); ITU-T T.832, annex A; SGI image file format 1.0; Sun
rasterfile(5).
"""

from __future__ import annotations

import struct
from typing import Final

import imagecodecs

from node.media.decoders import ifd, single
from node.media.decoders.decoded import Decoded, bounded
from node.media.decoders.single import by_ffmpeg, of_samples

_XR_WIDTH, _XR_HEIGHT = 0xBC80, 0xBC81
_BYTE: Final = 8
_MOST_BYTES_A_PIXEL: Final = 8
_SUN_HEADER: Final = 32
_SUN_PACKED: Final = 2
"""The type of a Sun raster with packed rows. Only its header states its length."""


def qoi(data: bytes) -> Decoded:
    """Decodes QOI: RGB or RGBA, 8 bits."""
    width, height = struct.unpack_from(">II", data, 4)
    bounded("QOI", width, height, sample_bytes=4)
    return of_samples(imagecodecs.qoi_decode(data), _BYTE)


def jpeg_xr(data: bytes) -> Decoded:
    """Decodes JPEG XR (also named HD Photo)."""
    first = next(ifd.directories(data), None)
    if first is None:
        raise EOFError
    bounded("JPEG XR", first.first(_XR_WIDTH), first.first(_XR_HEIGHT), sample_bytes=_MOST_BYTES_A_PIXEL)
    values = imagecodecs.jpegxr_decode(data)
    return of_samples(values, values.dtype.itemsize * _BYTE)


def sgi(data: bytes) -> Decoded:
    """Decodes SGI with 8 or 16 bits."""
    width, height, depth = struct.unpack_from(">3H", data, 6)
    bounded("SGI picture", width, height, sample_bytes=max(1, min(depth, 4)) * 2)
    return by_ffmpeg("sgi", data)


def sun(data: bytes) -> Decoded:
    """Decodes a Sun raster."""
    width, height, depth, length, kind, _, palette = struct.unpack_from(">7I", data, 4)
    bounded("Sun raster", width, height, sample_bytes=4)
    packed = kind == _SUN_PACKED
    size = length if packed else (width * depth + 15) // 16 * 2 * height
    if len(data) < _SUN_HEADER + palette + size:  # FFmpeg shows the rows that are missing as black
        raise EOFError
    return by_ffmpeg("sunrast", data)


def prepare() -> None:
    """Loads every codec."""
    for name in ("qoi", "jpegxr"):
        getattr(imagecodecs, f"{name}_decode")
    single.prepare(("mjpeg", "sgi", "sunrast"))
