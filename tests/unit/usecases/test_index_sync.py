"""The kept index and the store: in step after a start, whatever came since the index was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.domain.search_ports import HOLDINGS_SOURCE
from node.errors import Misuse
from node.usecases.catalogue import Catalogue
from tests.simulator.federation import Log
from tests.simulator.memory_store import MemoryStore, MemoryWriter
from tests.simulator.world import CODEC
from tests.unit.usecases.index_lives import FR, FRAMES, Life, film, frames, in_step, log

__all__ = ["log"]


def test_a_start_opens_what_was_kept_and_catches_up(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.take(log)
    first.hold(200)
    first.catalogue.keep()
    log.pictures(range(20, 25))
    first.take(log)
    first.hold(201)
    second = Life(store, folder)
    assert second.index.tables["pdq"].settled == 21
    assert second.index.tables["pdq"].waiting == 6
    assert second.found(22) == [(1, 22)]
    assert second.found(200) == [(HOLDINGS_SOURCE, 1)]
    assert second.found(201) == [(HOLDINGS_SOURCE, 2)]
    in_step(second)


def test_videos_are_kept_caught_up_with_and_overwritten(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    for number in (30, 31):
        log.say(film(number))
    first.take(log)
    first.hold(200, film=True)
    first.catalogue.keep()
    log.say(film(32))
    first.take(log)
    first.hold(201, film=True)
    second = Life(store, folder)
    assert second.index.tables["vpdq-frame"].settled == 3 * FRAMES
    assert second.index.tables["vpdq-frame"].waiting == 2 * FRAMES
    assert [second.films(number) for number in (30, 31, 32, 200, 201)] == [
        [(1, 20)],
        [(1, 21)],
        [(1, 22)],
        [(HOLDINGS_SOURCE, 1)],
        [(HOLDINGS_SOURCE, 2)],
    ]
    in_step(second)
    secrets = [each.pdq[part] for each in frames(31) for part in (slice(8), slice(24, 32))]
    assert all(secret in (folder / "000000000001.vpdq-frame").read_bytes() for secret in secrets)
    second.purge([21, 22])
    assert second.films(31) == second.films(32) == []
    assert not any(secret in path.read_bytes() for secret in secrets for path in folder.iterdir())
    in_step(second)
    report = second.catalogue.check_index()
    assert report is not None
    assert (report.entries, report.faults) == (23, ())
    third = Life(store, folder)
    assert third.films(31) == third.films(32) == []
    third.catalogue.keep()
    in_step(Life(store, folder))


def test_a_body_that_came_late_is_there_after_a_start(tmp_path: Path, log: Log) -> None:
    """Its row lies below what the kept index has: a note tells of it, until it is kept."""
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.take(log)
    with store.read() as reader:
        run = reader.run(FR.origin, 5, 6, 0)
    with store.write() as writer:
        assert isinstance(writer, MemoryWriter)
        rows = writer._open(FR.origin).rows
        rows[5] = replace(rows[5], state=BodyState.MISSING)
    first.index.remove(1, [5])
    first.catalogue.keep()
    assert Life(store, folder).found(5) == []
    with first.catalogue.change() as change:
        disclosure = Disclosure(
            nonce=run.nonces[0], body=run.bodies[0], handling_nonce=run.handling_nonces[0], handling=run.handlings[0]
        )
        change.fill(FR.origin, {5: run.entries[0][1]}, {5: disclosure})
    assert first.found(5) == [(1, 5)]
    for _ in range(2):
        again = Life(store, folder)
        assert again.found(5) == [(1, 5)]
        in_step(again)
    Life(store, folder).catalogue.keep()
    last = Life(store, folder)
    assert last.found(5) == [(1, 5)]
    assert last.index.tables["pdq"].waiting == 0
    in_step(last)


def test_a_hub_without_an_index_notes_nothing(log: Log) -> None:
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=None, codec=CODEC)
    catalogue.start()
    catalogue.tend()
    catalogue.keep()
    with catalogue.change() as change:
        change.writer.open_log(FR.origin)
    with store.read() as reader:
        assert reader.line().changes == 0


def test_an_index_in_files_is_not_made_anew_behind_its_folder_s_back(tmp_path: Path, log: Log) -> None:
    life = Life(MemoryStore(), tmp_path / "index")
    log.pictures([1])
    life.take(log)
    before = dict(life.index.sizes())
    with pytest.raises(Misuse, match="by its folder"):
        life.catalogue.rebuild()
    assert dict(life.index.sizes()) == before
