"""Keeps reviews and stored hits in step, inside the transaction that changes either of them.

Rules this module upholds:

- A rejected pair never comes back as new. A hit that is found again, by whatever search, and a hit on a correction of
  the record belong to the review of their pair.
- A rejection is about two files. So it carries over to every other record that states the same file (the same SHA-256)
  and is near the same holding, and it is withdrawn there if the officer changes it. A confirmation does not carry over:
  another record of a confirmed file is news.
- If a correction states another file, the review of the pair is closed, and the hit is new.
- What a record says of its file is forgotten together with its body. For a correction, former and present file are
  compared in the transaction that purges the former body. If the new body is not here, nothing can be compared: then
  the decision stays, and the hit is shown as changed since.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from node.domain.envelope import decode
from node.domain.reviews import UNKNOWN_FILE, Decision, FileDigests, ReviewState, pair_with_record
from node.domain.statements import Contribution
from node.errors import Malformed
from node.usecases.purging import chain_at, root_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from node.domain.ids import Origin, RecordId
    from node.domain.ports import Codec
    from node.domain.reviews import Pair, Review
    from node.domain.stored_hits import FoundHit, StoredHit
    from node.domain.stores import NodeStoreReader, NodeStoreWriter


class OpenReviews:
    """The open reviews of some holdings, read once in a transaction, and only if something asks: most hits of an ingest
    are known or have no review.
    """

    def __init__(self, tx: NodeStoreReader, holdings: Sequence[int]) -> None:
        self._tx = tx
        self._holdings = holdings

    @cached_property
    def _of(self) -> Mapping[int, Sequence[Review]]:
        found: defaultdict[int, list[Review]] = defaultdict(list)
        for each in self._tx.reviews_of(self._holdings):
            if not each.closed:
                found[each.pair.holding].append(each)
        return found

    def of_pair(self, pair: Pair) -> Review | None:
        """The review of a pair."""
        return next((each for each in self._of.get(pair.holding, ()) if each.pair == pair), None)

    def of_hit(self, hit: StoredHit) -> Review | None:
        """The review of a hit, by its number or by its pair."""
        known = next((each for each in self._of.get(hit.holding, ()) if each.id == hit.review), None)
        return known or self.of_pair(pair_of(self._tx, hit))

    def rejected(self, holding: int, file: FileDigests) -> Review | None:
        """The newest review of this holding that rejects the same other file."""
        known = self._of.get(holding, ())
        same = (each for each in known if each.state is ReviewState.REJECTED and each.file.is_same(file))
        return max(same, key=lambda each: each.id, default=None)

    def state_of(self, pair: Pair, file: FileDigests) -> ReviewState:
        """The state of a pair whose other side states this file now."""
        own = self.of_pair(pair)
        if own is not None and not own.file.differs(file):
            return own.state
        return ReviewState.REJECTED if self.rejected(pair.holding, file) else ReviewState.NEW

    def has(self, holding: int) -> bool:
        """Whether a pair of this holding has a review."""
        return holding in self._of

    def hit_before(self, found: FoundHit) -> StoredHit | None:
        """The ended hit of the same pair, however many corrections lie in between."""
        if not self.has(found.holding):
            return None
        review = self.of_pair(pair_with_version(self._tx, found.holding, found.record, found.place))
        hit = self._tx.hits_by_id([review.hit]).get(review.hit) if review is not None and review.hit else None
        return hit if hit is not None and hit.ended else None


def pair_with_version(tx: NodeStoreReader, holding: int, record: RecordId, place: int) -> Pair:
    """The pair of a holding and a version of a record."""
    root, _ = root_of(tx, record.origin, place, record.leaf)
    return pair_with_record(holding, root)


def pair_of(tx: NodeStoreReader, hit: StoredHit) -> Pair:
    """The pair of a stored hit."""
    return pair_with_version(tx, hit.holding, hit.record, hit.place)


def files_of(
    tx: NodeStoreReader, codec: Codec, places: Mapping[Origin, Sequence[int]]
) -> dict[tuple[Origin, int], FileDigests]:
    """What the records at these positions say of their files, as far as their bodies are here and can be read."""
    found: dict[tuple[Origin, int], FileDigests] = {}
    for origin, wanted in places.items():
        for place, (entry, body) in tx.held_at(origin, sorted(set(wanted))).items():
            envelope = decode(entry)
            try:
                said = codec.decode_body(envelope.kind, body) if envelope else None
            except Malformed:
                continue  # damaged since it was verified: fsck names it
            if isinstance(said, Contribution):
                found[origin, place] = FileDigests.of(said.fingerprints)
    return found


# --- hits that are found ----------------------------------------------------------------------------------------------


def settle_found(tx: NodeStoreWriter, reviews: OpenReviews, hits: Sequence[tuple[StoredHit, FoundHit]]) -> None:
    """Gives stored hits, which were written with these results just now, the state of their pairs."""
    for hit, found in hits:
        if not reviews.has(hit.holding):
            continue
        own = reviews.of_hit(hit)
        if own is not None and own.file.differs(found.file):
            tx.close_review(own.id)
            own = None
        if own is not None and found.file not in (UNKNOWN_FILE, own.file):
            tx.set_review_file(own.id, found.file)
        if own is None or own.state is ReviewState.NEW:
            here = replace(hit, review=own.id if own else 0)
            _carry(tx, reviews.rejected(hit.holding, found.file), here, found.file)


def _carry(tx: NodeStoreWriter, rejected: Review | None, hit: StoredHit, file: FileDigests) -> None:
    """The rejection of the same file is a decision about this hit too."""
    if rejected is None:
        return
    made = tx.newest_decisions([rejected.id])[rejected.id]
    review = hit.review or tx.add_review(pair_of(tx, hit), file, hit.id).id
    tx.add_decision(review, replace(made, note="", record=str(hit.record), carried=made.carried or rejected.id))


# --- bodies that are deleted ------------------------------------------------------------------------------------------


def settle_deleted(tx: NodeStoreWriter, codec: Codec, number: int, rows: Sequence[int]) -> None:
    """The bodies at these positions of log `number` are deleted in this transaction, and their hits are about to end.

    The digests that their reviews hold go with them. Where a correction is here, its file is compared before.
    """
    ended = tx.reviewed_at(number, rows)
    reviews = {each.id: each for each in tx.reviews_of([hit.holding for hit in ended])} if ended else {}
    for hit in ended:
        review = reviews[hit.review]
        now = _file_of_head(tx, codec, hit)
        if review.file.differs(now):
            tx.close_review(review.id)
        elif review.file != now:
            tx.set_review_file(review.id, now)


def _file_of_head(tx: NodeStoreReader, codec: Codec, hit: StoredHit) -> FileDigests:
    """What the newest version of a hit's record says of its file; nothing if the record ended or is not here."""
    head = chain_at(tx, hit.record.origin, hit.place, hit.record.leaf)
    if head.ended or head.head is None:
        return UNKNOWN_FILE
    origin, place = head.head
    return files_of(tx, codec, {origin: [place]}).get((origin, place), UNKNOWN_FILE)


# --- decisions --------------------------------------------------------------------------------------------------------


def follow_decision(tx: NodeStoreWriter, codec: Codec, review: Review, decision: Decision) -> int:
    """Carries a decision about a pair to the other hits of its holding on the same file: a rejection to those that are
    new; and if a rejection is changed, those that followed it are new again. `review`: as it was before the decision.
    Returns how many hits follow.
    """
    if decision.state is ReviewState.REJECTED:
        return _spread(tx, codec, review)
    if review.state is not ReviewState.REJECTED:
        return 0
    others = [each for each in tx.reviews_of([review.pair.holding]) if each.state is ReviewState.REJECTED]
    newest = tx.newest_decisions([each.id for each in others])
    followed = [each for each in others if newest[each.id].carried == review.id]
    for each in followed:
        withdrawn = replace(decision, state=ReviewState.NEW, note="", record="", carried=review.id)
        tx.add_decision(each.id, withdrawn)
    _carry_again(tx, followed)
    return len(followed)


def _carry_again(tx: NodeStoreWriter, withdrawn: Sequence[Review]) -> None:
    """Another officer's rejection of the same file may remain."""
    if not withdrawn:
        return
    reviews = OpenReviews(tx, [each.pair.holding for each in withdrawn])
    hits = tx.hits_by_id([each.hit for each in withdrawn])
    for each in withdrawn:
        if each.hit in hits:
            _carry(tx, reviews.rejected(each.pair.holding, each.file), hits[each.hit], each.file)


def _spread(tx: NodeStoreWriter, codec: Codec, review: Review) -> int:
    if not review.file.sha256:
        return 0
    new = [
        hit for hit in tx.hits_of_holding(review.pair.holding) if hit.state is ReviewState.NEW and hit.id != review.hit
    ]
    places: defaultdict[Origin, list[int]] = defaultdict(list)
    for hit in new:
        places[hit.record.origin].append(hit.place)
    files = files_of(tx, codec, places)
    same = [hit for hit in new if files.get((hit.record.origin, hit.place), UNKNOWN_FILE).is_same(review.file)]
    for hit in same:
        _carry(tx, review, hit, files[hit.record.origin, hit.place])
    return len(same)
