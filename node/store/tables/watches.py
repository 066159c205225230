"""The tables of kept watches, local watches and alerts (`domain`). By the rules of `node.store.schema`.

They have names of records and members, numbers, and reasons of this node. No fingerprint is in them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table, text

from node.store.tables.columns import blob, counting, integer, metadata, string

kept_watches: Final = Table(
    "kept_watches",
    metadata,
    counting("id"),
    string("root_origin"),
    blob("root_leaf"),
    string("asker"),
    string("head_origin"),
    integer("head_idx"),
    integer("standing"),
    integer("cost"),
    integer("until_day"),
    integer("at"),
    string("why"),
    integer("told"),
    string("algorithm"),
    integer("records"),
    integer("decided_at"),
    Index("kept_watches_by_root", "root_leaf", "root_origin", unique=True),
    Index("kept_watches_by_standing", "standing", "id"),
    sqlite_autoincrement=True,
)
watch_told: Final = Table(
    "watch_told",
    metadata,
    integer("watch_id", key=True),
    blob("leaf", key=True),
    sqlite_with_rowid=False,
)
"""The own records (by leaf hash) of which the asker of a watch was told."""
watched_rows: Final = Table(
    "watched_rows",
    metadata,
    integer("source", key=True),
    integer("row", key=True),
    sqlite_with_rowid=False,
)
"""What waits to be matched: holdings, and for each list the id above which its rows wait."""
alerts: Final = Table(
    "alerts",
    metadata,
    counting("id"),
    string("kind"),
    string("about"),
    string("reference"),
    string("member"),
    integer("first_at"),
    integer("at"),
    integer("times"),
    integer("seen_at"),
    string("seen_by"),
    integer("hooked"),
    Index("alerts_by_seen", "seen_at", "id"),
    Index("alerts_by_subject", "about", sqlite_where=text("seen_at = 0")),
    sqlite_autoincrement=True,
)
local_watches: Final = Table(
    "local_watches",
    metadata,
    counting("id"),
    string("reference"),
    string("officer"),
    integer("vault_id"),
    integer("subjects"),
    integer("fingerprints"),
    integer("until_day"),
    integer("at"),
    sqlite_autoincrement=True,
)
"""What a watch looks for is in the vault."""
local_finds: Final = Table(
    "local_finds",
    metadata,
    integer("watch_id", key=True),
    blob("leaf", key=True),
    string("origin", key=True),
    sqlite_with_rowid=False,
)
"""The records that a local watch has found, by their first versions."""
