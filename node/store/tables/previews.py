"""The tables of previews and of their viewing. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import counting, integer, metadata, string

previews: Final = Table(
    "previews",
    metadata,
    counting("id"),
    integer("holding_id"),
    integer("still"),
    # Where its ciphertexts lie in the segment files beside the database: the covered one first.
    integer("segment"),
    integer("start"),
    integer("size"),
    integer("covered_size"),
    # The keys of both ciphertexts.
    integer("vault_id"),
    sqlite_autoincrement=True,
)
Index("previews_by_holding", previews.c.holding_id, previews.c.still, unique=True)
Index("previews_by_place", previews.c.segment, previews.c.start, previews.c.size)

preview_views: Final = Table(
    "preview_views",
    metadata,
    string("officer", key=True),
    integer("day"),
    integer("count"),
    integer("first_at"),
    integer("last_at"),
    integer("since"),
)
"""What each officer has seen on the last day on which they saw anything. Nobody reads the row of another officer."""
