"""What a file is, by its first bytes.

Rules this module upholds:

- A name or an extension is never looked at.
- Only what `recognise` names is ever handed to a decoder, and to that decoder alone: this is the allow-list.
- What is refused is refused in words that say what it seems to be, as far as a signature tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.errors import MediaError

HEAD: Final = 4096
"""Bytes that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that is decoded: its name for people, its media type (IANA), and Pillow's name of its decoder."""

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

FORMATS: Final = (JPEG, PNG, GIF, WEBP, BMP, TIFF, AVIF, HEIC, HEIF)

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
)
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_HEIF_BRANDS: Final = frozenset({b"mif1", b"msf1", b"heif", b"mif2"})
_BMP_HEADER_SIZES: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
"""Sizes of the information headers that a bitmap may have; two letters alone would take any text that begins so."""
_OTHERS: Final = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf\x27\x1c", "an archive"),
    (b"Rar!", "an archive"),
    (b"ID3", "a sound recording"),
    (b"OggS", "a sound recording or a video"),
    (b"fLaC", "a sound recording"),
    (b"%!PS", "a PostScript document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
    (b"8BPS", "a Photoshop document, which Vigil does not decode"),
    (b"\xff\x0a", "a JPEG XL picture, which Vigil does not decode"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture, which Vigil does not decode"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture, which Vigil does not decode"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture, which Vigil does not decode"),
    (b"\x00\x00\x01\x00", "an icon, which Vigil does not decode"),
    (b"\x00\x00\x02\x00", "a cursor, which Vigil does not decode"),
    (b"icns", "an icon, which Vigil does not decode"),
    (b"DDS ", "a texture, which Vigil does not decode"),
    (b"qoif", "a QOI picture, which Vigil does not decode"),
    *((b"P%c\n" % digit, "a portable anymap, which Vigil does not decode") for digit in b"123456"),
)
_VIDEO: Final = "a video"


def recognise(data: bytes) -> Format:
    """The format of a file by its content. Raises `MediaError` where it is not one that is decoded."""
    for signature, known in _SIGNATURES:
        if data.startswith(signature):
            return known
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return BMP
    family = _iso_media(data)
    if family is not None:
        return family
    raise MediaError(f"not a picture: {described(data)}")


def _iso_media(data: bytes) -> Format | None:
    """AVIF and HEIF are ISO media files (ISO/IEC 14496-12), told apart by the brands in their first box."""
    if data[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(data[:4], "big"), HEAD)
    major = data[8:12]
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
    """What a file that is not decoded seems to be by its first bytes, in words that complete "it is ..."."""
    head = data[:HEAD]
    for signature, words in _OTHERS:
        if head.startswith(signature):
            return words
    if head[4:8] == b"ftyp" or head.startswith(
        (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"FLV\x01")
    ):
        return _VIDEO
    if head.startswith(b"RIFF"):
        return _VIDEO if head[8:12] == b"AVI " else "a sound recording"
    if _is_text(head):
        return "it is text"
    return "not a format that Vigil knows"


def _is_text(head: bytes) -> bool:
    """Whether bytes read as UTF-8 without control characters; the last character may be cut off."""
    for cut in range(4):
        try:
            text = head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return all(character.isprintable() or character in "\r\n\t\f\ufeff" for character in text)
    return False
