"""The parts of an OLE compound file: Office documents of 1997 to 2003, Outlook messages, Thumbs.db, Hangul documents.

Rules this module upholds:

- Every stream is examined, from any program. The content of a stream decides, not the kind of document.
- The parts are attachments, embedded files, pictures, and other data with the beginning of a known file format. The
  text and the internal structures of a document are not parts.
- A compound file without a readable directory is searched for pictures as a whole, and an omission says so.

Sources: [MS-OXMSG] 2.2.2 (attachments), [MS-OLEDS] 2.3.6 (OLENativeStream), [MS-ODRAW] 2.2.23 (OfficeArtBlip),
[MS-PPT] 2.10.35 (ExOleObjStg), [MS-XLS] 2.4.170 (MsoDrawingGroup), HWP Document File Formats 5.0 (BinData).
"""

from __future__ import annotations

import codecs
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from node.domain.parts import Role
from node.errors import MediaError
from node.media.parts.bounds import Inflater, Meter, careful, in_our_words, name_of, unpack
from node.media.parts.carving import carved
from node.media.parts.ole import Compound, Stream
from node.media.parts.part import Omission, Part
from node.media.parts.rtf import unpacked_rtf
from node.media.parts.text import pictures_in
from node.media.region import Region

_DATA: Final = "__substg1.0_37010102"
_NAMES: Final = ("__substg1.0_3707001F", "__substg1.0_3704001F", "__substg1.0_3707001E", "__substg1.0_3704001E")
"""PidTagAttachDataBinary, PidTagAttachLongFilename, PidTagAttachFilename."""
_HTML: Final = ("__substg1.0_10130102", "__substg1.0_1013001F", "__substg1.0_1013001E")
_RTF: Final = "__substg1.0_10090102"
_NATIVE: Final = "\x01Ole10Native"
_NATIVE_HEAD: Final = 4096
_FILES: Final = (
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF", b"%PDF-", b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"MSCF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b\x08", b"{\\rtf", b"\x1aE\xdf\xa3",
)  # fmt: skip
"""The first bytes of streams that are files of their own."""
_IN_THUMBS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_THUMB: Final = re.compile(r"[0-9]+(?:_[0-9a-f]+)?")
_THUMBS_HEAD: Final = 64
"""Bytes before the picture of a thumbnail: 12 or 16, or 24 in Windows Vista."""
_BLIPS: Final = {
    (0x46A, 0xF01D): 17, (0x46B, 0xF01D): 33, (0x6E2, 0xF01D): 17, (0x6E3, 0xF01D): 33,
    (0x46A, 0xF02A): 17, (0x46B, 0xF02A): 33, (0x6E2, 0xF02A): 17, (0x6E3, 0xF02A): 33,
    (0x6E0, 0xF01E): 17, (0x6E1, 0xF01E): 33, (0x7A8, 0xF01F): 17, (0x7A9, 0xF01F): 33,
    (0x6E4, 0xF029): 17, (0x6E5, 0xF029): 33,
}  # fmt: skip
"""Bytes before the picture, by the instance and the type of the record: JPEG, PNG, DIB, TIFF."""
_DIB: Final = 0xF01F
_METAFILES: Final = {
    (0x3D4, 0xF01A): 50, (0x3D5, 0xF01A): 66, (0x216, 0xF01B): 50, (0x217, 0xF01B): 66,
    (0x542, 0xF01C): 50, (0x543, 0xF01C): 66,
}  # fmt: skip
"""The same for EMF, WMF and PICT. These are drawings, deflated after a header."""
_RECORDS: Final = tuple(struct.pack("<H", kind) for kind in sorted({kind for _, kind in (*_BLIPS, *_METAFILES)}))
_OBJECT: Final = (b"\x10\x00\x11\x10", b"\x00\x00\x11\x10")
"""Headers of ExOleObjStg, deflated and not deflated."""
_DRAWINGS, _CONTINUES = 0x00EB, 0x003C
_WORD_ENCRYPTED: Final = 0x0100
_FILE_PASS: Final = b"\x2f\x00"
_SLIDES_ENCRYPTED: Final = b"\xdf\xc4\xd1\xf3"
_SUMMARIES: Final = ("\x05SummaryInformation", "\x05DocumentSummaryInformation")
_DIB_HEADERS: Final = (12, 40, 52, 56, 64, 108, 124)


def prepare() -> None:
    """Loads everything that a confined worker cannot load."""
    for name in ("utf-16-le", "cp1252", "utf-8", "latin-1", "cp1251"):
        codecs.lookup(name)


@careful("an OLE compound file")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields everything that is attached, embedded or shown."""
    meter = Meter(region)
    try:
        compound = Compound(region)
    except MediaError:
        raise
    except Exception:  # noqa: BLE001  (olefile raises anything)
        yield from _metered(_searched(region), meter)
        yield Omission(reason="what the damaged directory of an OLE compound file lists")
        return
    locked = False
    for path, stream in compound.streams():
        locked = locked or _is_locked(path, stream)
        yield from _metered(_in_stream(compound, path, stream), meter)
        if meter.full:
            yield Omission(reason=meter.full)
            return
    if locked:
        yield Omission(reason="an encrypted document")


def _searched(region: Region) -> Iterator[Part]:
    """Yields what can be found without a directory: records of drawings, and unchanged pictures."""
    starts: set[int] = set()
    for part in _blips(Stream([region])):
        if isinstance(part.content, Region):
            starts.add(part.content.start)
        yield part
    for found in carved(region):
        if isinstance(found, Part) and isinstance(found.content, Region) and found.content.start not in starts:
            yield found


def _is_locked(path: tuple[str, ...], stream: Stream) -> bool:
    """Tells whether a stream states that its document is encrypted ([MS-DOC] 2.5.2, [MS-XLS] 2.4.117, [MS-PPT]
    2.3.2).
    """
    name = path[-1]
    if name == "WordDocument":
        return bool(int.from_bytes(stream.at(10, 2), "little") & _WORD_ENCRYPTED)
    if name in ("Workbook", "Book"):
        after_first = 4 + int.from_bytes(stream.at(2, 2), "little")
        return stream.at(after_first, 2) == _FILE_PASS
    if name == "Current User":
        return stream.at(12, 4) == _SLIDES_ENCRYPTED
    return name == "EncryptedPackage"


def _metered(parts: Iterator[Part], meter: Meter) -> Iterator[Part]:
    for part in parts:
        if not meter.part():
            return
        if isinstance(part.content, Region):
            if not meter.as_is(part.content):
                return
            yield part
        else:
            content = meter.unpacked(in_our_words(part.content, "its data is damaged"))
            yield Part(role=part.role, content=content, name=part.name)
        if meter.full:
            return


def _in_stream(compound: Compound, path: tuple[str, ...], stream: Stream) -> Iterator[Part]:
    name = path[-1]
    if name == _DATA:
        yield Part(role=Role.ATTACHMENT, content=stream.content(), name=_name_beside(compound, path))
    elif name in _HTML:
        yield from pictures_in(stream.pieces(0, stream.size))
    elif name == _RTF:
        yield Part(role=Role.ATTACHMENT, content=unpacked_rtf(stream.pieces(0, stream.size)), name="body.rtf")
    elif name == _NATIVE:
        yield from _native(stream)
    elif path[0] == "BinData":
        yield from _of_hangul(stream, name)
    elif stream.at(0, 8).startswith(_FILES):
        yield Part(role=Role.ATTACHMENT, content=stream.content(), name=name_of(name))
    elif (at := _thumbnail_at(stream, name)) is not None:
        yield Part(role=Role.PICTURE, content=stream.content(at), name=name_of(name))
    elif name in ("Workbook", "Book"):
        yield from _blips(_drawings(stream))
    elif name not in _SUMMARIES:
        yield from _blips(stream)
        yield from _objects(stream)
    else:
        yield from _preview(stream)


def _name_beside(compound: Compound, path: tuple[str, ...]) -> str:
    for name in _NAMES:
        data = compound.stream([*path[:-1], name]).at(0, 4096)
        if data:
            return name_of(data, "utf-16-le") if name.endswith("F") else name_of(data, "utf-8", "cp1252")
    return ""


def _native(stream: Stream) -> Iterator[Part]:
    """Reads an embedded file ([MS-OLEDS] 2.3.6): its size, then label, path, temporary path, and its bytes."""
    head = stream.at(0, _NATIVE_HEAD)
    label, _, rest = head[6:].partition(b"\0")
    path, _, rest = rest.partition(b"\0")
    at = 6 + len(label) + len(path) + 2 + 4
    length = int.from_bytes(head[at : at + 4], "little")
    at += 4 + length
    size = int.from_bytes(stream.at(at, 4), "little")
    if 0 < size <= stream.size - at - 4:
        yield Part(role=Role.ATTACHMENT, content=stream.content(at + 4, size), name=name_of(label, "utf-8", "cp1252"))
    elif stream.size > 4:  # noqa: PLR2004  (data without names, as some programs write it)
        yield Part(role=Role.ATTACHMENT, content=stream.content(4))


def _of_hangul(stream: Stream, name: str) -> Iterator[Part]:
    if stream.at(0, 8).startswith(_FILES):
        yield Part(role=Role.ATTACHMENT, content=stream.content(), name=name_of(name))
    else:
        content = unpack(stream.pieces(0, stream.size), Inflater)
        yield Part(role=Role.ATTACHMENT, content=content, name=name_of(name))


def _thumbnail_at(stream: Stream, name: str) -> int | None:
    """Returns the offset of the picture in a stream of Thumbs.db, after a header that states its size."""
    if not _THUMB.fullmatch(name):
        return None
    head = stream.at(0, _THUMBS_HEAD)
    found = [at for signature in _IN_THUMBS if (at := head.find(signature)) > 0]
    return min(found) if found else None


def _blips(stream: Stream) -> Iterator[Part]:
    """Yields pictures in records of [MS-ODRAW], wherever they are."""
    behind = 0
    for place, _ in stream.places(*_RECORDS):
        at = place - 2
        header = stream.at(at, 8)
        if at < behind or len(header) < 8:  # noqa: PLR2004
            continue
        instance, kind, size = struct.unpack("<HHI", header)
        front = _BLIPS.get((instance >> 4, kind))
        drawing = _METAFILES.get((instance >> 4, kind))
        if size > stream.size - at - 8 or size <= (front or drawing or size):
            continue
        behind = at + 8 + size
        if front is not None:
            picture = stream.content(at + 8 + front, size - front)
            if kind == _DIB:
                picture = _bitmap(stream, at + 8 + front, size - front)
            yield Part(role=Role.PICTURE, content=picture)
        elif drawing is not None:
            packed = stream.pieces(at + 8 + drawing, behind)
            deflated = stream.at(at + 8 + drawing - 2, 1) == b"\0"
            yield Part(role=Role.PICTURE, content=unpack(packed, _zlib) if deflated else packed)


def _zlib() -> Inflater:
    return Inflater(zlib.MAX_WBITS)


def _bitmap(stream: Stream, at: int, size: int) -> Iterator[bytes]:
    """Returns a device-independent bitmap as a file, with the missing header of 14 bytes."""
    header = stream.at(at, 124)
    length = int.from_bytes(header[:4], "little")
    if length not in _DIB_HEADERS:
        yield from stream.pieces(at, at + size)
        return
    bits = int.from_bytes(header[14:16], "little")
    used = int.from_bytes(header[32:36], "little")
    masks = 12 if length == 40 and header[16:20] == b"\3\0\0\0" else 0  # noqa: PLR2004
    colours = (used or (1 << bits if bits <= 8 else 0)) * 4  # noqa: PLR2004
    yield b"BM" + struct.pack("<IHHI", (14 + size) & 0xFFFFFFFF, 0, 0, (14 + length + masks + colours) & 0xFFFFFFFF)
    yield from stream.pieces(at, at + size)


def _objects(stream: Stream) -> Iterator[Part]:
    """Yields the embedded objects of a presentation."""
    for place, signature in stream.places(*_OBJECT):
        size = int.from_bytes(stream.at(place + 4, 4), "little")
        at = place + 8
        if not 0 < size <= stream.size - at:
            continue
        if signature == _OBJECT[0] and stream.at(at + 4, 1) == b"\x78":
            content = unpack(stream.pieces(at + 4, at + size), _zlib)
            yield Part(role=Role.ATTACHMENT, content=content)
        elif stream.at(at, 8).startswith(_FILES):
            yield Part(role=Role.ATTACHMENT, content=stream.content(at, size))


def _drawings(stream: Stream) -> Stream:
    """Joins the records of drawings of a workbook, which are split at 8,224 bytes."""
    runs: list[Region] = []
    at, continues = 0, False
    while len(header := stream.at(at, 4)) == 4:  # noqa: PLR2004
        kind, size = struct.unpack("<HH", header)
        continues = kind == _DRAWINGS or (continues and kind == _CONTINUES)
        if continues and size:
            lies = stream.content(at + 4, size)
            runs += [lies] if isinstance(lies, Region) else stream.runs(at + 4, size)
        at += 4 + size
    return Stream(runs)


def _preview(stream: Stream) -> Iterator[Part]:
    """Returns the small picture in a document's properties, if it is a JPEG."""
    for place, _ in stream.places(b"\xff\xd8\xff"):
        yield Part(role=Role.THUMBNAIL, content=stream.content(place))
        return
