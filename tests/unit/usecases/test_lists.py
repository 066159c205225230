"""Lists that are cut short at any write: never half searched, and whole after the same command."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from node.domain.fingerprint_kinds import MD5
from node.domain.ids import FederationId, MemberId, Origin
from node.domain.lists import ListState
from node.domain.queries import Subject
from node.domain.references import At, ListCase, ListHead, Reference, Withdrawal
from node.domain.stores import NodeStore
from node.errors import NotFound, Refused, StoreError
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.usecases.audit import AuditLog
from node.usecases.catalogue import Catalogue
from node.usecases.list_taking import Row, Taking
from node.usecases.lists import Lists, ListTerms
from node.usecases.matching import Matcher
from tests.faults.flaky import FlakyStore, Mode
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC
from tests.stores import fresh_store

FR = MemberId("FR")
HEAD = ListHead(format="vics", scheme="us-vics", scheme_version="2.0")
CONSTANT = b"c" * 144
FILE = b"f" * 32
DAY = 86_400
Made = Callable[[], NodeStore]


def row(number: int) -> Reference:
    md5 = hashlib.md5(f"row {number}".encode(), usedforsecurity=False).digest()
    return Reference(At(record=number), md5=md5, code="1", photodna=CONSTANT, said=f'{{"n": {number}}}')


BATCHES: tuple[tuple[Row, ...], ...] = (
    (ListCase(at=At(), number="C-1", said="{}"), row(1), row(2), row(3)),
    (row(4), Withdrawal(At(), "", row(2)), row(5)),
)
STAND = {1, 3, 4, 5}


class Life:
    """One life of a node over a store: its index is built from the store."""

    def __init__(self, store: NodeStore, today: int = 0) -> None:
        self.store = store
        index = LocalIndex()
        catalogue = Catalogue(store=store, index=index, codec=CODEC)
        catalogue.rebuild()
        self.audit = AuditLog(
            store=store, origin=Origin(FederationId("test.vigil"), FR, 1, "audit"), clock=lambda: 1.0, random=os.urandom
        )
        self.lists = Lists(store=store, catalogue=catalogue, audit=self.audit, clock=lambda: float(today * DAY))
        self._matcher = Matcher(store=store, index=index, codec=CODEC, rank=rank, own=lambda: FR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.audit.close()

    def begin(self) -> Taking:
        return self.lists.begin("A", ListTerms(), FILE, "officer", HEAD)

    def take(self) -> None:
        taking = self.begin()
        for batch in BATCHES:
            taking.take(batch)
        taking.drop_photodna({CONSTANT})
        taking.finish(HEAD)

    def found(self) -> set[int]:
        """The numbers of the rows that a search finds."""
        subjects = [Subject(label=str(n), fingerprints=row(n).fingerprints[:1]) for n in range(9)]
        assert subjects[0].fingerprints[0].code == MD5.code
        hits = self._matcher.local(subjects, 31).hits
        return {hit.row.record for hit in hits if hit.row is not None}

    def kept(self) -> tuple[ListState | None, int]:
        with self.store.read() as tx:
            found = tx.list_named("A")
            if found is None:
                return None, 0
            rows = tx.rows_of_list(found.number, 0, 100)
            assert found.rows == len(rows)
            return found.state, len(rows)


@pytest.fixture(params=["memory", "sqlite"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    numbers = iter(range(1_000))
    return lambda: MemoryStore() if request.param == "memory" else fresh_store(tmp_path / f"{next(numbers)}.db")


def writes_of(made: Made) -> int:
    """How many writes and scrubs an undisturbed import and removal make."""
    flaky = FlakyStore(made())
    with Life(flaky) as life:
        life.take()
        assert life.found() == STAND
        assert life.kept() == (ListState.WHOLE, 4)
    flaky.close()
    return flaky.done


@pytest.mark.parametrize("mode", list(Mode))
def test_an_import_that_fails_at_any_write_is_whole_after_it_was_run_again(made: Made, mode: Mode) -> None:
    writes = writes_of(made)
    assert writes > 10
    for at in range(writes):
        store = made()
        flaky = FlakyStore(store, fail_at=at, mode=mode)
        with Life(flaky) as life, suppress(StoreError):
            life.take()
        assert flaky.failed
        with Life(store) as life:
            state, _ = life.kept()
            # Whole or nothing: the last write of a finished import may be its audit entry.
            assert life.found() == (STAND if state is ListState.WHOLE else set()), at
            life.take()
            assert life.found() == STAND, at
            assert life.kept() == (ListState.WHOLE, 4), at
            rows = life.lists.rows("A", 0, 9, words=True)
            assert {each.reference.photodna for each in rows} == {b""}
            assert {each.case for each in rows} == {"C-1"}
        store.close()


@pytest.mark.parametrize("mode", list(Mode))
def test_a_removal_that_fails_at_any_write_goes_on_at_the_next_start(made: Made, mode: Mode) -> None:
    for at in range(40):
        store = made()
        with Life(store) as life:
            life.take()
        flaky = FlakyStore(store, fail_at=at, mode=mode)
        with Life(flaky) as life, suppress(StoreError):
            life.lists.remove("A")
        with Life(store) as life:
            state, _ = life.kept()
            assert life.found() == (STAND if state is ListState.WHOLE else set()), at
            life.lists.finish_removals()
            if state is ListState.WHOLE:
                life.lists.remove("A")
            assert life.kept() == (None, 0)
            assert life.found() == set()
        store.close()
        if not flaky.failed:
            assert at > 3
            return
    raise AssertionError("a removal makes more writes than that")


def test_a_list_is_removed_after_its_last_day_unless_it_is_in_use(made: Made) -> None:
    store = made()
    with Life(store, today=10) as life:
        life.take()
        life.lists.change("A", ListTerms(retain_until_day=11))
    with Life(store, today=11) as life:
        assert life.lists.finish_removals() == 0
    with Life(store, today=12) as life:
        with life.lists.alone("A"):
            assert life.lists.finish_removals() == 0
        assert life.found() == STAND
        assert life.lists.finish_removals() == 1
        assert life.found() == set()
        with pytest.raises(NotFound):
            life.lists.named("A")
    store.close()


def test_a_list_that_is_being_removed_takes_no_file(made: Made) -> None:
    store = made()
    with Life(store) as life:
        life.take()
        with life.lists.alone("A"), pytest.raises(Refused, match="in use"), life.lists.alone("A"):
            pass
        flaky = FlakyStore(store, fail_at=4)
    with Life(flaky) as life, pytest.raises(StoreError):
        life.lists.remove("A")
    with Life(store) as life:
        assert life.kept()[0] is ListState.GOING
        with pytest.raises(Refused, match="being removed"):
            life.begin()
    store.close()


def test_a_case_whose_number_comes_after_its_rows_has_its_rows_under_that_number() -> None:
    store = MemoryStore()
    with Life(store) as life:
        taking = life.begin()
        taking.take((ListCase(at=At(offset=7), number="case at byte 7"), row(1)))
        taking.take((ListCase(at=At(offset=7), number="C-1", said="{}"), row(2)))
        taking.take((ListCase(at=At(offset=9), number="C-2", said="{}"), row(3)))
        taking.finish(HEAD)
        found = {each.reference.at.record: each.case for each in life.lists.rows("A", 0, 10)}
    assert found == {1: "C-1", 2: "C-1", 3: "C-2"}
