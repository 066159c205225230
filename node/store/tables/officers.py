"""The table of officers (`domain.officers`). By the rules of `node.store.schema`. Nothing in it is secret."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import counting, integer, metadata, string

NO_ACCOUNT: Final = -1
"""The `uid` of an officer without a Unix account."""

officers: Final = Table(
    "officers",
    metadata,
    counting("id"),
    string("name"),
    string("role"),
    integer("uid"),
    integer("disabled"),
    integer("added_at"),
    integer("changed_at"),
    Index("officers_by_name", "name", unique=True),
    Index("officers_by_uid", "uid"),
    sqlite_autoincrement=True,
)
