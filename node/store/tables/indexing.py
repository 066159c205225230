"""The tables of the changes that an index in files must catch up with. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table

from node.store.tables.columns import blob, integer, metadata

line: Final = Table(
    "line",
    metadata,
    integer("id", key=True),  # one row: 1
    blob("identity"),  # random; a copy of the database (a backup) gets another
    integer("last"),  # the number of the last change: no number is used twice, even when `changes` is empty
    integer("forgotten"),  # the number of the last deleted row of `changes`
)

changes: Final = Table(
    "changes",
    metadata,
    integer("number", key=True),
    integer("source"),
    integer("row"),
    integer("filled"),
)
