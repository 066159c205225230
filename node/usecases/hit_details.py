"""One hit with everything that an officer decides from: evidence, the record or row, and all earlier decisions.

Rules this module upholds:

- A hit is named by a number, or by both of its sides (`domain.hit_names`). A name of two sides that are not near each
  other, and that nobody decided about, is no hit: a decision about it would hide a hit that comes later.
- A hit on a row of a list and a hit between two holdings are found again, as `vigil match` finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.hit_names import HoldingHit, RecordHit, RowHit
from node.domain.reviews import FileDigests, ReviewState, pair_of_holdings, pair_with_row
from node.errors import NotFound
from node.usecases.casework import holding_subject
from node.usecases.hit_reviews import OpenReviews, files_of, pair_of
from node.usecases.list_reviews import file_of_row, state_of_row
from node.usecases.shown_hits import shown_hits
from node.usecases.sources import EVERYBODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.hit_names import HitName
    from node.domain.holdings import Holding
    from node.domain.lists import ListedRow, ReferenceList
    from node.domain.ports import Codec
    from node.domain.queries import Hit
    from node.domain.reviews import Decision, Pair, Review
    from node.domain.stored_hits import StoredHit
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.list_hits import ListHits
    from node.usecases.matching import Matcher
    from node.usecases.recordlist import RecordList, Shown
    from node.usecases.shown_hits import ShownHit
    from node.usecases.sources import Sources
    from node.usecases.verification import Verifier

SEE: Final = "vigil hits shows the hits and their numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A named hit inside one snapshot. `review`: the open one of its pair; `state`: of that, or of a rejection of the
    same file; `closed`: former reviews of the pair, about other files; `outdated`: one that is open still, but about
    another file than the row states now. One of `hit`, `row` and `other` is set; `of`: the list of the row.
    """

    pair: Pair
    holding: Holding
    file: FileDigests
    review: Review | None
    state: ReviewState
    closed: tuple[Review, ...] = ()
    outdated: Review | None = None
    hit: StoredHit | None = None
    row: ListedRow | None = None
    of: ReferenceList | None = None
    other: Holding | None = None

    @property
    def decisions(self) -> int:
        """How many decisions the open review has."""
        return self.review.decisions if self.review else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HitDetail:
    """What an officer is shown of one hit. `decisions` and `earlier`: of the open review and of closed ones, oldest
    first. For a hit on a record: `shown`, and `record` with its remarks (None if it is not here). For a row of a list
    and for two holdings: `evidence`, None if they are near each other no longer.
    """

    name: HitName
    at: Located
    decisions: tuple[Decision, ...] = ()
    earlier: tuple[Decision, ...] = ()
    shown: ShownHit | None = None
    record: Shown | None = None
    evidence: Hit | None = None


def locate(tx: NodeStoreReader, codec: Codec, name: HitName) -> Located:
    """A named hit and its review. Raises `NotFound` if one of its sides is not here."""
    match name:
        case RecordHit():
            return _locate_hit(tx, codec, name)
        case RowHit():
            return _locate_row(tx, name)
        case HoldingHit():
            return _locate_holdings(tx, name)


def _locate_hit(tx: NodeStoreReader, codec: Codec, name: RecordHit) -> Located:
    hit = tx.hits_by_id([name.hit]).get(name.hit)
    if hit is None:
        raise NotFound(f"there is no hit {name}", remedy=SEE)
    reviews = OpenReviews(tx, [hit.holding])
    review, pair = reviews.of_hit(hit), pair_of(tx, hit)
    place = (hit.record.origin, hit.place)
    file = files_of(tx, codec, {hit.record.origin: [hit.place]}).get(place, FileDigests())
    return Located(
        pair=review.pair if review else pair,
        holding=_holding(tx, hit.holding),
        file=file,
        review=review,
        state=hit.state,
        closed=_closed(tx, pair),
        hit=hit,
    )


def _locate_row(tx: NodeStoreReader, name: RowHit) -> Located:
    row = tx.list_rows([name.row]).get(name.row)
    of = next((each for each in tx.lists() if row is not None and each.number == row.list), None)
    if row is None or of is None:
        raise NotFound(
            f"there is no row {name.row} of a list",
            remedy=f"a row that its list changed has a new number: {SEE}",
        )
    reviews = OpenReviews(tx, [name.holding])
    pair, file = pair_with_row(name.holding, of.name, row.reference), file_of_row(row)
    review = reviews.of_pair(pair)
    outdated = review if review is not None and review.file.differs(file) else None
    return Located(
        pair=pair,
        holding=_holding(tx, name.holding),
        file=file,
        review=None if outdated else review,
        state=state_of_row(reviews, name.holding, of.name, row),
        closed=_closed(tx, pair),
        outdated=outdated,
        row=row,
        of=of,
    )


def _locate_holdings(tx: NodeStoreReader, name: HoldingHit) -> Located:
    pair = pair_of_holdings(name.holding, name.other)
    low, high = _holding(tx, pair.holding), _holding(tx, pair.other)
    review = OpenReviews(tx, [pair.holding]).of_pair(pair)
    return Located(
        pair=pair,
        holding=low,
        file=FileDigests(sha256=high.sha256),
        review=review,
        state=review.state if review else ReviewState.NEW,
        other=high,
    )


def _holding(tx: NodeStoreReader, number: int) -> Holding:
    found = tx.holdings_by_id([number]).get(number)
    if found is None:
        raise NotFound(f"there is no holding {number}", remedy="`vigil holdings` lists the holdings")
    return found


def _closed(tx: NodeStoreReader, pair: Pair) -> tuple[Review, ...]:
    return tuple(each for each in tx.reviews_of([pair.holding]) if each.closed and each.pair == pair)


class HitDetails:
    """Blocking: never on the event loop. `standing`: whose hits are set aside; `radius`: the policy's, in bits;
    `verifier` None: opinions are not counted.
    """

    def __init__(
        self,
        *,
        store: NodeStore,
        codec: Codec,
        matcher: Matcher,
        list_hits: ListHits,
        records: RecordList,
        radius: Callable[[], int],
        standing: Callable[[NodeStoreReader], Sources] = lambda _tx: EVERYBODY,
        verifier: Verifier | None = None,
    ) -> None:
        self._store = store
        self._codec = codec
        self._matcher = matcher
        self._list_hits = list_hits
        self._records = records
        self._radius = radius
        self._standing = standing
        self._verifier = verifier

    def one(self, name: HitName) -> HitDetail:
        """One hit. Raises `NotFound` for what is no hit."""
        shown = None
        with self._store.read() as tx:
            at = locate(tx, self._codec, name)
            decisions = tx.decisions(at.review.id) if at.review else []
            former = [*at.closed, at.outdated] if at.outdated else at.closed
            earlier = [each for review in former for each in tx.decisions(review.id)]
            if at.hit is not None:
                (shown,) = shown_hits(tx, self._codec, [(at.hit, 1)], self._standing(tx), self._verifier)
        evidence = None if at.hit is not None else self._evidence(at)
        if at.hit is None and evidence is None and at.review is None:
            raise NotFound(f"{name} is no hit: the two are not near each other", remedy=SEE)
        return HitDetail(
            name=name,
            at=at,
            decisions=tuple(decisions),
            earlier=tuple(earlier),
            shown=shown,
            record=self._records.one(at.hit.record) if at.hit is not None else None,
            evidence=evidence,
        )

    def _evidence(self, at: Located) -> Hit | None:
        """How near the two sides are, if they are near each other now."""
        if at.row is not None and at.of is not None:
            row = at.row.id
            found = self._list_hits.matching(at.of, [at.holding])
            return next((hit for each in found for hit in each.hits if hit.row is not None and hit.row.id == row), None)
        subject, other = holding_subject(at.holding), at.pair.other
        hits = self._matcher.local([subject], self._radius(), own_rows=[at.holding.id], show_all=True).hits
        return next((hit for hit in hits if hit.holding == other), None)
