"""What every store owes the sheets of holdings."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from node.domain.categorising import Categorisation
from node.domain.queries import Level
from node.domain.reviews import Decision, FileDigests, ReviewState, pair_with_record
from node.domain.sheets import Choice, Decided, Hits, MediaKind
from node.domain.statements import Category
from node.domain.stores import NodeStore
from node.domain.wording import Wording
from tests.contracts.holdings import prints, video
from tests.contracts.test_store_hits import hit
from tests.simulator.batches import FR, JP

CATEGORY = Category(scheme="us-vics", version="2.0", code="1")


@pytest.fixture
def sheets(store: NodeStore) -> NodeStore:
    """1 a picture of A, decided; 2 a film of A; 3 a text of A and B; 4 a picture of B, allowed. Hits: 1 of Japan
    (confirmed) and of France, 2 of Japan (ended), 3 of France (rejected), 4 of Japan.
    """
    with store.write() as tx:
        for each, case in ((prints("1"), "A"), (video("2"), "A"), (prints("3"), "A"), (prints("4"), "B")):
            text = replace(each, media_type="text/plain") if each.sha256 == prints("3").sha256 else each
            tx.put_holding(text, level=Level.NATIONAL, case=case, tag=b"", now=1)
        tx.put_holding(replace(prints("3"), media_type="text/plain"), level=Level.NATIONAL, case="B", tag=b"", now=1)
        tx.put_categorisations([Categorisation(holding=1, at=1, officer="x", wording=Wording(category=CATEGORY))])
        tx.put_categorisations([Categorisation(holding=2, at=1, officer="x", wording=Wording(tags=("car",)))])
        japan = tx.open_log(JP)
        tx.open_log(FR)
        tx.add_hits([hit(1, 1), hit(1, 1, origin=FR), hit(2, 2), hit(3, 3, origin=FR), hit(4, 4)])
        states = {(1, JP): ReviewState.CONFIRMED, (3, FR): ReviewState.REJECTED}
        for found in tx.hits():
            state = states.get((found.holding, found.record.origin))
            if state is not None:
                review = tx.add_review(pair_with_record(found.holding, found.record), FileDigests(), found.id)
                tx.add_decision(review.id, Decision(state=state, officer="x", role="investigator", at=1))
        tx.end_hits(japan.number, [2])
        tx.allow([prints("4").sha256], 1)
    return store


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (Choice(), [1, 2, 3, 4]),
        (Choice(case="A"), [1, 2, 3]),
        (Choice(case="B"), [3, 4]),
        (Choice(case="C"), []),
        (Choice(kind=MediaKind.PICTURE), [1, 4]),
        (Choice(kind=MediaKind.VIDEO), [2]),
        (Choice(kind=MediaKind.OTHER), [3]),
        (Choice(decided=Decided.DECIDED), [1]),
        (Choice(decided=Decided.UNDECIDED), [2, 3, 4]),
        (Choice(category=str(CATEGORY)), [1]),
        (Choice(category="us-vics:2.0:2"), []),
        (Choice(hits=Hits.ANY), [1]),
        (Choice(hits=Hits.NEW), [1]),
        (Choice(hits=Hits.CONFIRMED), [1]),
        (Choice(hits=Hits.NONE), [2, 3, 4]),
        (Choice(member=str(JP.member)), [1]),
        (Choice(member=str(JP.member), hits=Hits.NEW), []),
        (Choice(member=str(FR.member), hits=Hits.CONFIRMED), []),
        (Choice(member="ZZ"), []),
    ],
    ids=str,
)
def test_a_choice_gives_the_holdings_it_names(sheets: NodeStore, choice: Choice, chosen: list[int]) -> None:
    with sheets.read() as tx:
        assert tx.chosen(choice) == chosen


def test_choices_narrow_each_other(sheets: NodeStore) -> None:
    """Each filter keeps a part of what the others keep."""
    cases, kinds = ("", "A", "B"), (None, *MediaKind)
    for case, kind, decided, hits in product(cases, kinds, (None, *Decided), (None, *Hits)):
        parts = [Choice(case=case), Choice(kind=kind), Choice(decided=decided), Choice(hits=hits)]
        whole = Choice(case=case, kind=kind, decided=decided, hits=hits)
        with sheets.read() as tx:
            assert tx.chosen(whole) == sorted(set.intersection(*(set(tx.chosen(each)) for each in parts)))


def test_hits_are_counted_by_state_without_those_that_ended_or_are_hidden(sheets: NodeStore) -> None:
    with sheets.read() as tx:
        counted = tx.hit_states([1, 2, 3, 4, 9])
        assert tx.hit_states([]) == {}
    assert counted == {
        1: {ReviewState.CONFIRMED: 1, ReviewState.NEW: 1},
        3: {ReviewState.REJECTED: 1},
    }


def test_undecided_are_those_without_a_category(sheets: NodeStore) -> None:
    with sheets.read() as tx:
        assert tx.undecided([1, 2, 3, 4, 9]) == {2, 3, 4}
        assert tx.undecided([]) == set()


def test_holdings_are_given_bare(sheets: NodeStore) -> None:
    with sheets.read() as tx:
        whole, bare = tx.holdings_by_id([1, 2, 9]), tx.holdings_by_id([1, 2, 9], bare=True)
    assert bare == {number: replace(each, fingerprints=(), composed=()) for number, each in whole.items()}
