"""The tables of what officers did with threads of messages (`domain.threads`). By the rules of `node.store.schema`.

Nothing in them is secret: the names of messages are public, and the rest is local.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import blob, integer, metadata, string

thread_reads: Final = Table(
    "thread_reads",
    metadata,
    blob("root_leaf", key=True),
    string("root_origin", key=True),
    string("officer", key=True),
    integer("log_no", key=True),
    integer("upto"),
    sqlite_with_rowid=False,
)
"""The index up to which an officer has read the messages of a thread in one log."""

muted_threads: Final = Table(
    "muted_threads",
    metadata,
    blob("root_leaf", key=True),
    string("root_origin", key=True),
    sqlite_with_rowid=False,
)
"""The threads that this node has left."""

thread_cases: Final = Table(
    "thread_cases",
    metadata,
    blob("root_leaf", key=True),
    string("root_origin", key=True),
    string("reference", key=True),
    Index("thread_cases_by_case", "reference"),
    sqlite_with_rowid=False,
)
"""The cases that a thread belongs to here."""
