"""The entities of the store in memory, beside the holdings of a `Place`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.entities import Entity
from node.errors import NotFound
from tests.simulator.memory_common import Common
from tests.simulator.memory_tables import MemoryPlace, Place
from tests.simulator.memory_watches import WatchTables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from node.domain.entities import EntityEvent, EntityKind, EntityLink, EntityNote, EntityStatus
    from tests.simulator.memory_watches import WatchTables


@dataclass(slots=True)
class EntityTables:
    """Entities by id, their notes and links, what happened to them, and the cases that name them."""

    entities: dict[int, Entity] = field(default_factory=dict)
    last: int = 0
    notes: list[EntityNote] = field(default_factory=list)
    links: dict[int, EntityLink] = field(default_factory=dict)
    last_link: int = 0
    events: list[EntityEvent] = field(default_factory=list)
    cases: set[tuple[str, int]] = field(default_factory=set)


class MemoryEntities(MemoryPlace):
    """`EntityWriter` over `EntityTables`, and `HoldingWriter` where a deleted holding takes its links with it."""

    def __init__(self, tables: EntityTables, place: Place, common: Common, watching: WatchTables) -> None:
        super().__init__(place, common, watching)
        self._of = tables

    def entities_by_id(self, ids: Collection[int]) -> Mapping[int, Entity]:
        return {each: self._of.entities[each] for each in ids if each in self._of.entities}

    def entities(
        self, *, kind: EntityKind | None = None, merged: bool = False, after: int = 0, limit: int = 1_000
    ) -> list[Entity]:
        found = [each for number, each in sorted(self._of.entities.items()) if number > after]
        found = [each for each in found if kind in (None, each.kind) and (merged or not each.merged_into)]
        return found[:limit]

    def merged_entities(self, into: Collection[int]) -> list[int]:
        found = self._of.entities.values()
        return sorted(each.id for each in found if each.merged_into and each.merged_into in into)

    def entities_of_case(self, case: str) -> list[int]:
        named = {entity for reference, entity in self._of.cases if reference == case}
        held = {each.id for each in self._place.holdings.values() if case in each.cases}
        return sorted(named | {each.entity for each in self._of.links.values() if each.stands and each.holding in held})

    def cases_of_entities(self, ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
        found = {each: {case for case, entity in self._of.cases if entity == each} for each in ids}
        for link in self._of.links.values():
            if link.stands and link.entity in found:
                found[link.entity].update(self._place.holdings[link.holding].cases)
        return {each: tuple(sorted(cases)) for each, cases in found.items() if cases}

    def entity_notes(self, ids: Collection[int]) -> list[EntityNote]:
        found = [each for each in self._of.notes if each.entity in ids]
        return sorted(found, key=lambda each: (each.entity, each.number, each.version))

    def entity_links(
        self, ids: Collection[int], *, case: str = "", withdrawn: bool = True, after: int = 0, limit: int = 1_000
    ) -> list[EntityLink]:
        found = [each for number, each in sorted(self._of.links.items()) if number > after and each.entity in ids]
        found = [each for each in found if not case or case in self._place.holdings[each.holding].cases]
        return [each for each in found if withdrawn or each.stands][:limit]

    def count_entity_links(self, ids: Collection[int]) -> Mapping[int, int]:
        counts = {each: len(self.entity_links([each], withdrawn=False, limit=1 << 31)) for each in ids}
        return {each: count for each, count in counts.items() if count}

    def entities_of_holdings(self, holdings: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
        standing = [each for each in self._of.links.values() if each.stands]
        found = {each: tuple(sorted({one.entity for one in standing if one.holding == each})) for each in holdings}
        return {each: entities for each, entities in found.items() if entities}

    def entity_events(self, ids: Collection[int]) -> list[EntityEvent]:
        return [each for each in self._of.events if each.entity in ids]

    def put_entity(self, kind: EntityKind, pseudonym: str, status: EntityStatus, now: int) -> int:
        self._of.last += 1
        made = Entity(id=self._of.last, kind=kind, pseudonym=pseudonym, status=status, added_at=now)
        self._of.entities[made.id] = made
        return made.id

    def change_entity(self, changed: Entity) -> bool:
        former = self._of.entities.get(changed.id)
        if former is None or former.version != changed.version:
            return False
        self._of.entities[changed.id] = replace(
            former,
            pseudonym=changed.pseudonym,
            status=changed.status,
            merged_into=changed.merged_into,
            version=changed.version + 1,
        )
        return True

    def name_in_case(self, entity: int, case: str) -> bool:
        before = len(self._of.cases)
        self._of.cases.add((case, entity))
        return len(self._of.cases) > before

    def leave_entity_case(self, entity: int, case: str) -> bool:
        before = len(self._of.cases)
        self._of.cases.discard((case, entity))
        return len(self._of.cases) < before

    def put_entity_note(self, note: EntityNote) -> EntityNote:
        mine = [each for each in self._of.notes if each.entity == note.entity]
        if note.number:
            versions = [each.version for each in mine if each.number == note.number]
            if not versions:
                raise NotFound(
                    f"entity {note.entity} has no note {note.number}",
                    remedy=f"`vigil entity show {note.entity}` shows its notes",
                )
            stored = replace(note, version=1 + max(versions))
        else:
            stored = replace(note, number=1 + max((each.number for each in mine), default=0), version=1)
        self._of.notes.append(stored)
        return stored

    def put_entity_links(self, links: Sequence[EntityLink]) -> None:
        for each in links:
            self._of.last_link += 1
            self._of.links[self._of.last_link] = replace(each, id=self._of.last_link)

    def withdraw_entity_links(self, ids: Sequence[int], by: str, now: int) -> None:
        for each in ids:
            found = self._of.links.get(each)
            if found is not None and found.stands:
                self._of.links[each] = replace(found, withdrawn_by=by, withdrawn_at=now)

    def put_entity_event(self, event: EntityEvent) -> None:
        self._of.events.append(event)

    def delete_entities(self, ids: Collection[int]) -> None:
        for each in ids:
            self._of.entities.pop(each, None)
        self._of.notes = [each for each in self._of.notes if each.entity not in ids]
        self._of.links = {number: each for number, each in self._of.links.items() if each.entity not in ids}
        self._of.events = [each for each in self._of.events if each.entity not in ids]
        self._of.cases = {each for each in self._of.cases if each[1] not in ids}

    def delete_holding(self, holding_id: int) -> None:
        super().delete_holding(holding_id)
        self._of.links = {number: each for number, each in self._of.links.items() if each.holding != holding_id}
