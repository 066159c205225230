"""Contributions and retractions by a person: what is told, what needs a yes, and where a stop ends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from node.domain.wording import Terms, Wording
from node.errors import Misuse
from node.usecases import contribution, retraction
from node.usecases.consent import ASK_ABOVE, Consent
from node.usecases.contribution import BATCH, Stand
from node.usecases.in_threads import Stop
from node.usecases.publication import NO_DAEMON, Publishing
from node.usecases.retraction import Fate
from node.usecases.selection import Fault, Named, Selection
from node.usecases.sharing import ContributionEnd, RetractionEnd, Sharing
from tests.simulator.federation import Speaker
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import YES, Desk

FR, JP, BR = (Speaker.named(name) for name in ("FR", "JP", "BR"))
CASE = contribution.Wanted(selection=Selection(case="C"))


@pytest.fixture
def desk() -> Iterator[Desk]:
    world = World([FR])
    made = Desk(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


def sharing(desk: Desk) -> Sharing:
    publishing = Publishing(desk.publications, lambda: None)
    return Sharing(contributing=desk.contributing, retracting=desk.retracting, publishing=publishing)


def told(steps: AsyncIterator[Any]) -> list[Any]:
    async def collect() -> list[Any]:
        return [each async for each in steps]

    return asyncio.run(collect())


def test_few_records_need_no_yes_and_one_more_asks_and_shares_nothing(desk: Desk) -> None:
    desk.hold(*range(1, ASK_ABOVE + 2))
    (asked,) = told(sharing(desk).contribute(CASE, Consent(), Stop()))
    assert (asked.asks, asked.would, asked.settled) == (True, ASK_ABOVE + 1, None)
    assert desk.records.page().total == 0
    few = contribution.Wanted(
        selection=Selection(named=tuple(Named(holding=number) for number in range(1, ASK_ABOVE + 1)))
    )
    *holdings, end = told(sharing(desk).contribute(few, Consent(), Stop()))
    assert {each.stand for each in holdings} == {Stand.SHARED}
    assert (end.asks, end.contributed, end.remaining) == (False, ASK_ABOVE, 0)


def test_a_dry_run_tells_each_holding_and_asks_for_nothing(desk: Desk) -> None:
    desk.hold(*range(1, ASK_ABOVE + 2))
    *holdings, end = told(sharing(desk).contribute(CASE, Consent(), Stop(), dry=True))
    assert [each.stand for each in holdings] == [Stand.NEW] * (ASK_ABOVE + 1)
    assert isinstance(end, ContributionEnd)
    assert (end.asks, end.would, desk.records.page().total) == (False, ASK_ABOVE + 1, 0)


def test_a_yes_to_the_plan_covers_that_plan_only(desk: Desk) -> None:
    desk.hold(*range(1, ASK_ABOVE + 2))
    (asked,) = told(sharing(desk).contribute(CASE, Consent(), Stop()))
    other = contribution.Wanted(selection=CASE.selection, wording=Wording(series="another"))
    with pytest.raises(Misuse, match="has changed"):
        told(sharing(desk).contribute(other, Consent(plan=asked.plan), Stop()))
    assert desk.records.page().total == 0
    end = told(sharing(desk).contribute(CASE, Consent(plan=asked.plan), Stop()))[-1]
    assert (end.plan, end.contributed, end.settled.why) == (asked.plan, ASK_ABOVE + 1, NO_DAEMON)


def test_a_plan_of_few_records_is_agreed_to_as_it_was_shown(desk: Desk) -> None:
    desk.hold(1)
    *_, shown = told(sharing(desk).contribute(CASE, Consent(), Stop(), dry=True))
    desk.hold(2)
    with pytest.raises(Misuse, match="has changed"):
        told(sharing(desk).contribute(CASE, Consent(plan=shown.plan), Stop()))
    assert desk.records.page().total == 0


def test_the_recipients_are_named_and_another_typed_number_of_them_shares_nothing() -> None:
    world = World([FR, JP, BR])
    desk = Desk(Node(world, FR, Wire(Hub(world), FR.id)))
    desk.hold(1)
    *_, everyone = told(sharing(desk).contribute(CASE, Consent(), Stop(), dry=True))
    assert everyone.recipients == (BR.id, JP.id)
    some = contribution.Wanted(selection=CASE.selection, terms=Terms(audience=(JP.id,)))
    *_, one = told(sharing(desk).contribute(some, Consent(), Stop(), dry=True))
    assert one.recipients == (JP.id,)
    assert one.plan != everyone.plan
    with pytest.raises(Misuse, match="number of members"):
        told(sharing(desk).contribute(some, Consent(plan=one.plan, members=2), Stop()))
    assert desk.records.page().total == 0
    end = told(sharing(desk).contribute(some, Consent(plan=one.plan, members=1), Stop()))[-1]
    assert (end.contributed, end.recipients) == (1, (JP.id,))
    desk.close()


def test_a_stop_leaves_whole_batches_and_a_second_run_shares_the_rest(desk: Desk) -> None:
    desk.hold(*range(1, 2 * BATCH + 2))

    async def stopped() -> list[Any]:
        stop, steps = Stop(), list[Any]()
        async for each in sharing(desk).contribute(CASE, YES, stop):
            steps.append(each)
            stop.asked = True
        return steps

    *holdings, end = asyncio.run(stopped())
    assert (len(holdings), end.contributed, end.remaining) == (BATCH, BATCH, BATCH + 1)
    assert desk.records.page(mine=True).total == BATCH
    rest = told(sharing(desk).contribute(CASE, YES, Stop()))[-1]
    assert (rest.contributed, rest.skipped, rest.remaining) == (BATCH + 1, BATCH, 0)


def test_a_faulty_row_is_told_before_the_refusal_and_nothing_is_shared(desk: Desk) -> None:
    desk.hold(1)
    rows = (Named(holding=1, row=2), Named(holding=99, row=3))
    steps: list[Any] = []

    async def run() -> None:
        async for each in sharing(desk).contribute(contribution.Wanted(selection=Selection(named=rows)), YES, Stop()):
            steps.append(each)  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(Misuse, match="nothing was shared: line 3"):
        asyncio.run(run())
    assert [each.row for each in steps if isinstance(each, Fault)] == [3]
    assert desk.records.page().total == 0


def test_a_retraction_counts_its_fates(desk: Desk) -> None:
    desk.hold(1, 2)
    first, _ = desk.shared(case="C")
    wanted = retraction.Wanted(named=(retraction.Named(text=str(first)),))
    only, end = told(sharing(desk).retract(wanted, Consent(), Stop()))
    assert only.fate is Fate.FORGOTTEN
    assert end == RetractionEnd(plan=end.plan, fates={Fate.FORGOTTEN: 1}, settled=end.settled)
    asyncio.run(desk.node.publisher.round())
    *_, end = told(sharing(desk).retract(retraction.Wanted(case="C"), Consent(), Stop()))
    assert end.fates == {Fate.RETRACTED: 1}
