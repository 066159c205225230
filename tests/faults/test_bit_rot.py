"""A disk that gives back other bytes than it was given: fsck names the log and the entry, and says what helps.

One byte of one column is turned over in the database, by SQL, where SQLite itself sees nothing wrong.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from node.usecases.fsck import check_store
from tests.faults.drivers import append
from tests.faults.drivers.parts import DATABASE, ROSTER, hub_head, node_over, opened

AT = 77
"""The index of the entry that is bent."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node's home with 254 entries, all of them published."""
    home = tmp_path_factory.mktemp("prepared")
    append.prepare(home)
    with opened(home) as store:
        node = node_over(store, "published")
        state = node.own.state()
        node.own.reconcile(hub_head(state.checkpoint, state.checkpoint_size))
    return home


def flipped(data: bytes, place: int) -> bytes:
    bent = bytearray(data)
    bent[place] ^= 0x10
    return bytes(bent)


def bend(home: Path, table: str, column: str, where: str, place: int) -> None:
    """Turns over one bit of one value."""
    with sqlite3.connect(home / DATABASE) as connection:
        ((value,),) = connection.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchall()  # noqa: S608
        bent = flipped(value, place)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (bent,))  # noqa: S608
    connection.close()


def faults_of(home: Path) -> dict[str, tuple[str, ...]]:
    with opened(home) as store:
        return {report.log: report.faults for report in check_store(store, ROSTER)}
