"""The tables of addresses: those known here with their evidence, and the listings of all members. By the rules of
`node.store.schema`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import blob, counting, integer, metadata, string

known_addresses: Final = Table(
    "known_addresses",
    metadata,
    counting("id"),
    integer("granularity"),
    blob("hash"),
    # The plain form.
    integer("vault_id"),
    integer("added_at"),
    # Our own listing of it; "" and b"" if there is none.
    string("record_origin"),
    blob("record_leaf"),
    integer("listed_day"),
    Index("known_addresses_by_hash", "hash", "granularity", unique=True),
    sqlite_autoincrement=True,
)

address_evidence: Final = Table(
    "address_evidence",
    metadata,
    counting("id"),
    integer("address_id"),
    integer("day"),
    # 0 if a note documents it.
    integer("holding_id"),
    # The note; 0 if there is none.
    integer("vault_id"),
    string("officer"),
    integer("at"),
    Index("address_evidence_by_address", "address_id"),
    Index("address_evidence_by_holding", "holding_id"),
    sqlite_autoincrement=True,
)

address_listings: Final = Table(
    "address_listings",
    metadata,
    counting("id"),
    integer("log_no"),
    integer("idx"),
    integer("granularity"),
    blob("hash"),
    blob("leaf"),
    integer("revises"),
    integer("evidence_day"),
    integer("issued_day"),
    Index("address_listings_by_place", "log_no", "idx", unique=True),
    Index("address_listings_by_hash", "hash", "granularity"),
    sqlite_autoincrement=True,
)
"""Derived from the bodies of the logs (`domain.address_book.FiledListing`). The hash of an address is no victim data:
it is overwritten when its body is purged, and parts of it may stay in unused parts of the index until they are used.
"""
