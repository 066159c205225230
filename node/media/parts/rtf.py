r"""Pictures and embedded objects in RTF, and in the compressed RTF of Outlook.

Rules this module upholds:

- A picture or an object is a run of hexadecimal digits after `\pict` or `\objdata`, or raw bytes after `\bin`.
  Groups, control words and line breaks between them are skipped.
- An object is returned from the position at which a known file format begins.

Sources: Rich Text Format 1.9.1 (pictures, objects), [MS-OXRTFCP] 2.1.3 (compressed RTF).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

from node.domain.parts import Role
from node.errors import MediaError
from node.media.parts.bounds import PIECE, Meter, careful, find
from node.media.parts.part import Omission, Part
from node.media.region import Region

_PICTURE: Final = b"\\pict"
_OBJECT: Final = b"\\objdata"
_STARTS: Final = (_PICTURE, _OBJECT)
_BETWEEN: Final = re.compile(rb"[a-z]*(?:[\s{}]|\\\*|\\(?!bin)[a-z]+-?[0-9]* ?|\{\\\*\\blipuid [0-9a-fA-F]*\})*")
_RAW: Final = re.compile(rb"\\bin([0-9]{1,10}) ?")
_NOT_HEX: Final = re.compile(rb"[^0-9a-fA-F\s]")
_WHITE: Final = b" \t\r\n\x0b\x0c"
_FRONT: Final = 65_536
r"""The most bytes of control words between `\pict` and its digits."""
_LEAST: Final = 32
_FILES: Final = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"PK\x03\x04",
    b"%PDF-",
)
_OBJECT_HEAD: Final = 4096
_DICTIONARY: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""The initial window of compressed RTF ([MS-OXRTFCP] 2.1.2.1)."""
_WINDOW: Final = 4096
_PACKED, _STORED = b"LZFu", b"MELA"
_MOST_PACKED: Final = 32 << 20
"""The most bytes of compressed RTF that are unpacked. Our own code does it byte by byte."""


def recognise(head: bytes, _: Region) -> bool:
    """Tells whether a content is RTF."""
    return head.startswith(b"{\\rt")


@careful("an RTF document")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields every picture and every embedded object."""
    meter, at = Meter(region), 0
    while (at := find(region, at, *_STARTS)) < region.size:
        is_object = region.at(at, len(_OBJECT)) == _OBJECT
        at += len(_OBJECT if is_object else _PICTURE)
        front = _BETWEEN.match(region.at(at, _FRONT))
        at += front.end() if front else 0
        if not meter.part():
            yield Omission(reason=meter.full)
            return
        raw = _RAW.match(region.at(at, 16))
        if raw is not None:
            lies = region.part(at + raw.end(), int(raw[1]))
            at += raw.end() + lies.size
            if meter.as_is(lies):
                yield Part(role=Role.PICTURE, content=lies)
        elif (end := _end_of_digits(region, at)) - at >= _LEAST:
            digits = _decoded(region, at, end)
            at = end
            yield (
                Part(role=Role.ATTACHMENT, content=_from_a_file_on(digits))
                if is_object
                else Part(role=Role.PICTURE, content=digits)
            )


def _end_of_digits(region: Region, at: int) -> int:
    while at < region.size:
        data = region.at(at, PIECE)
        found = _NOT_HEX.search(data)
        if found is not None:
            return at + found.start()
        at += len(data)
    return region.size


def _decoded(region: Region, at: int, end: int) -> Iterator[bytes]:
    waiting = b""
    while at < end:
        piece = region.at(at, min(PIECE, end - at))
        at += len(piece)
        waiting += piece.translate(None, _WHITE)
        whole = len(waiting) // 2 * 2
        yield binascii.unhexlify(waiting[:whole])
        waiting = waiting[whole:]


def _from_a_file_on(content: Iterator[bytes]) -> Iterator[bytes]:
    head = next(content, b"")
    found = [at for signature in _FILES if (at := head[:_OBJECT_HEAD].find(signature)) >= 0]
    yield head[min(found) :] if found else head
    yield from content


def unpacked_rtf(source: Iterator[bytes]) -> Iterator[bytes]:
    """Unpacks compressed RTF. Raises `MediaError` if it is invalid, or too large."""
    data = bytearray()
    for piece in source:
        data += piece
        if len(data) > _MOST_PACKED:
            raise MediaError("its text is too large to be unpacked")
    if data[8:12] == _STORED:
        yield bytes(data[16:])
        return
    if data[8:12] != _PACKED:
        raise MediaError("its text is not compressed as RTF is")
    yield from _lzfu(bytes(data[16:]))


def _lzfu(data: bytes) -> Iterator[bytes]:
    """Unpacks LZFu ([MS-OXRTFCP] 2.1.3.1): eight tokens after a byte of flags, references into a circular window."""
    window = bytearray(_WINDOW)
    window[: len(_DICTIONARY)] = _DICTIONARY
    place, at, unpacked = len(_DICTIONARY), 0, bytearray()
    while at < len(data):
        flags = data[at]
        at += 1
        for bit in range(8):
            if flags >> bit & 1:
                if at + 2 > len(data):
                    break
                reference = int.from_bytes(data[at : at + 2], "big")
                at += 2
                start, length = reference >> 4, (reference & 15) + 2
                if start == place:  # the end
                    yield bytes(unpacked)
                    return
                copied = range(start, start + length)
            else:
                if at >= len(data):
                    break
                window[place], at = data[at], at + 1
                copied = range(place, place + 1)
            for source in copied:
                value = window[source % _WINDOW]
                window[place] = value
                place = (place + 1) % _WINDOW
                unpacked.append(value)
        if len(unpacked) >= PIECE:
            yield bytes(unpacked)
            unpacked.clear()
    yield bytes(unpacked)
