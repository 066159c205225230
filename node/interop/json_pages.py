"""Pages: JSON objects that hold a list of records, and beside it how many there are and whether more come.

Rules this module upholds:

- A record is given when it is read. What stands beside the list is kept by name, and only the names asked for.
- A page that ends early gives the records that were whole, and says so at the end.
- A record that is no object is a fault of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from node.domain.references import NOT_AN_OBJECT, At, EndsEarly, Fault
from node.interop.json_records import JsonReader
from node.interop.json_text import CutShort
from node.interop.reading import Unwelcome

REMEDY: Final = "name another format with --as FORMAT"


class Record(NamedTuple):
    """A record and its place. `said`: its source text."""

    at: At
    fields: dict[str, Any]
    said: str


class Page:
    """One page. `name`: of the list; `beside`: names of what is kept of the rest, in `fields`.

    After `records`: `count` is how many elements the list had.
    """

    def __init__(self, chunks: Iterable[bytes], name: str, beside: tuple[str, ...] = ()) -> None:
        self._chunks = chunks
        self._name = name
        self._beside = beside
        self.fields: dict[str, Any] = {}
        self.count = 0

    def records(self) -> Iterator[Record | Fault | EndsEarly]:
        """Each record, in the order of the file. Raises `Broken`, `Unwelcome` if there is no such list."""
        reader = JsonReader(self._chunks)
        try:
            if not reader.next_is("{"):
                raise self._no_page(reader.here())
            yield from self._members(reader)
            reader.end()
        except CutShort as cut:
            yield EndsEarly(cut.at)

    def _members(self, reader: JsonReader) -> Iterator[Record | Fault]:
        is_page = False
        for name, _ in reader.members():
            if name == self._name and reader.next_is("["):
                is_page = True
                yield from self._elements(reader)
                continue
            value, _ = reader.value()
            if name in self._beside:
                self.fields[name] = value
        if not is_page:
            raise self._no_page(At())

    def _elements(self, reader: JsonReader) -> Iterator[Record | Fault]:
        for element in reader.elements():
            self.count += 1
            at = At(record=self.count, line=element.line, offset=element.offset)
            if isinstance(element.value, dict):
                yield Record(at, element.value, element.said)
            else:
                yield Fault(at, NOT_AN_OBJECT)

    def _no_page(self, at: At) -> Unwelcome:
        return Unwelcome(f"the file has no list {self._name}", at, remedy=REMEDY)
