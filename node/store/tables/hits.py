"""The tables of hits, and of rows that wait to be matched. By the rules of `node.store.schema`."""

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
    # 0 if the hit has ended. The evidence is a secret of the record's body: it is in the vault.
    integer("evidence_id"),
    integer("first_seen"),
    integer("last_seen"),
    integer("shown_at"),
    integer("ended"),
    # The state of its review (`node.domain.reviews`), and the number of the review, 0 if there is none.
    integer("state", default=0),
    integer("review_id", default=0),
    Index("hits_by_pair", "holding_id", "log_no", "leaf", unique=True),
    Index("hits_by_place", "log_no", "idx"),
    sqlite_autoincrement=True,
)
"""A holding and another member's record that are near."""

crowded: Final = Table(
    "crowded",
    metadata,
    integer("source", key=True),
    integer("row", key=True),
    integer("left_out"),
    sqlite_with_rowid=False,
)
"""Records with more hits than are stored. `source`: the number of their log."""

crowded_holdings: Final = Table(
    "crowded_holdings",
    metadata,
    integer("holding_id", key=True),
    string("member", key=True),
    integer("left_out"),
    sqlite_with_rowid=False,
)
"""Holdings with more hits on the records of a member than are stored, and about how many more."""

unmatched: Final = Table(
    "unmatched", metadata, integer("source", key=True), integer("row", key=True), sqlite_with_rowid=False
)
"""Holdings (`source` 0) and late bodies that wait to be matched out of log order."""

matched: Final = Table("matched", metadata, integer("log_no", key=True), integer("size"), sqlite_with_rowid=False)
"""Up to which size the records of a log were matched against the holdings."""
