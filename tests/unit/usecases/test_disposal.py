"""Levels of holdings, and deleting holdings and cases, also where it is cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from node.domain.batch import BodyState
from node.domain.holdings import FileReference
from node.domain.queries import Level
from node.domain.statements import Reason
from node.domain.stores import NodeStoreWriter
from node.errors import NotFound, Refused, StoreError
from node.usecases.disposal import Disposed
from node.usecases.intake import columns_of
from tests.unit.usecases.disposal_desk import FR, Desk, prints


def test_a_case_is_deleted_and_what_another_case_has_only_leaves_it() -> None:
    desk = Desk()
    disposal = desk.disposal()
    plan = disposal.plan([], "A", Reason.MISTAKE)
    assert (plan.deleted, plan.left, plan.shared) == (3, 2, 2)
    disposal.order(plan)
    told: list[Disposed] = []
    assert disposal.finish(told.append) == 5
    assert [(each.holding, each.deleted, each.original) for each in told] == [
        (1, True, True),
        (2, True, False),
        (3, True, True),
        (4, False, False),
        (5, False, False),
    ]
    assert [each.record for each in told] == [desk.records[1], desk.records[2], None, None, None]
    assert desk.held() == {4: ("B",), 5: ("B",)}
    assert desk.originals == {prints(4).sha256}
    assert [desk.finds(number) for number in range(1, 6)] == [False, False, False, True, True]
    with desk.store.read() as reader:
        assert reader.file_references(4) == [FileReference(case="B", path="/B/4")]
        assert reader.holding_levels() == {Level.NATIONAL: 1, Level.HIT_NO_HIT: 0, Level.SHARED: 1}
        assert reader.deletions(0, 10) == []
    desk.check()
    asyncio.run(desk.node.publisher.round())
    purged, held = int(BodyState.PURGED), int(BodyState.HELD)
    assert desk.node.states(FR.origin) == [purged, purged, held, held, held]


@contextmanager
def killed_at(desk: Desk, commit: int) -> Iterator[None]:
    """The process dies in its `commit`th transaction from here."""
    write, count = desk.store.write, iter(range(1, 1_000))

    def counted() -> AbstractContextManager[NodeStoreWriter]:
        if next(count) == commit:
            desk.store.fail_next_commit = StoreError("killed")
        return write()

    desk.store.write = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        desk.store.write = write  # type: ignore[method-assign]
        desk.store.fail_next_commit = None


def test_a_deletion_that_is_killed_anywhere_goes_on_and_never_deletes_what_is_still_shared() -> None:
    for commit in range(1, 20):
        desk = Desk()
        disposal = desk.disposal()
        disposal.order(disposal.plan([], "A", Reason.MISTAKE))
        died = False
        with killed_at(desk, commit):
            try:
                disposal.finish()
            except StoreError:
                died = True
        standing = set(desk.records.values()) - set(desk.retracted)
        assert all(number in desk.held() for number, record in desk.records.items() if record in standing)
        desk.node = desk.node.restarted()
        desk.disposal().finish()
        assert desk.held() == {4: ("B",), 5: ("B",)}
        assert desk.originals == {prints(4).sha256}
        assert sorted(map(str, desk.retracted)) == sorted(str(desk.records[number]) for number in (1, 2))
        desk.check()
        if not died:
            break
    else:
        raise AssertionError("it never came to its end")
    assert commit > 3


def test_a_holding_that_cannot_be_retracted_stays_and_keeps_no_other() -> None:
    desk = Desk()
    desk.refuses.add(desk.records[1])
    disposal = desk.disposal()
    disposal.order(disposal.plan([1, 2, 3], "", Reason.UNSTATED))
    with pytest.raises(NotFound):
        disposal.finish()
    assert sorted(desk.held()) == [1, 4, 5]
    desk.refuses.clear()
    assert disposal.finish() == 1
    assert sorted(desk.held()) == [4, 5]


def test_a_record_that_was_retracted_before_the_database_was_restored_does_not_keep_its_holding() -> None:
    desk = Desk()
    desk.node.ledger.retract(desk.records[1])
    asyncio.run(desk.node.publisher.round())
    with desk.store.write() as writer:
        writer.set_record(1, desk.records[1])
    disposal = desk.disposal()
    disposal.order(disposal.plan([1], "", Reason.UNSTATED))
    disposal.finish()
    assert 1 not in desk.held()


def test_what_is_not_here_is_not_planned() -> None:
    disposal = Desk().disposal()
    with pytest.raises(NotFound):
        disposal.plan([1, 99], "", Reason.UNSTATED)
    with pytest.raises(NotFound):
        disposal.plan([], "no such case", Reason.UNSTATED)


def test_an_original_that_was_taken_in_again_meanwhile_is_kept() -> None:
    desk = Desk()
    disposal = desk.disposal()
    disposal.order(disposal.plan([3], "", Reason.UNSTATED))
    with desk.node.catalogue.change() as change:
        change.delete_holding(3)
        again, _ = change.writer.put_holding(prints(3), level=Level.NATIONAL, case="C", tag=b"", now=2)
        change.hold(columns_of([again], [prints(3)]))
    disposal.finish()
    assert prints(3).sha256 in desk.originals
    assert desk.held()[again] == ("C",)
    desk.check()


def test_levels_are_lowered_and_raised_and_a_shared_holding_keeps_its_own() -> None:
    desk = Desk()
    disposal = desk.disposal()
    told = disposal.set_level([1, 3, 5], Level.HIT_NO_HIT)
    assert [(each.holding, each.before, each.refused) for each in told] == [
        (1, Level.SHARED, True),
        (3, Level.NATIONAL, False),
        (5, Level.NATIONAL, False),
    ]
    assert desk.node.catalogue.view().levels == ((Level.NATIONAL, 0), (Level.HIT_NO_HIT, 2), (Level.SHARED, 3))
    disposal.set_level([3], Level.NATIONAL, strict=True)
    assert desk.node.catalogue.view().levels == ((Level.NATIONAL, 1), (Level.HIT_NO_HIT, 1), (Level.SHARED, 3))
    with pytest.raises(Refused):
        disposal.set_level([3], Level.SHARED)
    with pytest.raises(Refused):
        disposal.set_level([3, 1], Level.HIT_NO_HIT, strict=True)
    with pytest.raises(NotFound):
        disposal.set_level([3, 99], Level.HIT_NO_HIT)
    assert desk.node.catalogue.view().levels == ((Level.NATIONAL, 1), (Level.HIT_NO_HIT, 1), (Level.SHARED, 3))
