"""Contradictions among links and records: what a person has to look at again.

Rules this module upholds:

- A contradiction is a pair of signed statements that cannot both be right. Nothing is decided here, and nothing hidden.
- Other names of a series, and other categories of other schemes, are no contradiction: each country has its own.

What counts as one:

1. `disputed`: an active member disputes the link.
2. `victim` or `offender`: records of one victim (of one offender; or copies) of which one says that this person is
   identified and another that this person is not.
3. `category`: copies to which their owners give different codes of one scheme and version.
4. `media`: copies of which one is a picture and another a video.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from node.domain.record_links import Relation
from node.domain.statements import Tri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.ids import RecordId
    from node.domain.statements import Contribution
    from node.usecases.link_views import ShownLink, ShownRecord


class Clash(StrEnum):
    """The kind of a contradiction."""

    DISPUTED = "disputed"
    VICTIM = "victim"
    OFFENDER = "offender"
    CATEGORY = "category"
    MEDIA = "media"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """`link`: the link that it is about; `records`: the newest versions of the records that differ, in their order."""

    clash: Clash
    link: RecordId
    records: Sequence[RecordId] = ()


def contradictions(links: Sequence[ShownLink], records: Sequence[ShownRecord]) -> list[Contradiction]:
    """Of these links, in their order. A record that cannot be read contradicts nothing."""
    known = {each.root: each for each in records}
    return [found for link in links for found in _of(link, [known[each] for each in link.records if each in known])]


def _of(link: ShownLink, records: Sequence[ShownRecord]) -> Iterator[Contradiction]:
    if link.verification.disputed:
        yield Contradiction(clash=Clash.DISPUTED, link=link.link)
    read = [(each.record, each.said) for each in records if each.said is not None]
    for clash, values in _values(link.said.relation, [said for _, said in read]).items():
        if any(len(found) > 1 for found in _differing(values).values()):
            stated = tuple(record for (record, _), value in zip(read, values, strict=True) if value is not None)
            yield Contradiction(clash=clash, link=link.link, records=stated)


def _differing(values: Sequence[tuple[object, object] | None]) -> dict[object, set[object]]:
    """What is said, by what it is said about."""
    found: dict[object, set[object]] = {}
    for value in values:
        if value is not None:
            found.setdefault(value[0], set()).add(value[1])
    return found


def _values(relation: Relation, said: Sequence[Contribution]) -> dict[Clash, list[tuple[object, object] | None]]:
    """(Subject, what each record says of it), None for a record that does not say it."""
    is_copy = relation is Relation.COPY
    values: dict[Clash, list[tuple[object, object] | None]] = {}
    if is_copy or relation is Relation.SAME_VICTIM:
        values[Clash.VICTIM] = [_stated(each.victim_identified) for each in said]
    if is_copy or relation is Relation.SAME_OFFENDER:
        values[Clash.OFFENDER] = [_stated(each.offender_identified) for each in said]
    if is_copy:
        values[Clash.CATEGORY] = [
            None if each.category is None else ((each.category.scheme, each.category.version), each.category.code)
            for each in said
        ]
        values[Clash.MEDIA] = [
            ("media", kind) if (kind := each.media_type.partition("/")[0]) else None for each in said
        ]
    return values


def _stated(said: Tri) -> tuple[object, object] | None:
    return None if said is Tri.UNKNOWN else ("identified", said)
