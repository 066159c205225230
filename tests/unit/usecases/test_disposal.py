"""Levels of holdings, and deleting holdings and cases, also where it is cut short."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from node.domain.batch import BodyState
from node.domain.fingerprints import PictureFingerprints
from node.domain.holdings import FileReference
from node.domain.ids import RecordId
from node.domain.ports import StoreWriter
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE, Probe
from node.domain.statements import Contribution, Reason
from node.errors import NotFound, Refused, StoreError
from node.usecases.disposal import Disposal, Disposed
from node.usecases.intake import columns_of
from node.usecases.ledger import Draft
from tests.simulator.federation import Speaker
from tests.simulator.world import Hub, Node, Wire, World

FR = Speaker.named("FR")
PDQ = 4


def prints(number: int) -> PictureFingerprints:
    value = hashlib.sha256(b"picture %d" % number).digest()
    return PictureFingerprints(
        media_type="image/jpeg",
        size=number,
        md5=value[:16],
        sha1=value[:20],
        sha256=value,
        pdq=hashlib.sha256(value).digest(),
        pdq_quality=90,
        pdq_orientations=(),
        phash=value[:8],
        width=1,
        height=1,
    )


class Desk:
    """A node with holdings 1 to 5: all in case A, 4 and 5 in case B as well; 1, 2 and 4 are shared and published."""

    def __init__(self) -> None:
        world = World([FR])
        self.node = Node(world, FR, Wire(Hub(world), FR.id))
        self.store = self.node.store
        self.originals = {prints(number).sha256 for number in (1, 3, 4)}
        self.retracted: list[RecordId] = []
        self.refuses: set[RecordId] = set()
        with self.node.catalogue.change() as change:
            for number in range(1, 6):
                for case in ("A", "B") if number > 3 else ("A",):
                    row, _ = change.writer.put_holding(
                        prints(number), level=Level.NATIONAL, case=case, tag=b"%s%d" % (case.encode(), number), now=1
                    )
                    change.writer.put_file_reference(row, FileReference(case=case, path=f"/{case}/{number}"))
                change.hold(columns_of([number], [prints(number)]))
        drafts = [
            Draft(statement=Contribution(fingerprints=prints(number).fingerprints()), holding=number)
            for number in (1, 2, 4)
        ]
        self.records = dict(zip((1, 2, 4), self.node.ledger.contribute(drafts), strict=True))
        asyncio.run(self.node.publisher.round())

    def disposal(self) -> Disposal:
        return Disposal(
            store=self.store,
            catalogue=self.node.catalogue,
            retract=self.retract,
            remove_original=self.remove_original,
        )

    def retract(self, record: RecordId, reason: Reason) -> None:
        if record in self.refuses:
            raise NotFound("there is no such record in our log")
        self.node.ledger.retract(record, reason)
        self.retracted.append(record)

    def remove_original(self, sha256: bytes) -> bool:
        there = sha256 in self.originals
        self.originals.discard(sha256)
        return there

    def held(self) -> dict[int, tuple[str, ...]]:
        with self.store.read() as reader:
            return {each.id: each.cases for each in reader.holdings()}

    def finds(self, number: int) -> bool:
        hits = self.node.index.search([Probe(0, PDQ, prints(number).pdq, 90)], 0)
        return any(hit.source == HOLDINGS_SOURCE and hit.row == number for hit in hits)

    def check(self) -> None:
        report = self.node.catalogue.check_index()
        assert report is not None
        assert report.faults == ()


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

    def counted() -> AbstractContextManager[StoreWriter]:
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
