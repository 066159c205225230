"""The table of the ledger of what members use (`domain.usage`). By the rules of `node.store.schema`.

It is bounded: one row for each member, resource and period.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Table, Text

from node.store.tables.columns import Long, metadata

usage: Final = Table(
    "usage",
    metadata,
    Column("member", Text, primary_key=True, nullable=False),
    Column("resource", Long, primary_key=True, autoincrement=False, nullable=False),
    Column("period", Long, primary_key=True, autoincrement=False, nullable=False),
    # Which minute or day, counted from 1970; 0 if the period is all time.
    Column("win", Long, autoincrement=False, nullable=False),
    Column("used", Long, autoincrement=False, nullable=False),
    sqlite_with_rowid=False,
)
"""Numbers and names of members: nothing in it is secret or has to be deleted."""
