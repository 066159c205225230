"""Entities: their notes, their links to holdings, and what happened to them.

Rules this module upholds:

- Every word about an entity is secret: its pseudonym, its notes, and the officers' names are in the vault, and leave it
  with the entity. The tables have numbers, moments and fixed words.
- A version of a note, a link and an event are written once. Withdrawing a link adds to its row and removes nothing.
- A deleted holding takes its links with it, including withdrawn ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, func, insert, select, update

from node.domain.entities import (
    UNREADABLE,
    Certainty,
    Deed,
    Entity,
    EntityEvent,
    EntityKind,
    EntityLink,
    EntityNote,
    EntityStatus,
    LinkRole,
)
from node.errors import NotFound
from node.store import vault
from node.store.entity_words import sealed_words, words
from node.store.statements import Repository, chunks, insert_rows
from node.store.tables.entities import entities, entity_cases, entity_events, entity_links, entity_notes
from node.store.tables.holdings import cases

_STANDS: Final = entity_links.c.withdrawn_at == 0
_CASES_BY_LINK: Final = (
    select(entity_links.c.entity_id, cases.c.reference)
    .join(cases, cases.c.holding_id == entity_links.c.holding_id)
    .distinct()
)
_LINK_COLUMNS: Final = (
    "entity_id", "holding_id", "role", "certainty", "at", "vault_id", "withdrawn_at", "withdrawn_vault_id",
)  # fmt: skip


class EntityRows(Repository):
    """`EntityReader` inside one transaction."""

    def entities_by_id(self, ids: Collection[int]) -> Mapping[int, Entity]:
        rows = _rows_of(self._connection, entities, entities.c.id, ids)
        return {each.id: each for each in _entities(self._connection, rows)}

    def entities(
        self, *, kind: EntityKind | None = None, merged: bool = False, after: int = 0, limit: int = 1_000
    ) -> list[Entity]:
        rows = select(entities).where(entities.c.id > after).order_by(entities.c.id).limit(limit)
        if kind is not None:
            rows = rows.where(entities.c.kind == kind.value)
        if not merged:
            rows = rows.where(entities.c.merged_into == 0)
        return _entities(self._connection, self._connection.execute(rows).all())

    def merged_entities(self, into: Collection[int]) -> list[int]:
        return [
            row.id
            for row in _rows_of(self._connection, entities, entities.c.merged_into, [each for each in into if each])
        ]

    def entities_of_case(self, case: str) -> list[int]:
        named = select(entity_cases.c.entity_id).where(entity_cases.c.reference == case)
        linked = self._connection.scalars(_CASES_BY_LINK.where(cases.c.reference == case, _STANDS))
        return sorted({*self._connection.scalars(named), *linked})

    def cases_of_entities(self, ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
        found: dict[int, set[str]] = {}
        for row in _rows_of(self._connection, entity_cases, entity_cases.c.entity_id, ids):
            found.setdefault(row.entity_id, set()).add(row.reference)
        for some in chunks(sorted(set(ids))):
            linked = _CASES_BY_LINK.where(entity_links.c.entity_id.in_(some), _STANDS)
            for entity, reference in self._connection.execute(linked):
                found.setdefault(entity, set()).add(reference)
        return {entity: tuple(sorted(names)) for entity, names in found.items()}

    def entity_notes(self, ids: Collection[int]) -> list[EntityNote]:
        rows = _rows_of(self._connection, entity_notes, entity_notes.c.entity_id, ids)
        rows.sort(key=lambda row: (row.entity_id, row.number, row.version))
        return [
            EntityNote(
                entity=row.entity_id,
                number=row.number,
                version=row.version,
                text=said.get("text", UNREADABLE),
                by=said.get("by", UNREADABLE),
                at=row.at,
            )
            for row, said in zip(rows, words(self._connection, (row.vault_id for row in rows)), strict=True)
        ]

    def entity_links(
        self, ids: Collection[int], *, case: str = "", withdrawn: bool = True, after: int = 0, limit: int = 1_000
    ) -> list[EntityLink]:
        found: list[Row[Any]] = []
        for some in chunks(ids):
            rows = select(entity_links).where(entity_links.c.entity_id.in_(some), entity_links.c.id > after)
            rows = rows if withdrawn else rows.where(_STANDS)
            if case:
                rows = rows.join(cases, cases.c.holding_id == entity_links.c.holding_id).where(
                    cases.c.reference == case
                )
            found += self._connection.execute(rows.order_by(entity_links.c.id).limit(limit))
        found = sorted(found, key=lambda row: row.id)[:limit]
        made = words(self._connection, (row.vault_id for row in found))
        ended = {row.withdrawn_vault_id for row in found if row.withdrawn_vault_id}
        ended_by = dict(zip(sorted(ended), words(self._connection, sorted(ended)), strict=True))
        return [
            EntityLink(
                id=row.id,
                entity=row.entity_id,
                holding=row.holding_id,
                role=LinkRole(row.role),
                certainty=Certainty(row.certainty),
                by=said.get("by", UNREADABLE),
                at=row.at,
                withdrawn_by=ended_by[row.withdrawn_vault_id].get("by", UNREADABLE) if row.withdrawn_vault_id else "",
                withdrawn_at=row.withdrawn_at,
            )
            for row, said in zip(found, made, strict=True)
        ]

    def count_entity_links(self, ids: Collection[int]) -> Mapping[int, int]:
        found: dict[int, int] = {}
        for some in chunks(ids):
            counted = select(entity_links.c.entity_id, func.count()).where(entity_links.c.entity_id.in_(some), _STANDS)
            rows = self._connection.execute(counted.group_by(entity_links.c.entity_id))
            found.update((entity, number) for entity, number in rows)
        return found

    def entities_of_holdings(self, holdings: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
        found: dict[int, set[int]] = {}
        for some in chunks(holdings):
            rows = select(entity_links.c.holding_id, entity_links.c.entity_id)
            for row in self._connection.execute(rows.where(entity_links.c.holding_id.in_(some), _STANDS)):
                found.setdefault(row.holding_id, set()).add(row.entity_id)
        return {holding: tuple(sorted(them)) for holding, them in found.items()}

    def entity_events(self, ids: Collection[int]) -> list[EntityEvent]:
        rows = sorted(_rows_of(self._connection, entity_events, entity_events.c.entity_id, ids), key=lambda row: row.id)
        return [
            EntityEvent(
                entity=row.entity_id,
                deed=Deed(row.deed),
                by=said.get("by", UNREADABLE),
                at=row.at,
                was=said.get("was", ""),
                now=said.get("now", ""),
            )
            for row, said in zip(rows, words(self._connection, (row.vault_id for row in rows)), strict=True)
        ]


class EntityWrites(EntityRows):
    """`EntityWriter` inside one transaction. A crash loses the whole transaction: no entity is left without history."""

    def put_entity(self, kind: EntityKind, pseudonym: str, status: EntityStatus, now: int) -> int:
        values = {"kind": kind.value, "status": status.value, "added_at": now, "merged_into": 0, "version": 1}
        (row,) = sealed_words(self._connection, [{"pseudonym": pseudonym}])
        number: int = self._connection.scalars(
            insert(entities).returning(entities.c.id), [{**values, "vault_id": row}]
        ).one()
        return number

    def change_entity(self, changed: Entity) -> bool:
        here = (entities.c.id == changed.id, entities.c.version == changed.version)
        former = self._connection.scalar(select(entities.c.vault_id).where(*here))
        if former is None:
            return False
        (row,) = sealed_words(self._connection, [{"pseudonym": changed.pseudonym}])
        self._connection.execute(
            update(entities)
            .where(*here)
            .values(
                status=changed.status.value,
                vault_id=row,
                merged_into=changed.merged_into,
                version=changed.version + 1,
            )
        )
        vault.forget(self._connection, [former])
        return True

    def name_in_case(self, entity: int, case: str) -> bool:
        here = (entity_cases.c.entity_id == entity, entity_cases.c.reference == case)
        if self._connection.scalar(select(entity_cases.c.entity_id).where(*here)) is not None:
            return False
        self._connection.execute(insert(entity_cases).values(reference=case, entity_id=entity))
        return True

    def leave_entity_case(self, entity: int, case: str) -> bool:
        here = (entity_cases.c.entity_id == entity, entity_cases.c.reference == case)
        return bool(self._connection.execute(delete(entity_cases).where(*here)).rowcount)

    def put_entity_note(self, note: EntityNote) -> EntityNote:
        of_entity = entity_notes.c.entity_id == note.entity
        if note.number:
            versions = select(func.max(entity_notes.c.version)).where(of_entity, entity_notes.c.number == note.number)
            last = self._connection.scalar(versions)
            if last is None:
                raise NotFound(
                    f"entity {note.entity} has no note {note.number}",
                    remedy=f"`vigil entity show {note.entity}` shows its notes",
                )
            stored = replace(note, version=last + 1)
        else:
            last = self._connection.scalar(select(func.max(entity_notes.c.number)).where(of_entity))
            stored = replace(note, number=1 + (last or 0), version=1)
        (row,) = sealed_words(self._connection, [{"text": note.text, "by": note.by}])
        self._connection.execute(
            insert(entity_notes).values(
                entity_id=note.entity, number=stored.number, version=stored.version, at=note.at, vault_id=row
            )
        )
        return stored

    def put_entity_links(self, links: Sequence[EntityLink]) -> None:
        made = sealed_words(self._connection, [{"by": each.by} for each in links])
        rows = [
            (each.entity, each.holding, each.role.value, each.certainty.value, each.at, row, 0, 0)
            for each, row in zip(links, made, strict=True)
        ]
        insert_rows(self._connection, entity_links, _LINK_COLUMNS, rows)

    def withdraw_entity_links(self, ids: Sequence[int], by: str, now: int) -> None:
        for each in ids:
            standing = (entity_links.c.id == each, _STANDS)
            if self._connection.scalar(select(entity_links.c.id).where(*standing)) is None:
                continue
            (row,) = sealed_words(self._connection, [{"by": by}])
            withdrawn = update(entity_links).where(*standing)
            self._connection.execute(withdrawn.values(withdrawn_at=now, withdrawn_vault_id=row))

    def put_entity_event(self, event: EntityEvent) -> None:
        (row,) = sealed_words(self._connection, [{"by": event.by, "was": event.was, "now": event.now}])
        self._connection.execute(
            insert(entity_events).values(entity_id=event.entity, deed=event.deed.value, at=event.at, vault_id=row)
        )

    def delete_entities(self, ids: Collection[int]) -> None:
        gone: list[int] = []
        for some in chunks(sorted(set(ids))):
            gone += _deleted_links(self._connection, entity_links.c.entity_id.in_(some))
            for table, column in ((entity_notes, entity_notes.c.entity_id), (entity_events, entity_events.c.entity_id)):
                gone += self._connection.scalars(delete(table).where(column.in_(some)).returning(table.c.vault_id))
            self._connection.execute(delete(entity_cases).where(entity_cases.c.entity_id.in_(some)))
            deleted = delete(entities).where(entities.c.id.in_(some)).returning(entities.c.vault_id)
            gone += self._connection.scalars(deleted)
        vault.forget(self._connection, gone)


def forget_links_of_holding(connection: Connection, holding_id: int) -> None:
    """Deletes the links of a holding, including withdrawn ones."""
    vault.forget(connection, _deleted_links(connection, entity_links.c.holding_id == holding_id))


def _deleted_links(connection: Connection, which: ColumnElement[bool]) -> list[int]:
    """Deletes these links; the ids of their words in the vault."""
    deleted = delete(entity_links).where(which)
    columns = (entity_links.c.vault_id, entity_links.c.withdrawn_vault_id)
    rows = connection.execute(deleted.returning(*columns)).all()
    return [each for row in rows for each in row if each]


def _rows_of(connection: Connection, table: Table, column: ColumnElement[int], ids: Collection[int]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for some in chunks(sorted(set(ids))):
        found += connection.execute(select(table).where(column.in_(some)).order_by(*table.primary_key))
    return found


def _entities(connection: Connection, rows: Sequence[Row[Any]]) -> list[Entity]:
    return [
        Entity(
            id=row.id,
            kind=EntityKind(row.kind),
            pseudonym=said.get("pseudonym", UNREADABLE),
            status=EntityStatus(row.status),
            added_at=row.added_at,
            merged_into=row.merged_into,
            version=row.version,
        )
        for row, said in zip(rows, words(connection, (row.vault_id for row in rows)), strict=True)
    ]
