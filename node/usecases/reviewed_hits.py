"""Marks the hits of a search with what officers decided about them before.

Rules this module upholds:

- A search hides no lead because of a review: it says what was decided, and a person judges.
- A decision is about one of our holdings. So a hit has a state only if its subject is a holding, or is the same file as
  a holding that the search found (an equal SHA-256).
- The rules for pairs are those of `hit_reviews`: a correction belongs to the pair of its record, another file does not,
  and a rejection is about the other file wherever it is found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.fingerprint_kinds import SHA256
from node.domain.reviews import ReviewState, pair_of_holdings
from node.usecases.hit_reviews import OpenReviews, pair_with_version
from node.usecases.list_reviews import state_of_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.lists import ListedRow
    from node.domain.queries import Hit
    from node.domain.stores import NodeStoreReader


def with_reviews(tx: NodeStoreReader, hits: Sequence[Hit], own_rows: Sequence[int]) -> list[Hit]:
    """These hits, each with its `state`. `own_rows`: the holding of each subject; empty if the subjects are none."""
    mine = _holdings(hits, own_rows)
    if not mine:
        return list(hits)
    reviews = OpenReviews(tx, sorted(set(mine.values())))
    named = [hit.row.id for hit in hits if hit.row is not None and reviews.has(mine.get(hit.subject, 0))]
    rows = tx.list_rows(named) if named else {}
    return [
        replace(hit, state=_state(tx, reviews, mine[hit.subject], hit, rows)) if hit.subject in mine else hit
        for hit in hits
    ]


def _holdings(hits: Sequence[Hit], own_rows: Sequence[int]) -> dict[int, int]:
    """The holding of each subject of these hits that is one."""
    if own_rows:
        return {hit.subject: own_rows[hit.subject] for hit in hits}
    return {hit.subject: hit.holding for hit in hits if hit.holding is not None and hit.algorithm == SHA256.name}


def _state(
    tx: NodeStoreReader, reviews: OpenReviews, holding: int, hit: Hit, rows: Mapping[int, ListedRow]
) -> ReviewState:
    if hit.holding is not None:
        review = None if hit.holding == holding else reviews.of_pair(pair_of_holdings(holding, hit.holding))
        return review.state if review else ReviewState.NEW
    if not reviews.has(holding):
        return ReviewState.NEW
    if hit.row is not None:
        row = rows.get(hit.row.id)
        return state_of_row(reviews, holding, hit.row.name, row) if row else ReviewState.NEW
    if hit.record is None or hit.place is None:
        return ReviewState.NEW
    return reviews.state_of(pair_with_version(tx, holding, hit.record, hit.place), hit.file)
