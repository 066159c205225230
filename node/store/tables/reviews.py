"""The tables of reviews: pairs that officers decided about, and the decisions. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import counting, integer, metadata, string

reviews: Final = Table(
    "reviews",
    metadata,
    counting("id"),
    integer("holding_id"),
    # The other holding, 0 if the other side is a record or a row of a list.
    integer("other_id"),
    # What names the other side, and the digests of its file: secrets.
    integer("name_id"),
    integer("file_id"),
    integer("hit_id"),
    integer("state"),
    integer("decisions"),
    # The newest decision.
    integer("decision_id"),
    integer("closed"),
    Index("reviews_by_holding", "holding_id"),
    Index("reviews_by_other", "other_id"),
    sqlite_autoincrement=True,
)

decisions: Final = Table(
    "decisions",
    metadata,
    counting("id"),
    integer("review_id"),
    integer("state"),
    string("officer"),
    string("role"),
    integer("made_at"),
    string("record"),
    integer("carried"),
    # 0 if there is no note. It is a secret.
    integer("note_id"),
    Index("decisions_by_review", "review_id"),
    sqlite_autoincrement=True,
)
"""Append-only while their holding is here."""
