"""Records of a JSON document, one at a time, whatever the size of the document.

Rules this module upholds:

- The parser of values is Python's own. Only the frame around them (brackets, commas, names) is walked here.
- It is JSON as RFC 8259 has it: no NaN, no infinity, nothing after the document. What breaks that breaks the file.
- Bounded: a value that is taken at once has at most `MAX_VALUE` characters and stands `MAX_DEPTH` deep. A number of
  more digits than Python converts is a text of its digits, in the value and in what is said of it.
- A file that ends in the middle of its document raises `CutShort`. What was whole was given before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from json.scanner import make_scanner
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from node.domain.references import TOO_DEEP, At
from node.interop.json_text import BLOCK, CutShort, JsonText
from node.interop.reading import Broken

T = TypeVar("T")

MAX_VALUE: Final = 8 << 20
"""Characters. The largest records list where on a disk a file was found, thousands of times."""
MAX_DEPTH: Final = 64
"""Arrays and objects around a value, counted from the record. No format of the field needs ten."""
NOT_JSON: Final = "not JSON"
MORE: Final = "data after the document"
INCOMPLETE: Final = object()
"""In place of the value of an element that is too large to be taken at once."""

_STRING: Final = r'"(?:[^"\\]|\\.)*+"'
_CONSTANT: Final = re.compile(rf"{_STRING}|(NaN|-?Infinity)", re.DOTALL)
_NESTING: Final = re.compile(rf"{_STRING}|([\[{{])|([\]}}])", re.DOTALL)
_APART: Final = re.compile(r"[ \t\n\r]*+,[ \t\n\r]*+\{")
"""Between two objects of an array, and the bracket of the second one."""
_CUT_LITERAL: Final = re.compile(r"t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-")
_CUT_NUMBER: Final = re.compile(r"\.|[eE][+-]?")
"""What a number cannot end with, from where its parser stopped."""
_CUT_ESCAPE: Final = re.compile(r"\\u[0-9A-Fa-f]{0,4}")
_DIGITS: Final = 4_000
"""Of a whole number. Python refuses to convert more than 4,300."""
_NEAR: Final = 16
"""Characters. An error that stands further from the end of what is held is not made by that end."""


class Element(NamedTuple):
    """An element of an array. `value`: what it is, or `INCOMPLETE`; `said`: its source text; `line`, `offset`: where it
    begins.
    """

    value: Any
    said: str
    line: int
    offset: int


class _Constant(Exception):
    """NaN or an infinity."""


def _refuse(_: str) -> NoReturn:
    raise _Constant


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _DIGITS else digits


_DECODE: Final = json.JSONDecoder(parse_constant=_refuse).raw_decode
_SCAN: Final = make_scanner(json.JSONDecoder(parse_constant=_refuse))  # type: ignore[arg-type]
"""The parser itself, which raises `StopIteration` where `_DECODE` says what is wrong."""
_DECODE_LONG: Final = json.JSONDecoder(parse_constant=_refuse, parse_int=_number).raw_decode


def pairs_of(said: str) -> Any:  # noqa: ANN401 (JSON has any shape)
    """The value of a source text that a reader gave, with every object as a tuple of its (name, value) pairs."""
    return json.loads(said, object_pairs_hook=tuple)


class JsonReader:
    """Walks a document. Everything raises `CutShort` where the file ends, and `Broken` for what is no JSON.

    Of a name that an object has twice, the last value stands. `pairs_of` tells all of them.
    """

    def __init__(self, source: JsonText | Iterable[bytes]) -> None:
        self.source = source if isinstance(source, JsonText) else JsonText(source)
        self._long = False

    def within(self, element: Element) -> JsonReader:
        """A reader of an element that was taken whole."""
        at = At(line=element.line, offset=element.offset)
        return JsonReader(JsonText.within(element.said, at, self.source.coding))

    def here(self) -> At:
        """The place of the next character that is no space."""
        self.source.peek()
        return self.source.at()

    def next_is(self, character: str) -> bool:
        """Whether the next character that is no space is this one."""
        return self.source.peek() == character

    def value(self) -> tuple[Any, str]:
        """(The value that comes next, its source text)."""
        self.source.peek()
        found = self._whole(MAX_VALUE)
        if found is None:
            raise Broken(f"a value of more than {MAX_VALUE >> 20} MiB", self.source.at())
        value, end = found
        said = self._said(value, end)
        self.source.move(end)
        return value, said

    def members(self) -> Iterator[tuple[str, str]]:
        """(Name, its source text) of each member of the object that comes next. Whoever asks takes its value before
        the next one: by `value`, `members`, `elements` or `each`.
        """
        self._take("{")
        if self._took("}"):
            return
        while True:
            if not self.next_is('"'):
                self._break(NOT_JSON)
            name, said = self.value()
            self._take(":")
            yield name, said
            if self._took("}"):
                return
            self._take(",")

    def each(self) -> Iterator[None]:
        """The elements of the array that comes next. Whoever asks takes each of them before the next one."""
        self._take("[")
        if self._took("]"):
            return
        while True:
            self.source.peek()
            yield
            if self._took("]"):
                return
            self._take(",")

    def elements(self, window: int = MAX_VALUE) -> Iterator[Element]:
        """The elements of the array that comes next. One of more than `window` characters is `INCOMPLETE`, and whoever
        asks takes it before the next one.
        """
        return self.made(Element, window)

    def made(self, make: Callable[[Any, str, int, int], T], window: int = MAX_VALUE) -> Iterator[T]:
        """What is made of each element: `make` is given what an `Element` has."""
        source = self.source
        for _ in self.each():
            found = self._whole(window)
            if found is None:
                if window >= MAX_VALUE:
                    raise Broken(f"a record of more than {MAX_VALUE >> 20} MiB", source.at())
                yield make(INCOMPLETE, "", source.line, source.offset)
                continue
            value, end = found
            yield make(value, self._said(value, end), source.line, source.offset)
            source.move(end)
            # Most writers put the same characters between all objects. As long as they do, and the objects are whole in
            # what is held, no more than this is to be done for each of them.
            apart = _APART.match(source.text, end)
            if apart is None:
                continue
            text, line, offset, unit = source.text, source.line, source.offset, source.unit
            between, before = apart[0], len(apart[0]) - 1
            lines, width = between.count("\n"), unit * before
            while text.startswith(between, end):
                start = end + before
                try:
                    value, stop = _SCAN(text, start)
                except (ValueError, StopIteration, RecursionError, _Constant):
                    break
                size = stop - start
                said = text[start:stop]
                if size > window or (said.count("{") + said.count("[") > MAX_DEPTH and _is_deep(said)):
                    break
                line += lines
                offset += width
                yield make(value, said, line, offset)
                if "\n" in said:
                    line += said.count("\n")
                offset += unit * size if said.isascii() else source.width(said)
                end = stop
            source.pos, source.line, source.offset = end, line, offset

    def end(self) -> None:
        """Raises `Broken` if anything but space comes after the document."""
        try:
            self.source.peek()
        except CutShort:
            if not self.source.torn:
                return
        self._break(MORE)

    def _whole(self, most: int) -> tuple[Any, int] | None:
        """(The value at the current place, its end); None if it has more than `most` characters, or, for `most` below
        `MAX_VALUE`, if the file ends in it.
        """
        source = self.source
        while True:
            try:
                value, end = self._parsed(source.text, source.pos)
            except json.JSONDecodeError as error:
                if source.ended and _is_cut(source.text, error):
                    self._cut(most)
                    return None
                if source.ended or _is_certain(source.text, error):
                    self._break(NOT_JSON, error.pos)
            else:
                # A number may go on in what is not held yet.
                if end < len(source.text) or source.ended:
                    if end - source.pos > most:
                        return None
                    if _is_deep(source.text[source.pos : end]):
                        self._break(TOO_DEEP)
                    return value, end
            held = len(source.text) - source.pos
            if held > most:
                return None
            source.more(max(held, BLOCK))

    def _cut(self, most: int) -> None:
        """The file ends in a value. Whoever walks through it finds what is whole before the cut. Raises `CutShort` if
        nobody will: for `most` of `MAX_VALUE`.
        """
        if most >= MAX_VALUE:
            raise CutShort(self.source.at(len(self.source.text))) from None

    def _parsed(self, text: str, pos: int) -> tuple[Any, int]:
        try:
            return _DECODE(text, pos)
        except json.JSONDecodeError:
            raise
        except _Constant:
            at = next((found.start(1) for found in _CONSTANT.finditer(text, pos) if found[1]), pos)
            self._break(NOT_JSON, at)
        except RecursionError:
            self._break(TOO_DEEP)
        except ValueError:
            self._long = True
            return _DECODE_LONG(text, pos)

    def _said(self, value: Any, end: int) -> str:  # noqa: ANN401 (JSON has any shape)
        """The text of a value that ends at `end`, which Python can read again."""
        if self._long:
            self._long = False
            return json.dumps(value)
        return self.source.text[self.source.pos : end]

    def _took(self, character: str) -> bool:
        if self.source.peek() != character:
            return False
        self.source.move(self.source.pos + 1)
        return True

    def _take(self, character: str) -> None:
        if not self._took(character):
            self._break(NOT_JSON)

    def _break(self, reason: str, pos: int | None = None) -> NoReturn:
        raise Broken(reason, self.source.at(pos))


def _is_certain(text: str, error: json.JSONDecodeError) -> bool:
    """Whether text that is not held yet cannot make up for the error."""
    return len(text) - error.pos > _NEAR and not error.msg.startswith("Unterminated")


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the end of the text is what is wrong with it."""
    rest = text[error.pos :]
    if not rest or error.msg.startswith("Unterminated"):
        return True
    if error.msg.startswith("Invalid \\u"):
        return bool(_CUT_ESCAPE.fullmatch(text, text.rfind("\\")))
    if error.msg.startswith("Expecting value"):
        return bool(_CUT_LITERAL.fullmatch(rest))
    return bool(_CUT_NUMBER.fullmatch(rest)) and text[error.pos - 1].isdigit()


def _is_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _NESTING.finditer(text):
        depth += bool(found[1]) - bool(found[2])
        if depth > MAX_DEPTH:
            return True
    return False
