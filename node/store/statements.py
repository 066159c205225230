"""Shared by the repositories of this package: a connection inside a transaction, and bulk writes without one dict per
row.

Rules this module upholds:

- A bulk statement is compiled from the table once per dialect, and then passed to the driver with plain tuples.
- Everything runs inside the transaction of `store`; nothing here begins or ends one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Select, Table, bindparam, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql import ColumnElement

from node.domain.ids import Origin
from node.store.tables.logs import logs

CHUNK: Final = 500
"""Values in one `IN (...)`. SQLite allows 32,766 parameters, older releases 999."""

_IN_STEP: Final = 50
"""The number of values in one `IN (...)` is a multiple of this."""

ROWS_A_STATEMENT: Final = 20
"""Rows of one multi-row INSERT. Measured: a sixth less time per row than single rows; more rows gain nothing."""


# Built once: building a statement costs as much as running it.
_NUMBER: Final = select(logs.c.number).where(logs.c.origin == bindparam("origin"))


class Repository:
    """The tables of this package, seen through one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._number_of: dict[Origin, int] = {}

    def _number(self, origin: Origin) -> int | None:
        """The number of a log, None if it is not stored here. A log keeps its number, so it is looked up once."""
        known = self._number_of.get(origin)
        if known is None:
            known = self._connection.scalar(_NUMBER, {"origin": str(origin)})
            if known is not None:
                self._number_of[origin] = known
        return known

    def _logs_of(self, members: Collection[str]) -> list[int]:
        """The numbers of these members' logs."""
        if not members:
            return []
        every = self._connection.execute(select(logs.c.number, logs.c.origin))
        return [number for number, origin in every if Origin.parse(origin).member in members]


def insert_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: list[tuple[Any, ...]],
    *,
    new_only: bool = False,
) -> None:
    """Inserts `rows`, tuples in the order of `columns`. Nothing happens for no rows. `new_only`: a row whose key is
    there already changes nothing.
    """
    grouped = len(rows) - len(rows) % ROWS_A_STATEMENT
    width = ROWS_A_STATEMENT * len(columns)
    if grouped:
        text = _insert_text(table, tuple(columns), ROWS_A_STATEMENT, connection.dialect, new_only=new_only)
        flat = tuple(chain.from_iterable(rows[:grouped]))
        connection.exec_driver_sql(text, [flat[at : at + width] for at in range(0, len(flat), width)])
    if rows[grouped:]:
        text = _insert_text(table, tuple(columns), 1, connection.dialect, new_only=new_only)
        connection.exec_driver_sql(text, rows[grouped:])


@cache
def _insert_text(table: Table, columns: tuple[str, ...], rows: int, dialect: Dialect, *, new_only: bool) -> str:
    """An INSERT with the driver's own placeholders for this number of rows."""
    values = [dict.fromkeys(columns)] * rows
    statement = insert(table).values(values if rows > 1 else values[0])
    return str((statement.on_conflict_do_nothing() if new_only else statement).compile(dialect=dialect))


def rows_in(
    connection: Connection, statement: Select[Any], name: str, values: Iterable[Any], **others: object
) -> Iterator[Any]:
    """The rows of `statement` for all `values` of its one expanding parameter `name`, as the driver gives them. For
    reads with many values: SQLAlchemy takes longer to bind a value than SQLite to look it up.
    """
    for some in chunks(values):
        # Few different lengths, so that few texts are compiled. A value that is there twice selects nothing twice.
        filled = some + some[-1:] * (-len(some) % _IN_STEP)
        text, before, behind = _select_text(statement, name, len(filled), tuple(others), connection.dialect)
        given = (*[others[each] for each in before], *filled, *[others[each] for each in behind])
        yield from connection.exec_driver_sql(text, given)


@cache
def _select_text(
    statement: Select[Any], name: str, values: int, others: tuple[str, ...], dialect: Dialect
) -> tuple[str, Sequence[str], Sequence[str]]:
    """A SELECT with the driver's own placeholders for this number of values; which parameters stand before the values
    and behind them.
    """
    shaped = statement.params({name: [None] * values, **dict.fromkeys(others)})
    compiled = shaped.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    order = compiled.positiontup or []
    first = next(at for at, each in enumerate(order) if each not in others)
    return str(compiled), order[:first], order[first + values :]


def zeros_like(column: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """Zero bytes of the column's length: the row keeps its length, so SQLite overwrites it in place."""
    return func.zeroblob(func.length(column))


def chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    """`values` in lists that fit an `IN (...)`."""
    rows = list(values)
    return (rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK))
