"""The tables of the vault: the secrets of every table except `entries`. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Table

from node.store.tables.columns import Long, blob, integer, metadata

vault: Final = Table(
    "vault",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),
    # One byte, 1 while something refers to the row.
    blob("live"),
    blob("sealed"),
)

vault_use: Final = Table("vault_use", metadata, integer("id", key=True), integer("live"), integer("blank"))
"""One row: how many rows of `vault` are in use, and how many are blank."""
