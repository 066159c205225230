"""The tables of entities: notes, links to holdings, and history. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import counting, integer, metadata, string

entities: Final = Table(
    "entities",
    metadata,
    counting("id"),
    string("kind"),
    string("status"),
    # The pseudonym.
    integer("vault_id"),
    integer("added_at"),
    # 0 if it was not merged into another one.
    integer("merged_into"),
    integer("version"),
    Index("entities_by_survivor", "merged_into"),
    sqlite_autoincrement=True,
)

entity_cases: Final = Table(
    "entity_cases",
    metadata,
    string("reference", key=True),
    integer("entity_id", key=True),
    Index("entity_cases_by_entity", "entity_id"),
    sqlite_with_rowid=False,
)
"""The cases that name an entity directly. It belongs to other cases by its holdings."""

entity_notes: Final = Table(
    "entity_notes",
    metadata,
    counting("id"),
    integer("entity_id"),
    integer("number"),
    integer("version"),
    integer("at"),
    # The text and the officer.
    integer("vault_id"),
    Index("entity_notes_by_entity", "entity_id", "number", "version", unique=True),
    sqlite_autoincrement=True,
)
"""Each version of a note is a row."""

entity_links: Final = Table(
    "entity_links",
    metadata,
    counting("id"),
    integer("entity_id"),
    integer("holding_id"),
    string("role"),
    string("certainty"),
    integer("at"),
    # The officer.
    integer("vault_id"),
    # 0 while the link stands; then also the officer who withdrew it.
    integer("withdrawn_at"),
    integer("withdrawn_vault_id"),
    Index("entity_links_by_entity", "entity_id"),
    Index("entity_links_by_holding", "holding_id"),
    sqlite_autoincrement=True,
)

entity_events: Final = Table(
    "entity_events",
    metadata,
    counting("id"),
    integer("entity_id"),
    string("deed"),
    integer("at"),
    # The officer, and the state before and after.
    integer("vault_id"),
    Index("entity_events_by_entity", "entity_id"),
    sqlite_autoincrement=True,
)
