"""TNEF (`winmail.dat`): the attachments of a message in Outlook's own format.

Rules this module upholds:

- An attachment is a region of the file. Its name is stated before or after it.
- A damaged attribute ends the file: nothing after it can be found.

Source: [MS-OXTNEF] 2.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from node.domain.parts import Role
from node.media.parts.bounds import Meter, careful, name_of
from node.media.parts.part import Omission, Part
from node.media.region import Region

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_ATTRIBUTE: Final = struct.Struct("<BII")
_BEGINS, _TITLE, _DATA, _MESSAGE = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
"""attAttachRendData, attAttachTitle, attAttachData, attAttachment (MAPI properties)."""
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_INSIDE: Final = 1 << 16
"""Bytes of the properties in which an embedded object must begin."""


def recognise(head: bytes, _: Region) -> bool:
    """Tells whether a content is TNEF."""
    return head.startswith(_SIGNATURE)


@careful("a winmail.dat file")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields every attachment."""
    meter, end = Meter(region), 6
    name, data = "", None
    for kind, value, behind in _attributes(region):
        end = behind
        if kind == _BEGINS:
            if data is not None and meter.part() and meter.as_is(data):
                yield Part(role=Role.ATTACHMENT, content=data, name=name)
            name, data = "", None
        elif kind == _TITLE:
            name = name_of(value.head(4096).rstrip(b"\0"), "utf-8", "cp1252")
        elif kind == _DATA:
            data = value
        elif kind == _MESSAGE and data is None and (inside := value.head(_INSIDE).find(_OLE)) >= 0:
            data = value.part(inside)
    if data is not None and meter.part() and meter.as_is(data):
        yield Part(role=Role.ATTACHMENT, content=data, name=name)
    if end < region.size:
        yield Omission(reason="the rest of a damaged winmail.dat file")
    if meter.full:
        yield Omission(reason=meter.full)


def _attributes(region: Region) -> Iterator[tuple[int, Region, int]]:
    """Yields kind, value and end of each attribute."""
    at = 6
    while at + _ATTRIBUTE.size <= region.size:
        level, kind, size = _ATTRIBUTE.unpack(region.at(at, _ATTRIBUTE.size))
        if level not in (1, 2) or at + _ATTRIBUTE.size + size > region.size:
            return
        value = region.part(at + _ATTRIBUTE.size, size)
        at += _ATTRIBUTE.size + size + 2  # a checksum follows
        yield kind, value, at
