"""Decoders in addition to Pillow: one module for each format or family that Pillow cannot read, or reads wrongly.

Rules this package upholds:

- A module has `decode(data)`, which may raise any exception for a file that it cannot read (`node.media.decode`
  replaces it with our own error), and `prepare()` if its libraries load something late.
- It opens no file and starts no thread. It compares the size in the header with the limits before it decodes a pixel
  (`decoded.bounded`).
- A result of None means: Pillow decodes this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.media import sniff
from node.media.decoders import bmp, capacity, icns, ifd, jp2, jpeg, jxl, png, pnm, psd, raw, small, tiff
from node.media.decoders.decoded import Decoded
from node.media.sniff import Format

__all__ = ["decode", "prepare"]

_DECODERS: Final[dict[Format, Callable[[bytes], Decoded | None]]] = {
    sniff.JXL: jxl.decode,
    sniff.JP2: jp2.decode,
    sniff.J2C: jp2.decode,
    sniff.JPX: jp2.decode,
    sniff.PNG: png.decode,
    sniff.JPEG: jpeg.decode,
    sniff.JPEG_LS: jpeg.decode,
    sniff.JPEG_XR: small.jpeg_xr,
    sniff.PSD: psd.decode,
    sniff.PNM: pnm.decode,
    sniff.QOI: small.qoi,
    sniff.SGI: small.sgi,
    sniff.SUN: small.sun,
    sniff.ICNS: icns.decode,
}


def decode(data: bytes, known: Format, *, pillow_failed: bool = False) -> Decoded | None:
    """Decodes a picture with the best decoder for it. Returns None if that is Pillow. `pillow_failed`: Pillow cannot
    open this file. Raises any exception.
    """
    capacity.check(data, known)
    if known is sniff.TIFF:
        return tiff.decode(data, pillow_failed=pillow_failed)
    if known in sniff.RAWS:
        return raw.decode(data, list(ifd.directories(data)), media_type=known.media_type)
    if pillow_failed:
        return bmp.decode(data) if known is sniff.BMP else None
    decoder = _DECODERS.get(known)
    return None if decoder is None else decoder(data)


def prepare() -> None:
    """Loads everything that a decoder would load later."""
    for module in (jp2, jpeg, jxl, png, small, tiff):
        module.prepare()
