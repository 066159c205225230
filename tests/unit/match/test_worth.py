"""When a new generation is worth it."""

from __future__ import annotations

from node.match.mih_layout import ROW_COST
from node.match.worth import BUILD_COST, FEWEST_COMPARED, MERGE_AT_LEAST, MERGE_SHARE, worth_merging


def test_many_that_wait_are_worth_it_though_nobody_searches() -> None:
    assert not worth_merging(waiting=MERGE_AT_LEAST, settled=0, compared=0, whole=MERGE_AT_LEAST)
    assert worth_merging(waiting=MERGE_AT_LEAST + 1, settled=0, compared=0, whole=MERGE_AT_LEAST + 1)
    settled = 10 * MERGE_AT_LEAST * MERGE_SHARE
    share = settled // MERGE_SHARE
    assert not worth_merging(waiting=share, settled=settled, compared=0, whole=settled + share)
    assert worth_merging(waiting=share + 1, settled=settled, compared=0, whole=settled + share + 1)


def test_searches_that_have_cost_as_much_as_making_everything_anew_are_worth_it() -> None:
    whole = 5_000_000
    due = int(whole * BUILD_COST / ROW_COST)
    assert not worth_merging(waiting=FEWEST_COMPARED, settled=1_000_000, compared=due - 1, whole=whole)
    assert worth_merging(waiting=FEWEST_COMPARED, settled=1_000_000, compared=due, whole=whole)


def test_few_that_wait_are_not_worth_it_however_much_is_searched() -> None:
    assert not worth_merging(waiting=FEWEST_COMPARED - 1, settled=0, compared=10**15, whole=FEWEST_COMPARED)
