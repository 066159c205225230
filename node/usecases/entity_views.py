"""Entities as a person looks at them: pages of a list, and one entity with everything that is stored of it.

Rules this module upholds:

- The audit log records who looks before anything is read.
- An entity is shown together with those that were merged into it. A list leaves these out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.usecases.access import record_access
from node.usecases.entity_lookup import known_entity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from node.domain.entities import Entity, EntityEvent, EntityKind, EntityLink, EntityNote
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.audit import AuditLog

_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLine:
    """An entity in a list. `merged`: how many were merged into it; `links`: its standing links, `notes` and `cases`
    with those of the merged ones.
    """

    entity: Entity
    merged: int
    links: int
    notes: int
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityPage:
    """`next`: the number after which the list continues, None at its end."""

    lines: list[EntityLine]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityView:
    """Everything about one entity. `merged`: those that were merged into it. Notes with all versions, links with
    withdrawn ones, and events are also of the merged ones. `more_links`: whether there are links after the last.
    `cases`: those that name it, and those of its holdings.
    """

    entity: Entity
    merged: tuple[Entity, ...]
    notes: Sequence[EntityNote]
    links: Sequence[EntityLink]
    more_links: bool
    events: Sequence[EntityEvent]
    cases: tuple[str, ...]


class EntityViews:
    """Safe to use from any thread, blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit

    def page(self, *, kind: EntityKind | None = None, case: str = "", after: int = 0, limit: int = 100) -> EntityPage:
        """At most `limit` entities with numbers after `after`: of one kind or of one case, if given."""
        record_access(self._audit, "entities", case=case, limit=limit, **({"of_kind": kind.value} if kind else {}))
        with self._store.read() as tx:
            if case:
                every = [each for each in entities_of_case(tx, case) if kind in (None, each.kind)]
                found = [each for each in every if each.id > after][: limit + 1]
            else:
                found = tx.entities(kind=kind, after=after, limit=limit + 1)
            lines = entity_lines(tx, found[:limit])
        return EntityPage(lines=lines, next=found[limit - 1].id if len(found) > limit else None)

    def show(self, number: int, *, after: int = 0, limit: int = 100) -> EntityView:
        """One entity, with at most `limit` links after the link `after`. Raises `NotFound`."""
        record_access(self._audit, "entity", entity=number)
        with self._store.read() as tx:
            entity, *merged = with_merged(tx, known_entity(tx, number))
            ids = [entity.id, *(each.id for each in merged)]
            links = tx.entity_links(ids, after=after, limit=limit + 1)
            return EntityView(
                entity=entity,
                merged=tuple(merged),
                notes=tx.entity_notes(ids),
                links=links[:limit],
                more_links=len(links) > limit,
                events=tx.entity_events(ids),
                cases=_joined(tx.cases_of_entities(ids).values()),
            )


def with_merged(tx: NodeStoreReader, entity: Entity) -> list[Entity]:
    """The entity, and then those that were merged into it, directly or by way of others, by number."""
    found: set[int] = set()
    latest: Collection[int] = [entity.id]
    while latest := set(tx.merged_entities(latest)) - found - {entity.id}:
        found |= latest
    merged = tx.entities_by_id(found)
    return [entity, *(merged[each] for each in sorted(merged))]


def entities_of_case(tx: NodeStoreReader, case: str) -> list[Entity]:
    """The entities of a case by number. A merged one stands for the one that it was merged into."""
    found = dict(tx.entities_by_id(tx.entities_of_case(case)))
    while moved := {each.merged_into for each in found.values() if each.merged_into} - found.keys():
        found |= tx.entities_by_id(moved)
    return [found[number] for number in sorted(found) if not found[number].merged_into]


def entity_lines(tx: NodeStoreReader, found: Sequence[Entity]) -> list[EntityLine]:
    """The lines of these entities."""
    lines = []
    for at in range(0, len(found), _PAGE):
        groups = {each.id: [one.id for one in with_merged(tx, each)] for each in found[at : at + _PAGE]}
        every = [number for group in groups.values() for number in group]
        links, cases = tx.count_entity_links(every), tx.cases_of_entities(every)
        notes = {(each.entity, each.number) for each in tx.entity_notes(every)}
        lines += [_line(each, groups[each.id], links, cases, notes) for each in found[at : at + _PAGE]]
    return lines


def _line(
    entity: Entity,
    group: Sequence[int],
    links: Mapping[int, int],
    cases: Mapping[int, tuple[str, ...]],
    notes: Collection[tuple[int, int]],
) -> EntityLine:
    return EntityLine(
        entity=entity,
        merged=len(group) - 1,
        links=sum(links.get(each, 0) for each in group),
        notes=sum(number in group for number, _ in notes),
        cases=_joined(cases.get(each, ()) for each in group),
    )


def _joined(cases: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({each for some in cases for each in some}))
