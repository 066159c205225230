"""What becomes of our own log when its key changes: what is published stays, what is not goes on in the next epoch."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from node.domain.envelope import Kind
from node.domain.handling import Handling
from node.domain.ids import RecordId
from node.domain.queries import Level
from node.domain.roster import KeyStatus, Roster
from node.domain.services import Head
from node.domain.statements import Contribution, Reason
from node.errors import Refused, StoreError
from node.usecases.catalogue import Catalogue
from node.usecases.epochs import Moved, begin_epoch
from node.usecases.fsck import check_store
from node.usecases.ledger import Draft
from tests.simulator.asking import prints
from tests.simulator.federation import Speaker, picture, roster, seeded
from tests.simulator.world import CODEC, Hub, Node, Wire, World

FR, FR2, JP = Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("JP")


class Scene:
    """France, its hub, and Japan, which follows."""

    def __init__(self) -> None:
        self.world = World([FR, JP])
        self.hub = Hub(self.world)
        self.france = Node(self.world, FR, Wire(self.hub, FR.id))
        self.japan = Node(self.world, JP, Wire(self.hub, JP.id))

    def publish(self) -> None:
        asyncio.run(self.france.publisher.round())

    def place(self) -> None:
        """Gives what waits its place and a signature, and hands nothing in."""
        self.france.own.place_and_sign()

    def rotate(self, end: int | None = None) -> Moved:
        """The roster has the new key, and the node begins its epoch: as a start does, before the index is open."""
        log = self.hub.log(FR.origin)
        size = (log.cosigned_size if log else 0) if end is None else end
        self.world.roster = rotated(self.world.roster, size)
        catalogue = Catalogue(store=self.france.store, index=None, codec=CODEC)
        with catalogue.change() as change:
            moved = begin_epoch(
                change, origin=FR2.origin, ends=self.world.roster.members[FR.id].log_ends(), random=seeded("move")
            )
        self.france = Node(self.world, FR2, Wire(self.hub, FR.id), self.france.store)
        return moved

    def follow(self) -> None:
        asyncio.run(self.japan.catch_up())


def rotated(former: Roster, end: int) -> Roster:
    both = roster(FR, FR2, JP)
    france = both.members[FR.id]
    old, new = france.keys
    old = replace(old, status=KeyStatus.RETIRED, until_size=end)
    return replace(both, version=former.version + 1, members={**both.members, FR.id: replace(france, keys=(old, new))})


def drafts(*numbers: int) -> list[Draft]:
    return [Draft(statement=picture(number)) for number in numbers]


def pending(node: Node) -> list[RecordId]:
    with node.store.read() as reader:
        return [RecordId(each.origin, each.leaf) for each in reader.pending(node.origin, 1 << 20)]


def faults(node: Node) -> list[str]:
    return [fault for report in check_store(node.store, node.world.roster) for fault in report.faults]


def kinds(node: Node, speaker: Speaker) -> list[int]:
    with node.store.read() as reader:
        return [entry[1] for entry in reader.run(speaker.origin, 0, 1 << 20, 1 << 30).entries]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_published_records_stay_and_new_ones_stand_in_the_next_epoch_for_everybody(scene: Scene) -> None:
    first, _ = scene.france.ledger.contribute(drafts(1, 2))
    scene.publish()
    scene.follow()
    assert scene.rotate() == Moved()
    (second,) = scene.france.ledger.contribute(drafts(3))
    scene.publish()
    scene.follow()
    assert (first.origin, second.origin) == (FR.origin, FR2.origin)
    for node in (scene.france, scene.japan):
        assert (node.size(FR.origin), node.size(FR2.origin)) == (2, 1)
        assert all(node.finds(number) for number in (1, 2, 3))
        assert faults(node) == []


def test_what_was_acknowledged_and_not_placed_gets_its_place_in_the_next_epoch(scene: Scene) -> None:
    scene.france.ledger.contribute(drafts(1))
    scene.publish()
    (waiting,) = scene.france.ledger.contribute(drafts(2))
    assert scene.rotate().statements == 1
    (moved,) = pending(scene.france)
    assert (moved.origin, moved.leaf != waiting.leaf) == (FR2.origin, True)
    scene.publish()
    scene.follow()
    assert (scene.japan.size(FR.origin), scene.japan.size(FR2.origin)) == (1, 1)
    assert scene.japan.finds(2)


def test_what_was_placed_and_signed_and_never_reached_the_hub_moves_too_and_the_former_log_ends_before_it(
    scene: Scene,
) -> None:
    scene.france.ledger.contribute(drafts(1))
    scene.publish()
    scene.france.ledger.contribute(drafts(2, 3))
    scene.place()
    assert scene.france.size(FR.origin) == 3
    assert scene.rotate().statements == 2
    assert scene.france.size(FR.origin) == 1
    assert faults(scene.france) == []
    scene.publish()
    scene.follow()
    assert scene.japan.size(FR2.origin) == 2
    assert all(scene.japan.finds(number) for number in (1, 2, 3))
    assert faults(scene.japan) == faults(scene.france) == []


def test_doing_it_again_changes_nothing_and_a_crash_leaves_all_of_it_undone(scene: Scene) -> None:
    scene.france.ledger.contribute(drafts(1))
    scene.publish()
    scene.france.ledger.contribute(drafts(2))
    scene.place()
    scene.france.ledger.contribute(drafts(3))
    scene.france.store.fail_next_commit = StoreError("killed")
    with pytest.raises(StoreError):
        scene.rotate()
    assert scene.france.size(FR.origin) == 2
    assert scene.rotate().statements == 2
    before = pending(scene.france)
    assert scene.rotate() == Moved()
    assert pending(scene.france) == before


def test_a_holding_follows_its_record(scene: Scene) -> None:
    france = scene.france
    with france.store.write() as writer:
        holding, _ = writer.put_holding(prints(1), level=Level.NATIONAL, case="C", tag=b"", now=1)
    (former,) = france.ledger.contribute([Draft(statement=picture(1), holding=holding)])
    scene.rotate()
    (moved,) = pending(scene.france)
    with scene.france.store.read() as reader:
        kept = reader.holding(holding)
        assert reader.holdings_of_record(former) == []
    assert kept is not None
    assert (kept.record, kept.level) == (moved, Level.SHARED)


@pytest.mark.parametrize("placed", [False, True])
def test_the_owner_corrects_and_retracts_published_records_from_the_next_epoch(scene: Scene, placed: bool) -> None:
    first, second = scene.france.ledger.contribute(drafts(1, 2))
    scene.publish()
    scene.follow()
    if placed:
        # Said under the former key, and never handed in.
        scene.france.ledger.correct(first, picture(3), Handling())
        scene.france.ledger.retract(second, Reason.MISTAKE)
        scene.place()
    moved = scene.rotate()
    assert moved.statements == (2 if placed else 0)
    if not placed:
        scene.france.ledger.correct(first, picture(3), Handling())
        scene.france.ledger.retract(second, Reason.MISTAKE)
    scene.publish()
    scene.follow()
    assert kinds(scene.japan, FR2) == [Kind.CORRECTION, Kind.RETRACTION]
    for node in (scene.france, scene.japan):
        assert [node.finds(number) for number in (1, 2, 3)] == [False, False, True]
        assert faults(node) == []
    with pytest.raises(Refused, match="before"):
        scene.france.ledger.retract(second)


def test_what_was_taken_back_or_replaced_before_it_left_is_said_once_or_not_at_all(scene: Scene) -> None:
    (published,) = scene.france.ledger.contribute(drafts(1))
    scene.publish()
    replaced, taken_back = scene.france.ledger.contribute(drafts(2, 3))
    scene.place()
    scene.france.ledger.correct(replaced, picture(4), Handling())
    again = scene.france.ledger.correct(published, picture(5), Handling())
    scene.france.ledger.retract(taken_back)
    scene.place()
    scene.france.ledger.correct(again, picture(6), Handling())
    scene.place()
    scene.rotate()
    scene.publish()
    scene.follow()
    assert kinds(scene.japan, FR2) == [Kind.CONTRIBUTION, Kind.CORRECTION]
    views = scene.japan.catalogue.records(FR2.origin)
    assert [view.target for view in views] == [None, published]
    assert all(isinstance(view.body, Contribution) for view in views)
    assert [scene.japan.finds(number) for number in range(1, 7)] == [False, False, False, True, False, True]
    assert faults(scene.france) == faults(scene.japan) == []


def test_a_cosignature_whose_answer_was_lost_is_fetched_for_the_former_log(scene: Scene) -> None:
    scene.france.ledger.contribute(drafts(1))
    scene.publish()
    scene.france.ledger.contribute(drafts(2))
    scene.place()
    package = scene.france.own.run_from(1)
    assert package is not None
    asyncio.run(scene.hub.carrier.submit(FR.id, package))
    scene.rotate()
    log = scene.france.log(FR.origin)
    assert log is not None
    assert (log.size, log.cosigned_size) == (2, 1)
    assert scene.france.own.unconfirmed() == [FR.origin]
    scene.publish()
    log = scene.france.log(FR.origin)
    assert log is not None
    assert log.cosigned_size == 2
    assert scene.france.own.unconfirmed() == []


def test_a_size_that_leaves_published_entries_out_is_told(scene: Scene) -> None:
    scene.france.ledger.contribute(drafts(1, 2, 3))
    scene.publish()
    moved = scene.rotate(end=1)
    assert (moved.statements, moved.cut_published) == (2, 2)
    scene.publish()
    assert scene.france.finds(3)


def test_a_head_of_another_log_confirms_nothing(scene: Scene) -> None:
    scene.rotate()
    with pytest.raises(Exception, match="another log"):
        scene.france.own.confirm(Head(origin=JP.origin, size=0, cosigned=b"", cosigned_size=0))
