"""The tables of queries asked and answered, and of settings. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table

from node.store.tables.columns import Long, blob, counting, integer, metadata, string

asked: Final = Table(
    "asked",
    metadata,
    blob("query_id", key=True),
    string("asker"),
    string("recipients"),
    string("purpose"),
    integer("issued_at"),
    integer("expires_at"),
    integer("cost"),
    blob("header"),
    integer("payload_id"),
    blob("signature"),
    integer("created_at"),
    integer("closed_at"),
    Index("asked_by_time", "created_at"),
    sqlite_with_rowid=False,
)
"""The payload, with the fingerprints asked about, is in the vault."""

outcomes: Final = Table(
    "outcomes",
    metadata,
    counting("id"),
    blob("query_id"),
    string("member"),
    string("outcome"),
    string("answerer"),
    blob("answer"),
    blob("signature"),
    integer("late"),
    Index("outcomes_by_query", "query_id"),
    sqlite_autoincrement=True,
)

questions: Final = Table(
    "questions",
    metadata,
    blob("id", key=True),
    integer("created_at"),
    integer("terms_id"),
    Index("questions_by_time", "created_at"),
    sqlite_with_rowid=False,
)
"""A person's question, in one or more parts. The terms are in the vault, as JSON; 0: none are stored."""

question_parts: Final = Table(
    "question_parts",
    metadata,
    blob("question", key=True),
    integer("part", key=True),
    blob("query_id"),
    integer("cost"),
    integer("labels_id"),
    integer("payload_id"),
    Index("question_parts_by_query", "query_id", unique=True),
    sqlite_with_rowid=False,
)
"""Labels and payload are in the vault; 0: none. Once a part is asked, its payload is in the row in `asked`."""

outcome_reasons: Final = Table(
    "outcome_reasons",
    metadata,
    Column("outcome_id", Long, primary_key=True, autoincrement=False),
    string("reason"),
)
"""Why an outcome is what it is, if no signed answer says it."""

answered: Final = Table(
    "answered",
    metadata,
    string("asker", key=True),
    blob("query_id", key=True),
    string("answerer"),
    blob("answer"),
    blob("signature"),
    integer("created_at"),
    Index("answered_by_time", "created_at"),
    sqlite_with_rowid=False,
)

settings: Final = Table("settings", metadata, string("name", key=True), blob("value"), sqlite_with_rowid=False)
