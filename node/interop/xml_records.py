"""Records out of an XML document, one at a time: what stands at one depth is a record, what is above it is the frame.

Rules this module upholds:

- The parser is expat. A document type is refused where it is declared: no entity is expanded, no file is opened.
- A record is read whole and is bounded in size and depth. One that is too deep stops only itself.
- The coding is told by the first bytes. A declaration that contradicts them lies, and is not believed.
- A document that ends early gives what was whole before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple
from xml.parsers import expat

from node.domain.references import TOO_DEEP, At, EndsEarly
from node.interop.hash_tables import TOO_LONG
from node.interop.reading import Broken
from node.interop.text_coding import coding_of, legible

MAX_DEPTH: Final = 64
"""Elements within one another. The deepest known format has eight."""
MAX_RECORD: Final = 1_048_576
"""Characters of one record."""
MAX_TOKEN: Final = 8_388_608
"""Bytes of one tag or comment: the parser keeps it whole."""
_PIECE: Final = 65_536
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_PROLOG: Final = (("<?", "?>"), ("<!--", "-->"))
_SPACE: Final = re.compile(r"\s*")
_HIGH: Final = re.compile("[\x80-\xff]+")
_SINGLE: Final = re.compile(r"(?:us-ascii|utf-8|iso-8859-[0-9]{1,2}|windows-125[0-9]|latin-?1)")
_EARLY: Final = frozenset(
    {
        expat.errors.codes[text]
        for text in (
            expat.errors.XML_ERROR_NO_ELEMENTS,
            expat.errors.XML_ERROR_UNCLOSED_TOKEN,
            expat.errors.XML_ERROR_PARTIAL_CHAR,
            expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        )
    }
)
"""What expat says of a document that ends in the middle."""
AFTER: Final = "data after the document"


@dataclass(slots=True)
class Element:
    """An element with all that stands in it. `name`: as it is written, or "namespace name" where namespaces are read;
    `content`: texts and elements in their order; `at`: where it begins; `fault`: why it is not whole, "" if it is.
    """

    name: str
    attributes: dict[str, str]
    at: At
    content: list[Element | str] = field(default_factory=list)
    fault: str = ""

    @property
    def text(self) -> str:
        """Its own texts, joined: a comment in the middle leaves no gap."""
        return "".join(part for part in self.content if isinstance(part, str))

    def children(self, name: str) -> list[Element]:
        """Its elements of that name."""
        return [part for part in self.content if isinstance(part, Element) and part.name == name]

    def child_text(self, name: str) -> str:
        """The text of its first element of that name, trimmed; "" without one."""
        found = self.children(name)
        return found[0].text.strip() if found else ""


class Opened(NamedTuple):
    """An element of the frame begins. `depth`: 0 for the root."""

    depth: int
    name: str
    attributes: dict[str, str]
    at: At


class Closed(NamedTuple):
    """An element of the frame ends."""

    depth: int
    name: str
    at: At


Event = Opened | Closed | Element | EndsEarly


def xml_events(chunks: Iterable[bytes], depth: int, *, namespaces: bool, old_bytes: bool = False) -> Iterator[Event]:
    """What the document has, in its order: its frame, and its records at `depth` (1: children of the root).

    `old_bytes`: whether bytes that are no UTF-8 are read as windows-1252, where the document says that it is UTF-8 or
    says what it is not. Else such a document is not well-formed. Raises `Broken`.
    """
    head, rest = _head(chunks)
    encoding = encoding_of(head)
    raw = old_bytes and encoding == "utf-8"
    document = _Document("iso-8859-1" if raw else encoding, depth, namespaces=namespaces, raw=raw)
    for chunk in chain((head,), rest):
        for at in range(0, len(chunk), _PIECE):
            yield from document.feed(chunk[at : at + _PIECE])
    yield from document.close()


def encoding_of(head: bytes) -> str:
    """The name of the coding that expat is told, by the first bytes of a document."""
    coding = coding_of(head)
    if coding.name != "utf-8":
        return coding.name[:6] if coding.mark else coding.name.replace("-", "", 2).replace("utf", "utf-")
    found = _DECLARED.match(head.removeprefix(coding.mark).lstrip())
    declared = found[1].decode().lower() if found and not coding.mark else "utf-8"
    return declared if _SINGLE.fullmatch(declared) else "utf-8"


def begins_with(head: bytes, root: str) -> str:
    """The start tag of a document whose root has that name, or its document type; "" for any other file."""
    text = coding_of(head).decode(head)
    at = _space(text, 0)
    while end := next((end for start, end in _PROLOG if text.startswith(start, at)), ""):
        found = text.find(end, at)
        if found < 0:
            return ""
        at = _space(text, found + len(end))
    tag = re.compile(rf"<(?:!DOCTYPE\s+)?(?:[\w.-]+:)?{root}(?=[\s>/])[^<>]*").match(text, at)
    return tag[0] if tag else ""


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def json_of(element: Element, inner: str = "") -> list[object]:
    """An element as a value for JSON, all of it: [name, {attribute: value}, text or element, ...]. Names of namespace
    `inner` stand without it, others as "{namespace}name".
    """

    def named(name: str) -> str:
        space, _, local = name.rpartition(" ")
        return local if space in ("", inner) else f"{{{space}}}{local}"

    content: list[object] = []
    for part in element.content:
        if isinstance(part, Element):
            content.append(json_of(part, inner))
        elif part.strip():
            content.append(part)
    return [named(element.name), {named(name): value for name, value in element.attributes.items()}, *content]


def _head(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    rest, head = filter(None, chunks), b""
    while len(head) < _PIECE and (chunk := next(rest, b"")):
        head += chunk
    return head, rest


class _Document:
    def __init__(self, encoding: str, depth: int, *, namespaces: bool, raw: bool) -> None:
        self._parser = parser = expat.ParserCreate(encoding, " " if namespaces else None)
        self._depth = depth
        self._raw = raw
        self._open: list[str] = []
        self._record: list[Element] = []
        self._skipped = 0
        self._begun = False
        self._size = 0
        self._fed = 0
        self._events: list[Event] = []
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes) -> Iterator[Event]:
        self._fed += len(chunk)
        early = self._parse(chunk, last=False)
        if self._fed - self._parser.CurrentByteIndex > MAX_TOKEN:
            raise Broken("a tag or a comment does not end", self._at())
        yield from self._drained()
        if early:  # pragma: no cover  (expat says so at the end only)
            raise Broken("it ends early", self._at())

    def close(self) -> Iterator[Event]:
        early = self._parse(b"", last=True)
        yield from self._drained()
        if not self._begun:
            raise Broken("it has no element", At(line=1, offset=0))
        if early:
            yield EndsEarly(At(line=self._parser.ErrorLineNumber, offset=self._fed))

    def _parse(self, chunk: bytes, *, last: bool) -> bool:
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            if last and error.code in _EARLY:
                return True
            at = At(line=self._parser.ErrorLineNumber, offset=self._parser.ErrorByteIndex)
            junk = error.code == expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
            raise Broken(AFTER if junk else expat.ErrorString(error.code), at) from None
        except (LookupError, ValueError):
            raise Broken("the coding that it declares is not known", At(line=1, offset=0)) from None
        return False

    def _drained(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _at(self) -> At:
        return At(line=self._parser.CurrentLineNumber, offset=self._parser.CurrentByteIndex)

    def _doctype(self, *_: object) -> None:
        raise Broken("document type", self._at(), remedy="no format of the field has one: ask who made the file")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._raw:
            attributes = {name: _read_again(value) for name, value in attributes.items()}
        if self._record:
            self._inner(name, attributes)
        elif len(self._open) == self._depth:
            self._size = 0
            self._record.append(Element(name, attributes, self._at()))
        else:
            self._begun = True
            self._events.append(Opened(len(self._open), name, attributes, self._at()))
            self._open.append(name)

    def _inner(self, name: str, attributes: dict[str, str]) -> None:
        self._size += len(name) + sum(map(len, attributes)) + sum(map(len, attributes.values()))
        if self._skipped or len(self._record) >= MAX_DEPTH or self._size > MAX_RECORD:
            self._skipped += 1
            self._record[0].fault = self._record[0].fault or (TOO_LONG if self._size > MAX_RECORD else TOO_DEEP)
            return
        element = Element(name, attributes, self._at())
        self._record[-1].content.append(element)
        self._record.append(element)

    def _text(self, text: str) -> None:
        if not self._record or self._skipped:
            return
        self._size += len(text)
        content = self._record[-1].content
        if self._size > MAX_RECORD:
            self._record[0].fault = self._record[0].fault or TOO_LONG
        elif content and isinstance(content[-1], str):
            content[-1] += text
        else:
            content.append(text)

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif self._record:
            element = self._record.pop()
            if self._raw:
                element.content = [_read_again(part) if isinstance(part, str) else part for part in element.content]
            if not self._record:
                self._events.append(element)
        else:
            self._open.pop()
            self._events.append(Closed(len(self._open), name, self._at()))


def _read_again(text: str) -> str:
    """A text that was read as Latin-1, as the UTF-8 that it is, or else as windows-1252."""
    return text if text.isascii() else _HIGH.sub(_as_utf8, text)


def _as_utf8(found: re.Match[str]) -> str:
    return legible(found[0].encode("latin-1").decode("utf-8", "surrogateescape"))
