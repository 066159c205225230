"""TIFF variants that Pillow cannot read, or reads wrongly: by tifffile, and imagecodecs for compressed data.

Rules this module upholds:

- Pillow decodes ordinary TIFF (8 bits or fewer, unsigned), because all other programs hash its pixels. This module
  decodes all other kinds. Pillow 13 shows 16 bits in planes as a different picture, WhiteIsZero of 16 and 32 bits as
  the negative, big-endian compressed floats and unsigned 32 bits as noise, and palettes of 8-bit values as black. It
  does not know many other kinds.
- Strips and tiles that are missing, or end after the end of the file, are never filled with a colour: the file is cut
  short.
- Only libtiff (imagecodecs) reads uncompressed luma and colour differences of unequal resolution.
- Values without a certain meaning as colours (complex numbers, inks other than CMYK, logarithmic light) are refused.

Sources: TIFF 6.0; Adobe Photoshop TIFF Technical Notes; tests/kinds/test_stills_tiff.py holds this module and Pillow
against the pictures that were written.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from node.errors import MediaError
from node.media.decoders import ifd, raw
from node.media.decoders.decoded import MAX_SAMPLE_BYTES, Decoded, Unreliable, bounded, pixels_from
from node.media.decoders.tiff_segments import check_segments
from node.media.samples import Values, eight_bit, opacity_of, rgb_of_inks, rgb_of_lab

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _SEPARATED, _YCBCR, _CIELAB, _ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
_COLOURS: Final = {
    _WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _SEPARATED: 4, _YCBCR: 3, _CIELAB: 3, _ICCLAB: 3,
}  # fmt: skip
"""Samples of a pixel that are colours, by photometric interpretation. Further samples are extra ones."""
_PLAIN: Final = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _SEPARATED, _YCBCR, _CIELAB, _ICCLAB)
_BY_LIBTIFF: Final = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000)
"""Compressions that Pillow's libtiff has: none, CCITT, LZW, JPEG, Deflate, PackBits, LZMA, Zstandard."""
_UNSIGNED, _COMPLEX = 1, (5, 6)
_PREMULTIPLIED: Final = 1
_ALPHA: Final = (_PREMULTIPLIED, 2)
"""Values of ExtraSamples that state opacity. 0 states nothing."""
_CMYK: Final = 1
_BYTE: Final = 8
_CODECS: Final = (
    "bitorder", "ccittfax3", "ccittfax4", "ccittrle", "deflate", "delta", "float24", "floatpred", "jpeg", "jpeg2k",
    "jpeg8", "jpegls", "jpegxl", "jpegxr", "lerc", "ljpeg", "lzma", "lzw", "packbits", "packints", "png", "tiff",
    "webp", "zlib", "zstd",
)  # fmt: skip
"""Codecs for the compressions and predictors of TIFF. imagecodecs loads each one when its name is first used."""
_TURNS: Final = {
    2: lambda values: values[:, ::-1],
    3: lambda values: values[::-1, ::-1],
    4: lambda values: values[::-1],
    5: lambda values: values.swapaxes(0, 1),
    6: lambda values: values.swapaxes(0, 1)[:, ::-1],
    7: lambda values: values[::-1, ::-1].swapaxes(0, 1),
    8: lambda values: values.swapaxes(0, 1)[::-1],
}
"""Functions that turn a picture upright, by its tag Orientation (TIFF 6.0, tag 274). 1 is upright."""


def prepare() -> None:
    """Loads every codec, and the one character set that tifffile would load later."""
    for name in _CODECS:
        getattr(imagecodecs, f"{name}_decode")
    "".encode("cp1252")
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)  # its warnings quote the file


def decode(data: bytes, *, pillow_failed: bool = False) -> Decoded | None:
    """Decodes the first picture of a TIFF, or the preview of a camera raw file. Returns None if Pillow reads it.
    `pillow_failed`: Pillow could not read it. Raises any exception.
    """
    found = list(ifd.directories(data))
    if not found and (preview := raw.without_directory(data)) is not None:
        return preview
    if raw.is_raw(data, found):
        try:
            return raw.decode(data, found)
        except raw.NoPreview:
            if not found or found[0].first(ifd.PHOTOMETRIC, raw.SENSOR[0]) in raw.SENSOR:
                raise
        decoded = _decoded(data, found)
        note = raw.note_of(decoded.pixels.width, decoded.pixels.height)
        return replace(decoded, note=note, media_type=raw.media_type_of(found))
    if found and not pillow_failed and _left_to_pillow(found[0]):
        check_segments(data, found[0])
        return None
    return _decoded(data, found)


def _decoded(data: bytes, found: Sequence[ifd.Directory]) -> Decoded:
    """Decodes the picture of the first directory."""
    if found and _is_subsampled(found[0]):
        return _by_libtiff(data, found[0])
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        if not isinstance(page, tifffile.TiffPage):
            raise Unreliable("a TIFF of a kind that Vigil does not decode")
        _check(page, len(data))
        samples = np.asarray(page.asarray(maxworkers=1, squeeze=False))
        arranged = _Page(page, _arranged(samples))
        values, alpha = _colours(arranged), _opacity(arranged)
        orientation = page.tags.valueof(ifd.ORIENTATION, 1)
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    if turn is not None:
        values, alpha = turn(values), None if alpha is None else turn(alpha)
    return Decoded(pixels=pixels_from(values), alpha=alpha)


def _is_subsampled(first: ifd.Directory) -> bool:
    """Tells whether an uncompressed picture has more samples of luma than of colour differences. tifffile and Pillow
    read this only with JPEG compression, and Pillow with other compressions through libtiff.
    """
    return (
        first.first(ifd.PHOTOMETRIC) == _YCBCR
        and first.first(ifd.COMPRESSION, 1) == 1
        and first.values.get(ifd.SUBSAMPLING, (2, 2))[:2] != (1, 1)
    )


def _by_libtiff(data: bytes, first: ifd.Directory) -> Decoded:
    """Decodes with libtiff's own conversion to RGB. It applies only half of the turn that the tag states."""
    if first.first(ifd.ORIENTATION, 1) != 1:
        raise Unreliable("a TIFF whose pixels cannot be decoded reliably: luma and colour differences that are turned")
    bounded("TIFF", first.first(ifd.WIDTH), first.first(ifd.LENGTH), sample_bytes=4)
    if any(start <= 0 or start + length > len(data) for start, length in first.segments):
        raise EOFError
    return Decoded(pixels=pixels_from(np.asarray(imagecodecs.tiff_decode(data, asrgb=True), np.uint8)))


def _left_to_pillow(first: ifd.Directory) -> bool:
    """Tells whether Pillow reads this kind correctly. Pillow itself reports samples for which it has no mode."""
    if first.big and first.order == ">":
        return False
    formats = first.values.get(ifd.SAMPLE_FORMAT, (_UNSIGNED,))
    if max(first.values.get(ifd.BITS, (1,))) > _BYTE or any(kind != _UNSIGNED for kind in formats):
        return False
    if first.first(ifd.COMPRESSION, 1) not in _BY_LIBTIFF:
        return False
    photometric = first.first(ifd.PHOTOMETRIC)
    if photometric == _PALETTE:
        return max(first.values.get(ifd.COLOUR_MAP, (0,))) > 0xFF  # noqa: PLR2004  (a map of 8-bit values)
    if photometric == _SEPARATED and first.first(ifd.INK_SET, _CMYK) != _CMYK:
        return False
    return photometric in _PLAIN and not _is_subsampled(first)


def _check(page: tifffile.TiffPage, size: int) -> None:
    """Raises if this page exceeds the limits, or if a part of it is not in the file."""
    samples = max(1, int(page.samplesperpixel))
    width, length, depth = int(page.imagewidth), int(page.imagelength), int(page.imagedepth)
    if page.dtype is None or page.sampleformat in _COMPLEX:
        raise Unreliable("a TIFF of a kind that Vigil does not decode")
    bytes_each = np.dtype(page.dtype).itemsize * samples
    bounded("TIFF", width, length * depth, sample_bytes=bytes_each)
    if page.is_tiled and int(page.tilewidth) * int(page.tilelength) * bytes_each > MAX_SAMPLE_BYTES:
        raise MediaError("damaged TIFF: its header states tiles that are larger than any picture")
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    expected = int(np.prod(page.chunked)) if page.chunked else 1
    contiguous = page.is_contiguous
    if contiguous and segments:
        segments, expected = [(segments[0][0], int(page.nbytes))], 1
    if len(segments) < expected or any(
        start <= 0 or length <= 0 or start + length > size for start, length in segments[:expected]
    ):
        raise EOFError


def _arranged(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Converts the shape (planes, depth, length, width, samples) to (length, width, all samples) of the first layer."""
    layer = samples[:, 0]
    return np.asarray(layer[0] if layer.shape[0] == 1 else np.moveaxis(layer[..., 0], 0, -1))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page and its samples of shape (length, width, samples)."""

    page: tifffile.TiffPage
    samples: npt.NDArray[Any]

    @property
    def photometric(self) -> int:
        return int(self.page.photometric)

    @property
    def bits(self) -> int:
        stated: object = self.page.bitspersample
        if isinstance(stated, int):
            return stated
        return self.samples.dtype.itemsize * _BYTE  # samples of different depths, which tifffile brings to one


def _colours(page: _Page) -> Values:
    photometric, samples = page.photometric, page.samples
    colours = _COLOURS.get(photometric)
    if colours is None or samples.shape[2] < colours:
        raise Unreliable("a TIFF whose pixels cannot be decoded reliably: its colours are of a rare kind")
    if photometric == _PALETTE:
        return _mapped(page)
    if photometric in (_CIELAB, _ICCLAB):
        return _lab(page)
    if photometric == _SEPARATED and page.page.tags.valueof(ifd.INK_SET, _CMYK) != _CMYK:
        raise Unreliable("a TIFF whose pixels cannot be decoded reliably: its inks are not CMYK")
    extra = page.page.extrasamples
    if extra and int(extra[0]) == _PREMULTIPLIED and samples.shape[2] > colours and photometric in (_RGB, 1):
        return _divided(eight_bit(samples[:, :, : colours + 1], page.bits))
    values = eight_bit(samples[:, :, :colours], page.bits)
    if photometric == _WHITE_IS_ZERO:
        values = 255 - values
    if photometric == _SEPARATED:
        return rgb_of_inks(values)
    if photometric == _YCBCR and int(page.page.compression) not in tifffile.TIFF.IMAGE_COMPRESSIONS:
        return np.asarray(Image.fromarray(np.ascontiguousarray(values), "YCbCr").convert("RGB"))
    return values


def _opacity(page: _Page) -> Values | None:
    """Returns the opacity of the first extra sample, if the file states that it is alpha."""
    extra, colours = page.page.extrasamples, _COLOURS.get(page.photometric, 0)
    if not extra or int(extra[0]) not in _ALPHA or page.samples.shape[2] <= colours:
        return None
    return opacity_of(page.samples[:, :, colours], page.bits)


def _divided(values: Values) -> Values:
    """Undoes the multiplication of colours by their alpha."""
    grey = values.shape[2] == 2  # noqa: PLR2004  (grey and alpha)
    four = values[:, :, [0, 0, 0, 1]] if grey else values
    image = Image.fromarray(np.ascontiguousarray(four), "RGBa").convert("RGBA")
    return np.asarray(image)[:, :, :1] if grey else np.asarray(image)


def _mapped(page: _Page) -> Values:
    """Replaces indices with their colours. If all values of a map fit into 8 bits, it is a map of 8 bits, as in
    libtiff.
    """
    colours = np.asarray(page.page.colormap, np.uint16)
    table = (colours if colours.max(initial=0) <= 0xFF else colours >> 8).astype(np.uint8).T  # noqa: PLR2004
    indices = page.samples[:, :, 0]
    if int(indices.max(initial=0)) >= len(table):
        raise MediaError("damaged TIFF: it names colours that its palette does not have")
    return np.ascontiguousarray(table[indices])


def _lab(page: _Page) -> Values:
    """Converts L*a*b* of 8 or 16 bits. In CIELab a and b are signed; in ICCLab they count from the middle."""
    if page.samples.dtype.kind not in "ui" or page.bits not in (8, 16):
        raise Unreliable("a TIFF whose pixels cannot be decoded reliably: its colours are of a rare kind")
    stored = page.samples[:, :, :3].astype(np.uint16, casting="unsafe") >> (page.bits - _BYTE)
    values = (stored & 0xFF).astype(np.uint8)
    if page.photometric == _CIELAB:
        values[:, :, 1:] ^= 0x80
    return rgb_of_lab(values)
