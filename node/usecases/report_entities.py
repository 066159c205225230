"""The sections of a report on the persons, places and things of a case: who they are, what is noted, which holdings.

Rules this module upholds:

- An entity stands with those that were merged into it. Links to holdings of other cases are not in the report.
- Every version of a note is in the report, and so are withdrawn links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.usecases.entity_views import entities_of_case, entity_lines, with_merged
from node.usecases.report_source import PAGE
from node.usecases.report_values import Column, Fact, Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.entities import Entity, EntityLink
    from node.usecases.report_source import ReportSource
    from node.usecases.report_values import Section

_ENTITY_COLUMNS: Final = (
    Column(name="entity", title="Entity", form=Form.NUMBER),
    Column(name="kind", title="Kind"),
    Column(name="pseudonym", title="Pseudonym"),
    Column(name="status", title="Status"),
    Column(name="merged", title="Merged into it", form=Form.NUMBER),
    Column(name="added_at", title="Added", form=Form.MOMENT),
)
_NOTE_COLUMNS: Final = (
    Column(name="entity", title="Entity", form=Form.NUMBER),
    Column(name="note", title="Note", form=Form.NUMBER),
    Column(name="version", title="Version", form=Form.NUMBER),
    Column(name="at", title="Written", form=Form.MOMENT),
    Column(name="officer", title="Officer"),
    Column(name="text", title="Text"),
)
_LINK_COLUMNS: Final = (
    Column(name="entity", title="Entity", form=Form.NUMBER),
    Column(name="holding", title="Holding", form=Form.NUMBER),
    Column(name="role", title="Role"),
    Column(name="certainty", title="Certainty"),
    Column(name="at", title="Linked", form=Form.MOMENT),
    Column(name="officer", title="Officer"),
    Column(name="withdrawn_at", title="Withdrawn", form=Form.MOMENT),
    Column(name="withdrawn_by", title="Withdrawn by"),
)


def entities(source: ReportSource) -> list[Section]:
    """The entities of the case by number, what is noted of them, and their links to holdings of the case."""
    found = entities_of_case(source.tx, source.case)
    ids = sorted({one.id for each in found for one in with_merged(source.tx, each)})
    return [_entities(source, found, ids), _notes(source, ids), _links(source, ids)]


def _entities(source: ReportSource, found: Sequence[Entity], ids: Sequence[int]) -> Section:
    lines = entity_lines(source.tx, found)
    events = source.tx.entity_events(ids)
    return source.table(
        "entities",
        "Persons, places and things",
        _ENTITY_COLUMNS,
        lambda: (
            (each.entity.id, each.entity.kind.value, each.entity.pseudonym, each.entity.status.value, each.merged,
             each.entity.added_at)
            for each in lines
        ),
        total=len(lines),
        latest=max((each.at for each in events), default=0),
        facts=[Fact(name="entities", title="Entities", value=len(lines), form=Form.NUMBER)],
    )  # fmt: skip


def _notes(source: ReportSource, ids: Sequence[int]) -> Section:
    notes = source.tx.entity_notes(ids)
    return source.table(
        "entity_notes",
        "Notes on persons, places and things",
        _NOTE_COLUMNS,
        lambda: ((each.entity, each.number, each.version, each.at, each.by or None, each.text) for each in notes),
        total=len(notes),
        latest=max((each.at for each in notes), default=0),
    )


def _links(source: ReportSource, ids: Sequence[int]) -> Section:
    total = latest = 0
    for each in _every_link(source, ids):
        total += 1
        latest = max(latest, each.at, each.withdrawn_at)
    return source.table(
        "entity_links",
        "Links between holdings and persons, places and things",
        _LINK_COLUMNS,
        lambda: (
            (each.entity, each.holding, each.role.value, each.certainty.value, each.at, each.by or None,
             each.withdrawn_at or None, each.withdrawn_by or None)
            for each in _every_link(source, ids)
        ),
        total=total,
        latest=latest,
    )  # fmt: skip


def _every_link(source: ReportSource, ids: Sequence[int]) -> Iterator[EntityLink]:
    """In the order in which they were made, with withdrawn ones."""
    after = 0
    while page := source.tx.entity_links(ids, case=source.case, after=after, limit=PAGE):
        after = page[-1].id
        yield from page
