"""Puts another database in the place of a home's: what must be true before, and the mark that it then has.

Rules this module upholds:

- A backup of another home, a damaged one, and a leftover journal of the former database are refused before anything
  changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.homes import HomeMark, pack_mark
from node.errors import Misuse, Refused
from node.pki.files import write_atomic
from node.store.inspection import inspect_database

if TYPE_CHECKING:
    from pathlib import Path

    from node.config import Home
    from node.domain.homes import Owner


def require_no_leftovers(home: Home) -> None:
    """Raises `Misuse` if the journal of another database is in the place of the new one's journal: SQLite would mix
    them.
    """
    journals = [home.database.with_name(home.database.name + tail) for tail in ("-wal", "-journal")]
    if any(journal.exists() and journal.stat().st_size for journal in journals):
        raise Misuse(
            "a journal of the former database is still in this home (vigil.sqlite3-wal)",
            remedy="move it to the same folder as the former vigil.sqlite3; nothing was changed",
        )


def require_backup_of(owner: Owner, path: Path) -> None:
    """Raises `Refused` unless the file at `path` is a valid backup for the home of `owner`."""
    found = inspect_database(path)
    if found.fault:
        raise Refused(f"the backup is damaged: {found.fault}", remedy="use another backup; nothing was changed")
    if not found.ours:
        what = found.other or "it is empty"
        raise Refused(f"this file is not a usable backup: {what}", remedy="name a file that `backup` wrote")
    if found.owner is not None and found.owner != owner:
        raise Refused(
            f"this is a backup of {found.owner}, and this is the home of {owner}",
            remedy=f"use a backup of {owner}; nothing was changed",
        )


def write_mark_of(home: Home, owner: Owner, path: Path) -> None:
    """Marks the database at `path`, which is moved to its place next, as the home's database.

    A crash between the two leaves a home whose database is missing. Raises `StoreError`.
    """
    found = inspect_database(path)
    figures = {"generation": found.generation, "entries": found.entries, "changes": found.changes}
    write_atomic(home.mark, pack_mark(HomeMark(owner=owner, identity=found.identity, **figures)))
