"""The tables of logs and their entries, with queued, missing, expiring and quarantined ones. By the rules of
`node.store.schema`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table, text

from node.store.tables.columns import Long, blob, counting, integer, metadata, string

logs: Final = Table(
    "logs",
    metadata,
    counting("number"),
    string("origin"),
    integer("size"),
    blob("root"),
    blob("checkpoint"),
    integer("checkpoint_size"),
    blob("anchor"),
    integer("anchor_size"),
    blob("cosigned"),
    integer("cosigned_size"),
    string("frozen"),
    # Entries by the state of their body, so that no query has to count millions of rows.
    integer("held", default=0),
    integer("not_for_us", default=0),
    integer("purged", default=0),
    integer("missing", default=0),
    integer("quarantined", default=0),
    Index("logs_by_origin", "origin", unique=True),
    sqlite_autoincrement=True,
)

entries: Final = Table(
    "entries",
    metadata,
    Column("slot", Long, primary_key=True, autoincrement=False),
    # One byte (`codec.state_byte`), so that a change of state never changes the row's length.
    blob("state"),
    blob("entry"),
    blob("sealed"),
)
"""One row per entry. `sealed` is the whole disclosure as `codec` packs it; all zeros once purged."""

runs: Final = Table(
    "runs",
    metadata,
    Column("slot", Long, primary_key=True, autoincrement=False),
    integer("log_no"),
    integer("start"),
    integer("count"),
    Index("runs_by_start", "log_no", "start", unique=True),
)
"""Entries [start, start + count) of a log are in the slots from `slot` on."""

tiles: Final = Table(
    "tiles",
    metadata,
    integer("log_no", key=True),
    integer("level", key=True),
    integer("idx", key=True),
    blob("data"),
    sqlite_with_rowid=False,
)
"""Hashes of the tree in the layout of c2sp.org/tlog-tiles. Public: they hash envelopes, not bodies."""

targets: Final = Table(
    "targets",
    metadata,
    blob("target_leaf", key=True),
    string("target_origin", key=True),
    integer("log_no", key=True),
    integer("idx", key=True),
    integer("kind"),
    sqlite_with_rowid=False,
)

links: Final = Table(
    "links",
    metadata,
    integer("log_no", key=True),
    integer("idx", key=True),
    integer("kind"),
    blob("root_leaf"),
    string("root_origin"),
    integer("version"),
    integer("counts"),
    integer("first", default=0),
    integer("filed", default=0),
    Index("links_by_root", "root_leaf", "root_origin", "counts", "kind", "version"),
    sqlite_with_rowid=False,
)
"""The chain of each entry with a target (`domain.log_ports.Link`)."""

chains: Final = Table(
    "chains",
    metadata,
    blob("root_leaf", key=True),
    string("root_origin", key=True),
    # 0 and 0 while no version is here.
    integer("head_log"),
    integer("head_idx"),
    integer("ended"),
    integer("barred"),
    Index("chains_awaited", "root_origin", sqlite_where=text("head_log = 0")),
    Index("chains_barred", "barred", sqlite_where=text("barred = 1")),
    sqlite_with_rowid=False,
)
"""A record that something points at, with its corrections (`domain.log_ports.Chain`)."""

owed: Final = Table(
    "owed",
    metadata,
    blob("root_leaf", key=True),
    string("root_origin", key=True),
    # "" if no member's remarks are spared.
    string("spare", key=True),
    sqlite_with_rowid=False,
)
"""Chains whose remarks are still to be deleted (`domain.log_ports.Owed`)."""

expiries: Final = Table(
    "expiries",
    metadata,
    integer("log_no", key=True),
    integer("idx", key=True),
    integer("day"),
    Index("expiries_by_day", "day", "log_no", "idx"),
    sqlite_with_rowid=False,
)
"""Only entries with an expiry day whose body is here or may still come."""

missing: Final = Table(
    "missing", metadata, integer("log_no", key=True), integer("idx", key=True), sqlite_with_rowid=False
)

repairs: Final = Table(
    "repairs",
    metadata,
    integer("log_no", key=True),
    integer("idx", key=True),
    integer("vault_id"),
    sqlite_with_rowid=False,
)
"""Disclosures that came after their entries: in the entry's own row they would make it grow, and move."""

quarantine: Final = Table(
    "quarantine",
    metadata,
    integer("log_no", key=True),
    integer("idx", key=True),
    string("reason"),
    sqlite_with_rowid=False,
)

forks: Final = Table("forks", metadata, counting("id"), integer("log_no"), blob("note"), sqlite_autoincrement=True)

outbox: Final = Table(
    "outbox",
    metadata,
    counting("id"),
    string("origin"),
    blob("entry"),
    blob("leaf"),
    integer("vault_id"),
    Index("outbox_by_leaf", "leaf"),
    sqlite_autoincrement=True,
)
