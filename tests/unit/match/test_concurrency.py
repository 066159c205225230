"""Adding, removing and searching at once: what returned is seen, and no hit is ever wrong."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from node.domain.batch import FingerprintColumns
from node.domain.fingerprint_kinds import PDQ, PHASH, SHA256
from node.domain.search_ports import Probe, RawHit
from node.match import digests, flat
from node.match.index import LocalIndex
from tests.unit.match.brute import distance
from tests.unit.match.builders import array_columns
from tests.unit.match.merged import look_everything_up

BATCH = 40
BATCHES = 150
KINDS = (SHA256, PDQ, PHASH)


@pytest.fixture(autouse=True)
def _eager_switching(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small chunks and a short turn for each thread, so that they meet in every place."""
    monkeypatch.setattr(flat, "CHUNK", 512)
    monkeypatch.setattr(digests, "FIRST_CAPACITY", 16)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


class Traffic:
    """A writer that adds batches and removes some again, and searchers that hold what they see against its word."""

    def __init__(self, index: LocalIndex) -> None:
        rng = np.random.default_rng(3)
        self.values = {kind: rng.integers(0, 256, (BATCH * BATCHES, kind.size), dtype=np.uint8) for kind in KINDS}
        self.index = index
        self.added = 0  # rows below it are in
        self.gone: set[int] = set()  # of these, what was removed
        self.going: set[int] = set()  # and what is being removed, or was
        self.failures: list[str] = []
        self.done = threading.Event()
        self.searches = 0
        self.merges = 0

    def write(self) -> None:
        rng = np.random.default_rng(4)
        for number in range(BATCHES):
            first = number * BATCH
            parts = [array_columns(kind.code, first, self.values[kind][first : first + BATCH]) for kind in KINDS]
            self.index.add(1, FingerprintColumns(columns=[part.columns[0] for part in parts]))
            self.added = first + BATCH
            leaving = set(rng.integers(0, self.added, 15).tolist()) - self.gone
            self.going |= leaving
            self.index.remove(1, sorted(leaving))
            self.gone |= leaving
        self.done.set()

    def merge(self) -> None:
        while not self.done.is_set():
            self.index.merge()
            self.merges += 1

    def search(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        while not self.done.is_set() or not self.searches:
            added, gone = self.added, set(self.gone)
            if not added:
                continue
            asked = [*rng.integers(0, added, 6).tolist(), added - 1]
            probes = [Probe(row, kind.code, self.values[kind][row].tobytes(), 90) for row in asked for kind in KINDS]
            probes += [Probe(-1, kind.code, bytes(kind.size), 90) for kind in KINDS]  # like what removing leaves behind
            hits = self.index.search(probes, 31)
            self.judge(asked, gone, set(self.going), hits)
            self.searches += 1

    def judge(self, asked: list[int], gone: set[int], going: set[int], hits: list[RawHit]) -> None:
        for hit in hits:
            kind = next(kind for kind in KINDS if kind.code == hit.code)
            if hit.subject == -1 or hit.row in gone:
                self.failures.append(f"found {hit} which was not there")
            elif (
                distance(self.values[kind][hit.subject].tobytes(), self.values[kind][hit.row].tobytes()) != hit.distance
            ):
                self.failures.append(f"wrong distance in {hit}")
        seen = {(hit.subject, hit.code) for hit in hits if hit.row == hit.subject and hit.distance == 0}
        self.failures += [
            f"row {row} missing in {kind.name}"
            for row in asked
            for kind in KINDS
            if row not in going and (row, kind.code) not in seen
        ]


@pytest.mark.parametrize("merging", ["never", "scanned", "looked up"])
@pytest.mark.parametrize("at_once", [0, flat.COMPARED_AT_ONCE])
def test_searches_beside_a_writer_see_all_that_was_added_and_nothing_that_was_removed(
    merging: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flat, "COMPARED_AT_ONCE", at_once)
    if merging == "looked up":
        look_everything_up(monkeypatch)
    traffic = Traffic(LocalIndex())
    searchers = [threading.Thread(target=traffic.search, args=(seed,)) for seed in (10, 11)]
    if merging != "never":
        searchers.append(threading.Thread(target=traffic.merge))
    for thread in searchers:
        thread.start()
    traffic.write()
    for thread in searchers:
        thread.join()
    assert traffic.searches > 0
    assert traffic.merges > 0 or merging == "never"
    assert traffic.failures == []


def test_several_writers_lose_nothing_of_each_other() -> None:
    index = LocalIndex()
    stored = np.random.default_rng(6).integers(0, 256, (4, 2_000, 32), dtype=np.uint8)

    def fill(source: int) -> None:
        for first in range(0, 2_000, 50):
            part = stored[source, first : first + 50]
            for kind in (PDQ, SHA256):
                index.add(source, array_columns(kind.code, first, part))
            index.remove(source, range(first, first + 50, 5))

    writers = [threading.Thread(target=fill, args=(source,)) for source in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert index.sizes() == dict.fromkeys(range(4), 1_600)
    for kind in (PDQ, SHA256):
        probes = [Probe(row, kind.code, stored[s, row].tobytes(), 90) for s in range(4) for row in range(2_000)]
        hits = index.search(probes, 0)
        expected = sorted((s, row) for s in range(4) for row in range(2_000) if row % 5)
        assert sorted((hit.source, hit.row) for hit in hits) == expected
