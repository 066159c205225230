"""Everything made into segments in memory: what goes on meanwhile, what is left behind, and what a failure leaves."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from node.domain.batch import FingerprintColumns
from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PDQ_RADIUS, PHASH, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.search_ports import Probe
from node.errors import Misuse
from node.match.flat import FlatTable
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from node.match.segments import in_memory
from tests.unit.match.builders import array_columns
from tests.unit.match.keeping import MARK, keep_again

KINDS = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
COUNT = 200
LOG = 7
PATIENCE = 60.0
"""Seconds that a test waits for an event before it fails."""
VALUES = {
    kind: np.random.default_rng(kind.code).integers(0, 256, (2 * COUNT, kind.size), dtype=np.uint8) for kind in KINDS
}


def add(index: LocalIndex, first: int, stop: int) -> None:
    parts = [array_columns(kind.code, first, VALUES[kind][first:stop]).columns[0] for kind in KINDS]
    index.add(LOG, FingerprintColumns(columns=parts))


def filled() -> LocalIndex:
    index = LocalIndex()
    add(index, 0, COUNT)
    return index


def found(index: LocalIndex) -> dict[str, list[int]]:
    """The rows of each kind that are found by what they hold."""
    probes = [Probe(row, kind.code, VALUES[kind][row].tobytes(), 90) for kind in KINDS for row in range(2 * COUNT)]
    hits = [hit for hit in index.search(probes, PDQ_RADIUS) if hit.row == hit.subject and not hit.by]
    return {kind.name: sorted(hit.row for hit in hits if hit.code == kind.code) for kind in KINDS}


def everywhere(rows: list[int]) -> dict[str, list[int]]:
    return {kind.name: rows for kind in KINDS}


def settled(index: LocalIndex) -> set[int]:
    return {table.settled for table in index.tables.values()}


def waiting(index: LocalIndex) -> set[int]:
    return {table.waiting for table in index.tables.values()}


def test_what_is_added_and_removed_meanwhile_is_seen_before_and_after() -> None:
    """One row goes and one comes at every step, of what is being merged: some before it is copied, some after."""
    index = filled()
    index.merge()
    add(index, COUNT, COUNT + 50)
    gone, come = 0, COUNT + 50

    def meanwhile(_done: int, _all: int) -> None:
        nonlocal gone, come
        index.remove(LOG, [gone, come - 40])
        add(index, come, come + 1)
        gone, come = gone + 1, come + 1
        left = [row for row in range(gone, come) if not COUNT + 10 <= row < COUNT + 10 + gone]
        assert found(index) == everywhere(left)

    index.merge(meanwhile)
    assert gone > len(KINDS)
    left = [row for row in range(gone, come) if not COUNT + 10 <= row < COUNT + 10 + gone]
    assert found(index) == everywhere(left)
    index.merge()
    assert found(index) == everywhere(left)
    assert index.sizes() == {LOG: len(left)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("step", ["freeze", "build", "replay", "install"])
def test_a_removal_between_any_two_steps_counts(kind: FingerprintKind, step: str) -> None:
    index = filled()
    table = index.tables[kind.name]

    def go(name: str) -> None:
        if name == "build":
            table.build(in_memory, lambda _done, _all: None)
        else:
            getattr(table, name)()

    for each in ("freeze", "build", "replay", "install"):
        if each == step:
            index.remove(LOG, [3, 150])
        go(each)
    left = [row for row in range(COUNT) if row not in {3, 150}]
    assert found(index)[kind.name] == left
    assert len(table) == len(left)
    assert len(table.search(VALUES[kind][[3, 150]], 0).row) == 0


def test_a_merge_leaves_nothing_of_what_was_removed_nor_of_where_it_was() -> None:
    index = filled()
    index.merge()
    index.remove(LOG, range(0, COUNT, 2))
    assert settled(index) == {COUNT}
    index.merge()
    assert settled(index) == {COUNT // 2}
    assert found(index) == everywhere(list(range(1, COUNT, 2)))


def test_what_a_merge_leaves_behind_is_overwritten() -> None:
    index = filled()
    table = index.tables[PDQ.name]
    (tail,) = table._tails
    assert isinstance(tail, FlatTable)
    chunk = tail._chunks[0].words
    index.merge()
    assert table._mapped is not None
    behind = table._mapped.segment.arrays()
    index.merge()
    assert not chunk.any()
    assert not behind["hashes"].any()
    assert not behind["rests"].any()


def test_a_merge_of_nothing_leaves_nothing() -> None:
    index = filled()
    index.merge()
    index.remove(LOG, range(COUNT))
    index.merge()
    assert settled(index) == waiting(index) == {0}
    assert found(index) == everywhere([])


@pytest.mark.parametrize("calls", [1, 3, 20])
def test_a_merge_that_fails_leaves_everything_and_the_next_takes_it_all(calls: int) -> None:
    index = filled()
    index.merge()
    add(index, COUNT, COUNT + 10)
    told = 0

    def fail(_done: int, _all: int) -> None:
        nonlocal told
        told += 1
        if told == calls:
            index.remove(LOG, [5, COUNT + 5])
            add(index, COUNT + 10, COUNT + 11)
            raise MemoryError

    left = [row for row in range(COUNT + 11) if row not in {5, COUNT + 5}]
    with pytest.raises(MemoryError):
        index.merge(fail)
    assert settled(index) == {COUNT}
    assert found(index) == everywhere(left)
    index.merge()
    assert (settled(index), waiting(index)) == ({len(left)}, {0})
    assert found(index) == everywhere(left)


def test_clearing_waits_for_a_merge_and_leaves_nothing() -> None:
    index = filled()
    under_way, go_on = threading.Event(), threading.Event()

    def hold(_done: int, _all: int) -> None:
        under_way.set()
        assert go_on.wait(PATIENCE)

    merging = threading.Thread(target=index.merge, args=(hold,))
    clearing = threading.Thread(target=index.clear)
    merging.start()
    assert under_way.wait(PATIENCE)
    clearing.start()
    go_on.set()
    for thread in (merging, clearing):
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert found(index) == everywhere([])
    assert index.sizes() == {}
    add(index, 0, 3)
    index.merge()
    assert found(index) == everywhere([0, 1, 2])


def test_only_what_a_segment_would_spare_is_counted_as_compared() -> None:
    index = filled()
    found(index)
    counted = {name for name, table in index.tables.items() if table.spent}
    assert counted == {PDQ.name, PHASH.name, FRAME.name}
    index.merge()
    found(index)
    assert not any(table.spent for table in index.tables.values())


def test_an_index_that_is_kept_in_files_is_not_merged_in_memory(tmp_path: Path) -> None:
    index = filled()
    files = IndexFolder(tmp_path, index)
    files.freeze(MARK)
    with pytest.raises(Misuse, match="already"):
        index.merge()
    files.abandon()
    keep_again(files)
    with pytest.raises(Misuse, match="folder"):
        index.merge()
    assert found(index) == everywhere(list(range(COUNT)))


def test_a_closed_index_is_searched_and_merged_as_before() -> None:
    index = filled()
    index.close()
    index.merge()
    assert found(index) == everywhere(list(range(COUNT)))
