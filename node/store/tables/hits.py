"""The tables of hits, and of what is still to be matched. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import blob, counting, integer, metadata, string

hits: Final = Table(
    "hits",
    metadata,
    counting("id"),
    integer("holding_id"),
    integer("log_no"),
    integer("idx"),
    blob("leaf"),
    # 0 where the hit has ended. What says how near the two are is a secret of the record's body: it is in the vault.
    integer("evidence_id"),
    integer("first_seen"),
    integer("last_seen"),
    integer("shown_at"),
    integer("ended"),
    Index("hits_by_pair", "holding_id", "log_no", "leaf", unique=True),
    Index("hits_by_place", "log_no", "idx"),
    sqlite_autoincrement=True,
)
"""A pair of a holding and another member's record that are near. A later review adds columns, and no other table."""

crowded: Final = Table(
    "crowded",
    metadata,
    integer("source", key=True),
    integer("row", key=True),
    integer("left_out"),
    sqlite_with_rowid=False,
)
"""Records of which more hits were found than are kept. `source`: the number of their log."""

crowded_holdings: Final = Table(
    "crowded_holdings",
    metadata,
    integer("holding_id", key=True),
    string("member", key=True),
    integer("left_out"),
    sqlite_with_rowid=False,
)
"""Of which holdings more hits were found on the records of a member than are kept, and how many more, about."""

unmatched: Final = Table(
    "unmatched", metadata, integer("source", key=True), integer("row", key=True), sqlite_with_rowid=False
)
"""Holdings (`source` 0) and late bodies that wait to be matched apart from the order of a log."""

matched: Final = Table("matched", metadata, integer("log_no", key=True), integer("size"), sqlite_with_rowid=False)
"""Up to which size the records of a log were matched against the holdings."""
