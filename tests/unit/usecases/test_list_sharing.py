"""Rows of a list shared by a person: what needs a yes, which rows are told, and what the end counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from node.domain.references import At, Withdrawal
from node.usecases.consent import Consent
from node.usecases.in_threads import Stop
from node.usecases.list_contribution import BATCH, Wanted
from node.usecases.list_sharing import ListSharing, ListSharingEnd
from node.usecases.list_sharing_rules import RowStand
from node.usecases.lists import ListTerms
from node.usecases.publication import Publishing
from tests.simulator.world import Hub, Node, Wire, World
from tests.unit.usecases.desk import YES
from tests.unit.usecases.list_desk import FR, Shelf
from tests.unit.usecases.listed import HEAD, row

ALL = Wanted(list="L")


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    world = World([FR])
    made = Shelf(Node(world, FR, Wire(Hub(world), FR.id)))
    yield made
    made.close()


def told(shelf: Shelf, consent: Consent, *, stop_after: int = 1 << 30, dry: bool = False) -> list[Any]:
    publishing = Publishing(shelf.publications, lambda: None)
    sharing, stop = ListSharing(contributing=shelf.sharing, publishing=publishing), Stop()

    async def collect() -> list[Any]:
        steps: list[Any] = []
        async for each in sharing.contribute(ALL, consent, stop, dry=dry):
            steps.append(each)
            stop.asked = len(steps) >= stop_after
        return steps

    return asyncio.run(collect())


def test_without_a_yes_and_in_a_dry_run_only_the_plan_is_told(shelf: Shelf) -> None:
    shelf.take([row(number) for number in range(1, 13)])
    (asked,) = told(shelf, Consent())
    assert isinstance(asked, ListSharingEnd)
    assert (asked.asks, asked.would, asked.contributed, asked.settled) == (True, 12, 0, None)
    (dry,) = told(shelf, Consent(), dry=True)
    assert (dry.asks, dry.plan, dry.would) == (False, asked.plan, 12)
    assert shelf.records.page().total == 0


def test_rows_are_told_as_they_are_shared_and_the_end_counts_them(shelf: Shelf) -> None:
    shelf.take([row(number) for number in range(1, 4)])
    *rows, end = told(shelf, YES)
    assert {each.stand for each in rows} == {RowStand.SHARED}
    assert (end.contributed, end.interrupted, len(end.settled.states)) == (3, False, 3)
    (again,) = told(shelf, YES)
    assert (again.contributed, again.not_shared) == (0, {RowStand.BEFORE: 3})


def test_a_stop_ends_after_a_whole_batch_and_a_second_run_shares_the_rest(shelf: Shelf) -> None:
    shelf.take([row(number) for number in range(1, BATCH + 3)])
    *rows, end = told(shelf, YES, stop_after=1)
    assert (len(rows), end.contributed, end.interrupted) == (BATCH, BATCH, True)
    *rows, end = told(shelf, YES)
    assert (len(rows), end.interrupted) == (2, False)


def test_a_record_whose_row_left_the_list_is_retracted_only_with_a_yes(shelf: Shelf) -> None:
    shelf.take([row(1), row(2)])
    told(shelf, YES)
    asyncio.run(shelf.node.publisher.round())
    taking = shelf.lists.begin("L", ListTerms(), b"g" * 32, "officer")
    taking.take([Withdrawal(At(), "", row(2))])
    taking.finish(HEAD)
    (asked,) = told(shelf, Consent())
    assert (asked.asks, asked.would_retract) == (True, 1)
    gone, end = told(shelf, Consent(plan=asked.plan))
    assert (gone.stand, end.retracted, end.contributed) == (RowStand.RETRACTED, 1, 0)
