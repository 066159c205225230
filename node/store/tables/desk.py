"""The tables of the desk (`domain.desk_sessions`). By the rules of `node.store.schema`.

A token and a code are there as SHA-256 alone. They have too many random bits to be guessed from it. A draft is a secret:
its text is in the vault.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import blob, counting, integer, metadata, string

desk_sessions: Final = Table(
    "desk_sessions",
    metadata,
    counting("id"),
    blob("token_sha256"),
    integer("officer_id"),
    string("method"),
    integer("made_at"),
    integer("seen_at"),
    integer("factor_at"),
    integer("ended_at"),
    Index("desk_sessions_by_token", "token_sha256", unique=True),
    Index("desk_sessions_by_officer", "officer_id"),
    sqlite_autoincrement=True,
)

desk_codes: Final = Table(
    "desk_codes",
    metadata,
    blob("code_sha256", key=True),
    integer("officer_id"),
    integer("made_at"),
    sqlite_with_rowid=False,
)
"""One-time codes that nobody has used."""

desk_drafts: Final = Table(
    "desk_drafts",
    metadata,
    integer("officer_id", key=True),
    string("form", key=True),
    integer("vault_id"),
    integer("saved_at"),
    sqlite_with_rowid=False,
)
"""What officers have begun to write."""
