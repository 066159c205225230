"""Lines of a text file that somebody else wrote, whatever wrote it.

Rules this module upholds:

- A line ends with LF, CR or CRLF, also where one file has several of them. Other characters end no line.
- A file is UTF-8, or UTF-16 with a byte order mark. Bytes that are no UTF-8 are kept (`surrogateescape`): they can only
  be a part of a name, and a name may be anything.
- Where NUL ends the first line (`md5sum -z`), NUL alone ends every line.
- Bounded: no more than a chunk and a line are in memory.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

LONGEST_LINE: Final = 65_536
"""Characters. The longest path of Linux has 4,096 bytes; a spreadsheet has more cells in one row."""
_HEAD: Final = 131_072
"""Bytes that are looked at before the first line is read."""
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_NUL: Final = "\0"
_MARKS: Final = (
    # The mark of UTF-32 begins as the one of UTF-16 does.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class LineTooLong(Exception):
    """Line `number` has more than `LONGEST_LINE` characters: this is no list."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def numbered_lines(chunks: Iterable[bytes], is_line: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    """(number from 1, text without its end) of every line, empty ones too. Raises `LineTooLong`.

    `is_line` tells a line of the list from other text: what stands before the first NUL decides whether NUL ends lines.
    """
    head, rest = _head(chunks)
    coding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
    errors = "surrogateescape" if coding.startswith("utf-8") else "replace"
    decoder = codecs.getincrementaldecoder(coding)(errors)
    first, nul, _ = head.partition(b"\0")
    by_nul = bool(nul) and coding.startswith("utf-8") and is_line(first.decode(coding, errors))
    number, held = 0, ""
    for text in _decoded(decoder, head, rest):
        held += text
        # A CR at the end may be the first half of a CRLF.
        last = "\r" if held.endswith("\r") and not by_nul else ""
        body = held[: len(held) - len(last)]
        *lines, held = body.split(_NUL) if by_nul else _BREAK.split(body)
        for line in lines:
            number += 1
            if len(line) > LONGEST_LINE:
                raise LineTooLong(number)
            yield number, line
        if len(held) > LONGEST_LINE:
            raise LineTooLong(number + 1)
        held += last
    if held:
        yield number + 1, held.removesuffix("\r")


def _head(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    rest, head = iter(chunks), b""
    while len(head) < _HEAD and (chunk := next(rest, b"")):
        head += chunk
    return head, rest


def _decoded(decoder: codecs.IncrementalDecoder, head: bytes, rest: Iterator[bytes]) -> Iterator[str]:
    yield decoder.decode(head)
    for chunk in rest:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
