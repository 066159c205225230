"""The reviews of the store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.reviews import UNKNOWN_FILE, Decision, FileDigests, Pair, Review, ReviewState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.simulator.memory_hits import HitTables


@dataclass(slots=True)
class ReviewTables:
    """Reviews by id, and the decisions of each."""

    reviews: dict[int, Review] = field(default_factory=dict)
    decisions: dict[int, tuple[Decision, ...]] = field(default_factory=dict)
    last: int = 0


class MemoryReviews:
    """`ReviewWriter` over `ReviewTables`, beside the hits."""

    def __init__(self, tables: ReviewTables, hits: HitTables) -> None:
        self._reviewed = tables
        self._hits_beside = hits

    def reviews_of(self, holdings: Sequence[int]) -> list[Review]:
        every = (self._reviewed.reviews[number] for number in sorted(self._reviewed.reviews))
        return [each for each in every if each.pair.holding in holdings or each.pair.other in holdings]

    def decisions(self, review: int) -> list[Decision]:
        return list(self._reviewed.decisions.get(review, ()))

    def newest_decisions(self, reviews: Sequence[int]) -> Mapping[int, Decision]:
        return {each: made[-1] for each in reviews if (made := self._reviewed.decisions.get(each))}

    def add_review(self, pair: Pair, file: FileDigests, hit: int = 0) -> Review:
        self._reviewed.last += 1
        review = Review(id=self._reviewed.last, pair=pair, state=ReviewState.NEW, decisions=0, hit=hit, file=file)
        self._reviewed.reviews[review.id] = review
        self._mark(hit, review.state, review.id)
        return review

    def add_decision(self, review: int, decision: Decision) -> None:
        made = (*self._reviewed.decisions.get(review, ()), decision)
        self._reviewed.decisions[review] = made
        changed = replace(self._reviewed.reviews[review], state=decision.state, decisions=len(made))
        self._reviewed.reviews[review] = changed
        self._mark(changed.hit, decision.state, review)

    def set_review_file(self, review: int, file: FileDigests) -> None:
        self._reviewed.reviews[review] = replace(self._reviewed.reviews[review], file=file)

    def close_review(self, review: int) -> None:
        before = self._reviewed.reviews[review]
        self._mark(before.hit, ReviewState.NEW, 0)
        self._reviewed.reviews[review] = replace(before, file=UNKNOWN_FILE, hit=0, closed=True)

    def forget_reviews_of_holding(self, holding: int) -> int:
        gone = [each.id for each in self.reviews_of([holding])]
        for number in gone:
            del self._reviewed.reviews[number]
            self._reviewed.decisions.pop(number, None)
        return len(gone)

    def _mark(self, hit: int, state: ReviewState, review: int) -> None:
        if hit in self._hits_beside.hits:
            marked = replace(self._hits_beside.hits[hit], state=state, review=review)
            self._hits_beside.hits[hit] = marked
