"""Secrets of every table but the log's own, in one table whose rows never move.

Rules this module upholds, because SQLite's `secure_delete` zeroes what is deleted, not the stale copies that moving a
row leaves in the unused part of a page:

- Rows come in at the right edge: ascending ids, each above all that are there.
- A row is never resized. To forget it is to overwrite it with zeros of its length, where it stands.
- Rows are deleted all at once or not at all: then SQLite zeroes whole pages. That happens when nothing is live, and, so
  that the space of what was forgotten comes back, when more rows are blank than live: the live ones are rewritten.
- A transaction that is not committed leaves nothing: all of this is inside the caller's.
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
"""Blank rows below this number are left where they are."""

_BLANK_ROW: Final = (
    update(vault)
    .where(vault.c.id == bindparam("row"), vault.c.live == _LIVE)
    .values(live=_BLANK, sealed=zeros_like(vault.c.sealed))
)


def put(connection: Connection, sealed: Sequence[bytes]) -> list[int]:
    """Stores these; their ids in order."""
    first = 1 + (connection.scalar(select(func.max(vault.c.id))) or 0)
    ids = list(range(first, first + len(sealed)))
    insert_rows(connection, vault, _COLUMNS, [(row, _LIVE, each) for row, each in zip(ids, sealed, strict=True)])
    connection.execute(update(vault_use).values(live=vault_use.c.live + len(ids)))
    return ids


def get(connection: Connection, ids: Sequence[int]) -> list[bytes]:
    """What stands under these ids, in their order. Raises `Damaged` where something is missing."""
    found: dict[int, bytes] = {}
    for some in chunks(ids):
        rows = connection.execute(select(vault.c.id, vault.c.sealed).where(vault.c.id.in_(some), vault.c.live == _LIVE))
        found.update((row.id, row.sealed) for row in rows)
    if len(found) < len(set(ids)):
        raise Damaged("a body that the database refers to is gone", remedy="run fsck, then restore the newest backup")
    return [found[row] for row in ids]


def forget(connection: Connection, ids: Sequence[int]) -> None:
    """Overwrites these for good."""
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
    """Rewrites the live rows, in order. Holds them in memory: at most as many as were just forgotten."""
    kept = connection.execute(select(vault.c.id, vault.c.sealed).where(vault.c.live == _LIVE).order_by(vault.c.id))
    rows = [(row.id, _LIVE, row.sealed) for row in kept]
    # Without a WHERE, SQLite frees and zeroes all pages of the table instead of taking rows out one by one.
    connection.execute(delete(vault))
    insert_rows(connection, vault, _COLUMNS, rows)
    connection.execute(update(vault_use).values(blank=0))
