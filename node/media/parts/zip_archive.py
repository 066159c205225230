"""ZIP archives, and the documents that are ZIP archives.

Rules this module upholds:

- Every member of an archive is a part. A stored member is read in place; others are unpacked in pieces.
- The internal files of a document (Office Open XML, OpenDocument, EPUB, iWork) are not parts: text, XML and fonts. The
  content decides, not the name: a picture with the name `styles.xml` is a part.
- Encrypted members, and members with an unknown method of compression, are counted and reported as omitted.
- No password is tried. No file is written under a member's name, so a name with `..` has no effect.

Source: PKWARE APPNOTE 6.3.10.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

import inflate64

from node.domain.parts import Role
from node.errors import MediaError
from node.media.parts import libarchive
from node.media.parts.bounds import PIECE, Inflater, Meter, careful, counted, in_our_words, name_of, pieces, unpack
from node.media.parts.part import Omission, Part
from node.media.parts.zip_directory import (
    ENCRYPTED,
    END,
    LOCAL,
    MASKED,
    SPANNED,
    Entry,
    entries_of,
    entries_without_directory,
    find_directory,
    has_members,
)
from node.media.region import Region

_STORED, _DEFLATED, _DEFLATED_64, _BZIP2, _LZMA, _ZSTD, _XZ = 0, 8, 9, 12, 14, 93, 95
_OLD_ZSTD: Final = 20
_LZMA_BYTES: Final = 1 << 30
"""Memory that unpacking one member may use: a third of the memory of a worker."""
_SMALL: Final = 1 << 12
"""Bytes that inflate64 gets at a time. It returns all output at once, up to 1,000 times as much."""
_HEAD: Final = 4096
_DOCUMENTS: Final = (
    b"[Content_Types].xml", b"META-INF/container.xml", b"META-INF/manifest.xml", b"Index/Document.iwa", b"Index.zip",
    b"FixedDocumentSequence.fdseq",
)  # fmt: skip
"""Members that only documents have: of OOXML and XPS, EPUB, OpenDocument, iWork."""
_MANIFEST: Final = "META-INF/manifest.xml"
"""The member in which OpenDocument states what is encrypted (part 2, 3.4.1)."""
_FONTS: Final = (b"\x00\x01\x00\x00", b"OTTO", b"wOFF", b"wOF2", b"ttcf", b"true")
_PLUMBING: Final = (".odttf", ".fntdata", ".iwa")
"""Names of content without a signature: obfuscated fonts, and the text of iWork."""
_CONTROLS: Final = frozenset(range(32)) - {9, 10, 12, 13}


def prepare() -> None:
    """Loads everything that a confined worker cannot load."""
    codecs.lookup("cp437")
    libarchive.prepare()


def recognise(head: bytes, region: Region) -> bool:
    """Recognises a ZIP archive. A program is one if it ends with an archive (self-extracting), or if it contains
    members without their directory.
    """
    if head.startswith((LOCAL, END, SPANNED + LOCAL, b"PK00" + LOCAL)):
        return True
    program = head.startswith((b"MZ", b"\x7fELF", b"#!"))
    return program and (find_directory(region) is not None or has_members(region))


def recognise_type(media_type: str) -> Callable[[bytes, Region], bool]:
    """Tells whether a content is a document that states this media type in its first member."""
    stated = b"mimetype" + media_type.encode()
    return lambda head, _: head.startswith(LOCAL) and head[30:].startswith(stated)


def recognise_document(head: bytes, region: Region) -> bool:
    """Tells whether a content is a document in a ZIP archive, by its first member."""
    return recognise(head, region) and (head[30:38] == b"mimetype" or any(name in head for name in _DOCUMENTS))


@careful("a ZIP archive")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields every member of an archive. Of a document, it yields those that can be seen or opened."""
    directory = find_directory(region)
    entries, stated, document = _listed(region)
    yield from _Archive(region).given(entries, stated, document=document)
    if directory is not None and directory.split:
        yield Omission(reason="what other files of a split archive hold")


def _listed(region: Region) -> tuple[Iterator[Entry | None], int, bool]:
    """Returns the members, the stated number of members (-1: unknown), and whether this is a document."""
    directory = find_directory(region)
    if directory is None:
        return iter(entries_without_directory(region)), -1, False
    document = any(entry is not None and entry.name in _DOCUMENTS for entry in entries_of(region, directory))
    return entries_of(region, directory), directory.count, document


class _Archive:
    """One pass over the members of an archive."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._meter = Meter(region)
        self._encrypted = self._lost = self._unknown = 0
        self._locked = False

    def given(self, entries: Iterator[Entry | None], stated: int, *, document: bool) -> Iterator[Part | Omission]:
        seen = 0
        for entry in entries:
            seen += 1
            part = self._part(entry)
            if part is not None and document:
                part = self._without_plumbing(part)
            if part is not None:
                yield part
            if self._meter.full:
                break
        yield from self._left_out()
        if self._meter.full:
            yield Omission(reason=self._meter.full)
        elif stated < 0:
            yield Omission(reason="what the missing or damaged directory of a ZIP archive lists besides")
        elif seen < stated:
            names = "that a damaged directory names"
            yield counted(stated - seen, f"member {names}", f"members {names}")

    def _without_plumbing(self, part: Part) -> Part | None:
        """Returns a member of a document as an attachment, or None if it is text, XML or a font. It reads its first
        bytes.
        """
        content = part.content
        if isinstance(content, Region):
            head = content.head(PIECE if part.name == _MANIFEST else _HEAD)
        else:
            head, content = _peeked(content)
        self._locked = self._locked or (part.name == _MANIFEST and b"encryption-data" in head)
        if part.name.lower().endswith(_PLUMBING) or is_plumbing(head[:_HEAD]):
            return None
        return Part(role=Role.ATTACHMENT, content=content, name=part.name)

    def _left_out(self) -> Iterator[Omission]:
        if self._locked:
            yield Omission(reason="an encrypted document")
        if self._encrypted:
            yield counted(self._encrypted, "encrypted member")
        if self._unknown:
            packed = "packed by a method that Vigil does not unpack"
            yield counted(self._unknown, f"member {packed}", f"members {packed}")
        if self._lost:
            yield counted(self._lost, "damaged member")

    def _part(self, entry: Entry | None) -> Part | None:
        if entry is None:
            self._lost += 1
            return None
        if entry.is_folder or not self._meter.part():
            return None
        if entry.flags & (ENCRYPTED | MASKED):
            self._encrypted += 1
            return None
        name = name_of(entry.name, "utf-8") if entry.utf_8 else name_of(entry.name, "utf-8", "cp437")
        packed = self._region.part(entry.start, entry.packed)
        if entry.method == _STORED:
            return Part(role=Role.MEMBER, content=packed, name=name) if self._meter.as_is(packed) else None
        unpacked = _unpacked(packed, entry.method, entry.size)
        if unpacked is None:
            self._unknown += 1
            return None
        unpacked = in_our_words(_checked(unpacked, entry.crc), "its compressed data is damaged")
        content = self._meter.unpacked(unpacked)
        return Part(role=Role.MEMBER, content=content, name=name)


def _unpacked(packed: Region, method: int, size: int | None) -> Iterator[bytes] | None:
    """Returns the bytes of a member, or None if the method is unknown."""
    if method == _DEFLATED:
        return unpack(pieces(packed), Inflater)
    if method == _DEFLATED_64:
        return _inflate64(packed)
    if method == _BZIP2:
        return unpack(pieces(packed), bz2.BZ2Decompressor)
    if method == _LZMA:
        return _lzma(packed, size)
    if method == _XZ:
        return unpack(pieces(packed), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_BYTES))
    if method in (_ZSTD, _OLD_ZSTD):
        return libarchive.uncompressed(packed, "zstd")
    return None


def _checked(unpacked: Iterator[bytes], crc: int) -> Iterator[bytes]:
    """Yields the same pieces. Raises `MediaError` after them if their checksum is wrong."""
    found = 0
    for piece in unpacked:
        found = zlib.crc32(piece, found)
        yield piece
    if crc and found != crc:
        raise MediaError("its checksum is wrong: it was damaged or changed")


def _inflate64(packed: Region) -> Iterator[bytes]:
    decompressor = inflate64.Inflater()
    for piece in pieces(packed, _SMALL):
        unpacked = decompressor.inflate(piece)
        for at in range(0, len(unpacked), PIECE):
            yield unpacked[at : at + PIECE]
        if decompressor.eof:
            return
    raise MediaError("its compressed data is cut short")


def _lzma(packed: Region, size: int | None) -> Iterator[bytes]:
    """Section 5.8.8: two bytes of version, two of the length of the properties, the properties, the stream."""
    head = packed.head(9)
    length = int.from_bytes(head[2:4], "little")
    if length != 5:  # noqa: PLR2004
        raise ValueError
    # As a file of LZMA alone: the same with a size behind the properties; -1 where an end marker follows.
    front = head[4:9] + b"\xff" * 8
    stream = unpack(
        chain((front,), pieces(packed.part(4 + length))),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_BYTES),
    )
    left = size if size is not None else -1
    for piece in stream:
        if left >= 0:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:  # without a marker the stream would seem to be cut short
                return
        else:
            yield piece


def _peeked(content: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Returns the first piece, and all pieces."""
    try:
        first = next(content, b"")
    except MediaError as error:
        return b"?" + b"\x00", _raising(error)
    return first, chain((first,), content)


def _raising(error: MediaError) -> Iterator[bytes]:
    yield b""
    raise error


def is_plumbing(head: bytes) -> bool:
    """Tells whether content with this beginning is text, XML, a font, or nothing."""
    return not head or head.startswith(_FONTS) or is_text(head)


def is_text(head: bytes) -> bool:
    """Tells whether bytes are text in UTF-8 or UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not _CONTROLS.intersection(head)
