"""A database from before the kinds of cooperation: entries of these kinds are listed, and the next start reads them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.mentions import Role
from node.domain.statements import Retraction
from node.store.store import open_node_store
from node.usecases import filing
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.fsck import check_store
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import Log, Speaker, roster
from tests.simulator.world import CODEC
from tests.unit.store.former_schemas import as_of
from tests.unit.usecases.linked import link_of

FR, JP = Speaker.named("FR"), Speaker.named("JP")
ROSTER = roster(FR, JP)
BEFORE = "0015"
"""The last revision without mentions."""
LATER = 99
"""A kind that this program does not know either."""


def stored(path: Path, *logs: Log) -> None:
    with closing(open_node_store(path, create=True)) as store:
        catalogue = Catalogue(store=store, index=None, codec=CODEC)
        for log in logs:
            with catalogue.change() as change:
                at = position(change.writer, change.writer.open_log(log.speaker.origin))
                rules = Rules(roster=ROSTER, copy=Copy(reader=None), cosigned=True)
                package = log.package(hub=True)
                change.apply(verify_package(at, package, rules, Handlings(CODEC.decode_handling)))


def rows(path: Path, text: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(text).fetchall())


@pytest.mark.parametrize("at_once", [1, 500])
def test_the_next_start_files_what_an_earlier_version_did_not_understand(tmp_path: Path, at_once: int) -> None:
    path = tmp_path / "node.db"
    fr, jp = Log(FR), Log(JP)
    records = fr.pictures([1, 2, 3])
    for pair in (records[:2], records[1:]):
        jp.say(link_of(*pair), kind=Kind.LINK)
    jp.say(b"of a later kind", kind=LATER)
    stored(path, fr, jp)
    everything = "SELECT log_no, idx, role, root_origin, root_leaf, kind FROM mentions"
    expected = rows(path, everything)
    path = as_of(BEFORE, path)
    with closing(open_node_store(path, create=False)) as store, patch.object(filing, "READ_AT_ONCE", at_once):
        with store.read() as reader:
            assert reader.mentioning(records[1], [Role.LINKED]) == []
            assert [each.index for each in reader.unread([Kind.LINK], 10)] == [0, 1]
        Catalogue(store=store, index=None, codec=CODEC).start()
        with store.read() as reader:
            assert reader.unread([Kind.LINK], 10) == []
            assert [each.index for each in reader.unread([LATER], 10)] == [2]
            assert len(reader.mentioning(records[1], [Role.LINKED])) == 2
        assert [fault for report in check_store(store, ROSTER, CODEC) for fault in report.faults] == []
    assert rows(path, everything) == expected
    assert len(expected) == 4


def test_a_link_that_an_earlier_version_kept_beside_a_retracted_record_ends_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    fr, jp = Log(FR), Log(JP)
    records = fr.pictures([1, 2])
    jp.say(link_of(*records), kind=Kind.LINK)
    stored(path, fr, jp)
    path = as_of(BEFORE, path)
    fr.say(Retraction(), kind=Kind.RETRACTION, target=records[0])
    with closing(open_node_store(path, create=False)) as store:
        catalogue = Catalogue(store=store, index=None, codec=CODEC)
        with catalogue.change() as change:
            at = position(change.writer, change.writer.open_log(FR.origin))
            rules = Rules(roster=ROSTER, copy=Copy(reader=None), cosigned=True)
            change.apply(verify_package(at, fr.package(2, hub=True), rules, Handlings(CODEC.decode_handling)))
        with store.read() as reader:
            assert reader.entry_at(JP.origin, 0)[1] == BodyState.HELD
        catalogue.start()
        with store.read() as reader:
            assert reader.entry_at(JP.origin, 0)[1] == BodyState.PURGED
            assert reader.mentions(JP.origin, 0, 1) == []


def test_entries_of_a_kind_that_nobody_knows_yet_wait_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    jp = Log(JP)
    jp.say(link_of(*jp.pictures([1, 2])), kind=Kind.LINK)
    jp.say(b"of a later kind", kind=LATER)
    stored(path, jp)
    assert rows(path, "SELECT idx, kind, is_read FROM stated") == [(2, int(Kind.LINK), 1), (3, LATER, 0)]
