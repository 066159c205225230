"""Taking records back: by name, by list, by case; and how far a retraction has come."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

import pytest

from node.domain.batch import BodyState, Package
from node.domain.envelope import Disclosure
from node.domain.ids import Origin
from node.domain.queries import LogView
from node.domain.roster import MemberStatus
from node.domain.services import Head
from node.domain.statements import Reason
from node.errors import Misuse, NotFound, Refused, Unavailable
from node.usecases.consent import ASK_ABOVE, Consent
from node.usecases.publication import NO_DAEMON, Publication, Settled
from node.usecases.retraction import BATCH, Fate, Named, Planned, Wanted
from tests.simulator.federation import Speaker, roster
from tests.simulator.world import Hub, Node, Wire, World, first
from tests.unit.usecases.desk import YES, Desk

FR, JP = Speaker.named("FR"), Speaker.named("JP")
HELD, PURGED = int(BodyState.HELD), int(BodyState.PURGED)


class Line:
    """A wire that can be cut."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.up = True

    def _check(self) -> None:
        if not self.up:
            raise Unavailable("the hub cannot be reached")

    async def heads(self, origins: Sequence[Origin]) -> list[Head]:
        self._check()
        return await self.wire.heads(origins)

    async def submit(self, package: Package) -> Head:
        self._check()
        return await self.wire.submit(package)

    def follow(self, cursors: Sequence[LogView]) -> AsyncIterator[Package]:
        self._check()
        return self.wire.follow(cursors)

    async def bodies(self, origin: Origin, indices: Sequence[int]) -> Mapping[int, Disclosure]:
        self._check()
        return await self.wire.bodies(origin, indices)


class Place:
    """A world, its hub, and France's desk on a line that can be cut."""

    def __init__(self) -> None:
        self.world = World([FR, JP])
        self.hub = Hub(self.world)
        self.line = Line(Wire(self.hub, FR.id))
        self.desk = Desk(Node(self.world, FR, self.line))
        self.abroad = Node(self.world, JP, Wire(self.hub, JP.id))

    def publish(self) -> None:
        asyncio.run(self.desk.node.publisher.round())

    def follow(self) -> None:
        """Japan takes in what the hub has of France's log."""

        async def take() -> None:
            cursors = await asyncio.to_thread(self.abroad.copies.open)
            size = self.hub.log(FR.origin)
            while size and self.abroad.size(FR.origin) < size.size:
                (package,) = await first(self.abroad.carrier.follow(cursors), 1)
                self.abroad.copies.commit(self.abroad.copies.verify([package]))
                cursors = await asyncio.to_thread(self.abroad.copies.open)

        asyncio.run(take())


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.desk.close()


def take_back(place: Place, wanted: Wanted, consent: Consent = YES) -> list[Planned]:
    made = place.desk.retracting.carry_out(place.desk.retracting.plan(wanted), consent)
    return [each for batch in made for each in batch]


# --- by name, list and case -------------------------------------------------------------------------------------------


def test_a_case_is_taken_back_with_what_never_left_simply_forgotten(place: Place) -> None:
    place.desk.hold(1, 2, 3)
    place.desk.hold(3, 4, case="OTHER")
    records = place.desk.shared(case="C")
    place.publish()
    (late,) = place.desk.shared(case="OTHER")
    plan = place.desk.retracting.plan(Wanted(case="C"))
    assert [each.record for each in plan.planned] == records
    assert plan.planned[2].cases == ("C", "OTHER")
    done = take_back(place, Wanted(case="C", reason=Reason.MISTAKE))
    assert {each.fate for each in done} == {Fate.RETRACTED}
    (forgotten,) = take_back(place, Wanted(case="OTHER"))
    assert (forgotten.record, forgotten.fate, forgotten.retraction) == (late, Fate.FORGOTTEN, None)
    with pytest.raises(NotFound, match="nothing of the case C is shared"):
        place.desk.retracting.plan(Wanted(case="C"))
    with pytest.raises(NotFound, match="no holding belongs to the case NONE"):
        place.desk.retracting.plan(Wanted(case="NONE"))


def test_more_than_ten_need_a_yes_and_thousands_go_in_batches(place: Place) -> None:
    place.desk.hold(*range(1, BATCH + 3))
    place.desk.shared(case="C")
    place.publish()
    with pytest.raises(Misuse, match="need a yes"):
        take_back(place, Wanted(case="C"), Consent())
    shown = place.desk.retracting.plan(Wanted(case="C"))
    assert len(shown.planned) == BATCH + 2 > ASK_ABOVE
    made = place.desk.retracting.carry_out(shown, Consent(plan=shown.digest))
    assert [len(batch) for batch in made] == [BATCH, 2]


def test_a_list_with_one_faulty_line_takes_nothing_back(place: Place) -> None:
    place.desk.hold(1, 2)
    first_one, second = place.desk.shared(case="C")
    named = (Named(text=str(first_one), row=1), Named(text="00000000", row=2), Named(text="no", row=5))
    plan = place.desk.retracting.plan(Wanted(named=named))
    assert [fault.row for fault in plan.faults] == [2, 5]
    with pytest.raises(Misuse, match="nothing was taken back: 2 lines"):
        list(place.desk.retracting.carry_out(plan, YES))
    assert len(place.desk.retracting.plan(Wanted(case="C")).planned) == 2
    with pytest.raises(Misuse, match="name one record"):
        place.desk.retracting.plan(Wanted())
    with pytest.raises(Misuse, match="name one record"):
        place.desk.retracting.plan(Wanted(case="C", named=(Named(text=str(second)),)))


def test_one_record_that_cannot_be_taken_back_stops_only_itself(place: Place) -> None:
    place.desk.hold(1, 2, 3)
    records = place.desk.shared(case="C")
    place.publish()
    plan = place.desk.retracting.plan(Wanted(case="C"))
    place.desk.node.ledger.retract(records[1])
    done = [each for batch in place.desk.retracting.carry_out(plan, YES) for each in batch]
    assert [each.fate for each in done] == [Fate.RETRACTED, Fate.KEPT, Fate.RETRACTED]
    assert "retracted before" in str(done[1].error)


def test_another_members_record_is_not_ours_to_take_back(place: Place) -> None:
    with pytest.raises(Refused, match="only its owner"):
        place.desk.retracting.plan(Wanted(named=(Named(text=f"{JP.origin}#{'ab' * 32}"),)))


# --- how far it has come ----------------------------------------------------------------------------------------------


def settled(place: Place, records: Sequence[object], *, running: bool, seconds: float = 5.0) -> Settled:
    publisher = place.desk.node.publisher

    async def wait() -> Settled:
        task = asyncio.create_task(publisher.run()) if running else None
        try:
            return await place.desk.publications.settle(records, publisher if running else None, seconds)  # type: ignore[arg-type]
        finally:
            if task:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    return asyncio.run(wait())


def test_a_statement_is_queued_then_signed_then_published(place: Place) -> None:
    place.desk.hold(1)
    (record,) = place.desk.shared(case="C")
    assert settled(place, [record], running=False) == Settled(states={record: Publication.QUEUED}, why=NO_DAEMON)
    place.desk.node.own.reconcile(Head(origin=FR.origin, size=0, cosigned=b"", cosigned_size=0))
    place.desk.node.own.place_and_sign()
    assert place.desk.publications.of([record]) == {record: Publication.SIGNED}
    assert settled(place, [record], running=True) == Settled(states={record: Publication.PUBLISHED})


def test_with_the_hub_away_the_wait_is_short_and_says_why(place: Place) -> None:
    place.desk.hold(1)
    (record,) = place.desk.shared(case="C")
    place.line.up = False
    found = settled(place, [record], running=True)
    assert found.states == {record: Publication.QUEUED}
    assert "the hub cannot be reached" in found.why


def test_a_retraction_needs_no_roster_of_today_and_a_contribution_does(place: Place) -> None:
    place.desk.hold(1, 2)
    (record,) = place.desk.shared(case="C")[:1]
    place.publish()

    def gone() -> None:
        raise Unavailable("no roster")

    place.desk.node.ledger._roster = gone  # type: ignore[assignment]
    assert place.desk.node.ledger.retract(record) is not None
    with pytest.raises(Unavailable):
        place.desk.share(case="C")


# --- release, retract, reconnect, in every order ----------------------------------------------------------------------


def release(place: Place, _: object) -> None:
    place.world.roster = roster(FR, JP, FR=MemberStatus.LEFT)
    place.desk.node.ledger._roster = place.world.current


def retract(place: Place, record: object) -> None:
    (done,) = take_back(place, Wanted(named=(Named(text=str(record)),)))
    assert done.fate is Fate.RETRACTED


def reconnect(place: Place, _: object) -> None:
    place.line.up = True


STEPS: tuple[Callable[[Place, object], None], ...] = (release, retract, reconnect)


@pytest.mark.parametrize(
    "order", list(itertools.permutations(STEPS)), ids=lambda each: "-".join(s.__name__ for s in each)
)
def test_a_record_ends_the_same_whatever_came_first(
    place: Place, order: tuple[Callable[[Place, object], None], ...]
) -> None:
    """A member that has left still takes its record back, before or after it left, here or cut off: the retraction
    reaches the hub and the others as soon as there is a line.
    """
    place.desk.hold(1, 2)
    record, kept = place.desk.shared(case="C")
    place.publish()
    place.follow()
    assert place.abroad.states(FR.origin) == [HELD, HELD]
    place.line.up = False
    for step in order:
        step(place, record)
        if place.line.up:
            place.publish()
            place.follow()
    states = [node.states(FR.origin) for node in (place.desk.node, place.abroad)]
    assert states == [[PURGED, HELD, HELD]] * 2
    with place.hub.store.read() as reader:
        assert list(reader.run(FR.origin, 0, 3, 1 << 20).states) == [PURGED, HELD, HELD]
    last = place.desk.records.page(mine=True).shown[-1]
    assert (last.view.target, last.publication) == (record, Publication.PUBLISHED)
    assert kept != record


def test_what_waited_when_a_member_left_waits_on_and_its_retractions_go_before(place: Place) -> None:
    place.desk.hold(1, 2)
    (record,) = place.desk.shared(case="C")[:1]
    place.publish()
    place.line.up = False
    place.desk.hold(3)
    (late,) = place.desk.shared(case="C")
    release(place, None)
    retract(place, record)
    place.line.up = True
    place.publish()
    assert place.desk.publications.of([late]) == {late: Publication.QUEUED}
    assert place.hub.log(FR.origin).size == 3  # type: ignore[union-attr]
    place.world.roster = roster(FR, JP)
    place.publish()
    assert place.desk.publications.of([late]) == {late: Publication.PUBLISHED}
