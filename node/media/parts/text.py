"""Base64 pictures in a text: `data:` addresses of HTML, CSS and SVG, contact cards, XML documents, JSON.

Rules this module upholds:

- A text of any length is read once, in pieces.
- A run of Base64 counts if it begins like a picture or a film. Line breaks in it are part of it, and so are the escapes
  of HTML, JSON and addresses for `+`, `/` and `=`.

Sources: RFC 4648 (Base64), RFC 2397 (data: addresses), RFC 6350 (contact cards).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from node.domain.parts import Role
from node.media.parts.bounds import PIECE, Meter, careful, pieces
from node.media.parts.part import Omission, Part
from node.media.region import Region

_SIGNATURES: Final = (
    rb"/9j/", rb"\\/9j\\/", rb"%2[Ff]9j%2[Ff]", rb"iVBORw0KGg", rb"R0lGOD", rb"UklGR", rb"Qk[0-3]", rb"SUkqA",
    rb"TU0AK", rb"AAAA[A-P]GZ0eX", rb"GkXfo",
)  # fmt: skip
"""The first Base64 digits of JPEG, PNG, GIF, WebP and AVI, BMP, TIFF, MP4 and HEIF, Matroska. JSON may escape slashes.
"""
_BEGINS: Final = re.compile(rb"(?<![A-Za-z0-9+/])(?:" + rb"|".join(_SIGNATURES) + rb")")
_BMP_HEADERS: Final = (12, 40, 52, 56, 64, 108, 124)
_RUN: Final = b"x" * 40
"""A picture has this many digits in a row somewhere. Text without such a run is skipped eight times as fast."""
_KEPT: Final = 1024
"""Bytes in which a run may begin before it has so many digits in a row."""
_SHORTEST: Final = 64
"""The fewest Base64 digits: a picture of one pixel has more."""
_ENDS: Final = re.compile(rb"[^A-Za-z0-9+/\s\\%&#;]|\\(?![/nru])|%(?!2[bBfF]|3[dD]|0[aAdD])|&(?!#)")
_ESCAPES: Final = re.compile(rb"\\/|\\[nr]|\\u00[23][bBfFdD]|%2[bBfF]|%3[dD]|%0[aAdD]|&#x?[0-9A-Fa-f]+;|\s")
_MEANINGS: Final = {b"\\/": b"/", b"\\U002B": b"+", b"\\U002F": b"/", b"%2B": b"+", b"%2F": b"/", b"&#43;": b"+",
                    b"&#47;": b"/", b"&#X2B;": b"+", b"&#X2F;": b"/"}  # fmt: skip
_NO_DIGITS: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_RUNS: Final = bytes(b" x"[each not in _NO_DIGITS] for each in range(256))
_LONGEST_ESCAPE: Final = 8
_CONTROLS: Final = frozenset(range(32)) - {9, 10, 12, 13}
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")


class _Text:
    """A text that is read forward. `buffer`: the bytes that were read; those before `at` are done."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self.buffer = b""
        self.at = 0
        self.ended = False
        self._promises = False

    def more(self) -> bool:
        """Reads further. Returns False at the end."""
        piece = next(self._source, b"")
        self.buffer, self.at = self.buffer[self.at :] + piece, 0
        self.ended = not piece
        self._promises = _RUN in self.buffer.translate(_RUNS)
        return bool(piece)

    def find(self) -> bool:
        """Moves to the next run that begins like a picture. Returns False if there is none."""
        while True:
            found = _BEGINS.search(self.buffer, self.at) if self._promises else None
            if found is not None and (found.start() + _SHORTEST <= len(self.buffer) or self.ended):
                self.at = found.start()
                return True
            if found is None:
                if self.ended:
                    return False
                self.at = max(self.at, len(self.buffer) - _KEPT)
            self.more()

    def digits(self) -> Iterator[bytes]:
        """Yields the Base64 digits of the run that begins here, in pieces, without other characters between them."""
        while True:
            found = _ENDS.search(self.buffer, self.at)
            length = len(self.buffer)
            if found is not None and not self.ended and found.start() > length - _LONGEST_ESCAPE:
                found = None  # an escape that is cut in two may seem an end
            end = length if found is None else found.start()
            if found is None and not self.ended:
                end = max(end - _LONGEST_ESCAPE, self.at)
                since = max(end - _LONGEST_ESCAPE, self.at)
                within = max(self.buffer.rfind(each, since, end) for each in (b"\\", b"%", b"&"))
                end = within if within >= 0 else end
            if end > self.at:
                run = self.buffer[self.at : end]
                self.at = end
                yield _ESCAPES.sub(_meaning, run)
            if found is not None or self.ended:
                return
            self.more()


def _meaning(escape: re.Match[bytes]) -> bytes:
    return _MEANINGS.get(escape[0].upper(), b"")


def _decoded(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    waiting = b""
    for digits in chain((first,), rest):
        waiting += digits.translate(None, _NO_DIGITS)
        whole = len(waiting) // 4 * 4
        for at in range(0, whole, PIECE):
            yield binascii.a2b_base64(waiting[at : min(at + PIECE, whole)])
        waiting = waiting[whole:]
    waiting = waiting[: len(waiting) - (len(waiting) % 4 == 1)]
    yield binascii.a2b_base64(waiting + b"=" * (-len(waiting) % 4))


def pictures_in(source: Iterator[bytes]) -> Iterator[Part]:
    """Yields every picture in a text."""
    text = _Text(source)
    text.more()
    while text.find():
        digits = text.digits()
        first = b""
        while len(first) < _SHORTEST and (run := next(digits, b"")):
            first += run
        if len(first) >= _SHORTEST and not _is_no_bitmap(first):
            yield Part(role=Role.PICTURE, content=_decoded(first, digits))
        for _ in digits:  # what was not taken
            pass


def _is_no_bitmap(digits: bytes) -> bool:
    """Tells whether digits begin like a bitmap, whose signature is two letters, but continue differently."""
    if not digits.startswith(b"Qk"):
        return False
    head = binascii.a2b_base64(digits.translate(None, _NO_DIGITS)[:24])
    return int.from_bytes(head[14:18], "little") not in _BMP_HEADERS


def is_text(head: bytes) -> bool:
    """Tells whether a content with this beginning is text: in a code that includes ASCII, or in UTF-16 with
    its mark.
    """
    return head.startswith(_WIDE) or (bool(head) and not _CONTROLS.intersection(head))


def recognise(head: bytes, _: Region) -> bool:
    """Tells whether a content is text."""
    return is_text(head)


def recognise_html(head: bytes, _: Region) -> bool:
    """Tells whether a content is HTML, by its first tag."""
    return (
        head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body"))
    )


@careful("a text")
def members(region: Region) -> Iterator[Part | Omission]:
    """Yields every picture in a text."""
    meter = Meter(region)
    source = pieces(region)
    if region.head(2) in _WIDE:
        source = (piece.replace(b"\0", b"") for piece in source)  # the digits are ASCII
    for part in pictures_in(source):
        if not meter.part():
            yield Omission(reason=meter.full)
            return
        yield part
