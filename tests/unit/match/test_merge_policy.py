"""When a new generation is worth it."""

from __future__ import annotations

from node.match.merge_policy import BUILD_COST, FEWEST_COMPARED, MERGE_AT_LEAST, MERGE_SHARE, worth_merging


def test_many_that_wait_are_worth_it_though_nobody_searches() -> None:
    assert not worth_merging(waiting=MERGE_AT_LEAST, settled=0, spent=0, whole=MERGE_AT_LEAST)
    assert worth_merging(waiting=MERGE_AT_LEAST + 1, settled=0, spent=0, whole=MERGE_AT_LEAST + 1)
    settled = 10 * MERGE_AT_LEAST * MERGE_SHARE
    share = settled // MERGE_SHARE
    assert not worth_merging(waiting=share, settled=settled, spent=0, whole=settled + share)
    assert worth_merging(waiting=share + 1, settled=settled, spent=0, whole=settled + share + 1)


def test_searches_that_have_cost_as_much_as_making_everything_anew_are_worth_it() -> None:
    whole = 5_000_000
    due = whole * BUILD_COST
    assert not worth_merging(waiting=FEWEST_COMPARED, settled=1_000_000, spent=due - 1, whole=whole)
    assert worth_merging(waiting=FEWEST_COMPARED, settled=1_000_000, spent=due, whole=whole)


def test_few_that_wait_are_not_worth_it_however_much_is_searched() -> None:
    assert not worth_merging(waiting=FEWEST_COMPARED - 1, settled=0, spent=1e15, whole=FEWEST_COMPARED)
