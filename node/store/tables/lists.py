"""The tables of lists: what each is, its rows by the block, and its cases. By the rules of `node.store.schema`."""

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

list_blocks: Final = Table(
    "list_blocks",
    metadata,
    # The id of its last row. Its rows have the ids up to this one, without gaps.
    counting("last"),
    integer("list_number"),
    # How many rows it has, those that are gone counted too.
    integer("slots"),
    # The file of its list that said its rows last: of the rows that are there, the earliest one.
    integer("generation"),
    # The same for each slot, 0 for a row that is gone; b"" where all rows are there and have the same.
    blob("generations"),
    integer("case_id"),
    # Everything that its rows say: a secret.
    integer("vault_id"),
    Index("list_blocks_by_list", "list_number"),
    sqlite_autoincrement=True,
)

list_identities: Final = Table(
    "list_identities",
    metadata,
    integer("list_number", key=True),
    # Of its id in the list, or else of its hashes: by it a later file finds the row again.
    blob("identity", key=True),
    integer("row_id"),
    sqlite_with_rowid=False,
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
