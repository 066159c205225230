"""The tables of what was refused, what is held for an officer, and what was found out near holdings; and a hub's
promises. A part of `node.store.schema`, by its rules.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from node.store.schema import Long, metadata


def _int(name: str) -> Column[Any]:
    return Column(name, Long, autoincrement=False, nullable=False)


def _text(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, Text, primary_key=key, nullable=False)


def _bytes(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, primary_key=key, nullable=False)


refused_answers: Final = Table(
    "refused_answers",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=True),
    _bytes("query_id"),
    _text("member"),
    _text("answerer"),
    _bytes("answer"),
    _bytes("signature"),
    _text("reason"),
    _int("late"),
    _int("at"),
    Index("refused_answers_by_query", "query_id", "member", unique=True),
    sqlite_autoincrement=True,
)
"""Answers that do not count, as evidence: verbatim, apart from those that count."""

held_questions: Final = Table(
    "held_questions",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=True),
    _text("asker"),
    _bytes("query_id"),
    _bytes("header"),
    # The payload, which holds the fingerprints asked about; 0 once it was decided.
    _int("payload_id"),
    _bytes("query_signature"),
    _int("at"),
    _int("expires_at"),
    _text("why"),
    _int("decision"),
    _int("decided_at"),
    _text("answerer"),
    _bytes("answer"),
    _bytes("signature"),
    Index("held_questions_by_query", "asker", "query_id", unique=True),
    Index("held_questions_by_decision", "decision", "asker"),
    sqlite_autoincrement=True,
)
"""Questions of other members that an officer decides about (`domain.held_questions.HeldQuestion`)."""

near_questions: Final = Table(
    "near_questions",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=True),
    _text("asker"),
    _int("neighbourhood"),
    _int("at"),
    # A digest of what was asked and the hashes that were near: in the vault, for a digest of a hash tells the hash.
    _int("vault_id"),
    Index("near_questions_by_neighbourhood", "neighbourhood"),
    Index("near_questions_by_time", "at"),
    sqlite_autoincrement=True,
)
"""Questions that told something of our holdings at hit/no-hit level (`domain.held_questions.NearQuestion`)."""

promises: Final = Table(
    "promises",
    metadata,
    _text("answerer", key=True),
    _text("asker", key=True),
    _bytes("query_id", key=True),
    _int("expires_at"),
    sqlite_with_rowid=False,
)
"""A hub's own: queries that a member holds, and to each of which one more answer of it is let through."""
