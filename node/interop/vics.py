"""VICS, the data model of Project VIC: 1.1, 1.2, 1.3 and 2.0 in JSON, media and cases.

    {"@odata.context": "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media", "value": [
    {"MediaID": 1, "Category": 1, "MD5": "...", ...},
    ...]}

Rules this module upholds:

- The model may come before or after the records. Without one, and with one that nobody knows, the file is not taken in.
- The shape decides what is a case: an object with a list of `Media`, whatever the model says.
- Everything that a file says of a case stays with it. What it says of totals is compared and not believed.
- Unknown fields are kept with their record, and each is named once. Hashes within them are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from node.domain.references import NOT_AN_OBJECT, At, EndsEarly, Fault, Item, ListHead, Notice, Reference
from node.interop.json_heads import json_head
from node.interop.json_records import INCOMPLETE, Element, JsonReader, pairs_of
from node.interop.json_text import BLOCK, CutShort
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.reading import Broken, Choices, Format
from node.interop.vics_cases import MEDIA, CaseFields, is_case
from node.interop.vics_fields import CODES, KNOWN, careful_row, name_told
from node.interop.vics_model import ROOTS, Model, model_of, no_model
from node.interop.vics_plain import PLAIN, plain_row

NAME: Final = "vics"
NO_LIST: Final = "no list of media"
_ANNOTATION: Final = "odata."
"""In the names of fields that OData adds to every object."""
_MOST: Final = 128
"""Fields and categories that are learnt of a file."""
UNKNOWN_FIELD: Final = "unknown-field"
_TOLD: Final = {
    UNKNOWN_FIELD: "these fields are not understood; those of a row are kept with it",
    NOT_SEARCHED: "hashes of these kinds are not searched, and are kept with their rows",
}
_MOST_NAMES: Final = 32
"""Names of fields and hashes that are told."""


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:
    """The items of a file. Raises `Broken`, `Unwelcome`."""
    return _File(chunks, choices).items()


class _File:
    def __init__(self, chunks: Iterable[bytes], choices: Choices) -> None:
        self._reader = JsonReader(chunks)
        self._choices = choices
        self._notices = Notices()
        self._model: Model | None = None
        self._shape = ""
        self._has_head = False
        self._record = 0
        self._known = PLAIN
        self._names: dict[str, tuple[At, dict[str, None]]] = {}
        self._codes: dict[str | int | None, str | None] = {None: None}
        for code in CODES:
            self._codes[code] = self._codes[int(code)] = code
        self._odd_code: At | None = None

    def items(self) -> Iterator[Item]:
        """Everything, and `EndsEarly` where the file ends before its end."""
        try:
            yield from self._document()
            yield from self._names_told()
        except CutShort as cut:
            if not self._has_head:
                yield self._head(self._model or Model())
            yield from self._names_told()
            yield EndsEarly(cut.at)

    def _document(self) -> Iterator[Item]:
        reader, has_list = self._reader, False
        start = reader.here()
        for name, _ in reader.members():
            at = reader.here()
            if name in ROOTS:
                yield from self._root(reader.value()[0], at)
            elif name == "value" and reader.next_is("["):
                has_list = True
                yield from self._list()
            elif name == "value":
                raise Broken(NO_LIST, at)
            else:
                value, _ = reader.value()
                if name.endswith("odata.nextLink") and value not in (None, ""):
                    yield from self._notices.tell("more-pages", at)
                self._learn_names((name,), at)
        reader.end()
        if self._model is None:
            yield from self._takes(no_model(start, self._choices), start)
        if not has_list:
            raise Broken(NO_LIST, start)
        yield from self._end(start)

    # ---- the model

    def _root(self, root: object, at: At) -> Iterator[Item]:
        model = model_of(root, at, self._choices)
        if self._model is not None and self._model != model:
            raise Broken("two data models", at)
        yield from self._takes(model, at)

    def _takes(self, model: Model, at: At) -> Iterator[Item]:
        self._model = model
        if not model.is_known_region:
            yield from self._notices.tell("unknown-region", at)
        if self._odd_code is not None and model.scale is not None:
            yield from self._notices.tell("unknown-code", self._odd_code)
        yield from self._head_if_known(at)

    def _shaped(self, shape: str, at: At) -> Iterator[Item]:
        """The first element tells what the list is made of."""
        if not self._shape:
            self._shape = shape
            yield from self._head_if_known(at)

    def _head_if_known(self, at: At) -> Iterator[Item]:
        if self._model is None or not self._shape or self._has_head:
            return
        yield self._head(self._model)
        if self._model.kind not in ("", self._shape):
            yield from self._notices.tell("shape-differs-from-root", at)

    def _end(self, at: At) -> Iterator[Item]:
        if not self._has_head and self._model is not None:
            yield from self._shaped(self._model.kind or "media", at)

    def _head(self, model: Model) -> ListHead:
        self._has_head = True
        return ListHead(
            format=NAME,
            version=model.version,
            region=model.region,
            kind=self._shape or model.kind,
            scheme=model.scheme,
            scheme_version=model.scheme_version,
        )

    # ---- records

    def _list(self) -> Iterator[Item]:
        """The elements of `value`: media, or cases. A case that is too large is walked, and so is a large record."""
        for found in self._reader.made(self._made, BLOCK):
            if type(found) is Reference and self._has_head:
                yield found
            else:
                yield from self._element(found)

    def _media(self, reader: JsonReader) -> Iterator[Item]:
        """The records of a case."""
        for found in reader.made(self._made):
            if isinstance(found, Reference):
                yield found
            else:
                yield from self._unusual(found)

    def _made(self, value: Any, said: str, line: int, offset: int) -> Reference | Element:  # noqa: ANN401
        """A record without anything unusual, or the element as it is."""
        if type(value) is dict:
            row = plain_row(value, said, (self._record + 1, line, offset, ""), self._known, self._codes)
            if row is not None:
                self._record += 1
                return row
        return Element(value, said, line, offset)

    def _element(self, found: Reference | Element) -> Iterator[Item]:
        """An element of `value`, with all that is unusual about it."""
        if isinstance(found, Reference):
            yield from self._shaped("media", found.at)
            yield found
        elif found.value is INCOMPLETE:
            yield from self._walked(self._reader, None)
        elif isinstance(found.value, dict) and is_case(found.value):
            yield from self._walked(self._reader.within(found), CaseFields.of(self._reader.within(found)))
        else:
            yield from self._shaped("media", At(line=found.line, offset=found.offset))
            yield from self._unusual(found)

    def _walked(self, reader: JsonReader, known: CaseFields | None) -> Iterator[Item]:
        """A case, or a record that is too large to be taken at once. `known`: all fields of the case; if they are not
        known and some stand after its media, the case comes again with all of them.
        """
        at = reader.here()
        if not reader.next_is("{"):
            yield from self._unusual(Element(*reader.value(), at.line, at.offset))
            return
        case, told = known or CaseFields(at), -1
        for name, said in reader.members():
            if name == MEDIA and reader.next_is("["):
                if told < 0:
                    yield from self._shaped("cases", at)
                    yield case.case
                    told = len(case)
                before = self._record
                yield from self._media(reader)
                case.count += self._record - before
            elif known is None:
                value, text = reader.value()
                case.add(name, value, said, text)
            else:
                reader.value()
        if told < 0 and not is_case(case.fields):
            yield from self._shaped("media", at)
            yield from self._unusual(Element(case.fields, case.said, at.line, at.offset))
            return
        if told < 0:
            yield from self._shaped("cases", at)
        if told < len(case):
            yield case.case
        if case.is_miscounted:
            yield from self._notices.tell("bad-total", at)

    def _unusual(self, found: Element) -> Iterator[Item]:
        """A record that has to be looked at with care."""
        self._record += 1
        at = At(record=self._record, line=found.line, offset=found.offset)
        if not isinstance(found.value, dict):
            yield Fault(at, NOT_AN_OBJECT)
            return
        self._learn_names(found.value, at)
        row = careful_row(pairs_of(found.said), found.said, at, self._model.scale if self._model else None)
        if isinstance(row, Reference):
            self._learn_code(found.value.get("Category"), row)
            for name in row.not_searched:
                self._name(NOT_SEARCHED, name, at)
            for code in row.warnings:
                yield from self._notices.tell(code, at)
        yield row

    def _learn_code(self, written: object, row: Reference) -> None:
        """A code that needs no warning is plain from now on. An odd one waits for the model that comes at the end."""
        if row.code is None or row.code in CODES:
            return
        if self._model is None:
            self._odd_code = self._odd_code or row.at
        elif (
            isinstance(written, int | str)
            and not isinstance(written, bool)
            and "unknown-code" not in row.warnings
            and len(self._codes) < _MOST
        ):
            self._codes[written] = row.code

    def _learn_names(self, names: Iterable[str], at: At) -> None:
        """Keeps the names of fields that are not known."""
        for name in names:
            if name in self._known or name in KNOWN:
                continue
            if len(self._known) < _MOST:
                self._known |= {name}
            if _ANNOTATION not in name:
                self._name(UNKNOWN_FIELD, name_told(name), at)

    def _name(self, code: str, name: str, at: At) -> None:
        _, names = self._names.setdefault(code, (at, {}))
        if len(names) < _MOST_NAMES:
            names[name] = None

    def _names_told(self) -> Iterator[Notice]:
        """What is told of all names at once, with the place of the first one."""
        for code, (at, names) in self._names.items():
            yield Notice(code, f"{_TOLD[code]}: {', '.join(names)}", at)


_ROOT: Final = re.compile(r'"@?odata\.(?:metadata|context)"\s*:\s*"[^"]{0,100}ProjectVic', re.IGNORECASE)
_FIELDS: Final = ("MediaID", "MD5", "Media", "CaseID", "CaseNumber")


def recognise(head: bytes) -> bool:
    """Whether a file begins as VICS: it names the data model, or has a list of objects with its fields."""
    text = head.decode(json.detect_encoding(head), errors="ignore").lstrip()
    if not text.startswith("{"):
        return False
    shape = json_head(head)
    return bool(_ROOT.search(text)) or (shape.has(1, "value") and shape.has(3, *_FIELDS))


FORMAT: Final = Format(name=NAME, title="VICS JSON (Project VIC), 1.1 to 2.0", recognise=recognise, read=read)
