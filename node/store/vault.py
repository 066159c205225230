"""Secrets of every table except the log's own, in one table whose rows never move.

Rules this module upholds, because SQLite's `secure_delete` zeroes deleted data, but not the stale copies that a moved
row leaves in the unused part of a page:

- Rows are added at the right edge: ascending ids, each above all present ones.
- A row is never resized. Deleting its content means overwriting it in place with zeros of its length.
- Rows are deleted all at once or not at all: then SQLite zeroes whole pages. That happens when no row is live, and when
  more rows are blank than live, to free their space: the live ones are rewritten.
- A transaction that is not committed leaves nothing: all of this happens inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select, update

from node.errors import Damaged
from node.store.statements import chunks, insert_rows, zeros_like
from node.store.tables.vault import vault, vault_use

_LIVE: Final = b"\x01"
_BLANK: Final = b"\x00"
_COLUMNS: Final = ("id", "live", "sealed")
REWRITE_AT: Final = 256
"""With fewer blank rows than this, they are left in place."""

_BLANK_ROW: Final = (
    update(vault)
    .where(vault.c.id == bindparam("row"), vault.c.live == _LIVE)
    .values(live=_BLANK, sealed=zeros_like(vault.c.sealed))
)


def put(connection: Connection, sealed: Sequence[bytes]) -> list[int]:
    """Stores these; returns their ids in order."""
    first = 1 + (connection.scalar(select(func.max(vault.c.id))) or 0)
    ids = list(range(first, first + len(sealed)))
    insert_rows(connection, vault, _COLUMNS, [(row, _LIVE, each) for row, each in zip(ids, sealed, strict=True)])
    connection.execute(update(vault_use).values(live=vault_use.c.live + len(ids)))
    return ids


def get(connection: Connection, ids: Sequence[int]) -> list[bytes]:
    """The content under these ids, in their order. Raises `Damaged` if something is missing."""
    found: dict[int, bytes] = {}
    for some in chunks(ids):
        rows = connection.execute(select(vault.c.id, vault.c.sealed).where(vault.c.id.in_(some), vault.c.live == _LIVE))
        found.update((row.id, row.sealed) for row in rows)
    if len(found) < len(set(ids)):
        raise Damaged("a body that the database refers to is gone", remedy="run fsck, then restore the newest backup")
    return [found[row] for row in ids]


def forget(connection: Connection, ids: Sequence[int]) -> None:
    """Overwrites these permanently."""
    if not ids:
        return
    blanked = connection.execute(_BLANK_ROW, [{"row": row} for row in ids]).rowcount
    use = vault_use.c
    connection.execute(update(vault_use).values(live=use.live - blanked, blank=use.blank + blanked))
    live, blank = connection.execute(select(use.live, use.blank)).one()
    if live == 0:
        connection.execute(delete(vault))
        connection.execute(update(vault_use).values(blank=0))
    elif blank >= max(REWRITE_AT, live):
        _rewrite(connection)


def _rewrite(connection: Connection) -> None:
    """Rewrites the live rows, in order. Holds them in memory: at most as many as were just deleted."""
    kept = connection.execute(select(vault.c.id, vault.c.sealed).where(vault.c.live == _LIVE).order_by(vault.c.id))
    rows = [(row.id, _LIVE, row.sealed) for row in kept]
    # Without a WHERE, SQLite frees and zeroes all pages of the table instead of removing rows one by one.
    connection.execute(delete(vault))
    insert_rows(connection, vault, _COLUMNS, rows)
    connection.execute(update(vault_use).values(blank=0))
