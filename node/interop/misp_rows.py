"""The rows of one MISP event: its attributes, and those of its objects. By the rules of `node.interop.misp`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final, NamedTuple

from node.domain.references import NOT_AN_OBJECT, TOO_DEEP, At, Fault, Ignored, Item, Reference, Withdrawal
from node.domain.statements import Tri
from node.interop.hash_values import flag, size
from node.interop.json_documents import compact
from node.interop.misp_audience import (
    Audience,
    audience_of,
    handling_of,
    narrower,
    tag_names,
    uuid,
)
from node.interop.misp_types import hash_text, is_other_hash, kind_of
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.row_hashes import MAX_TEXT, RowHashes, known_name, listed, plain_text

NOT_FOR_DETECTION: Final = "to_ids is false"
PROPOSAL: Final = "ShadowAttribute"
NOT_OF_A_FILE: Final = frozenset({"pe-section", "elf-section", "macho-section", "hashlookup"})
"""Objects whose hashes are those of a part of a file, or of a harmless one."""
BAD_DELETED: Final = "whether it is deleted is not understood"
MAX_EVENT_WORDS: Final = 4_096
"""Characters of an event's own fields that stand with each of its rows. A long event stands with its first row alone:
otherwise the words of all rows would grow with the square of the file.
"""
_LISTS: Final = ("Attribute", "Object", PROPOSAL, "RelatedEvent", "Galaxy", "EventReport")


class _Context(NamedTuple):
    """What an event says of all of its parts. `text`: its own fields as JSON; `tags`: the names of its tags."""

    audience: Audience
    text: str
    tags: list[str]


_Rows = Callable[[At, dict[str, Any], _Context], Iterator[Item]]


class EventRows:
    """Gives the rows of events, one after the other, and counts them."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._records = 0

    def next_place(self, name: str = "") -> At:
        """The place of the next row."""
        self._records += 1
        return At(record=self._records, name=name)

    def of_event(self, event: Mapping[str, Any]) -> Iterator[Item]:
        """The rows of an event."""
        if flag(event.get("published"))[0] is Tri.NO:
            yield from self._notices.tell("not-published")
        try:
            context = yield from self._context(event)
        except RecursionError:
            yield Fault(self.next_place(uuid(event.get("uuid"))), TOO_DEEP)
            return
        for each in listed(event.get("Attribute")):
            context = yield from self._guarded(each, context, self._attribute)
        for each in listed(event.get("Object")):
            context = yield from self._guarded(each, context, self._object)
        yield from _proposals(event)

    def _context(self, event: Mapping[str, Any]) -> Generator[Item, None, _Context]:
        audience, is_understood = audience_of(event, Audience())
        if not is_understood:
            yield from self._notices.tell("bad-distribution")
        text = compact({name: value for name, value in event.items() if name not in _LISTS})
        tags = tag_names(event)
        if sum(map(len, tags)) > MAX_TEXT:
            # Each row would be told that its tags are too long. The words of handling are kept: they bind.
            tags = handling_of(tags)[0].split()[:1]
            yield from self._notices.tell("text-too-long")
        return _Context(audience, text, tags)

    def _guarded(
        self,
        each: Any,  # noqa: ANN401 (JSON has any shape)
        context: _Context,
        rows: _Rows,
    ) -> Generator[Item, None, _Context]:
        """The rows of an attribute or object, whatever it is; then the context of the next one."""
        at = self.next_place(uuid(each.get("uuid")) if isinstance(each, dict) else "")
        if not isinstance(each, dict):
            yield Fault(at, NOT_AN_OBJECT)
            return context
        try:
            for item in rows(at, each, context):
                yield item
                if isinstance(item, Reference) and len(context.text) > MAX_EVENT_WORDS:
                    context = context._replace(text="{}")
        except RecursionError:
            yield Fault(at, TOO_DEEP)
        return context

    # --- attributes ---------------------------------------------------------------------------------------------------

    def _attribute(self, at: At, attribute: dict[str, Any], context: _Context) -> Iterator[Item]:
        inner = attribute.get("Event")
        if isinstance(inner, dict):
            context = yield from self._context(inner)
        yield from _proposals(attribute)
        name = known_name(attribute.get("type"), "attribute without a type")
        if (kind := kind_of(name)) is None:
            if is_other_hash(name):
                yield from self._notices.tell(NOT_SEARCHED, at)
            yield Ignored(name)
            return
        hashes = RowHashes()
        hashes.add(kind, hash_text(name, attribute.get("value")))
        deleted = _deleted(attribute)
        if deleted is Tri.UNKNOWN:
            yield Fault(at, BAD_DELETED)
        elif deleted is Tri.YES:
            yield Withdrawal(at, id=at.name, reference=None if hashes.fault else hashes.reference(at))
        elif not _is_for_detection(attribute):
            yield Ignored(NOT_FOR_DETECTION)
        else:
            yield from self._row(at, hashes, context, attribute, [attribute])

    # --- objects ------------------------------------------------------------------------------------------------------

    def _object(self, at: At, thing: dict[str, Any], context: _Context) -> Iterator[Item]:
        attributes = [each for each in listed(thing.get("Attribute")) if isinstance(each, dict)]
        for each in attributes:
            yield from _proposals(each)
        stated = [each for each in attributes if kind_of(_type(each))]
        if not stated or known_name(thing.get("name"), "") in NOT_OF_A_FILE:
            yield from self._of_no_file(at, attributes)
            return
        deleted = _deleted(thing)
        if deleted is Tri.UNKNOWN:
            yield Fault(at, BAD_DELETED)
            return
        alive = [each for each in stated if _deleted(each) is Tri.NO]
        if deleted is Tri.YES or (not alive and all(_deleted(each) is Tri.YES for each in stated)):
            yield self._withdrawn(at, stated)
            return
        for each in stated:
            if _deleted(each) is Tri.YES:
                yield self._withdrawn(at._replace(name=uuid(each.get("uuid"))), [each])
        if not (taken := [each for each in alive if _is_for_detection(each)]):
            yield Ignored(NOT_FOR_DETECTION) if alive else Fault(at, BAD_DELETED)
            return
        hashes = _hashes(taken)
        for each in attributes:
            if is_other_hash(_type(each)):
                hashes.other(_type(each))
        yield from self._row(at, hashes, context, thing, attributes)

    def _of_no_file(self, at: At, attributes: list[dict[str, Any]]) -> Iterator[Item]:
        if not attributes:
            yield Ignored("object without attributes")
        for each in attributes:
            if is_other_hash(_type(each)):
                yield from self._notices.tell(NOT_SEARCHED, at)
            yield Ignored(_type(each))

    def _withdrawn(self, at: At, attributes: list[dict[str, Any]]) -> Withdrawal:
        hashes = _hashes(attributes)
        return Withdrawal(at, id=at.name, reference=None if hashes.fault else hashes.reference(at))

    # --- one row ------------------------------------------------------------------------------------------------------

    def _row(
        self, at: At, hashes: RowHashes, context: _Context, part: dict[str, Any], attributes: list[dict[str, Any]]
    ) -> Iterator[Item]:
        """The row of `part`, an attribute or an object with these `attributes`."""
        name = "Attribute" if part is attributes[0] else "Object"
        audience = self._audience(hashes, context, part, attributes)
        handling, tags = handling_of([*tag_names(*attributes), *context.tags])
        more = _details(hashes, attributes)
        if len(joined := ", ".join(tags)) > MAX_TEXT:
            hashes.warn("text-too-long")
            joined = ""
        if len(handling) > MAX_TEXT:
            hashes.warn("text-too-long")
            handling = handling.split()[0]
        kept, had_attachment = _without_attachments(part)
        said = f'{{"Event":{context.text},"{name}":{compact(kept)}}}'
        if fault := hashes.fault:
            yield Fault(at, fault)
            return
        row = hashes.reference(
            at, id=at.name, audience=audience.words, handling=handling, tags=joined, said=said, **more
        )
        yield from self._notices.of_row(row)
        if had_attachment:
            yield from self._notices.tell(NOT_SEARCHED, at)
            yield Ignored("attachment")
        yield row

    def _audience(
        self, hashes: RowHashes, context: _Context, part: dict[str, Any], attributes: list[dict[str, Any]]
    ) -> Audience:
        """The narrowest of the part and of each of its hashes."""
        outer, is_understood = audience_of(part, context.audience)
        narrowest = outer
        for each in attributes:
            if each is not part and kind_of(_type(each)) and _deleted(each) is not Tri.YES:
                inner, inner_is_understood = audience_of(each, outer)
                narrowest, is_understood = narrower(narrowest, inner), is_understood and inner_is_understood
        if not is_understood:
            hashes.warn("bad-distribution")
        return narrowest


def _hashes(attributes: list[dict[str, Any]]) -> RowHashes:
    hashes = RowHashes()
    for each in attributes:
        if kind := kind_of(_type(each)):
            hashes.add(kind, hash_text(_type(each), each.get("value")))
    return hashes


def _details(hashes: RowHashes, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """The size and the media type, which are attributes beside the hashes."""
    details: dict[str, Any] = {}
    for each in attributes:
        if _deleted(each) is Tri.YES:
            continue
        if _type(each) == "size-in-bytes":
            details["size"], is_bad = size(each.get("value"))
            if is_bad:
                hashes.warn("bad-size")
        elif _type(each) == "mime-type":
            details["media_type"] = plain_text(each.get("value"))[:MAX_TEXT]
    return details


def _without_attachments(part: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """(The part without attachments, whether it had one)."""
    kept = {name: value for name, value in part.items() if name != "data"}
    found = bool(part.get("data"))
    for inner in ("Attribute", PROPOSAL):
        if isinstance(part.get(inner), list | dict):
            pairs = [
                _without_attachments(each) if isinstance(each, dict) else (each, False) for each in listed(part[inner])
            ]
            kept[inner] = [each for each, _ in pairs]
            found = found or any(had for _, had in pairs)
    return kept, found


def _type(attribute: Mapping[str, Any]) -> str:
    return known_name(attribute.get("type"), "attribute without a type")


def _deleted(part: Mapping[str, Any]) -> Tri:
    """Whether it is deleted: `true`, `1` and `"1"` say so. Absent: it is not. Unknown: not understood."""
    value = part.get("deleted")
    if value in (None, "", "0", "1"):
        return Tri.YES if value == "1" else Tri.NO
    return flag(value)[0]


def _is_for_detection(attribute: Mapping[str, Any]) -> bool:
    """Absent: MISP marks hashes for detection by itself."""
    value = attribute.get("to_ids")
    return value != "0" and flag(value)[0] is not Tri.NO


def _proposals(part: Mapping[str, Any]) -> Iterator[Item]:
    for _ in listed(part.get(PROPOSAL)):
        yield Ignored(PROPOSAL)
