"""The states of hits on lists, which are found again each time: from the reviews that are kept of their pairs.

Rules this module upholds:

- A review is found by the name of the list and by what identifies the row in its file. So it outlives the row, the
  import and the list, and it comes back with them.
- A row that states another file than the one that was decided about is a new pair.
- A row of a file that was rejected for the same holding elsewhere is rejected too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.domain.reviews import FileDigests, ReviewState, pair_with_row
from node.usecases.hit_reviews import OpenReviews

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from node.domain.lists import ListedRow
    from node.domain.stores import NodeStoreReader
    from node.usecases.list_hits import HoldingHits


def file_of_row(row: ListedRow) -> FileDigests:
    """What a list says of the file of a row."""
    said = row.reference
    return FileDigests(sha256=said.sha256, sha1=said.sha1, md5=said.md5)


def state_of_row(reviews: OpenReviews, holding: int, of_list: str, row: ListedRow) -> ReviewState:
    """The state of a holding and a row."""
    return reviews.state_of(pair_with_row(holding, of_list, row.reference), file_of_row(row))


def in_states(tx: NodeStoreReader, found: Sequence[HoldingHits], states: Collection[ReviewState]) -> list[HoldingHits]:
    """These holdings with their hits that are in one of `states`; `rejected` counts rejected hits that are left out."""
    reviews = OpenReviews(tx, [each.holding for each in found])
    return [_of_holding(tx, reviews, each, states) for each in found]


def _of_holding(
    tx: NodeStoreReader, reviews: OpenReviews, found: HoldingHits, states: Collection[ReviewState]
) -> HoldingHits:
    told = [ReviewState.NEW] * len(found.hits)
    if reviews.has(found.holding):
        rows = tx.list_rows([hit.row.id for hit in found.hits if hit.row is not None])
        told = [
            state_of_row(reviews, found.holding, hit.row.name, rows[hit.row.id])
            if hit.row is not None and hit.row.id in rows
            else ReviewState.NEW
            for hit in found.hits
        ]
    kept = [(hit, state) for hit, state in zip(found.hits, told, strict=True) if state in states]
    rejected = 0 if ReviewState.REJECTED in states else told.count(ReviewState.REJECTED)
    return replace(
        found, hits=tuple(hit for hit, _ in kept), states=tuple(state for _, state in kept), rejected=rejected
    )
