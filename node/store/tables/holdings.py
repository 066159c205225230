"""The tables of holdings: their cases, files, levels and tags, and the allow-list. Rules: see `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table, Text, text

from node.store.tables.columns import Long, blob, counting, integer, metadata, string

holdings: Final = Table(
    "holdings",
    metadata,
    counting("id"),
    blob("sha256"),
    blob("md5"),
    blob("sha1"),
    blob("pdq"),
    integer("pdq_quality"),
    blob("phash"),
    string("media_type"),
    integer("size"),
    integer("level"),
    integer("added_at"),
    # "" and b"" until it is contributed.
    string("record_origin"),
    blob("record_leaf"),
    # What of the file was not read, "" if there is nothing to report.
    Column("note", Text, nullable=False, server_default=text("''")),
    Index("holdings_by_sha256", "sha256", unique=True),
    Index("holdings_by_record", "record_leaf", sqlite_where=text("length(record_leaf) > 0")),
    sqlite_autoincrement=True,
)

holding_frames: Final = Table(
    "holding_frames",
    metadata,
    Column("holding_id", Long, primary_key=True, autoincrement=False),
    blob("frames"),
)
"""The sampled frames of a holding that is a video or an animated picture, packed (`frames`). A video has no PDQ and no
pHash: b"". Of digests alone all of them are empty."""

holding_looks: Final = Table(
    "holding_looks",
    metadata,
    Column("holding_id", Long, primary_key=True, autoincrement=False),
    blob("looks"),
)
"""A picture with transparent parts as it looks on a background, packed (`looks`). Most holdings have none."""

holding_places: Final = Table(
    "holding_places",
    metadata,
    counting("id"),
    integer("holding_id"),
    # The SHA-256 of its direct parent. Not a number: a file is stored after its parts.
    blob("parent"),
    blob("path"),
    string("role"),
    # Its name in the parent, a secret like a path; 0 if it has no name.
    integer("vault_id"),
    Index("holding_places_by_holding", "holding_id"),
    Index("holding_places_by_parent", "parent", "holding_id"),
    sqlite_autoincrement=True,
)
"""The places of a holding as a part of others (`places`)."""

holding_levels: Final = Table(
    "holding_levels", metadata, integer("level", key=True), integer("holdings"), sqlite_with_rowid=False
)
"""How many holdings have each level. Every answer to a member needs it, and must not count millions of rows."""

cases: Final = Table(
    "cases",
    metadata,
    string("reference", key=True),
    integer("holding_id", key=True),
    Index("cases_by_holding", "holding_id"),
    sqlite_with_rowid=False,
)

holding_files: Final = Table(
    "holding_files",
    metadata,
    integer("holding_id", key=True),
    string("reference", key=True),
    integer("vault_id", key=True),
    sqlite_with_rowid=False,
)
"""The paths of a holding's files in each of its cases. A path is secret: it is in the vault."""

deletions: Final = Table(
    "deletions",
    metadata,
    counting("id"),
    integer("holding_id"),
    string("reference"),
    integer("reason"),
    # The SHA-256 of the file.
    integer("vault_id"),
    sqlite_autoincrement=True,
)
"""Requested and unfinished deletions: of a holding from one case, "" from all of them."""

tags: Final = Table(
    "tags",
    metadata,
    blob("tag", key=True),
    integer("holding_id"),
    Index("tags_by_holding", "holding_id"),
    sqlite_with_rowid=False,
)

allowed: Final = Table("allowed", metadata, blob("sha256", key=True), integer("added_at"), sqlite_with_rowid=False)
"""SHA-256 values of content that is known to be harmless."""
