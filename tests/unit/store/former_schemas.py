"""What the tests of `test_chain_upgrade` share with others."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import node.store

SCRIPTS = Path(node.store.__file__).parent / "migrations"


def as_of(revision: str, newer: Path) -> Path:
    """A database of an earlier revision with the rows of a newer one, as far as it has tables and columns for them."""
    path = newer.with_name(f"{revision}.db")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ATTACH ? AS newer", (str(newer),))
        for (table,) in connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall():
            if table == "alembic_version" or table.startswith("sqlite_"):
                continue
            kept = ", ".join(columns(connection, "main", table) & columns(connection, "newer", table))
            connection.execute(f"DELETE FROM main.{table}")  # noqa: S608 (a table of our own)
            connection.execute(f"INSERT INTO main.{table} ({kept}) SELECT {kept} FROM newer.{table}")  # noqa: S608
        connection.commit()
    return path


def columns(connection: sqlite3.Connection, of: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {of}.table_info({table})")}
