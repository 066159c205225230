"""Lines of a text file of any origin.

Rules this module upholds:

- A line ends with LF, CR or CRLF, also where one file has several of them. Other characters end no line.
- The coding is what `text_coding` tells. Bytes that are no UTF-8 are kept: they can only be a part of a name, and a
  name may be anything.
- Where NUL ends the first line (`md5sum -z`), NUL alone ends every line.
- Bounded: no more than a chunk and a line are in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from node.interop.text_coding import Coding, coding_of

LONGEST_LINE: Final = 65_536
"""Characters. The longest path of Linux has 4,096 bytes; a spreadsheet has more cells in one row."""
_HEAD: Final = 131_072
"""Bytes that are looked at before the first line is read."""
_ENDS: Final = re.compile(r"(\r\n|\r|\n)")
_NUL: Final = re.compile("(\0)")


class LineTooLong(Exception):
    """Line `number` has more than `LONGEST_LINE` characters: this is no list."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Line(NamedTuple):
    """A line. `number` from 1; `offset` of its first byte in the file; `text` without its end, None if it is too long;
    `ended`: False for the last line of a file that has no end.
    """

    number: int
    offset: int
    text: str | None
    ended: bool = True


def numbered_lines(chunks: Iterable[bytes], is_line: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    """(number from 1, text without its end) of every line, empty ones too. Raises `LineTooLong`.

    `is_line` tells a line of the list from other text: what stands before the first NUL decides whether NUL ends lines.
    """
    for line in placed_lines(chunks, is_line):
        if line.text is None:
            raise LineTooLong(line.number)
        yield line.number, line.text


def placed_lines(
    chunks: Iterable[bytes], is_line: Callable[[str], bool], longest: int = LONGEST_LINE
) -> Iterator[Line]:
    """Every line with its place, empty ones too. A line of more than `longest` characters comes without its text, as
    soon as it is known to be too long, and the lines after it follow. `is_line` as in `numbered_lines`.
    """
    head, rest = _head(chunks)
    coding = coding_of(head)
    first, nul, _ = head[len(coding.mark) :].partition(b"\0")
    by_nul = bool(nul) and coding.name == "utf-8" and is_line(first.decode("utf-8", "surrogateescape"))
    yield from _split(_decoded(coding, head, rest), coding, longest, by_nul=by_nul)


def _split(texts: Iterable[str], coding: Coding, longest: int, *, by_nul: bool) -> Iterator[Line]:
    ends = _NUL if by_nul else _ENDS
    width = coding.width
    number, start, held, skipping = 1, len(coding.mark), "", False
    for text in texts:
        held += text
        # A CR at the end may be the first half of a CRLF.
        last = "\r" if held.endswith("\r") and not by_nul else ""
        parts = ends.split(held.removesuffix("\r") if last else held)
        held = parts.pop() + last
        for line, end in zip(parts[::2], parts[1::2], strict=True):
            if not skipping:
                yield Line(number, start, line if len(line) <= longest else None)
            number, skipping = number + 1, False
            start += width(line) + len(end) * width("\n")
        if len(held) > longest + len(last):
            if not skipping:
                yield Line(number, start, None)
            skipping = True
            start += width(held) - width(last)
            held = last
    if held and not skipping:
        yield Line(number, start, held.removesuffix("\r"), ended=held.endswith("\r"))


def _head(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    rest, head = filter(None, chunks), b""
    while len(head) < _HEAD and (chunk := next(rest, b"")):
        head += chunk
    return head, rest


def _decoded(coding: Coding, head: bytes, rest: Iterator[bytes]) -> Iterator[str]:
    decoder = coding.decoder()
    yield decoder.decode(head[len(coding.mark) :])
    for chunk in rest:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
