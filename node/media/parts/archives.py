"""Archives that libarchive reads: 7z, RAR, CAB, ISO 9660, ar, cpio, LHA, xar and WARC.

Rules this module upholds:

- Every member that is a file is a part, unpacked in pieces.
- Encrypted members are counted and reported as omitted. No password is tried.
- If an archive ends early (damage, a further volume in another file, a kind that the library does not read), an
  omission says so after the readable members.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from node.domain.parts import Role
from node.media.parts import libarchive
from node.media.parts.bounds import Meter, careful, counted, in_our_words, name_of
from node.media.parts.part import Omission, Part, Reader
from node.media.region import Region

_STUB: Final = 1 << 20
"""Bytes of a program in which its archive must begin."""
_SECTOR: Final = 2048
_VOLUME_AT: Final = 16 * _SECTOR
_SEVEN_ZIP: Final = b"7z\xbc\xaf\x27\x1c"
_RAR_4: Final = b"Rar!\x1a\x07\x00"
_RAR_5: Final = b"Rar!\x1a\x07\x01\x00"
_CPIO: Final = (b"070701", b"070702", b"070707")
_OLD_CPIO: Final = {b"\xc7\x71": "<H", b"\x71\xc7": ">H"}
"""The binary form, by byte order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of archive. `name`: with its article; `formats`: libarchive's names. It begins with one of `signatures`,
    or `test` recognises it. With `packed_programs` the signature may follow a program that unpacks the archive.
    """

    name: str
    media_type: str
    formats: tuple[str, ...]
    signatures: tuple[bytes, ...] = ()
    packed_programs: bool = False
    test: Callable[[bytes, Region], bool] | None = None

    def recognise(self, head: bytes, region: Region) -> bool:
        """Tells whether a content is this kind of archive."""
        if self.test is not None:
            return self.test(head, region)
        return head.startswith(self.signatures) or self.start(region) > 0

    def start(self, region: Region) -> int:
        """Returns the offset of the archive: 0, or after a program that unpacks it."""
        if not self.packed_programs or not region.head(4).startswith((b"MZ", b"\x7fELF")):
            return 0
        stub = region.head(_STUB)
        for signature in self.signatures:
            at = stub.find(signature)
            while at >= 0:
                if _is_header(signature, region.at(at, _SECTOR)):
                    return at
                at = stub.find(signature, at + 1)
        return 0

    @property
    def reader(self) -> Reader:
        """Returns the reader of this kind."""
        return careful(self.name)(lambda region: _members(region, self))


def prepare() -> None:
    """Loads everything that a confined worker cannot load."""
    libarchive.prepare()


def _members(region: Region, kind: Kind) -> Iterator[Part | Omission]:
    meter, encrypted = Meter(region), [0]
    try:
        with libarchive.Archive(region.part(kind.start(region)), formats=kind.formats) as archive:
            yield from _parts(archive, meter, encrypted)
    except libarchive.Missing:
        yield Omission(reason=f"all members of {kind.name}: {libarchive.MISSING}")
    except libarchive.Locked:
        yield Omission(reason=f"all members of {kind.name}, whose list is encrypted")
    except libarchive.TooLarge:
        yield Omission(reason=f"the rest of {kind.name}, which takes more memory than Vigil gives a part")
    except libarchive.Damaged:
        yield Omission(reason=f"the rest of {kind.name}, which is damaged, split, or of a kind that is not read")
    if encrypted[0]:
        yield counted(encrypted[0], "encrypted member")
    if meter.full:
        yield Omission(reason=meter.full)


def _parts(archive: libarchive.Archive, meter: Meter, encrypted: list[int]) -> Iterator[Part]:
    """Yields the members that are files. Counts encrypted members in `encrypted`."""
    for member in archive.members():
        if not member.is_file:
            continue
        if not meter.part():
            return
        if member.encrypted:
            encrypted[0] += 1
            continue
        content = in_our_words(archive.pieces(), "its compressed data is damaged")
        yield Part(role=Role.MEMBER, content=meter.unpacked(content), name=name_of(member.name))
        if meter.full:
            return


def _is_header(signature: bytes, data: bytes) -> bool:
    """Tells whether the first header of an archive follows a signature. Programs contain signatures too."""
    if signature == _SEVEN_ZIP:
        return data[8:12] == zlib.crc32(data[12:32]).to_bytes(4, "little")
    if signature == _RAR_4:
        return data[9:10] == b"\x73"
    size = data[12] if len(data) > 12 else 0x80  # noqa: PLR2004
    return size < 0x80 and data[8:12] == zlib.crc32(data[12 : 13 + size]).to_bytes(4, "little")  # noqa: PLR2004


def _is_cpio(head: bytes, _: Region) -> bool:
    if head.startswith(_CPIO):
        return True
    order = _OLD_CPIO.get(head[:2])
    if order is None or len(head) < 26:  # noqa: PLR2004
        return False
    (length,) = struct.unpack_from(order, head, 20)  # of the name, with the zero that ends it
    return 1 < length <= _SECTOR and head[26 + length - 1 : 26 + length] == b"\0"


def _is_lha(head: bytes, _: Region) -> bool:
    return head[2:3] == b"-" and head[3:5] in (b"lh", b"lz") and head[6:7] == b"-"


def _is_iso(_: bytes, region: Region) -> bool:
    return region.at(_VOLUME_AT + 1, 5) == b"CD001"


KINDS: Final = (
    Kind(name="a 7z archive", media_type="application/x-7z-compressed", formats=("7zip",),
         signatures=(_SEVEN_ZIP,), packed_programs=True),
    Kind(name="a RAR archive", media_type="application/vnd.rar", formats=("rar", "rar5"),
         signatures=(_RAR_4, _RAR_5), packed_programs=True),
    Kind(name="a cabinet", media_type="application/vnd.ms-cab-compressed", formats=("cab",),
         signatures=(b"MSCF\x00\x00\x00\x00",)),
    Kind(name="a disc image", media_type="application/vnd.efi.iso", formats=("iso9660",), test=_is_iso),
    Kind(name="an ar archive", media_type="application/x-archive", formats=("ar",), signatures=(b"!<arch>\n",)),
    Kind(name="a cpio archive", media_type="application/x-cpio", formats=("cpio",), test=_is_cpio),
    Kind(name="an LHA archive", media_type="application/x-lzh-compressed", formats=("lha",), test=_is_lha),
    Kind(name="a xar archive", media_type="application/x-xar", formats=("xar",), signatures=(b"xar!",)),
    Kind(name="a web archive", media_type="application/warc", formats=("warc",), signatures=(b"WARC/",)),
)  # fmt: skip
