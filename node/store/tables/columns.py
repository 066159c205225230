"""The building blocks of tables: their columns, and the one collection of all tables. No column is ever NULL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Text, text

metadata: Final = MetaData()

Long: Final = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; in SQLite an INTEGER, because only that may be a table's own row number."""


def counting(name: str) -> Column[Any]:
    """A key that the database counts up."""
    return Column(name, Long, primary_key=True, autoincrement=True)


def integer(name: str, *, key: bool = False, default: int | None = None) -> Column[Any]:
    """A number. `key`: part of the table's key. `default`: the value in rows written before the column existed."""
    server_default = None if default is None else text(str(default))
    return Column(name, Long, primary_key=key, autoincrement=False, nullable=False, server_default=server_default)


def string(name: str, *, key: bool = False) -> Column[Any]:
    """Text, never NULL."""
    return Column(name, Text, primary_key=key, nullable=False)


def blob(name: str, *, key: bool = False) -> Column[Any]:
    """Bytes, never NULL."""
    return Column(name, LargeBinary, primary_key=key, nullable=False)
