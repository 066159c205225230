"""The sections of a report on the persons, places and things of a case: who they are, what is noted, which holdings.

Rules this module upholds:

- An entity stands with those that were merged into it. Links to holdings of other cases are not in the report.
- Every version of a note is in the report, and so are withdrawn links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.usecases.entity_views import entities_of_case, entity_lines, with_merged
from node.usecases.report_values import Column, Fact, Form, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.entities import Entity, EntityLink
    from node.usecases.report_source import ReportSource

_PAGE: Final = 1_000
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
    return Section(
        name="entities",
        title="Persons, places and things",
        facts=[Fact(name="entities", title="Entities", value=len(lines), form=Form.NUMBER)],
        columns=_ENTITY_COLUMNS,
        rows=lambda: source.first(
            (each.entity.id, each.entity.kind.value, each.entity.pseudonym, each.entity.status.value, each.merged,
             each.entity.added_at)
            for each in lines
        ),
        total=len(lines),
        listed=source.listed(len(lines)),
        latest=max((each.at for each in events), default=0),
    )  # fmt: skip


def _notes(source: ReportSource, ids: Sequence[int]) -> Section:
    notes = source.tx.entity_notes(ids)
    return Section(
        name="entity_notes",
        title="Notes on persons, places and things",
        columns=_NOTE_COLUMNS,
        rows=lambda: source.first(
            (each.entity, each.number, each.version, each.at, each.by or None, each.text) for each in notes
        ),
        total=len(notes),
        listed=source.listed(len(notes)),
        latest=max((each.at for each in notes), default=0),
    )


def _links(source: ReportSource, ids: Sequence[int]) -> Section:
    total = latest = 0
    for each in _every_link(source, ids):
        total += 1
        latest = max(latest, each.at, each.withdrawn_at)
    return Section(
        name="entity_links",
        title="Links between holdings and persons, places and things",
        columns=_LINK_COLUMNS,
        rows=lambda: source.first(
            (each.entity, each.holding, each.role.value, each.certainty.value, each.at, each.by or None,
             each.withdrawn_at or None, each.withdrawn_by or None)
            for each in _every_link(source, ids)
        ),
        total=total,
        listed=source.listed(total),
        latest=latest,
    )  # fmt: skip


def _every_link(source: ReportSource, ids: Sequence[int]) -> Iterator[EntityLink]:
    """In the order in which they were made, with withdrawn ones."""
    after = 0
    while page := source.tx.entity_links(ids, case=source.case, after=after, limit=_PAGE):
        after = page[-1].id
        yield from page
