"""Files in a text in the form of uuencode (for Base64 see `text`).

Rules this module upholds:

- A file begins with its line `begin MODE NAME` and ends with `end`. A line that cannot be decoded ends it too.
- The text is read once, in pieces.

Source: POSIX.1-2017, uuencode.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from node.domain.parts import Role
from node.media.parts.bounds import name_of
from node.media.parts.part import Part
from node.media.parts.text import pictures_in

_BEGIN: Final = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{1,1000})\r?\n?\Z")
_LONGEST_LINE: Final = 4096


class _Lines:
    """The lines of a text. A line longer than `_LONGEST_LINE` is returned in pieces."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._kept: list[bytes] = []
        self._lines = self._split()

    def _split(self) -> Iterator[bytes]:
        waiting = b""
        for piece in self._source:
            lines = (waiting + piece).splitlines(keepends=True)
            waiting = b""
            if lines and not lines[-1].endswith((b"\n", b"\r")) and len(lines[-1]) <= _LONGEST_LINE:
                waiting = lines.pop()
            yield from lines
        if waiting:
            yield waiting

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._kept.pop() if self._kept else next(self._lines)

    def put_back(self, line: bytes) -> None:
        """Returns the line again at the next call."""
        self._kept.append(line)


def files_in(source: Iterator[bytes]) -> Iterator[Part]:
    """Yields every uuencoded file of a text, and every picture in Base64 between them."""
    lines = _Lines(source)
    names: list[bytes] = []

    def plain() -> Iterator[bytes]:
        for line in lines:
            begin = _BEGIN.match(line) if line.startswith(b"begin ") else None
            if begin is not None:
                names.append(begin[1])
                return
            yield line

    while True:
        yield from pictures_in(chain(plain(), ()))
        if not names:
            return
        content = _lines_of_a_file(lines)
        yield Part(role=Role.ATTACHMENT, content=content, name=name_of(names.pop(), "utf-8", "cp1252"))
        for _ in content:  # what was not taken
            pass


def _lines_of_a_file(lines: _Lines) -> Iterator[bytes]:
    for line in lines:
        digits = line.rstrip(b"\r\n")
        if digits in (b"end", b"`", b" ", b""):
            if digits == b"end":
                return
            continue
        try:
            yield _decoded(digits)
        except (binascii.Error, ValueError):
            lines.put_back(line)
            return


def _decoded(digits: bytes) -> bytes:
    try:
        return binascii.a2b_uu(digits)
    except binascii.Error:
        length = (digits[0] - 32 & 63) * 4 // 3 + 5  # some programs write more digits than there are bytes
        return binascii.a2b_uu(digits[:length])
