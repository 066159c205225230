"""The tables that only a hub fills. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import blob, counting, integer, metadata, string

invitations: Final = Table(
    "invitations",
    metadata,
    blob("secret_sha256", key=True),
    string("member"),
    integer("expires_at"),
    integer("used_at"),
    sqlite_with_rowid=False,
)

joins: Final = Table(
    "joins",
    metadata,
    string("member", key=True),
    string("name"),
    blob("secret_sha256"),
    blob("csr"),
    string("vkeys"),
    string("proofs"),
    integer("requested_at"),
    string("state"),
    sqlite_with_rowid=False,
)

certificates: Final = Table(
    "certificates",
    metadata,
    counting("id"),
    string("member"),
    # Text: a serial has up to 160 bits (RFC 5280, section 4.1.2.2).
    string("serial"),
    blob("spki_sha256"),
    integer("not_after"),
    integer("issued_at"),
    Index("certificates_by_member", "member"),
    sqlite_autoincrement=True,
)

mail: Final = Table(
    "mail",
    metadata,
    counting("id"),
    string("asker"),
    blob("query_id"),
    string("answerer"),
    blob("answer"),
    blob("signature"),
    integer("expires_at"),
    Index("mail_by_asker", "asker", "id"),
    sqlite_autoincrement=True,
)

messages: Final = Table(
    "messages", metadata, counting("id"), string("channel"), integer("vault_id"), sqlite_autoincrement=True
)
"""The switchboard. A message may contain a query, so its bytes are in the vault."""

promises: Final = Table(
    "promises",
    metadata,
    string("answerer", key=True),
    string("asker", key=True),
    blob("query_id", key=True),
    integer("expires_at"),
    sqlite_with_rowid=False,
)
"""Queries that a member holds: one more answer of the member to each is forwarded."""
