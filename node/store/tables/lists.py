"""The tables of lists: what each is, its rows and its cases. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import blob, counting, integer, metadata, string

lists: Final = Table(
    "lists",
    metadata,
    counting("number"),
    string("name"),
    string("format"),
    string("version"),
    string("region"),
    string("kind"),
    string("scheme"),
    string("scheme_version"),
    integer("is_abuse"),
    string("provider"),
    integer("level"),
    string("code"),
    integer("retain_until_day"),
    integer("imported_at"),
    string("imported_by"),
    integer("state"),
    integer("generation"),
    blob("digest"),
    integer("rows"),
    Index("lists_by_name", "name", unique=True),
    sqlite_autoincrement=True,
)

list_rows: Final = Table(
    "list_rows",
    metadata,
    counting("id"),
    integer("list_number"),
    # Of its id in the list, or else of its hashes: by it a later file finds the row again.
    blob("identity"),
    # The file of its list that said it last.
    integer("generation"),
    blob("md5"),
    blob("sha1"),
    blob("sha256"),
    blob("pdq"),
    integer("pdq_quality"),
    blob("photodna"),
    string("code"),
    # Four flags of two bits each, as `store.list_codec` packs them.
    integer("flags"),
    string("series"),
    string("tags"),
    string("media_type"),
    integer("size"),
    integer("case_id"),
    integer("record"),
    integer("line"),
    integer("offset"),
    # What few rows have, as JSON; "" for most.
    string("rest"),
    # The block of the vault that has the file's own words, and the place in it.
    integer("vault_id"),
    integer("vault_at"),
    Index("list_rows_by_identity", "list_number", "identity", unique=True),
    Index("list_rows_by_block", "vault_id"),
    sqlite_autoincrement=True,
)

list_cases: Final = Table(
    "list_cases",
    metadata,
    counting("id"),
    integer("list_number"),
    string("number"),
    # Everything that the file says of it: a secret. 0 where it says nothing more.
    integer("vault_id"),
    Index("list_cases_by_number", "list_number", "number", unique=True),
    sqlite_autoincrement=True,
)
