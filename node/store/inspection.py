"""A quick check of a database file from outside: whether it can be read, its owner, and how far it has come.

Rules this module upholds:

- It changes nothing, creates no file, and works beside the process that owns the database.
- It takes seconds at most: a small database is checked page by page, a large one by its header and a few rows.
- The content of the file is not trusted: the check always ends with a value or with `StoreError`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from node.domain.homes import ALARMS, CUT, STANDING, FoundDatabase, Owner, cut_of, unpack_standing
from node.domain.ids import HUB_NAME, Origin
from node.errors import Damaged, Malformed
from node.store import engine
from node.store.upgrade import known_revisions

THOROUGH_BYTES: Final = 64 << 20
"""A database up to this size is checked page by page (`PRAGMA quick_check`)."""
THOROUGH_SECONDS: Final = 2.0
"""The check stops after this time; that says nothing against the database."""
_BUSY_SECONDS: Final = 2.0
_STEPS: Final = 1_000
"""SQLite instructions between two checks of the clock."""
_MAX_REASON: Final = 200


def inspect_database(path: Path) -> FoundDatabase:
    """The state of the file at `path`. Raises `StoreError` if it cannot be read now (permissions, locks, the disk)."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return FoundDatabase()
    except OSError as error:
        raise engine.translate_os(error) from None
    if not size:
        return FoundDatabase(exists=True)
    if not path.with_name(f"{path.name}-wal").exists():
        # Nobody has it open. Otherwise SQLite would create a journal and its index for us, and leave them there.
        found = _inspect(path, size, "immutable=1")
        if not found.fault:
            return found
        # Another process may have opened it meanwhile and written during the check.
    return _inspect(path, size, "mode=ro")


def _inspect(path: Path, size: int, how: str) -> FoundDatabase:
    try:
        with engine.translated(), closing(_open(path, how)) as connection:
            return _look(connection, size)
    except Damaged as error:
        return FoundDatabase(exists=True, size=size, fault=str(error))
    except (ValueError, TypeError, Malformed) as error:
        return FoundDatabase(exists=True, size=size, fault=f"its contents cannot be read ({type(error).__name__})")


def _open(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?{how}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
    )


def _look(connection: sqlite3.Connection, size: int) -> FoundDatabase:
    tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return FoundDatabase(exists=True, size=size)
    other = _other(connection, tables)
    if other:
        return FoundDatabase(exists=True, size=size, other=other)
    fault, thorough = _quick_check(connection, size)
    if fault:
        return FoundDatabase(exists=True, size=size, fault=fault)
    (entries,) = connection.execute("SELECT coalesce(sum(size), 0) FROM logs").fetchone()
    identity, changes = b"", 0
    if "line" in tables:
        identity, changes = connection.execute("SELECT identity, last FROM line").fetchone()
    owner, generation = _standing(connection)
    return FoundDatabase(
        exists=True,
        size=size,
        ours=True,
        owner=owner or _owner_by_audit(connection),
        identity=bytes(identity),
        generation=generation,
        entries=int(entries) + cut_of(_setting(connection, CUT)),
        changes=int(changes),
        thorough=thorough,
        alarms=_setting(connection, ALARMS),
        frozen=tuple(connection.execute("SELECT origin, frozen FROM logs WHERE frozen != '' ORDER BY origin")),
    )


def _other(connection: sqlite3.Connection, tables: set[str]) -> str:
    if "alembic_version" not in tables or "logs" not in tables:
        return "it is the database of another program"
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is not None and row[0] not in known_revisions():
        return "a newer version of this program wrote it"
    return ""


def _standing(connection: sqlite3.Connection) -> tuple[Owner | None, int]:
    value = _setting(connection, STANDING)
    return unpack_standing(value) if value else (None, 0)


def _setting(connection: sqlite3.Connection, name: str) -> bytes:
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return bytes(row[0]) if row is not None else b""


def _owner_by_audit(connection: sqlite3.Connection) -> Owner | None:
    """For a database older than that setting, the audit log names the owner: only the owner has it."""
    row = connection.execute("SELECT origin FROM logs WHERE origin LIKE '%/audit/%' LIMIT 1").fetchone()
    if row is None:
        return None
    origin = Origin.parse(str(row[0]))
    role = "hub" if origin.member == HUB_NAME else "node"
    return Owner(role=role, federation=origin.federation, member=origin.member)


def _quick_check(connection: sqlite3.Connection, size: int) -> tuple[str, bool]:
    """(The fault, "" for none; whether the check was completed)."""
    if size > THOROUGH_BYTES:
        return "", False
    with _until(connection, time.monotonic() + THOROUGH_SECONDS):
        try:
            rows = [str(row) for (row,) in connection.execute("PRAGMA quick_check(1)")]
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                return "", False
            raise
    return ("" if rows == ["ok"] else f"the check of its pages failed: {rows[0][:_MAX_REASON]}"), True


@contextmanager
def _until(connection: sqlite3.Connection, deadline: float) -> Iterator[None]:
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, _STEPS)
