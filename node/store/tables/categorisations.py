"""The table of categorisations. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table, text

from node.store.tables.columns import counting, integer, metadata, string

categorisations: Final = Table(
    "categorisations",
    metadata,
    counting("id"),
    integer("holding_id"),
    integer("version"),
    # 1 for the newest version of a holding, else 0.
    integer("present"),
    # SCHEME:VERSION:CODE, for the filter of a list; "" for none.
    string("category"),
    integer("at"),
    string("officer"),
    # All words; 0 if the categorisation was taken back.
    integer("vault_id"),
    Index("categorisations_by_holding", "holding_id", "version", unique=True),
    Index("categorisations_by_category", "category", "holding_id", sqlite_where=text("present = 1")),
    sqlite_autoincrement=True,
)
"""Every version of what is said about each holding (`domain.categorising.Categorisation`)."""
