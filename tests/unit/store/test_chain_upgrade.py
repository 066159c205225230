"""A database from before chains were kept gets them from what it has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.statements import Comment, Retraction
from node.store.store import open_node_store
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.fsck import check_store
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import Log, Speaker, picture, roster
from tests.simulator.world import CODEC
from tests.unit.store.former_schemas import as_of

FR, FR2, JP = Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("JP")
ROSTER = roster(FR, FR2, JP)
BEFORE = "0006"
"""The last revision without chains."""


def histories() -> list[Log]:
    """Chains over two epochs: corrected, retracted, set aside, and with remarks also on what is not here."""
    old, new, jp = Log(FR), Log(FR2), Log(JP)
    first, second, third = old.pictures([1, 2, 3])
    chain = [first]
    for number in range(4, 7):
        chain.append(old.say(picture(number), kind=Kind.CORRECTION, target=chain[-1]))
    old.say(picture(7), kind=Kind.CORRECTION, target=first)
    old.say(Retraction(), kind=Kind.RETRACTION, target=second)
    newest = new.say(picture(8), kind=Kind.CORRECTION, target=chain[-1])
    new.say(Retraction(), kind=Kind.RETRACTION, target=third)
    for about in (*chain, newest, second, RecordId(FR.origin, bytes(32))):
        jp.say(Comment(text="seen"), kind=Kind.COMMENT, target=about)
    return [old, new, jp]


def rows(path: Path, table: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608 (one of two names)


def but_counts(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[:6] + row[7:]


def test_an_older_database_gets_the_chains_that_a_new_one_would_have(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    with closing(open_node_store(path, create=True)) as store:
        catalogue = Catalogue(store=store, index=None, codec=CODEC)
        for log in histories():
            with catalogue.change() as change:
                at = position(change.writer, change.writer.open_log(log.speaker.origin))
                rules = Rules(roster=ROSTER, copy=Copy(reader=None), cosigned=True)
                package = log.package(hub=True)
                change.apply(verify_package(at, package, rules, Handlings(CODEC.decode_handling)))
    expected = {table: rows(path, table) for table in ("links", "chains")}
    path = as_of(BEFORE, path)
    with closing(open_node_store(path, create=False)) as store:
        assert [fault for report in check_store(store, ROSTER) for fault in report.faults] == []
    assert rows(path, "chains") == expected["chains"]
    # A remark that was purged counts until it is purged once more, which deletes nothing.
    assert [but_counts(row) for row in rows(path, "links")] == [but_counts(row) for row in expected["links"]]
