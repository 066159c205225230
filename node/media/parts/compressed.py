"""Compressed single files: gzip, bzip2, xz, LZMA, Zstandard, LZ4, lzip and compress.

Rules this module upholds:

- A compressed file has one part: its unpacked content, of any kind. A tar archive in it is found when the part is
  examined.
- Several streams in sequence are one part, as gzip and xz unpack them.

Sources: RFC 1952 (gzip), RFC 8878 (Zstandard), The .xz File Format 1.2.1.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from node.domain.parts import Role
from node.media.parts import libarchive
from node.media.parts.bounds import Inflater, Meter, careful, in_our_words, name_of, pieces, unpack
from node.media.parts.part import Omission, Part, Reader
from node.media.region import Region

_LZMA_BYTES: Final = 1 << 30
"""Memory that unpacking may use: a third of the memory of a worker."""
_GZIP: Final = b"\x1f\x8b\x08"
_BZIP2: Final = b"BZh"
_BLOCK: Final = b"1AY&SY"
_XZ: Final = b"\xfd7zXZ\x00"
_HAS_EXTRA, _HAS_NAME = 4, 8
_NAME_BYTES: Final = 1024


def prepare() -> None:
    """Loads everything that a confined worker cannot load."""
    libarchive.prepare()


def _gzip(region: Region) -> Iterator[bytes]:
    return unpack(pieces(region), lambda: Inflater(zlib.MAX_WBITS | 16), _GZIP[:2])


def _bzip2(region: Region) -> Iterator[bytes]:
    return unpack(pieces(region), bz2.BZ2Decompressor, _BZIP2)


def _xz(region: Region) -> Iterator[bytes]:
    return unpack(pieces(region), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_BYTES), _XZ)


def _lzma(region: Region) -> Iterator[bytes]:
    return unpack(pieces(region), lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_BYTES))


def _by_libarchive(name: str) -> Callable[[Region], Iterator[bytes]]:
    return lambda region: libarchive.uncompressed(region, name)


def _name_in_gzip(region: Region) -> str:
    """Returns the name of the compressed file (RFC 1952, section 2.3), or "" if it is not stated."""
    head = region.head(_NAME_BYTES)
    if not head.startswith(_GZIP) or len(head) < 12 or not head[3] & _HAS_NAME:  # noqa: PLR2004
        return ""
    at = 10
    if head[3] & _HAS_EXTRA:
        at += 2 + int.from_bytes(head[10:12], "little")
    return name_of(head[at:].partition(b"\0")[0], "utf-8", "latin-1")


def _is_lzma(head: bytes, _: Region) -> bool:
    """Recognises LZMA without a container. It has no signature: the usual properties, a dictionary of a power of two,
    and a size or none.
    """
    size = head[5:13]
    dictionary = int.from_bytes(head[1:5], "little")
    usual = head[:1] == b"\x5d" and dictionary >= 1 << 12 and dictionary.bit_count() == 1
    return usual and (size == b"\xff" * 8 or size[5:] == bytes(3)) and head[13:14] == b"\0"


def _begins(*signatures: bytes) -> Callable[[bytes, Region], bool]:
    return lambda head, _: head.startswith(signatures)


def _is_bzip2(head: bytes, _: Region) -> bool:
    return head.startswith(_BZIP2) and head[4:].startswith((_BLOCK, b"\x17rE8P\x90"))


def _is_compress(head: bytes, _: Region) -> bool:
    """Recognises two bytes, and one that states the width of codes: 9 to 16 bits."""
    flags = head[2] if head.startswith(b"\x1f\x9d") and len(head) > 2 else 0  # noqa: PLR2004
    return flags & 0x1F in range(9, 17) and not flags & 0x60


def _reader(name: str, unpacked: Callable[[Region], Iterator[bytes]]) -> Reader:
    @careful(name)
    def members(region: Region) -> Iterator[Part | Omission]:
        meter = Meter(region)
        content = meter.unpacked(in_our_words(unpacked(region), "its compressed data is damaged"))
        yield Part(role=Role.MEMBER, content=content, name=_name_in_gzip(region))

    return members


KINDS: Final = tuple(
    (name, media_type, recognise, _reader(name, unpacked))
    for name, media_type, recognise, unpacked in (
        ("a gzip file", "application/gzip", _begins(_GZIP), _gzip),
        ("a bzip2 file", "application/x-bzip2", _is_bzip2, _bzip2),
        ("an xz file", "application/x-xz", _begins(_XZ), _xz),
        ("a Zstandard file", "application/zstd", _begins(b"\x28\xb5\x2f\xfd"), _by_libarchive("zstd")),
        ("an LZ4 file", "application/x-lz4", _begins(b"\x04\x22\x4d\x18"), _by_libarchive("lz4")),
        ("an lzip file", "application/x-lzip", _begins(b"LZIP\x00", b"LZIP\x01"), _by_libarchive("lzip")),
        ("a compress file", "application/x-compress", _is_compress, _by_libarchive("compress")),
        ("an LZMA file", "application/x-lzma", _is_lzma, _lzma),
    )
)
"""Name, media type, recogniser and reader of each kind."""
