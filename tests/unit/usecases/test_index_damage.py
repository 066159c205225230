"""What damage to the kept index hides from a search is told by fsck, noticed by scrubbing, and made anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from node.domain.search_ports import Probe, RawHit
from node.errors import Damaged
from node.match.index import LocalIndex
from node.usecases.intake import columns_of
from tests.simulator.federation import Log
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.catalogued import holding
from tests.unit.usecases.index_lives import Life, in_step, kept, log

__all__ = ["log"]


def test_a_lost_frame_is_told_by_fsck_and_found_by_scrubbing(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.hold(200, film=True)
    first.hold(201)
    first.catalogue.keep()
    path = folder / "000000000001.vpdq-frame"
    raw = bytearray(path.read_bytes())
    raw[:16] = bytes(16)
    path.write_bytes(raw)
    second = Life(store, folder)
    report = second.catalogue.check_index()
    assert report is not None
    assert [fault.split(":")[0] for fault in report.faults] == ["1 of 13 fingerprints are not found"]
    with pytest.raises(Damaged):
        second.files.scrub(1 << 40)


def test_a_damaged_file_is_noticed_and_made_anew_while_it_is_searched(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    kept(store, folder, log)
    path = folder / "000000000001.pdq"
    raw = bytearray(path.read_bytes())
    raw[:64] = bytes(64)
    path.write_bytes(raw)
    life = Life(store, folder)
    assert life.found(0) == [], "the damage hides it"
    life.catalogue.tend()
    assert life.found(0) == [(1, 0)]
    in_step(life)
    life.catalogue.keep()
    in_step(Life(store, folder))


def test_fsck_finds_an_index_in_step_well(tmp_path: Path, log: Log) -> None:
    life = kept(MemoryStore(), tmp_path / "index", log)
    log.pictures([20])
    life.take(log)
    life.purge([3])
    report = life.catalogue.check_index()
    assert report is not None
    assert (report.log, report.entries, report.faults) == ("index", 22, ())


def test_fsck_asks_once_for_what_many_records_have(tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    life = kept(MemoryStore(), tmp_path / "index", log)
    log.pictures([20] * 5)
    life.take(log)
    asked: list[list[tuple[int, bytes]]] = []
    search = LocalIndex.search

    def told(index: LocalIndex, probes: Sequence[Probe], radius: int) -> list[RawHit]:
        asked.append([(probe.code, probe.value) for probe in probes])
        return search(index, probes, radius)

    monkeypatch.setattr(LocalIndex, "search", told)
    report = life.catalogue.check_index()
    assert report is not None
    assert report.faults == ()
    assert report.bodies > sum(map(len, asked))
    assert all(len(set(values)) == len(values) for values in asked)


def test_fsck_tells_what_a_search_would_miss(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    kept(store, folder, log)
    path = folder / "000000000001.pdq"
    raw = bytearray(path.read_bytes())
    raw[:16] = bytes(16)
    path.write_bytes(raw)
    report = Life(store, folder).catalogue.check_index()
    assert report is not None
    assert [fault.split(":")[0] for fault in report.faults] == ["1 of 68 fingerprints are not found"]
    life = kept(MemoryStore(), tmp_path / "other", log)
    life.index.remove(1, [4])
    life.index.add(1, columns_of([77], [holding(230)]))
    life.index.add(1, columns_of([78], [holding(231)]))
    report = life.catalogue.check_index()
    assert report is not None
    assert len(report.faults) == 2
