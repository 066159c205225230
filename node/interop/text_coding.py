"""How the text of a file is coded: what its first bytes say, and how many bytes a decoded text takes.

Rules this module upholds:

- A byte order mark decides. Without one, text is UTF-8, unless every second byte at its start is zero: then it is
  UTF-16, as some programs write it.
- Bytes that are no UTF-8 are never lost. They are kept as `surrogateescape` keeps them; `legible` shows them as
  windows-1252, the usual coding of old exports.
- The width of a decoded text is exact, so the place of every line is the byte of the file.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

_MARKS: Final = (
    # The mark of UTF-32 begins as the one of UTF-16 does.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNITS: Final = {"utf-8": 1, "utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_TELLING: Final = 64
"""Bytes that are looked at for UTF-16 without a mark, at most."""
_LEAST: Final = 8
_ESCAPED: Final = re.compile("[\udc80-\udcff]+")


class Coding(NamedTuple):
    """A coding of text. `name`: of Python's codec; `mark`: the byte order mark that the file begins with, b"" for
    none.
    """

    name: str
    mark: bytes = b""

    @property
    def errors(self) -> str:
        """What becomes of bytes that are not of this coding."""
        return "surrogateescape" if self.name == "utf-8" else "replace"

    def decoder(self) -> codecs.IncrementalDecoder:
        """A decoder of what comes after the mark."""
        return codecs.getincrementaldecoder(self.name)(self.errors)

    def decode(self, data: bytes) -> str:
        """The text of the bytes at the start of a file, without the mark. A character that is cut stays out."""
        return self.decoder().decode(data[len(self.mark) :])

    def width(self, text: str) -> int:
        """How many bytes a decoded text takes in the file."""
        unit = _UNITS[self.name]
        if unit != 1:
            # Only characters outside the basic plane take two units of UTF-16.
            return len(text) * unit if unit != 2 or text.isascii() else len(text.encode(self.name, "surrogatepass"))  # noqa: PLR2004
        return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def coding_of(head: bytes) -> Coding:
    """The coding of a file by its first bytes."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Coding(name, mark)
    start = head[:_TELLING]
    even, odd = start[::2], start[1::2]
    if len(start) >= _LEAST:
        if not any(odd) and all(even):
            return Coding("utf-16-le")
        if not any(even) and all(odd):
            return Coding("utf-16-be")
    return Coding("utf-8")


def legible(text: str) -> str:
    """A decoded text as people can read it: bytes that are no UTF-8 are shown as windows-1252 (as ISO 8859-1 where that
    has no character). A text without such bytes comes back as it is.
    """
    if text.isascii() or not _ESCAPED.search(text):
        return text
    return _ESCAPED.sub(lambda found: "".join(map(_old, found[0].encode("utf-8", "surrogateescape"))), text)


def _old(byte: int) -> str:
    single = bytes((byte,))
    try:
        return single.decode("windows-1252")
    except UnicodeDecodeError:
        return single.decode("latin-1")
