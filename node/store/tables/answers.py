"""The tables of refused answers, held questions, and what members learned near holdings. By the rules of
`node.store.schema`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import blob, counting, integer, metadata, string

refused_answers: Final = Table(
    "refused_answers",
    metadata,
    counting("id"),
    blob("query_id"),
    string("member"),
    string("answerer"),
    blob("answer"),
    blob("signature"),
    string("reason"),
    integer("late"),
    integer("at"),
    Index("refused_answers_by_query", "query_id", "member", unique=True),
    sqlite_autoincrement=True,
)
"""Answers that do not count, stored unchanged as evidence, apart from those that count."""

held_questions: Final = Table(
    "held_questions",
    metadata,
    counting("id"),
    string("asker"),
    blob("query_id"),
    blob("header"),
    # The payload, with the fingerprints asked about; 0 once it is decided.
    integer("payload_id"),
    blob("query_signature"),
    integer("at"),
    integer("expires_at"),
    string("why"),
    integer("decision"),
    integer("decided_at"),
    string("answerer"),
    blob("answer"),
    blob("signature"),
    Index("held_questions_by_query", "asker", "query_id", unique=True),
    Index("held_questions_by_decision", "decision", "asker"),
    sqlite_autoincrement=True,
)
"""Questions of other members that an officer decides about (`domain.held_questions.HeldQuestion`)."""

near_questions: Final = Table(
    "near_questions",
    metadata,
    counting("id"),
    string("asker"),
    integer("neighbourhood"),
    integer("at"),
    # A digest of the question and the near hashes: in the vault, because a digest of a hash reveals the hash.
    integer("vault_id"),
    Index("near_questions_by_neighbourhood", "neighbourhood"),
    Index("near_questions_by_time", "at"),
    sqlite_autoincrement=True,
)
"""Questions that revealed something about our holdings at hit/no-hit level (`domain.held_questions.NearQuestion`)."""
