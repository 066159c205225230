"""Recognises the format of a file by its first bytes.

Rules this module upholds:

- It never uses a name or an extension.
- A decoder gets only files that `recognise` assigns to it: this is the allow-list.
- A refusal says what the file seems to be, if a signature is known.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

from node.errors import MediaError
from node.media.signatures import seems

HEAD: Final = 4096
"""Bytes that are examined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that is decoded: its name for people, its media type (IANA, or in common use), and Pillow's name of its
    decoder. The last is "" if only `decoders` has a decoder.
    """

    name: str
    media_type: str
    decoder: str


JPEG: Final = Format(name="JPEG", media_type="image/jpeg", decoder="JPEG")
PNG: Final = Format(name="PNG", media_type="image/png", decoder="PNG")
GIF: Final = Format(name="GIF", media_type="image/gif", decoder="GIF")
WEBP: Final = Format(name="WebP", media_type="image/webp", decoder="WEBP")
BMP: Final = Format(name="BMP", media_type="image/bmp", decoder="BMP")
TIFF: Final = Format(name="TIFF", media_type="image/tiff", decoder="TIFF")
AVIF: Final = Format(name="AVIF", media_type="image/avif", decoder="AVIF")
HEIC: Final = Format(name="HEIC", media_type="image/heic", decoder="HEIF")
HEIF: Final = Format(name="HEIF", media_type="image/heif", decoder="HEIF")

JXL: Final = Format(name="JPEG XL", media_type="image/jxl", decoder="")
JP2: Final = Format(name="JPEG 2000", media_type="image/jp2", decoder="JPEG2000")
J2C: Final = Format(name="JPEG 2000", media_type="image/j2c", decoder="JPEG2000")
JPX: Final = Format(name="JPEG 2000", media_type="image/jpx", decoder="JPEG2000")
JPEG_LS: Final = Format(name="JPEG-LS", media_type="image/jls", decoder="")
JPEG_XR: Final = Format(name="JPEG XR", media_type="image/jxr", decoder="")
PSD: Final = Format(name="Photoshop document", media_type="image/vnd.adobe.photoshop", decoder="")
ICO: Final = Format(name="Windows icon", media_type="image/vnd.microsoft.icon", decoder="ICO")
CUR: Final = Format(name="Windows cursor", media_type="image/x-win-bitmap", decoder="CUR")
ICNS: Final = Format(name="Mac icon", media_type="image/x-icns", decoder="ICNS")
TGA: Final = Format(name="Targa picture", media_type="image/x-tga", decoder="TGA")
PNM: Final = Format(name="portable anymap", media_type="image/x-portable-anymap", decoder="")
QOI: Final = Format(name="QOI", media_type="image/qoi", decoder="")
DDS: Final = Format(name="DirectDraw texture", media_type="image/vnd.ms-dds", decoder="DDS")
PCX: Final = Format(name="PCX", media_type="image/vnd.zbrush.pcx", decoder="PCX")
SGI: Final = Format(name="SGI picture", media_type="image/sgi", decoder="")
SUN: Final = Format(name="Sun raster", media_type="image/x-sun-raster", decoder="")

RAWS: Final = tuple(
    Format(name=f"camera raw file ({name})", media_type=f"image/{media_type}", decoder="")
    for name, media_type in (
        ("CR3", "x-canon-cr3"), ("RAF", "x-fuji-raf"), ("ORF", "x-olympus-orf"), ("RW2", "x-panasonic-rw2"),
        ("MRW", "x-minolta-mrw"), ("X3F", "x-sigma-x3f"), ("CRW", "x-canon-crw"), ("DNG", "x-adobe-dng"),
        ("NEF", "x-nikon-nef"), ("ARW", "x-sony-arw"), ("CR2", "x-canon-cr2"), ("PEF", "x-pentax-pef"),
        ("SRW", "x-samsung-srw"), ("3FR", "x-hasselblad-3fr"), ("DCR", "x-kodak-dcr"), ("other", "x-dcraw"),
    )
)  # fmt: skip
"""Camera raw files. DNG and the following ones have the signature of a TIFF; `decoders` distinguishes them."""
CR3, RAF, ORF, RW2, MRW, X3F, CRW = RAWS[:7]

FORMATS: Final = (
    JPEG, PNG, GIF, WEBP, BMP, TIFF, AVIF, HEIC, HEIF, JXL, JP2, J2C, JPX, JPEG_LS, JPEG_XR, PSD, ICO, CUR, ICNS, TGA,
    PNM, QOI, DDS, PCX, SGI, SUN, *RAWS,
)  # fmt: skip

_SIGNATURES: Final = (
    (b"\xff\xd8\xff\xf7", JPEG_LS),
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"\xff\x0a", JXL),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JXL),
    (b"\xff\x4f\xff\x51", J2C),
    (b"8BPS\x00\x01", PSD),
    (b"8BPS\x00\x02", PSD),
    (b"qoif", QOI),
    (b"DDS |\x00\x00\x00", DDS),
    (b"icns", ICNS),
    (b"II\xbc\x01", JPEG_XR),
    (b"II\xbc\x00", JPEG_XR),
    (b"\x59\xa6\x6a\x95", SUN),
    (b"FUJIFILMCCD-RAW ", RAF),
    (b"IIRO", ORF),
    (b"IIRS", ORF),
    (b"MMOR", ORF),
    (b"IIU\x00", RW2),
    (b"\x00MRM", MRW),
    (b"FOVb", X3F),
    (b"II\x1a\x00\x00\x00HEAPCCDR", CRW),
)
_JP2: Final = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_GAP: Final = rb"\s+(?:#[^\r\n]*[\r\n]+\s*)*"
_ANYMAP: Final = re.compile(
    rb"P[14]" + _GAP + rb"\d+" + _GAP + rb"\d+\s|"
    rb"P[2356]" + _GAP + rb"\d+" + _GAP + rb"\d+" + _GAP + rb"\d+\s|"
    rb"P[Ff]\s+\d+\s+\d+\s+-?[0-9.]+\s|P7\n(?:#[^\n]*\n)*(?:WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)\s"
)
"""The whole header of a portable anymap, because many texts begin with its two letters."""
_SGI_DIMENSIONS: Final = (b"\x00\x01", b"\x00\x02", b"\x00\x03")
_MOST_IMAGES: Final = 256
"""The most images of an icon. Windows' own icons have up to 30."""
_LEAST_IMAGE: Final = 40
"""The fewest bytes of an image of an icon: the header of a bitmap."""
_ICON: Final = struct.Struct("<HHHBBBBHHII")
"""The header of an icon or a cursor, and its first entry (`ICONDIR`, `ICONDIRENTRY`)."""
_TARGA: Final = struct.Struct("<BBBHHBHHHHBB")
_TARGA_DEPTHS: Final = {
    1: (8, 16), 2: (15, 16, 24, 32), 3: (1, 8, 16), 9: (8, 16), 10: (15, 16, 24, 32), 11: (1, 8, 16),
}  # fmt: skip
"""The bits per pixel of each kind of picture (Truevision TGA 2.0, fields 3 and 5.5)."""
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_HEIF_BRANDS: Final = frozenset({b"mif1", b"msf1", b"heif", b"mif2"})
_BMP_HEADER_SIZES: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
"""Sizes of the information headers of a bitmap. Two letters alone would match many texts."""


def recognise(data: bytes) -> Format:
    """Returns the format of a file by its content. Raises `MediaError` if it is not decoded."""
    for signature, known in _SIGNATURES:
        if data.startswith(signature):
            return known
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return BMP
    family = _iso_media(data) or _by_structure(data[:HEAD])
    if family is not None:
        return family
    raise MediaError(f"not a picture: {described(data)}")


def _by_structure(head: bytes) -> Format | None:
    """Recognises formats whose signature alone is too short."""
    if head.startswith(_JP2):
        return JPX if head[20:24] == b"jpx " else JP2
    if _ANYMAP.match(head):
        return PNM
    if (icon := _icon(head)) is not None:
        return icon
    if head.startswith(b"\x01\xda") and head[2] in (0, 1) and head[3] in (1, 2) and head[4:6] in _SGI_DIMENSIONS:
        return SGI
    if head.startswith(b"\x0a") and head[1:2] in (b"\0", b"\2", b"\3", b"\4", b"\5") and _is_pcx(head):
        return PCX
    return TGA if _is_targa(head) else None


def _icon(head: bytes) -> Format | None:
    if len(head) < _ICON.size or not head.startswith((b"\x00\x00\x01\x00", b"\x00\x00\x02\x00")):
        return None
    _, kind, count, _, _, _, reserved, _, _, size, at = _ICON.unpack_from(head)
    if not 0 < count <= _MOST_IMAGES or reserved not in (0, 0xFF) or size < _LEAST_IMAGE or at < 6 + 16 * count:
        return None
    return ICO if kind == 1 else CUR


def _is_pcx(head: bytes) -> bool:
    """Checks the header of ZSoft's manual (1991): run lengths, 1 to 8 bits, ordered corners, a zero, 1 to 4 planes."""
    if len(head) < 128:  # noqa: PLR2004  (the header)
        return False
    left, top, right, bottom = struct.unpack_from("<4H", head, 4)
    return head[2] in (0, 1) and head[3] in (1, 2, 4, 8) and left <= right and top <= bottom and 0 < head[65] <= 4  # noqa: PLR2004


def _is_targa(head: bytes) -> bool:
    """Recognises a Targa, which has no signature: each field of its header must be valid."""
    if len(head) < _TARGA.size:
        return False
    _, has_map, kind, start, length, map_bits, _, _, width, height, depth, flags = _TARGA.unpack_from(head)
    if depth not in _TARGA_DEPTHS.get(kind, ()) or not width or not height or flags & 0xC0:
        return False
    if kind in (1, 9):
        return has_map == 1 and length > 0 and start + length <= 1 << 16 and map_bits in (15, 16, 24, 32)
    if has_map == 0:
        return (start, length, map_bits) == (0, 0, 0) and flags & 0x0F in (0, 1, 8)
    return has_map == 1 and map_bits in (15, 16, 24, 32)


def _iso_media(data: bytes) -> Format | None:
    """Recognises AVIF and HEIF, which are ISO media files (ISO/IEC 14496-12), by the brands in their first box."""
    if data[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(data[:4], "big"), HEAD)
    major = data[8:12]
    if major == b"crx ":
        return CR3
    brands = {major} | {data[at : at + 4] for at in range(16, end, 4)}
    if major in _AVIF_BRANDS:
        return AVIF
    if major in _HEIC_BRANDS:
        return HEIC
    if major not in _HEIF_BRANDS:
        return None
    # A structural brand in front says nothing about the coding; the compatible ones do.
    if brands & _AVIF_BRANDS:
        return AVIF
    return HEIC if brands & _HEIC_BRANDS else HEIF


def described(data: bytes) -> str:
    """Returns what a file that is not decoded seems to be by its first bytes, in words that complete "it is ..."."""
    return seems(data[:HEAD]).name
