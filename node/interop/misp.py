"""MISP: events, and what its searches give (MISP core format; the answers of `restSearch`).

Rules this module upholds:

- The attributes of one object are one row, whose identity is the UUID of the object. An attribute outside of an object
  is a row of its own.
- What is deleted is a withdrawal by its UUID, and never the same as what is absent. An object that keeps no hash is
  withdrawn too.
- Only what its sender marks for detection is taken (`to_ids`). Proposals (`ShadowAttribute`) are nobody's statement
  yet, and are not taken.
- Titles of events, names of files and names of groups stay in the words of the row. An attachment (`data`) is neither
  opened nor kept: it may be material.
- The whole document is read at once, at most `json_documents.MAX_DOCUMENT` bytes: an event states its distribution and
  its tags before or after its attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from node.domain.references import At, EndsEarly, Fault, Item, ListHead
from node.interop.json_documents import document
from node.interop.json_heads import json_head
from node.interop.misp_rows import EventRows
from node.interop.notices import Notices
from node.interop.reading import Choices, Format, Unwelcome
from node.interop.row_hashes import listed

NAME: Final = "misp"
NOT_AN_EVENT: Final = "not a MISP event"
_PARTS: Final = ("Attribute", "Object")
_FIELDS: Final = ("Attribute", "Object", "info", "threat_level_id", "analysis", "orgc_id")
"""One of them is in each event, also in one that stands without its name."""
_GROUP: Final = "SharingGroup"


def recognise(head: bytes) -> bool:
    """Whether a file begins as one of MISP's."""
    shape = json_head(head)
    level = 2 if shape.opening == "[" else 1
    if shape.has(level, "Event", "Attribute", "Object") or (level == 1 and shape.has(1, "response")):
        return True
    return shape.has(level, "threat_level_id", "orgc_id") or (level == 2 and shape.has(2, _GROUP))  # noqa: PLR2004


def read(chunks: Iterable[bytes], choices: Choices) -> Iterator[Item]:  # noqa: ARG001 (MISP leaves nothing open)
    """The rows of a file of MISP's. Raises `Broken`, `Unwelcome`."""
    whole = document(chunks)
    if isinstance(whole, EndsEarly):
        yield ListHead(format=NAME)
        yield whole
        return
    parts = list(_parts(whole))
    if parts and not any(isinstance(part, dict) for part in parts):
        raise Unwelcome(NOT_AN_EVENT, At(), remedy="export events, or the answer of a search for events or attributes")
    rows = EventRows(Notices())
    for part in parts:
        if isinstance(part, dict):
            yield from rows.of_event(part)
        else:
            yield Fault(rows.next_place(), NOT_AN_EVENT)
    yield ListHead(format=NAME, scheme=rows.tags.scheme, scheme_version=rows.tags.version)


def _parts(whole: Any) -> Iterator[dict[str, Any] | None]:  # noqa: ANN401 (JSON has any shape)
    """Each event; None for what is no event."""
    if isinstance(whole, dict) and "response" in whole:
        whole = whole["response"]
    for each in [whole] if isinstance(whole, dict) and not _is_numbered(whole) else _elements(whole):
        yield _event(each)


def _is_numbered(value: dict[str, Any]) -> bool:
    return all(name.isdigit() for name in value)


def _elements(whole: Any) -> list[Any]:  # noqa: ANN401
    return listed(whole) if isinstance(whole, list | dict) else [whole]


def _event(each: Any) -> dict[str, Any] | None:  # noqa: ANN401
    """The fields of an event. What a search gives of an attribute or object alone is an event of one part."""
    if not isinstance(each, dict):
        return None
    inner = each.get("Event")
    if isinstance(inner, dict) and "value" not in each:
        return inner
    if "type" in each and "value" in each:
        return {"Attribute": [each]}
    if any(isinstance(each.get(name), dict) and not _is_numbered(each[name]) for name in _PARTS):
        return {name: [each[name]] for name in _PARTS if isinstance(each.get(name), dict)}
    return each if any(name in each for name in _FIELDS) else None


FORMAT: Final = Format(name=NAME, title="MISP event or search response", recognise=recognise, read=read)
