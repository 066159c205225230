"""The tables of the changes that a kept index has to catch up with. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table

from node.store.tables.columns import blob, integer, metadata

line: Final = Table(
    "line",
    metadata,
    integer("id", key=True),  # one row: 1
    blob("identity"),  # random; a copy of the database (a backup) gets another
    integer("last"),  # the number of the last change: none is used twice, also when `changes` is empty
    integer("forgotten"),  # the number of the last that `changes` has no more
)

changes: Final = Table(
    "changes",
    metadata,
    integer("number", key=True),
    integer("source"),
    integer("row"),
    integer("filled"),
)
