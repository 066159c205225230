"""The rows of one MISP event: its attributes, and those of its objects. By the rules of `node.interop.misp`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final, NamedTuple

from node.domain.references import NOT_AN_OBJECT, TOO_DEEP, At, Fault, Ignored, Item, Reference, Withdrawal
from node.domain.statements import Tri
from node.interop.hash_values import flag
from node.interop.json_documents import compact
from node.interop.misp_audience import (
    Audience,
    audience_of,
    handling_of,
    narrower,
    tag_names,
    uuid,
)
from node.interop.misp_fields import (
    PROPOSAL,
    details_of,
    hashes_of,
    is_deleted,
    is_for_detection,
    proposals,
    type_of,
    without_attachments,
)
from node.interop.misp_types import hash_text, is_other_hash, kind_of
from node.interop.notices import NOT_SEARCHED, Notices
from node.interop.row_hashes import MAX_TEXT, RowHashes, known_name, listed, moment_of, told_name
from node.interop.vigil_tags import VigilTags

NOT_FOR_DETECTION: Final = "to_ids is false"
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
    """Gives the rows of events, one after the other, and counts them. `tags`: what its rows said by tags of Vigil."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self.tags = VigilTags()
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
        yield from proposals(event)

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
        yield from proposals(attribute)
        name = told_name(attribute.get("type"), "attribute without a type")
        if (kind := kind_of(name)) is None:
            if is_other_hash(name):
                yield from self._notices.tell(NOT_SEARCHED, at)
            yield Ignored(name)
            return
        hashes = RowHashes()
        hashes.add(kind, hash_text(name, attribute.get("value")))
        deleted = is_deleted(attribute)
        if deleted is Tri.UNKNOWN:
            yield Fault(at, BAD_DELETED)
        elif deleted is Tri.YES:
            yield _withdrawn(at, attribute, [attribute])
        elif not is_for_detection(attribute):
            yield Ignored(NOT_FOR_DETECTION)
        else:
            yield from self._row(at, hashes, context, attribute, [attribute])

    # --- objects ------------------------------------------------------------------------------------------------------

    def _object(self, at: At, thing: dict[str, Any], context: _Context) -> Iterator[Item]:
        attributes = [each for each in listed(thing.get("Attribute")) if isinstance(each, dict)]
        for each in attributes:
            yield from proposals(each)
        stated = [each for each in attributes if kind_of(type_of(each))]
        states = {is_deleted(each) for each in stated}
        deleted = is_deleted(thing)
        if Tri.UNKNOWN in (deleted, *states):
            yield Fault(at, BAD_DELETED)
        elif known_name(thing.get("name"), "") in NOT_OF_A_FILE or (not stated and not _is_lost_file(thing)):
            yield from self._of_no_file(at, attributes)
        elif deleted is Tri.YES or states == {Tri.YES}:
            yield _withdrawn(at, thing, stated)
        else:
            yield from self._living(at, thing, attributes, context)

    def _living(
        self, at: At, thing: dict[str, Any], attributes: list[dict[str, Any]], context: _Context
    ) -> Iterator[Item]:
        """An object that is not deleted, and has a hash that is not."""
        stated = [each for each in attributes if kind_of(type_of(each))]
        for each in stated:
            if is_deleted(each) is Tri.YES:
                yield _withdrawn(at._replace(name=uuid(each.get("uuid"))), each, [each])
        taken = [each for each in stated if is_deleted(each) is Tri.NO and is_for_detection(each)]
        if not taken:
            yield Ignored(NOT_FOR_DETECTION)
            return
        hashes = hashes_of(taken)
        for each in attributes:
            if is_other_hash(type_of(each)):
                hashes.other(type_of(each))
        yield from self._row(at, hashes, context, thing, attributes)

    def _of_no_file(self, at: At, attributes: list[dict[str, Any]]) -> Iterator[Item]:
        if not attributes:
            yield Ignored("object without attributes")
        for each in attributes:
            if is_other_hash(type_of(each)):
                yield from self._notices.tell(NOT_SEARCHED, at)
            yield Ignored(type_of(each))

    # --- one row ------------------------------------------------------------------------------------------------------

    def _row(
        self, at: At, hashes: RowHashes, context: _Context, part: dict[str, Any], attributes: list[dict[str, Any]]
    ) -> Iterator[Item]:
        """The row of `part`, an attribute or an object with these `attributes`."""
        name = "Attribute" if part is attributes[0] else "Object"
        audience = self._audience(hashes, context, part, attributes)
        fields, names = self.tags.read([*tag_names(*attributes), *context.tags])
        handling, tags = handling_of(names)
        more = details_of(hashes, attributes)
        if len(joined := ", ".join(tags)) > MAX_TEXT:
            hashes.warn("text-too-long")
            joined = ""
        if len(handling) > MAX_TEXT:
            hashes.warn("text-too-long")
            handling = handling.split()[0]
        kept, had_attachment = without_attachments(part)
        said = f'{{"Event":{context.text},"{name}":{compact(kept)}}}'
        if fault := hashes.fault:
            yield Fault(at, fault)
            return
        fields |= more | {"changed": moment_of(part.get("timestamp"))}
        row = hashes.reference(
            at, id=at.name, audience=audience.words, handling=handling, tags=joined, said=said, **fields
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
            if each is not part and kind_of(type_of(each)) and is_deleted(each) is not Tri.YES:
                inner, inner_is_understood = audience_of(each, outer)
                narrowest, is_understood = narrower(narrowest, inner), is_understood and inner_is_understood
        if not is_understood:
            hashes.warn("bad-distribution")
        return narrowest


def _withdrawn(at: At, part: Mapping[str, Any], attributes: list[dict[str, Any]]) -> Withdrawal:
    """The withdrawal of a part with the hashes of these attributes."""
    hashes = hashes_of(attributes)
    reference = None if hashes.fault else hashes.reference(at)
    return Withdrawal(at, at.name, reference, moment_of(part.get("timestamp")))


def _is_lost_file(thing: Mapping[str, Any]) -> bool:
    """Whether it is a deleted file that does not show its attributes any more."""
    return thing.get("name") == "file" and is_deleted(thing) is Tri.YES
