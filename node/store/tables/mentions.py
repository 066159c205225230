"""The tables of mentions, and of entries by their kind. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table, text

from node.store.tables.columns import blob, integer, metadata, string

mentions: Final = Table(
    "mentions",
    metadata,
    integer("log_no", key=True),
    integer("idx", key=True),
    integer("role", key=True),
    string("root_origin", key=True),
    blob("root_leaf", key=True),
    integer("kind"),
    Index("mentions_by_root", "root_leaf", "root_origin", "role", "log_no", "idx"),
    Index("mentions_opening", "log_no", "idx", sqlite_where=text("role = 7")),
    sqlite_with_rowid=False,
)
"""What the body of an entry is about (`domain.mentions.Mention`)."""

stated: Final = Table(
    "stated",
    metadata,
    integer("kind", key=True),
    integer("log_no", key=True),
    integer("idx", key=True),
    integer("is_read"),
    Index("stated_unread", "is_read", sqlite_where=text("is_read = 0")),
    sqlite_with_rowid=False,
)
"""Entries from `domain.mentions.FIRST_STATED` on, by their kind."""
