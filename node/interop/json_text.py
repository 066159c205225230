"""Text of a JSON file as it comes: decoded block by block, with the line and byte of every character.

Rules this module upholds:

- A file is UTF-8, UTF-16 or UTF-32, as its first bytes tell. Bytes that are no text of that coding break the file.
- Bounded: only the text from the current place on is held. Who reads says how far ahead.
- A place is of the file: lines from 1, bytes from 0, the byte order mark counted.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from node.domain.references import At
from node.interop.reading import Broken

BLOCK: Final = 262_144
"""Bytes that are decoded at once."""
_SPACE: Final = re.compile(r"[ \t\n\r]*+")
_MARKS: Final = {
    "utf-8-sig": (codecs.BOM_UTF8, "utf-8"),
    "utf-16": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-32": (codecs.BOM_UTF32_LE, "utf-32-le"),
}
"""Python's name for a coding with a mark -> (the mark, the coding without it). Big-endian marks are as long."""
_UNITS: Final = {"utf-8": 1, "utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_ENDS_WITHIN: Final = frozenset({"unexpected end of data", "truncated data"})


class CutShort(Exception):
    """The file ends in the middle of its document. `at`: where it ends."""

    def __init__(self, at: At) -> None:
        super().__init__()
        self.at = at


class JsonText:
    """A window on the text. `text[pos:]` is what is held ahead; `line` and `offset` are the place of `text[pos]`.

    `coding`: Python's name of the coding, and `unit`: bytes of an ASCII character in it. `ended`: nothing comes after
    what is held.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._blocks = _blocks(chunks)
        self._decoder: codecs.IncrementalDecoder | None = None
        self._fed = 0
        self.text = ""
        self.pos = 0
        self.line = 1
        self.offset = 0
        self.coding = "utf-8"
        self.unit = 1
        self.ended = False
        self.torn = False
        """Whether the file ends within a character."""

    @classmethod
    def within(cls, text: str, at: At, coding: str) -> JsonText:
        """A text that was read already and stands at `at` of a file in `coding`."""
        made = cls(())
        made.text, made.line, made.offset = text, at.line, at.offset
        made.coding, made.unit, made.ended = coding, _UNITS[coding], True
        return made

    def width(self, text: str) -> int:
        """Bytes that a text takes in the file."""
        return self.unit * len(text) if text.isascii() else len(text.encode(self.coding))

    def at(self, pos: int | None = None) -> At:
        """The place of `text[pos]`; of the current character if no `pos` is given."""
        if pos is None:
            return At(line=self.line, offset=self.offset)
        passed = self.text[self.pos : pos]
        return At(line=self.line + passed.count("\n"), offset=self.offset + self.width(passed))

    def move(self, pos: int) -> None:
        """Makes `text[pos]` the current character."""
        self.line, self.offset = self.at(pos)[1:3]
        self.pos = pos

    def more(self, least: int = 1) -> bool:
        """Holds at least `least` more characters, fewer only where the file ends. False if it has ended before.

        Raises `Broken` for bytes that are no text.
        """
        if self.ended:
            return False
        parts, got = [self.text[self.pos :]], 0
        while got < least and not self.ended:
            part = self._decoded(next(self._blocks, b""))
            parts.append(part)
            got += len(part)
        self.text, self.pos = "".join(parts), 0
        return got > 0

    def peek(self) -> str:
        """The next character that is no space, which becomes the current one. Raises `CutShort`, `Broken`."""
        while True:
            found = _SPACE.match(self.text, self.pos)
            if found:
                self.move(found.end())
            if self.pos < len(self.text):
                return self.text[self.pos]
            if not self.more():
                raise CutShort(self.at())

    def _decoded(self, block: bytes) -> str:
        last = not block
        if self._decoder is None:
            self._decoder, block = self._begin(block)
        held = self._decoder.getstate()[0]
        try:
            text = self._decoder.decode(block, final=last)
        except UnicodeDecodeError as error:
            if last and error.reason in _ENDS_WITHIN:
                self.ended = self.torn = True
                return ""
            at = At(offset=self._fed - len(held) + error.start)
            raise Broken("not JSON", at, remedy="save the file as UTF-8, or get it again from who made it") from None
        self._fed += len(block)
        self.ended = last
        return text

    def _begin(self, head: bytes) -> tuple[codecs.IncrementalDecoder, bytes]:
        """(The decoder of the file, what comes after the mark)."""
        name = json.detect_encoding(head)
        mark, coding = _MARKS.get(name, (b"", name))
        if mark and name != "utf-8-sig" and not head.startswith(mark):
            coding = coding.replace("-le", "-be")
        self.coding, self.unit = coding, _UNITS[coding]
        self.offset = self._fed = len(mark)
        return codecs.getincrementaldecoder(coding)("strict"), head[len(mark) :]


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of `BLOCK`; the last one is shorter."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        for start in range(0, len(chunk), BLOCK):
            part = chunk[start : start + BLOCK]
            held.append(part)
            size += len(part)
            if size >= BLOCK:
                yield b"".join(held)
                held, size = [], 0
    if held:
        yield b"".join(held)
