"""Any order of adding, removing, searching and clearing leaves the index equal to a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from node.domain.batch import FingerprintColumns, column
from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PDQ_RADIUS, PHASH, PHOTODNA, SHA1, SHA256
from node.match import digests, flat
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from tests.unit.match.brute import BruteIndex
from tests.unit.match.builders import flipped, ordered, probe
from tests.unit.match.keeping import MARK, FolderIndex, keep_again, reopened
from tests.unit.match.merged import look_everything_up

SEARCHED = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
SMALL = 8
"""Chunk, first room and first capacity while these tests run, so that a few steps cross every border."""


@pytest.fixture(autouse=True, scope="module")
def small_tables() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flat, "CHUNK", SMALL)
        patch.setattr(flat, "FIRST_ROOM", 2)
        patch.setattr(digests, "FIRST_ROOM", 2)
        patch.setattr(digests, "FIRST_CAPACITY", SMALL)
        patch.setattr(digests, "PROBES_PER_TURN", 3)
        look_everything_up(patch)
        yield


def family(size: int) -> list[bytes]:
    """Values some of which are near each other, some equal in their first bytes, and all zeros among them."""
    base = bytes(range(100, 100 + size))
    near = [flipped(base, range(0, step * count, step)) for step, count in ((1, 3), (2, 4), (2, 16), (2, 17))]
    far = bytes(b ^ 0x5A for b in base)
    return [base, *near, far, flipped(far, [size * 8 - 1]), bytes(size)]


VALUES = {kind: family(kind.size) for kind in SEARCHED}
sources = st.integers(0, 2)
rows = st.integers(0, 40)
cells = st.tuples(rows, st.sampled_from(SEARCHED), st.integers(0, 7), st.sampled_from([-1, 0, 49, 50, 100]))


def in_columns(some: list[tuple[int, object, int, int]]) -> FingerprintColumns:
    """Cells as columns, one a kind."""
    made = []
    for kind in SEARCHED:
        mine = [cell for cell in some if cell[1] is kind]
        made.append(
            column(
                kind.code,
                [cell[0] for cell in mine],
                [VALUES[kind][cell[2]] for cell in mine],
                [cell[3] if kind.has_quality else -1 for cell in mine],
                kind.size,
            )
        )
    return FingerprintColumns(columns=made)


class IndexAndModel(RuleBasedStateMachine):
    make: ClassVar[Callable[[], LocalIndex]] = LocalIndex

    def __init__(self) -> None:
        super().__init__()
        self.index, self.model = type(self).make(), BruteIndex()

    @rule(source=sources, added=st.lists(cells, max_size=30))
    def add(self, source: int, added: list[tuple[int, object, int, int]]) -> None:
        for index in (self.index, self.model):
            index.add(source, in_columns(added))

    @rule(source=sources, gone=st.lists(rows, max_size=40))
    def remove(self, source: int, gone: list[int]) -> None:
        self.index.remove(source, gone)
        self.model.remove(source, gone)

    @rule(radius=st.integers(0, PDQ_RADIUS), asked=st.lists(cells, max_size=12))
    def search(self, radius: int, asked: list[tuple[int, object, int, int]]) -> None:
        probes = [
            probe(kind, VALUES[kind][cell[2]], subject=number, quality=cell[3] if kind.has_quality else -1)
            for number, cell in enumerate(asked)
            for kind in SEARCHED
            if kind is cell[1]
        ]
        assert ordered(self.index.search(probes, radius)) == ordered(self.model.search(probes, radius))

    @rule(radius=st.integers(1, PDQ_RADIUS), source=sources, arrived=st.lists(cells, max_size=12))
    def arrive(self, radius: int, source: int, arrived: list[tuple[int, object, int, int]]) -> None:
        found, expected = (
            index.concerned(in_columns(arrived), radius, source, 1_000) for index in (self.index, self.model)
        )
        assert sorted(found.pairs.tolist()) == sorted(expected.pairs.tolist())
        assert (found.left_out, expected.left_out) == ({}, {})

    @rule()
    def clear(self) -> None:
        self.index.clear()
        self.model.clear()

    @invariant()
    def every_source_has_as_many_rows(self) -> None:
        assert self.index.sizes() == self.model.sizes()

    @invariant()
    def every_table_has_as_many_fingerprints(self) -> None:
        codes = [stored.code for _, _, stored in self.model.stored]
        assert self.index.counts() == {kind.name: codes.count(kind.code) for kind in SEARCHED}

    def teardown(self) -> None:
        everything = [probe(kind, value) for kind in SEARCHED for value in VALUES[kind]]
        assert ordered(self.index.search(everything, PDQ_RADIUS)) == ordered(self.model.search(everything, PDQ_RADIUS))


class MergingIndexAndModel(IndexAndModel):
    """The same with segments inside, merged at any time."""

    @rule()
    def merge(self) -> None:
        self.index.merge()
        for table in self.index.tables.values():
            assert (table.waiting, table.settled) == (0, len(table)), "places of what was removed are gone"


class FilesAndModel(IndexAndModel):
    """The same over files: made anew in steps with other steps between, given up, and opened as a start finds them."""

    make = FolderIndex

    def __init__(self) -> None:
        super().__init__()
        assert isinstance(self.index, FolderIndex)
        self.files, self.frozen, self.built = self.index.files, False, False

    @rule()
    def freeze(self) -> None:
        if not self.frozen:
            self.files.freeze(MARK)
            self.frozen = True

    @rule()
    def build(self) -> None:
        if self.frozen and not self.built:
            self.files.build(lambda _done, _total: None)
            self.built = True

    @rule()
    def publish(self) -> None:
        if self.built:
            assert self.files.publish(0)
            self.frozen = self.built = False

    @rule()
    def abandon(self) -> None:
        self.files.abandon()
        self.frozen = self.built = False

    @rule()
    def clear(self) -> None:
        self.abandon()
        self.files.discard()
        super().clear()

    @rule()
    def start_again(self) -> None:
        assert isinstance(self.index, FolderIndex)
        self.abandon()
        keep_again(self.files)
        while not self.files.scrub(1 << 20):
            pass
        fresh, _ = reopened(self.index.folder)
        self.index.adopt(fresh)
        self.files = IndexFolder(self.index.folder, self.index)
        self.index.clear()
        assert self.files.open() is not None


TestFilesAndModel = FilesAndModel.TestCase
TestFilesAndModel.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestIndexAndModel = IndexAndModel.TestCase
TestIndexAndModel.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestMergingIndexAndModel = MergingIndexAndModel.TestCase
TestMergingIndexAndModel.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_the_borders_are_near() -> None:
    """Without the small tables the state machine would not cross a border."""
    index = LocalIndex()
    index.add(1, FingerprintColumns(columns=[column(PDQ.code, range(3), VALUES[PDQ][:3], [90] * 3, PDQ.size)]))
    assert index._tables[PDQ.code].nbytes < 8 * SMALL * PDQ.size
    assert np.int64(flat.CHUNK) == SMALL
